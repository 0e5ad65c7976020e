"""What a pod may do to its node: the `restricted` Pod Security Standard, host namespaces, limits.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

import re
from collections.abc import Iterator, Mapping

from paddock.privacy.predicates.findings import UNKNOWN, Finding, Inputs, Problem, Undecided, is_true, values_at

POD_AT: Mapping[str, str] = {
    "kubernetes:core/v1:Pod": "spec",
    "kubernetes:batch/v1:CronJob": "spec.jobTemplate.spec.template.spec",
} | dict.fromkeys(
    (
        *(f"kubernetes:apps/v1:{kind}" for kind in ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")),
        "kubernetes:batch/v1:Job",
        "kubernetes:core/v1:ReplicationController",
    ),
    "spec.template.spec",
)
NAMESPACE = "kubernetes:core/v1:Namespace"
ENFORCE = "pod-security.kubernetes.io/enforce"
CONTAINERS = ("containers[]", "initContainers[]", "ephemeralContainers[]")
SAFE_VOLUMES = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "name", "persistentVolumeClaim", "projected", "secret"}
)
SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS)$", re.IGNORECASE
)
"""What a variable is called that holds a secret; MAX_TOKENS and TOKEN_FILE are none."""
SECCOMP = frozenset({"RuntimeDefault", "Localhost"})


def pods(resource_type: str, inputs: Inputs) -> Iterator[tuple[str, object]]:
    """The pod specification in a workload and where it is; nothing for another type."""
    if resource_type in POD_AT:
        yield from values_at(inputs, POD_AT[resource_type])


def containers(place: str, pod: object) -> Iterator[tuple[str, object]]:
    for where in CONTAINERS:
        yield from values_at(pod, where, place)


def host_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Namespaces, ports and folders of the node in a pod."""
    found: list[Finding] = []
    for place, pod in pods(resource_type, inputs):
        for flag in ("hostNetwork", "hostPID", "hostIPC"):
            for path, value in values_at(pod, flag, place):
                if value is UNKNOWN:
                    found.append(Undecided(path))
                elif is_true(value):
                    found.append(Problem(path, f"{flag} lets the pod see the whole node; remove it"))
        for path, value in values_at(pod, "volumes[].hostPath", place):
            found.append(Undecided(path) if value is UNKNOWN else Problem(path, "a folder of the node; use a volume"))
        for where, container in containers(place, pod):
            for path, port in values_at(container, "ports[].hostPort", where):
                if port is UNKNOWN:
                    found.append(Undecided(path))
                elif port:
                    found.append(Problem(path, f"got {port}, a port of the node; remove it and use a Service"))
    return found


def restricted_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """What the `restricted` standard refuses, host namespaces aside, and a root filesystem that can be written.

    Also a namespace that does not have the API server enforce it.
    """
    if resource_type == NAMESPACE:
        labels = next((value for _, value in values_at(inputs, "metadata.labels")), {})
        level = labels.get(ENFORCE) if isinstance(labels, Mapping) else labels
        path = f"metadata.labels[{ENFORCE}]"
        if level is UNKNOWN:
            return [Undecided(path)]
        return [] if level == "restricted" else [Problem(path, f"got {level}; set it to restricted")]
    return [
        finding
        for place, pod in pods(resource_type, inputs)
        for finding in ([Undecided(place)] if not isinstance(pod, Mapping) else _restricted(place, pod))
    ]


def _restricted(place: str, pod: Mapping[str, object]) -> Iterator[Finding]:
    for path, volume in values_at(pod, "volumes[]", place):
        if isinstance(volume, Mapping) and (kinds := set(volume) - SAFE_VOLUMES):
            yield Problem(path, f"a volume of kind {', '.join(sorted(kinds))} is not allowed; use emptyDir or a claim")
        elif volume is UNKNOWN:
            yield Undecided(path)
    for where, container in containers(place, pod):
        if not isinstance(container, Mapping):
            yield Undecided(where)
            continue
        yield from _flag(f"{where}.securityContext.privileged", container, "privileged", wanted=False, default=False)
        yield from _flag(
            f"{where}.securityContext.allowPrivilegeEscalation",
            container,
            "allowPrivilegeEscalation",
            wanted=False,
            default=True,
        )
        yield from _flag(
            f"{where}.securityContext.readOnlyRootFilesystem",
            container,
            "readOnlyRootFilesystem",
            wanted=True,
            default=False,
        )
        yield from _own_or_pods(where, container, pod)
        yield from _capabilities(f"{where}.securityContext.capabilities", container)


