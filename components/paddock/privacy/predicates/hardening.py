"""Hardening whose lack opens no exit: encryption at rest, rotation of keys, logs, the metadata of instances."""

from collections.abc import Mapping

from paddock.privacy.predicates.findings import Finding, Problem, Undecided
from paddock.privacy.predicates.shapes import shape_findings
from paddock.privacy.predicates.types import BUCKET_ENCRYPTIONS, EKS_CLUSTER
from paddock.privacy.predicates.values import UNKNOWN, Inputs, is_true, value_at, values_at

CONTROL_PLANE_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
KMS_KEY = "aws:kms/key:Key"
INSTANCE = "aws:ec2/instance:Instance"
DISKS: Mapping[str, tuple[str, ...]] = {
    "aws:ebs/volume:Volume": ("",),
    INSTANCE: ("rootBlockDevice", "ebsBlockDevices[]"),
    "aws:ec2/launchTemplate:LaunchTemplate": ("blockDeviceMappings[].ebs",),
}
ACCOUNT_DEFAULT = "aws:ebs/encryptionByDefault:EncryptionByDefault"
_metadata, _rotation = shape_findings("metadata"), shape_findings("rotation")


def instance_metadata_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Metadata that answers without a token, or over more than one hop and so to pods."""
    is_off = value_at(inputs, "metadataOptions.httpEndpoint") == "disabled"
    return [] if is_off else _metadata(resource_type, inputs)


def key_rotation_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """A symmetric KMS key that keeps the same material for ever; AWS cannot rotate other kinds by itself."""
    kind = inputs.get("customerMasterKeySpec")
    if resource_type != KMS_KEY or kind not in (None, "", "SYMMETRIC_DEFAULT", UNKNOWN):
        return []
    return [Undecided("customerMasterKeySpec")] if kind is UNKNOWN else _rotation(resource_type, inputs)


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


def disk_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """EBS volumes that are not said to be encrypted, and the account's default switched off.

    A disk that an image brings and nobody mentions is seen where a machine is described in one place.
    """
    why = "AWS leaves a disk unencrypted unless told"
    if resource_type == ACCOUNT_DEFAULT and "enabled" in inputs:
        return _required(inputs, "enabled", why)
    found: list[Finding] = []
    if resource_type == INSTANCE and "rootBlockDevice" not in inputs and "launchTemplate" not in inputs:
        found.append(Problem("rootBlockDevice", f"not set; {why}; set its encrypted to true"))
    for where in DISKS.get(resource_type, ()):
        for path, disk in values_at(inputs, where):
            if isinstance(disk, Mapping) or disk is UNKNOWN:
                found += _required(disk, "encrypted", why, path)
    return found


def _required(inputs: object, key: str, why: str, where: str = "") -> list[Finding]:
    """Findings of a flag that must be set, and true: the default is the other one."""
    path, value = next(values_at(inputs, key, where), (f"{where}.{key}" if where else key, None))
    got = "not set" if value is None else f"got {value}"
    found = Undecided(path) if value is UNKNOWN else Problem(path, f"{got}; {why}; set it to true")
    return [] if is_true(value) else [found]


def bucket_encryption_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Bucket encryption with S3's own key, which everyone who may read the bucket may use."""
    if resource_type not in BUCKET_ENCRYPTIONS:
        return []
    found = list(values_at(inputs, "rules[].applyServerSideEncryptionByDefault.sseAlgorithm"))
    if not found:
        return [Problem("rules", "no default encryption is set; set aws:kms and a key of your own")]
    return [
        Undecided(path) if each is UNKNOWN else Problem(path, f"got {each}; set aws:kms and a key of your own")
        for path, each in found
        if each not in ("aws:kms", "aws:kms:dsse")
    ]
