"""Keys that rotate, and disks and buckets that are encrypted with one."""

from collections.abc import Mapping
from types import MappingProxyType

from paddock.privacy.predicates.findings import (
    UNKNOWN,
    Finding,
    Inputs,
    Problem,
    Undecided,
    findings_at,
    required,
    values_at,
)
from paddock.privacy.predicates.types import BUCKET_ENCRYPTIONS

KMS_KEY = "aws:kms/key:Key"
KMS_ALGORITHMS = frozenset({"aws:kms", "aws:kms:dsse"})

INSTANCE = "aws:ec2/instance:Instance"
DISKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "aws:ebs/volume:Volume": ("",),
        INSTANCE: ("rootBlockDevice", "ebsBlockDevices[]"),
        "aws:ec2/launchTemplate:LaunchTemplate": ("blockDeviceMappings[].ebs",),
    }
)
ACCOUNT_DEFAULT = "aws:ebs/encryptionByDefault:EncryptionByDefault"


def key_rotation_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """A symmetric KMS key that keeps the same material for ever; AWS cannot rotate other kinds by itself."""
    if resource_type != KMS_KEY:
        return []
    kind = inputs.get("customerMasterKeySpec")
    if kind is UNKNOWN:
        return [Undecided("customerMasterKeySpec")]
    if kind not in (None, "", "SYMMETRIC_DEFAULT"):
        return []
    return required(inputs, "enableKeyRotation", why="AWS keeps the same key material for ever")


def disk_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """EBS volumes that are not said to be encrypted, and the account's default switched off.

    A disk that an image brings and nobody mentions is seen where a machine is described in one place.
    """
    why = "AWS leaves a disk unencrypted unless told"
    if resource_type == ACCOUNT_DEFAULT and "enabled" in inputs:
        return required(inputs, "enabled", why=why)
    found: list[Finding] = []
    if resource_type == INSTANCE and "rootBlockDevice" not in inputs and "launchTemplate" not in inputs:
        found.append(Problem("rootBlockDevice", f"not set; {why}; set its encrypted to true"))
    for where in DISKS.get(resource_type, ()):
        for path, disk in values_at(inputs, where):
            if isinstance(disk, Mapping) or disk is UNKNOWN:
                found += required(disk, "encrypted", why=why, prefix=path)
    return found


def bucket_encryption_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Bucket encryption with S3's own key, which everyone who may read the bucket may use."""
    if resource_type not in BUCKET_ENCRYPTIONS:
        return []
    path = "rules[].applyServerSideEncryptionByDefault.sseAlgorithm"
    if not any(values_at(inputs, path)):
        return [Problem("rules", "no default encryption is set; set aws:kms and a key of your own")]
    return list(findings_at(inputs, path, _without_kms))


def _without_kms(algorithm: object) -> str | None:
    return None if algorithm in KMS_ALGORITHMS else f"got {algorithm}; set aws:kms and a key of your own"