def _flag(path: str, container: object, key: str, *, wanted: bool, default: bool) -> Iterator[Finding]:
    got = next((value for _, value in values_at(container, f"securityContext.{key}")), default)
    if got is UNKNOWN:
        yield Undecided(path)
    elif is_true(got) is not wanted:
        yield Problem(path, f"set it to {str(wanted).lower()}")


def _own_or_pods(where: str, container: object, pod: object) -> Iterator[Finding]:
    """What a container says itself or takes from its pod."""

    def said(key: str) -> object:
        own = [value for _, value in values_at(container, f"securityContext.{key}")]
        return next(iter([*own, *(value for _, value in values_at(pod, f"securityContext.{key}"))]), None)

    non_root, user, seccomp = said("runAsNonRoot"), said("runAsUser"), said("seccompProfile.type")
    if non_root is UNKNOWN:
        yield Undecided(f"{where}.securityContext.runAsNonRoot")
    elif not is_true(non_root):
        yield Problem(f"{where}.securityContext.runAsNonRoot", "the container may run as root; set it to true")
    if user is UNKNOWN:
        yield Undecided(f"{where}.securityContext.runAsUser")
    elif user == 0:
        yield Problem(f"{where}.securityContext.runAsUser", "got 0, which is root; name another user")
    if seccomp is UNKNOWN:
        yield Undecided(f"{where}.securityContext.seccompProfile")
    elif seccomp not in SECCOMP:
        yield Problem(
            f"{where}.securityContext.seccompProfile", f"got {seccomp}; every system call is open; set RuntimeDefault"
        )


def _capabilities(path: str, container: object) -> Iterator[Finding]:
    dropped = [value for _, value in values_at(container, "securityContext.capabilities.drop[]")]
    added = [value for _, value in values_at(container, "securityContext.capabilities.add[]")]
    if UNKNOWN in (*dropped, *added):
        yield Undecided(path)
    elif "ALL" not in dropped:
        yield Problem(f"{path}.drop", "capabilities of root are kept; set it to ['ALL']")
    if extra := [str(each) for each in added if each not in (UNKNOWN, "NET_BIND_SERVICE")]:
        yield Problem(f"{path}.add", f"got {', '.join(extra)}; remove them")


def limit_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Containers without a memory limit or a CPU request.

    A CPU limit is not asked for: it only slows a container down, while memory without a limit takes the node along.
    """
    found: list[Finding] = []
    for place, pod in pods(resource_type, inputs):
        for where, container in values_at(pod, "containers[]", place):
            for path in ("resources.limits.memory", "resources.requests.cpu"):
                value = next((value for _, value in values_at(container, path)), None)
                if value is UNKNOWN:
                    found.append(Undecided(f"{where}.{path}"))
                elif not value:
                    found.append(Problem(f"{where}.{path}", "not set; one container can starve the node; set it"))
    return found


def plain_secret_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Environment variables that hold a password, key or token themselves: who may read the pod may read it."""
    found: list[Finding] = []
    for place, pod in pods(resource_type, inputs):
        for where, container in containers(place, pod):
            for path, variable in values_at(container, "env[]", where):
                if variable is UNKNOWN:
                    found.append(Undecided(path))
                elif isinstance(variable, Mapping) and variable.get("value") and _is_secret(variable.get("name")):
                    text = f"{variable.get('name')} is written into the pod; take it from a Secret by valueFrom"
                    found.append(Problem(f"{path}.value", text))
    return found


def _is_secret(name: object) -> bool:
    return bool(SECRET_NAME.search(str(name)))
