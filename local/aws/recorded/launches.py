"""Launches of nodes: what EC2 refuses of a launch template only then, which leaves a node group without nodes."""

from __future__ import annotations

from typing import Any

from local.aws.recorded.kind import Record

_SNAPSHOTS_GIB = {
    ("BOTTLEROCKET", False): {"/dev/xvda": 2, "/dev/xvdb": 20},
    ("BOTTLEROCKET", True): {"/dev/xvda": 4, "/dev/xvdb": 20},
    ("AL2023", False): {"/dev/xvda": 20},
    ("AL2023", True): {"/dev/xvda": 20},
}
"""Sizes of an AMI's snapshots, by family and NVIDIA's driver in it. Source: bottlerocket, variants/aws-k8s-*, and EKS's
AMIs, read 2026-11-28."""
_GP3_IOPS, _MIB_S_PER_IOPS = 3000, 0.25


def launch_issue(ami_type: str, template: dict[str, Any]) -> Record | None:
    """The issue of a node group whose instances do not start, in the words of EC2 and Auto Scaling."""
    snapshots = _SNAPSHOTS_GIB.get((ami_type.partition("_")[0], "NVIDIA" in ami_type), {})
    for mapping in template.get("BlockDeviceMappings") or []:
        ebs = mapping.get("Ebs") or {}
        size, least = int(ebs.get("VolumeSize") or 0), snapshots.get(mapping["DeviceName"], 0)
        if size and size < least:
            # Wording: github.com/aws/karpenter-provider-aws/pull/2400.
            return _failed(
                f"InvalidBlockDeviceMapping - Volume of size {size}GB is smaller than snapshot "
                f"'snap-0123456789abcdef0', expect size>= {least}GB"
            )
        ratio = int(ebs.get("Throughput") or 0) / int(ebs.get("Iops") or _GP3_IOPS)
        if ratio > _MIB_S_PER_IOPS:
            return _failed(
                f"InvalidParameterCombination - Throughput (MiBps) to iops ratio of {ratio:g} is too high; maximum is "
                f"{_MIB_S_PER_IOPS:.6f} MiBps per iops"
            )
    return None


def _failed(why: str) -> Record:
    message = f"Could not launch On-Demand Instances. {why}. Launching EC2 instance failed."
    return {"code": "AsgInstanceLaunchFailures", "message": message, "resourceIds": []}
