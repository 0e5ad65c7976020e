"""A VPC that somebody else made: used where it keeps our rules, refused before anything is made where it does not."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local.aws.leftovers import list_leftovers
from local.processes.cloud import LocalCloud
from paddock.privacy.proof import prove, read_inventory
from tests.local.look import Look
from tests.local.stack import Stack

PROGRAM = Path(__file__).parent / "programs" / "existing_network"
Make = Callable[..., Stack]


@dataclass
class Theirs:
    """A VPC made by hand, with two subnets of each kind."""

    ec2: Any
    vpc: str = ""
    subnets: list[str] = field(default_factory=list)

    def make(self) -> "Theirs":
        self.vpc = self.ec2.create_vpc(CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        for cidr, zone in (("0.0/20", "a"), ("16.0/20", "b"), ("240.0/27", "a"), ("240.32/27", "b")):
            made = self.ec2.create_subnet(
                VpcId=self.vpc, CidrBlock=f"10.50.{cidr}", AvailabilityZone=f"us-east-1{zone}"
            )
            self.subnets.append(made["Subnet"]["SubnetId"])
        return self

    @property
    def config(self) -> dict[str, Any]:
        return {
            "aws:region": "us-east-1",
            "existing-network:vpc": self.vpc,
            "existing-network:nodes": json.dumps(self.subnets[:2]),
            "existing-network:endpoints": json.dumps(self.subnets[2:]),
        }

    def open_to_the_internet(self) -> str:
        gateway: str = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(VpcId=self.vpc, InternetGatewayId=gateway)
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        return gateway


@pytest.fixture
def theirs(look: Look) -> Theirs:
    return Theirs(look.aws("ec2")).make()


@pytest.fixture
def stack_in(cloud: LocalCloud, tmp_path: Path) -> Make:
    def make(name: str, vpc: Theirs, **changes: Any) -> Stack:
        return Stack.of_program(PROGRAM, name, {**vpc.config, **changes}, cloud.environment(), tmp_path / "program")

    return make


def of_others(cloud: LocalCloud) -> list[str]:
    environment = cloud.environment()
    return list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"])


def test_a_fit_vpc_is_used_proved_private_and_left_as_it_was(cloud: LocalCloud, theirs: Theirs, stack_in: Make) -> None:
    before = of_others(cloud)
    stack = stack_in("fit", theirs)
    first = read_inventory(stack.run("preview", "--json").stdout)
    assert [each.values["cidrBlock"] for each in first.of("aws:ec2/vpc:Vpc")] == ["10.50.0.0/16"]
    stack.up()
    stack.up("--expect-no-changes")
    for inventory in (first, read_inventory(stack.run("stack", "export").stdout)):
        proof = prove(inventory)
        # This program has a network alone, so where pods run is all that is not known.
        assert [(edge.rule, edge.text) for edge in (*proof.reasons, *proof.elsewhere) if edge.rule != "nodes"] == []
    assert stack.outputs()["vpc_id"] == theirs.vpc
    assert stack.outputs()["s3_cidrs"]
    stack.destroy()
    assert of_others(cloud) == before


@pytest.mark.parametrize("fault", ["internet gateway", "unknown subnet"])
def test_an_unfit_vpc_is_refused_in_one_message_and_nothing_is_made(
    fault: str, cloud: LocalCloud, theirs: Theirs, stack_in: Make
) -> None:
    changes = {}
    if fault == "internet gateway":
        named = theirs.open_to_the_internet()
    else:
        named = "subnet-0123456789abcdef0"
        changes = {"existing-network:nodes": json.dumps([theirs.subnets[0], named])}
    before = of_others(cloud)
    refused = stack_in(fault.replace(" ", "-"), theirs, **changes).up(check=False)
    said = refused.stdout + refused.stderr
    assert refused.returncode != 0
    assert "ExistingNetwork" in said
    assert named in said
    assert "Traceback" not in said
    assert of_others(cloud) == before
