"""`pulumi destroy` of the private stack: in AWS's order, past what EKS leaves behind, and touching nothing else.

It proves the order in which the engine deletes and that AWS's refusals, as the emulation knows them, are met. How long
AWS takes over each, and that EKS leaves no more than is played here, it does not prove.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.processes.cloud import LocalCloud
from paddock.privacy.proof import prove, read_inventory
from tests.local.look import Look
from tests.local.neighbours import described, make_neighbours
from tests.local.stack import ROOT, Stack
from tests.private_ca import active_authority

PADDOCK = "from paddock.cli import main; main()"

DELETED = re.compile(r"^ - +(?P<type>\S+) (?P<name>\S+) deleted", re.MULTILINE)

BEFORE = [
    ("kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Namespace"),
    ("kubernetes:apps/v1:Deployment", "aws:lb:LoadBalancer"),
    ("kubernetes:", "aws:eks:NodeGroup"),
    ("aws:lb:Listener", "aws:lb:LoadBalancer"),
    ("aws:lb:LoadBalancer", "aws:eks:NodeGroup"),
    ("aws:lb:LoadBalancer", "aws:ec2:Subnet"),
    ("aws:eks:NodeGroup", "aws:eks:Cluster"),
    ("aws:eks:PodIdentityAssociation", "aws:iam:RolePolicy"),
    ("aws:eks:Cluster", "aws:ec2:VpcEndpoint"),
    ("aws:eks:Cluster", "aws:cloudwatch:LogGroup"),
    ("aws:ec2:VpcEndpoint", "aws:ec2:SecurityGroup llama-endpoints"),
    ("aws:ec2:VpcEndpoint llama-ec", "aws:ec2:Subnet"),
    ("aws:ec2:VpcEndpoint llama-s3", "aws:ec2:RouteTable"),
    ("aws:ec2:SecurityGroup", "aws:ec2:Vpc"),
    ("aws:ec2:Subnet", "aws:ec2:Vpc"),
    ("aws:ec2:RouteTable", "aws:ec2:Vpc"),
]
"""Order of deletions, by type and perhaps name. S3's gateway is in route tables, and AWS lets a subnet go before it."""


@pytest.fixture(scope="module")
def neighbours(look: Look) -> dict[str, str]:
    return make_neighbours(look)


@pytest.fixture(scope="module")
def before(look: Look, neighbours: dict[str, str]) -> dict[str, Any]:
    return described(look, neighbours)


