"""EKS control planes: encryption of secrets, logs."""

from paddock.privacy.predicates.findings import UNKNOWN, Finding, Inputs, Problem, Undecided, values_at
from paddock.privacy.predicates.types import EKS_CLUSTER

CONTROL_PLANE_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")


def cluster_secrets_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """A cluster whose Kubernetes secrets are not encrypted with a key of the account."""
    if resource_type != EKS_CLUSTER:
        return []
    covered = [value for _, value in values_at(inputs, "encryptionConfig.resources[]")]
    if UNKNOWN in covered:
        return [Undecided("encryptionConfig.resources")]
    if "secrets" in covered and any(True for _ in values_at(inputs, "encryptionConfig.provider.keyArn")):
        return []
    text = "secrets are not encrypted with a key of yours; set provider.keyArn and resources to ['secrets']"
    return [Problem("encryptionConfig", text)]


def cluster_log_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """A cluster that does not keep every kind of control-plane log."""
    if resource_type != EKS_CLUSTER:
        return []
    kept = [value for _, value in values_at(inputs, "enabledClusterLogTypes[]")]
    if UNKNOWN in kept:
        return [Undecided("enabledClusterLogTypes")]
    missing = [name for name in CONTROL_PLANE_LOGS if name not in kept]
    text = f"not kept: {', '.join(missing)}; without them nobody can tell later who did what; add them"
    return [Problem("enabledClusterLogTypes", text)] if missing else []
