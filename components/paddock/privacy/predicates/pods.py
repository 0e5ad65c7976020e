"""Pod security: the `restricted` Pod Security Standard, host namespaces, limits, secrets in the environment.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial

from paddock.privacy.predicates.findings import (
    UNKNOWN,
    Finding,
    Inputs,
    Problem,
    Undecided,
    findings_at,
    is_true,
    value_at,
    values_at,
)

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
"""Name of a variable that holds a secret; MAX_TOKENS and TOKEN_FILE are none."""
SECCOMP = frozenset({"RuntimeDefault", "Localhost"})


def pods(resource_type: str, inputs: Inputs) -> Iterator[tuple[str, object]]:
    """Pod specifications in a workload and their paths; an object of any other kind is looked through for them."""
    if resource_type in POD_AT:
        yield from values_at(inputs, POD_AT[resource_type])
    elif resource_type.startswith("kubernetes:"):
        yield from _with_containers("", inputs)


def _with_containers(path: str, value: object) -> Iterator[tuple[str, object]]:
    """Values that list containers, as LeaderWorkerSet, JobSet and Rollout have them."""
    if isinstance(value, Mapping):
        if isinstance(value.get("containers"), list):
            yield path, value
        else:
            for key, each in value.items():
                yield from _with_containers(f"{path}.{key}" if path else str(key), each)
    elif isinstance(value, list):
        for i, each in enumerate(value):
            yield from _with_containers(f"{path}[{i}]", each)


def containers(path: str, pod: object) -> Iterator[tuple[str, object]]:
    for kind in CONTAINERS:
        yield from values_at(pod, kind, path)


def host_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Namespaces, ports and folders of the node in a pod."""
    found: list[Finding] = []
    for path, pod in pods(resource_type, inputs):
        for flag in ("hostNetwork", "hostPID", "hostIPC"):
            why = f"{flag} lets the pod see the whole node; remove it"
            found += findings_at(pod, flag, partial(_set, why), path)
        found += findings_at(pod, "volumes[].hostPath", lambda _: "a folder of the node; use a volume", path)
        for where, container in containers(path, pod):
            found += findings_at(container, "ports[].hostPort", _host_port, where)
    return found


def _set(why: str, value: object) -> str | None:
    return why if is_true(value) else None


def _host_port(port: object) -> str | None:
    return f"got {port}, a port of the node; remove it and use a Service" if port else None


def restricted_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Faults against the `restricted` standard, host namespaces aside, and a root filesystem that can be written.

    Also a namespace that does not have the API server enforce it.
    """
    if resource_type == NAMESPACE:
        labels = value_at(inputs, "metadata.labels", {})
        level = labels.get(ENFORCE) if isinstance(labels, Mapping) else labels
        path = f"metadata.labels[{ENFORCE}]"
        if level is UNKNOWN:
            return [Undecided(path)]
        return [] if level == "restricted" else [Problem(path, f"got {level}; set it to restricted")]
    return [
        finding
        for path, pod in pods(resource_type, inputs)
        for finding in ([Undecided(path)] if not isinstance(pod, Mapping) else _restricted(path, pod))
    ]


def _restricted(path: str, pod: Mapping[str, object]) -> Iterator[Finding]:
    for where, volume in values_at(pod, "volumes[]", path):
        if isinstance(volume, Mapping) and (kinds := set(volume) - SAFE_VOLUMES):
            yield Problem(where, f"a volume of kind {', '.join(sorted(kinds))} is not allowed; use emptyDir or a claim")
        elif volume is UNKNOWN:
            yield Undecided(where)
    for where, container in containers(path, pod):
        if not isinstance(container, Mapping):
            yield Undecided(where)
            continue
        context = f"{where}.securityContext"
        yield from _flag(context, container, "privileged", wanted=False, default=False)
        yield from _flag(context, container, "allowPrivilegeEscalation", wanted=False, default=True)
        yield from _flag(context, container, "readOnlyRootFilesystem", wanted=True, default=False)
        yield from _own_or_pods(context, container, pod)
        yield from _capabilities(f"{context}.capabilities", container)


def _flag(context: str, container: object, key: str, *, wanted: bool, default: bool) -> Iterator[Finding]:
    got = value_at(container, f"securityContext.{key}", default)
    if got is UNKNOWN:
        yield Undecided(f"{context}.{key}")
    elif is_true(got) is not wanted:
        yield Problem(f"{context}.{key}", f"set it to {str(wanted).lower()}")


def _own_or_pods(context: str, container: object, pod: object) -> Iterator[Finding]:
    """User and seccomp profile, the container's own or its pod's."""
    non_root, user, seccomp = (
        value_at(container, f"securityContext.{key}", value_at(pod, f"securityContext.{key}"))
        for key in ("runAsNonRoot", "runAsUser", "seccompProfile.type")
    )
    if non_root is UNKNOWN:
        yield Undecided(f"{context}.runAsNonRoot")
    elif not is_true(non_root):
        yield Problem(f"{context}.runAsNonRoot", "the container may run as root; set it to true")
    if user is UNKNOWN:
        yield Undecided(f"{context}.runAsUser")
    elif user == 0:
        yield Problem(f"{context}.runAsUser", "got 0, which is root; name another user")
    if seccomp is UNKNOWN:
        yield Undecided(f"{context}.seccompProfile")
    elif seccomp not in SECCOMP:
        text = f"got {seccomp}; every system call is open; set RuntimeDefault"
        yield Problem(f"{context}.seccompProfile", text)


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
    for path, pod in pods(resource_type, inputs):
        for where, container in values_at(pod, "containers[]", path):
            for key in ("resources.limits.memory", "resources.requests.cpu"):
                value = value_at(container, key)
                if value is UNKNOWN:
                    found.append(Undecided(f"{where}.{key}"))
                elif not value:
                    found.append(Problem(f"{where}.{key}", "not set; one container can starve the node; set it"))
    return found


def plain_secret_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Environment variables that hold a password, key or token themselves: readers of the pod read it too."""
    found: list[Finding] = []
    for path, pod in pods(resource_type, inputs):
        for where, container in containers(path, pod):
            for name, variable in values_at(container, "env[]", where):
                if variable is UNKNOWN:
                    found.append(Undecided(name))
                elif isinstance(variable, Mapping) and variable.get("value") and _is_secret(variable.get("name")):
                    text = f"{variable.get('name')} is written into the pod; take it from a Secret by valueFrom"
                    found.append(Problem(f"{name}.value", text))
    return found


def _is_secret(name: object) -> bool:
    return bool(SECRET_NAME.search(str(name)))
