"""Pods of any Kubernetes object, custom resources included: their security, their limits, secrets in plain text."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from paddock.privacy.predicates.facts import makes_pods
from paddock.privacy.predicates.findings import Door, Finding, Problem, Seen, Undecided
from paddock.privacy.predicates.plain_secrets import looks_secret, secret_arguments
from paddock.privacy.predicates.shapes import check
from paddock.privacy.predicates.types import may_hold_pods
from paddock.privacy.predicates.values import UNKNOWN, Inputs, value_at, values_at

NAMESPACE = "kubernetes:core/v1:Namespace"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
ENFORCE = "pod-security.kubernetes.io/enforce"
OLDEST_STANDARD = 34
"""Kubernetes 1.34, since which the standard asks for all that it asks today: no host in probes and lifecycle hooks.
Source: pod-security-admission, policy/check_hostProbesAndhostLifecycle.go, read 2026-11-28."""
APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
CONTAINERS = ("containers[]", "initContainers[]", "ephemeralContainers[]")
OF_THE_POD = ("appArmorProfile", "runAsNonRoot", "runAsUser", "seLinuxOptions", "seccompProfile", "windowsOptions")
"""Keys that a container takes from its pod where it has none of its own."""
LEADS_TO_PODS = ("", "jobTemplate", "leaderTemplate", "leaderWorkerTemplate", "spec", "template", "workerTemplate")

Pod = tuple[str, Any, Mapping[str, Any]]
"""Path, specification and metadata of a pod."""


def pods(resource_type: str, inputs: Inputs) -> Iterator[Pod]:
    """Pods in an object: whatever has containers, wherever it sits."""
    if may_hold_pods(resource_type):
        yield from _pods("", inputs, {}, is_workload=makes_pods(resource_type))


def _pods(path: str, value: object, metadata: Mapping[str, Any], *, is_workload: bool) -> Iterator[Pod]:
    if value is UNKNOWN and is_workload and path.rpartition(".")[2] in LEADS_TO_PODS:
        yield path, UNKNOWN, {}
    elif isinstance(value, Mapping) and {"containers", "hostNetwork"} & set(value):
        yield path, value, metadata
    elif isinstance(value, Mapping):
        own = value.get("metadata")
        for key, inner in value.items():
            deeper = f"{path}.{key}" if path else str(key)
            if key not in ("metadata", "status"):
                yield from _pods(deeper, inner, own if isinstance(own, Mapping) else {}, is_workload=is_workload)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _pods(f"{path}[{i}]", inner, metadata, is_workload=is_workload)


def _containers(path: str, pod: object) -> Iterator[tuple[str, Any]]:
    return (found for kind in CONTAINERS for found in values_at(pod, kind, path))


def _checked(rule: str) -> Callable[[str, Inputs], list[Finding]]:
    """Predicate of what the shapes of a pod and of its containers refuse under a rule; anything else is refused too."""

    def findings(resource_type: str, inputs: Inputs) -> list[Finding]:
        found: list[Finding] = []
        for path, pod, _ in pods(resource_type, inputs):
            whole = [("container", where, _whole(each, pod)) for where, each in _containers(path, pod)]
            for kind, where, value in [("pod", path, pod), *whole]:
                if not isinstance(value, Mapping):
                    found.append(Undecided(where))
                    continue
                for under, each in check(kind, value, Seen()):
                    if under == rule and not isinstance(each, Door):
                        at = f"{where}.{each.path}"
                        found.append(Problem(at, each.text) if each.text else Undecided(at))
        return found

    return findings


host_findings = _checked("host")
limit_findings = _checked("limits")
_restricted = _checked("restricted")


def _whole(container: Any, pod: Any) -> Any:
    """Container with what it takes from its pod."""
    own, shared = value_at(container, "securityContext"), value_at(pod, "securityContext")
    if not isinstance(container, Mapping) or own is UNKNOWN:
        return container
    taken = {key: value_at(pod, f"securityContext.{key}") for key in OF_THE_POD} if shared is not None else {}
    return {**container, "securityContext": {**taken, **(own if isinstance(own, Mapping) else {})}}


def restricted_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Faults against the `restricted` standard, host namespaces aside, and a root filesystem that can be written.

    Also a namespace that does not have the API server enforce it, and code that comes with a checkpoint.
    """
    if resource_type.removesuffix("Patch") == NAMESPACE:
        return list(_enforced(inputs))
    found = _restricted(resource_type, inputs)
    for path, pod, metadata in pods(resource_type, inputs):
        for where, profile in values_at(metadata, "annotations", path):
            for name, value in profile.items() if isinstance(profile, Mapping) else ():
                if str(name).startswith(APPARMOR) and value == "unconfined":
                    found.append(Problem(f"{where}[{name}]", "AppArmor is off; set it to runtime/default"))
        for where, container in _containers(path, pod):
            if "--trust-remote-code" in _command_line(container):
                found.append(Problem(f"{where}.args", "--trust-remote-code runs what a checkpoint brings; remove it"))
    return found


def _enforced(inputs: Inputs) -> Iterator[Finding]:
    labels = value_at(inputs, "metadata.labels", {})
    for key, is_right, wanted in (
        (ENFORCE, lambda level: level == "restricted", "restricted"),
        (f"{ENFORCE}-version", _is_recent, f"latest, or v1.{OLDEST_STANDARD} or later"),
    ):
        value = labels.get(key) if isinstance(labels, Mapping) else labels
        path = f"metadata.labels[{key}]"
        if value is UNKNOWN:
            yield Undecided(path)
        elif not is_right(value):
            yield Problem(path, f"got {value}; set it to {wanted}")


def _is_recent(version: object) -> bool:
    minor = str(version).removeprefix("v1.")
    return version in (None, "latest") or (minor.isdecimal() and int(minor) >= OLDEST_STANDARD)


def _command_line(container: object) -> list[str]:
    given = (value_at(container, key, []) for key in ("command", "args"))
    return [text for each in given for text in (each if isinstance(each, list) else []) if isinstance(text, str)]


def plain_secret_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Passwords, keys and tokens in plain text: in variables, on command lines, in a ConfigMap."""
    found: list[Finding] = []
    for path, pod, _ in pods(resource_type, inputs):
        for where, container in _containers(path, pod):
            for name, variable in values_at(container, "env[]", where):
                if variable is UNKNOWN:
                    found.append(Undecided(name))
                elif isinstance(variable, Mapping) and looks_secret(variable.get("name"), variable.get("value")):
                    text = f"{variable.get('name')} is written into the pod; take it from a Secret by valueFrom"
                    found.append(Problem(f"{name}.value", text))
            for flag in secret_arguments(_command_line(container)):
                text = f"{flag} is given a secret, which every reader of the pod reads too; take it from a Secret"
                found.append(Problem(f"{where}.args", text))
    if resource_type == CONFIG_MAP:
        for where, data in values_at(inputs, "data"):
            for name, value in data.items() if isinstance(data, Mapping) else ():
                if looks_secret(name, value):
                    found.append(Problem(f"{where}.{name}", "a secret in plain text; keep it in a Secret"))
    return found