@pytest.fixture(scope="module")
def planned(cloud: LocalCloud, look: Look, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    folder = tmp_path_factory.mktemp("stack") / "program"
    return Stack.of_llama(
        "local",
        cloud.environment(),
        folder,
        retain_weights=True,
        domain_name="llama.internal.example.com",
        certificate_authority_arn=active_authority(look.aws("acm-pca")),
    )


@pytest.fixture(scope="module")
def preview(planned: Stack) -> str:
    """A first preview, when nothing exists."""
    return planned.run("preview", "--json").stdout


@pytest.fixture(scope="module")
def stack(planned: Stack, preview: str, before: dict[str, Any]) -> Stack:
    assert preview
    assert before
    planned.up()
    return planned


@pytest.fixture(scope="module")
def of_the_cni(stack: Stack, look: Look) -> str:
    """A network interface that the VPC CNI did not live to delete, as happens where a node ends before its pods."""
    ec2 = look.aws("ec2")
    subnet = stack.outputs()["node_subnet_ids"][0]
    made = ec2.create_network_interface(SubnetId=subnet, Description="aws-K8S-i-0123456789abcdef0")
    interface = str(made["NetworkInterface"]["NetworkInterfaceId"])
    tags = [{"Key": "cluster.k8s.amazonaws.com/name", "Value": stack.outputs()["cluster_name"]}]
    ec2.create_tags(Resources=[interface], Tags=tags)
    return interface


@pytest.fixture(scope="module")
def kept_policy(stack: Stack, look: Look) -> dict[str, Any]:
    """The bucket's policy while the stack is up."""
    return bucket_policy(look, urlsplit(stack.outputs()["weights_uri"]).netloc)


def bucket_policy(look: Look, bucket: str) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(look.aws("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    return policy


def destroy(stack: Stack, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    return stack.run("destroy", "--yes", "--skip-preview", "--suppress-progress", check=check)


def leftovers(stack: Stack) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", PADDOCK, "leftovers", "--stack-file", "stacks/Pulumi.local.yaml", "--json"],
        cwd=stack.folder,
        env={**stack.environment, "PYTHONPATH": f"{ROOT / 'components'}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def blocked(
    stack: Stack, of_the_cni: str, kept_policy: dict[str, Any]
) -> tuple[subprocess.CompletedProcess[str], int, dict[str, Any]]:
    """A destroy that AWS stops, as that interface is in the way; and what is left then."""
    assert of_the_cni
    assert kept_policy
    done = destroy(stack, check=False)
    return done, *leftovers(stack)


@pytest.fixture(scope="module")
def destroyed(
    stack: Stack, look: Look, of_the_cni: str, blocked: tuple[subprocess.CompletedProcess[str], int, Any]
) -> Iterator[list[tuple[str, str]]]:
    """(type, name) of what was deleted, in order, over both runs."""
    look.aws("ec2").delete_network_interface(NetworkInterfaceId=of_the_cni)
    again = destroy(stack)
    yield DELETED.findall(blocked[0].stdout) + DELETED.findall(again.stdout)
    stack.run("stack", "rm", "--yes")


def test_the_proof_finds_the_weights_private_in_a_first_preview_and_in_the_stack(stack: Stack, preview: str) -> None:
    for text in (preview, stack.run("stack", "export").stdout):
        proof = prove(read_inventory(text))
        assert [edge.text for edge in proof.reasons if edge.rule.startswith("bucket-")] == []
        (remark,) = [each for each in proof.remarks if "every VPC endpoint of account 123456789012" in each]
        assert remark.endswith("In this stack that is llama-reader.")


def test_an_interface_that_eks_left_stops_the_destroy_and_is_named_with_the_way_out(
    blocked: tuple[subprocess.CompletedProcess[str], int, dict[str, Any]], of_the_cni: str
) -> None:
    done, status, data = blocked
    assert done.returncode != 0
    assert "DependencyViolation" in done.stdout
    assert of_the_cni in done.stdout
    assert status == 1
    left = {each["id"]: each for each in data["left"]}
    assert left[of_the_cni]["delete"] == f"aws ec2 delete-network-interface --network-interface-id {of_the_cni}"
    assert {"subnet", "VPC"} <= {each["kind"] for each in data["left"]}
    assert not {"cluster", "node group", "VPC endpoint"} & {each["kind"] for each in data["left"]}


def test_destroy_goes_in_the_order_that_aws_takes(destroyed: list[tuple[str, str]]) -> None:
    gone = [f"{type_} {name}" for type_, name in destroyed]
    assert [kind for pair in BEFORE for kind in pair if not positions(gone, kind)] == [], gone
    wrong = [
        f"{first} after {then}" for first, then in BEFORE if max(positions(gone, first)) > min(positions(gone, then))
    ]
    assert wrong == [], gone


def positions(gone: list[str], kind: str) -> list[int]:
    start = kind if kind.endswith(":") or " " in kind else f"{kind} "
    return [i for i, each in enumerate(gone) if each.startswith(start)]


def test_afterwards_only_what_is_kept_is_left(
    stack: Stack, destroyed: list[tuple[str, str]], look: Look, kept_policy: dict[str, Any]
) -> None:
    assert destroyed
    status, data = leftovers(stack)
    assert (status, data["left"]) == (0, [])
    assert sorted(each["kind"] for each in data["kept"]) == ["bucket", "key", "key"]
    (bucket,) = [each["id"] for each in data["kept"] if each["kind"] == "bucket"]
    assert bucket_policy(look, bucket) == kept_policy, "a kept bucket keeps its fences"


def test_what_was_made_by_hand_beside_the_stack_is_as_it_was(
    destroyed: list[tuple[str, str]], look: Look, neighbours: dict[str, str], before: dict[str, Any]
) -> None:
    assert destroyed
    after = described(look, neighbours)
    assert {kind: after[kind] for kind in before} == before
