"""Emulated Session Manager lets in whom AWS would, and an instance starts where AWS would start it."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.aws.emulation.ssm_sessions import DOCUMENT
from paddock.cluster.bastion import agent_policy
from tests.unit.local.aws.conftest import CONTROL_PLANE
from tests.unit.local.aws.life import Life, Made
from tests.unit.local.aws.world import World

INSTANCE = "aws:ec2/instance:Instance"
HOST, PORT = CONTROL_PLANE.endpoint.removeprefix("https://").split(":")
TO_THE_API = {"host": [HOST], "portNumber": [PORT], "localPortNumber": ["8443"]}
HTTPS = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/16"]}


class Tunnel:
    """A bastion, the endpoints of its agent, a cluster; a test takes one of them away."""

    def __init__(self, world: World, ssm: Any) -> None:
        self.world, self.life, self.ssm = world, world.life, ssm
        self.group = self.life.make(
            "aws:ec2/securityGroup:SecurityGroup", "tunnel", vpcId=world.vpc.id, ingress=[HTTPS], egress=[HTTPS]
        )
        self.endpoints = [
            self.life.make(
                "aws:ec2/vpcEndpoint:VpcEndpoint",
                service,
                vpcId=world.vpc.id,
                serviceName=f"com.amazonaws.us-east-1.{service}",
                vpcEndpointType="Interface",
                privateDnsEnabled=True,
                subnetIds=world.subnet_ids,
                securityGroupIds=[self.group.id],
            )
            for service in ("ssm", "ssmmessages")
        ]
        self.rights = self.life.make(
            "aws:iam/rolePolicy:RolePolicy",
            "agent",
            role=world.role("ec2")["name"],
            policy=agent_policy("aws", "us-east-1", "123456789012"),
        )
        self.instance = self.life.make(
            INSTANCE,
            "tunnel",
            ami=world.arm_image,
            instanceType="t4g.nano",
            subnetId=world.subnet(0).id,
            vpcSecurityGroupIds=[self.group.id],
            iamInstanceProfile=world.profile.id,
        )
        self.rule = self.life.make(
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            "api",
            securityGroupId=world.cluster["vpcConfig"]["clusterSecurityGroupId"],
            referencedSecurityGroupId=self.group.id,
            ipProtocol="tcp",
            fromPort=443,
            toPort=443,
        )

    @property
    def online(self) -> bool:
        filters = [{"Key": "InstanceIds", "Values": [self.instance.id]}]
        return bool(self.ssm.describe_instance_information(Filters=filters)["InstanceInformationList"])

    def start(self, document: str = DOCUMENT, **parameters: list[str]) -> str:
        made = self.ssm.start_session(
            Target=self.instance.id, DocumentName=document, Parameters={**TO_THE_API, **parameters}
        )
        return str(made["SessionId"])

    def active(self) -> set[str]:
        return {each["SessionId"] for each in self.ssm.describe_sessions(State="Active")["Sessions"]}

    def delete(self, *gone: Made) -> None:
        for each in gone:
            each.delete()


@pytest.fixture(scope="module")
def ssm(session: boto3.Session, endpoint: str) -> Any:
    return session.client("ssm", endpoint_url=endpoint)


@pytest.fixture
def tunnel(life: Life, ssm: Any) -> Tunnel:
    return Tunnel(World(life), ssm)


def test_a_session_is_active_until_it_is_terminated(tunnel: Tunnel) -> None:
    assert tunnel.online
    session = tunnel.start()
    assert session in tunnel.active()
    tunnel.ssm.terminate_session(SessionId=session)
    assert session not in tunnel.active()


def test_a_session_ends_with_its_instance(tunnel: Tunnel) -> None:
    session = tunnel.start()
    tunnel.delete(tunnel.instance)
    assert session not in tunnel.active()
    assert not tunnel.online


@pytest.mark.parametrize("part", ["ssm", "ssmmessages", "rights"])
def test_an_agent_without_its_endpoints_or_rights_does_not_sign_on(tunnel: Tunnel, part: str) -> None:
    tunnel.delete({"ssm": tunnel.endpoints[0], "ssmmessages": tunnel.endpoints[1], "rights": tunnel.rights}[part])
    assert not tunnel.online
    with pytest.raises(ClientError, match="TargetNotConnected"):
        tunnel.start()


def test_an_instance_that_may_not_send_to_its_endpoints_does_not_sign_on(tunnel: Tunnel) -> None:
    tunnel.group.update(vpcId=tunnel.world.vpc.id, ingress=[HTTPS], egress=[{**HTTPS, "fromPort": 80, "toPort": 80}])
    assert not tunnel.online


def test_the_cluster_must_let_it_in(tunnel: Tunnel) -> None:
    session = tunnel.start()
    tunnel.delete(tunnel.rule)
    assert tunnel.online
    assert session not in tunnel.active()
    with pytest.raises(ClientError, match="does not reach"):
        tunnel.start()


@pytest.mark.parametrize(
    ("document", "parameters", "code"),
    [
        ("AWS-StartPortForwarding", {}, "InvalidDocument"),
        (DOCUMENT, {"host": ["example.com"]}, "TargetNotConnected"),
        (DOCUMENT, {"portNumber": ["22"]}, "TargetNotConnected"),
        (DOCUMENT, {"portNumber": ["https"]}, "InvalidParameters"),
        (DOCUMENT, {"host": []}, "InvalidParameters"),
    ],
)
def test_what_no_session_leads_to_is_refused(
    tunnel: Tunnel, document: str, parameters: dict[str, list[str]], code: str
) -> None:
    with pytest.raises(ClientError, match=code):
        tunnel.start(document, **parameters)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ami": "ami-0000000000000000f"}, "ami-0000000000000000f"),
        ({"instanceType": "t3.nano"}, "does not match the architecture 'arm64'"),
        ({"instanceType": "g6.xlarge"}, "does not match the architecture 'arm64'"),
        ({"subnetId": "subnet-00000000"}, "subnet-00000000"),
        ({"vpcSecurityGroupIds": ["sg-00000000"]}, "sg-00000000"),
        ({"iamInstanceProfile": "nobody"}, "nobody"),
    ],
)
def test_an_instance_that_aws_would_not_start_is_refused(life: Life, change: dict[str, Any], message: str) -> None:
    world = World(life)
    args = {"ami": world.arm_image, "instanceType": "t4g.nano", "subnetId": world.subnet(0).id, **change}
    with pytest.raises((ClientError, ValueError), match=message):
        life.make(INSTANCE, "it", **args)


def test_a_group_of_another_vpc_is_refused(life: Life) -> None:
    world = World(life)
    group = life.make("aws:ec2/securityGroup:SecurityGroup", "far", vpcId=world.other_vpc.id)
    with pytest.raises(ClientError, match="belong to different networks"):
        life.make(
            INSTANCE,
            ami=world.arm_image,
            instanceType="t4g.nano",
            subnetId=world.subnet(0).id,
            vpcSecurityGroupIds=[group.id],
        )


def test_a_role_in_a_profile_and_a_profile_of_an_instance_come_off_in_order(life: Life) -> None:
    world = World(life)
    profile = world.profile
    with pytest.raises(ClientError, match="DeleteConflict"):
        life.provider.delete("aws:iam/role:Role", world.role("ec2").id, world.role("ec2").outputs)
    assert profile["role"] == world.role("ec2")["name"]


def test_an_attached_policy_signs_on_as_well_as_an_inline_one(tunnel: Tunnel) -> None:
    tunnel.delete(tunnel.rights)
    core = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    role = tunnel.world.role("ec2")["name"]
    attached = tunnel.life.make("aws:iam/rolePolicyAttachment:RolePolicyAttachment", role=role, policyArn=core)
    assert tunnel.online
    tunnel.delete(attached)
    assert not tunnel.online


def test_the_agents_policy_is_the_least_that_signs_on(tunnel: Tunnel) -> None:
    role = tunnel.world.role("ec2")["name"]
    whole = json.loads(tunnel.rights["policy"])["Statement"]
    rights = [{**each, "Action": [action]} for each in whole for action in each["Action"]]
    assert len(rights) > 1
    for left_out in rights:
        kept = [each for each in rights if each is not left_out]
        tunnel.rights.update(role=role, policy=json.dumps({"Version": "2012-10-17", "Statement": kept}))
        assert not tunnel.online, left_out
    tunnel.rights.update(role=role, policy=json.dumps({"Version": "2012-10-17", "Statement": rights}))
    assert tunnel.online
