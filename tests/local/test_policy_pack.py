"""The policy pack run by the real engine over the project's own program with one fault put into it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.local.stack import ROOT, Stack

PACK = ("--policy-pack", str(ROOT / "policy"))

FAULTS = {
    "an internet gateway": (
        """
        import pulumi_aws as aws
        aws.ec2.InternetGateway("way-out")
        """,
        ("aws-vpc-disallow-internet-gateway", "remove it and reach AWS services through VPC endpoints"),
    ),
    "a cluster endpoint open by default": (
        """
        import pulumi_aws as aws
        aws.eks.Cluster("open", role_arn="arn:aws:iam::123456789012:role/r", vpc_config={"subnet_ids": ["subnet-1"]})
        """,
        ("aws-eks-cluster-disallow-public-endpoint", "endpointPublicAccess"),
    ),
    "a public access block with gaps": (
        """
        import pulumi_aws as aws
        aws.s3.BucketPublicAccessBlock("half", bucket="b", block_public_acls=True)
        """,
        ("aws-s3-bucket-disallow-public-access", "restrictPublicBuckets"),
    ),
    "a subnet with public addresses": (
        """
        import pulumi_aws as aws
        aws.ec2.Subnet("open", vpc_id="vpc-1", cidr_block="10.200.0.0/24", map_public_ip_on_launch=True)
        """,
        ("aws-ec2-disallow-public-ip", "mapPublicIpOnLaunch"),
    ),
    "an image by tag": (
        """
        import pulumi_kubernetes as kubernetes
        containers = [{"name": "c", "image": "busybox:latest"}]
        kubernetes.core.v1.Pod("p", metadata={"name": "p"}, spec={"containers": containers})
        """,
        ("kubernetes-pod-disallow-image-tag", "busybox:latest"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_program_stops_the_preview_with_the_rule_and_the_fix(
    fault: str, llama: Callable[..., Stack]
) -> None:
    lines, named = FAULTS[fault]
    stack = llama("faulty")
    program = stack.folder / "__main__.py"
    program.write_text(program.read_text() + dedent(lines))
    refused = stack.run("preview", *PACK, check=False)
    stack.run("stack", "rm", "--yes", "--force")
    assert refused.returncode != 0
    assert [word for word in ("mandatory", *named) if word not in refused.stdout] == [], refused.stdout
    assert "Traceback" not in refused.stdout


def test_the_program_itself_passes(llama: Callable[..., Stack]) -> None:
    stack = llama("sound")
    stack.run("preview", *PACK)
    stack.run("stack", "rm", "--yes", "--force")


PUBLIC_API = "aws-eks-cluster-disallow-public-endpoint"


def excepted(expires: str) -> dict[str, Any]:
    exception = {
        "type": "aws:eks/cluster:Cluster",
        "resource": "llama-cluster",
        "about": "endpointPublicAccess",
        "reason": "the office has no VPN yet",
        "expires": expires,
    }
    return {"exceptions": [exception]}


def test_an_environments_file_sets_levels_and_excepts_by_name_and_until_a_day(
    llama: Callable[..., Stack], tmp_path: Path
) -> None:
    """Exception that docs/access.md has for a public endpoint with an allow-list, which is a door to declare."""
    office = {"kind": "cluster-endpoint", "resource": "llama-cluster", "who": "network 8.8.8.8/32"}
    doors = [{**office, "reason": "the office has no VPN yet"}]
    stack = llama("listed", endpoint_public_access_cidrs=["8.8.8.8/32"], doors=doors)

    def preview(settings: Any) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "levels.json"
        file.write_text(json.dumps({PUBLIC_API: settings}))
        return stack.run("preview", *PACK, "--policy-pack-config", str(file), check=False)

    refused, advised = stack.run("preview", *PACK, check=False), preview("advisory")
    let_by, too_late = preview(excepted("2099-12-31")), preview(excepted("2026-01-31"))
    stack.run("stack", "rm", "--yes", "--force")
    assert refused.returncode != 0
    assert f"[mandatory] [severity: critical]  {PUBLIC_API}" in refused.stdout
    assert (advised.returncode, f"[advisory] [severity: critical]  {PUBLIC_API}" in advised.stdout) == (0, True)
    assert (let_by.returncode, PUBLIC_API in let_by.stdout) == (0, False), let_by.stdout
    assert too_late.returncode != 0
    assert "2026-01-31" in too_late.stdout
