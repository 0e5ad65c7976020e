"""Refusals of AWS for load balancers, and for what they use, which can go after them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local.aws.life import CheckFailed, Life
from tests.unit.local.aws.world import World

BALANCER, TARGETS, LISTENER = (
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/targetGroup:TargetGroup",
    "aws:lb/listener:Listener",
)
CERTIFICATE, ZONE, RECORD = "aws:acm/certificate:Certificate", "aws:route53/zone:Zone", "aws:route53/record:Record"
SERVICE, ATTACHMENT = "aws:ec2/vpcEndpointService:VpcEndpointService", "aws:autoscaling/attachment:Attachment"
POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
PENDING = "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/11111111-1111-1111-1111-111111111111"


def balancer(world: World, **changes: Any) -> dict[str, Any]:
    args = {
        "loadBalancerType": "network",
        "internal": True,
        "subnets": world.subnet_ids,
        "securityGroups": [world.group.id],
    }
    return {**args, **changes}


def listener(world: World, on: str, to: str, **changes: Any) -> dict[str, Any]:
    args = {
        "loadBalancerArn": on,
        "port": 443,
        "protocol": "TLS",
        "sslPolicy": POLICY,
        "certificateArn": world.certificate()["arn"],
        "defaultActions": [{"type": "forward", "targetGroupArn": to}],
    }
    return {key: value for key, value in {**args, **changes}.items() if value is not None}


def refused(code: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\)")


def test_subnets_and_groups_are_those_of_one_vpc_and_a_zone_is_taken_once(life: Life, world: World) -> None:
    with refused("SubnetNotFound"):
        life.make(BALANCER, **balancer(world, subnets=["subnet-12345678"]))
    with refused("InvalidSecurityGroup"):
        life.make(BALANCER, **balancer(world, securityGroups=["sg-12345678"]))
    same_zone = life.make(
        "aws:ec2/subnet:Subnet", vpcId=world.vpc.id, cidrBlock="10.0.77.0/24", availabilityZone="us-east-1a"
    )
    with refused("InvalidConfigurationRequest"):
        life.make(BALANCER, **balancer(world, subnets=[world.subnet(0).id, same_zone.id]))


def test_a_balancer_that_is_protected_or_offered_stays_and_so_does_what_it_stands_on(life: Life, world: World) -> None:
    made = life.make(BALANCER, **balancer(world, enableDeletionProtection=True))
    with refused("OperationNotPermitted"):
        made.delete()
    made.update(**balancer(world, enableDeletionProtection=False))
    service = life.make(SERVICE, acceptanceRequired=True, networkLoadBalancerArns=[made.id])
    with refused("ResourceInUse"):
        made.delete()
    service.delete()
    with refused("DependencyViolation"):
        life.provider.delete("aws:ec2/subnet:Subnet", world.subnet(0).id, world.subnet(0).outputs)
    with refused("DependencyViolation"):
        life.provider.delete("aws:ec2/securityGroup:SecurityGroup", world.group.id, world.group.outputs)
    made.delete()


def test_a_group_and_a_certificate_in_use_stay_until_the_listener_is_gone(life: Life, world: World) -> None:
    targets = life.make(TARGETS, vpcId=world.vpc.id, protocol="TCP", port=30080)
    certificate = life.make(CERTIFICATE, domainName="used.test.internal", certificateAuthorityArn=world.authority)
    on = life.make(BALANCER, **balancer(world))
    made = life.make(LISTENER, **listener(world, on.id, targets.id, certificateArn=certificate["arn"]))
    with refused("ResourceInUse"):
        targets.delete()
    with refused("ResourceInUseException"):
        certificate.delete()
    made.delete()
    certificate.delete()
    on.delete()
    targets.delete()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sslPolicy": "ELBSecurityPolicy-Of-Nobody"}, "SSLPolicyNotFound"),
        ({"certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/none"}, "CertificateNotFound"),
        (
            {"loadBalancerArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/a/b"},
            "LoadBalancerNotFound",
        ),
    ],
)
def test_a_listener_refers_to_what_there_is(changes: dict[str, str], code: str, life: Life, world: World) -> None:
    on = life.make(BALANCER, **balancer(world))
    with refused(code):
        life.make(LISTENER, **listener(world, on.id, world.targets().id, **changes))


def test_a_port_has_one_listener_and_a_target_group_one_balancer(life: Life, world: World) -> None:
    targets = life.make(TARGETS, vpcId=world.vpc.id, protocol="TCP", port=30080)
    one, two = (life.make(BALANCER, name, **balancer(world)) for name in ("one", "two"))
    life.make(LISTENER, **listener(world, one.id, targets.id))
    with refused("DuplicateListener"):
        life.make(LISTENER, "again", **listener(world, one.id, targets.id))
    with refused("TargetGroupAssociationLimit"):
        life.make(LISTENER, "other", **listener(world, two.id, targets.id))


def test_targets_are_of_the_balancers_vpc_and_speak_what_it_forwards(life: Life, world: World) -> None:
    on = life.make(BALANCER, **balancer(world))
    elsewhere = life.make(TARGETS, "elsewhere", vpcId=world.other_vpc.id, protocol="TCP", port=1)
    with refused("InvalidConfigurationRequest"):
        life.make(LISTENER, **listener(world, on.id, elsewhere.id))
    datagrams = life.make(TARGETS, "datagrams", vpcId=world.vpc.id, protocol="UDP", port=1)
    with refused("IncompatibleProtocols"):
        life.make(LISTENER, **listener(world, on.id, datagrams.id))


def test_a_ca_that_is_unknown_issues_nothing_and_one_not_yet_active_fails(life: Life, world: World) -> None:
    with refused("ResourceNotFoundException"):
        life.make(CERTIFICATE, domainName="a.test.internal", certificateAuthorityArn=PENDING)
    pca = life.provider._cloud({}).client("acm-pca")
    pending = pca.create_certificate_authority(
        CertificateAuthorityType="ROOT",
        CertificateAuthorityConfiguration={
            "KeyAlgorithm": "RSA_2048",
            "SigningAlgorithm": "SHA256WITHRSA",
            "Subject": {"CommonName": "pending"},
        },
    )["CertificateAuthorityArn"]
    failed = life.make(CERTIFICATE, domainName="a.test.internal", certificateAuthorityArn=pending)
    assert failed["status"] == "FAILED"
    on = life.make(BALANCER, **balancer(world))
    with refused("InvalidConfigurationRequest"):
        life.make(LISTENER, **listener(world, on.id, world.targets().id, certificateArn=failed["arn"]))


def test_a_private_zone_has_a_vpc_that_exists_and_holds_its_name_alone(life: Life, world: World) -> None:
    with refused("InvalidVPCId"):
        life.make(ZONE, name="one.test.internal", vpcs=[{"vpcId": "vpc-12345678"}])
    life.make(ZONE, name="one.test.internal", vpcs=[{"vpcId": world.vpc.id}])
    with refused("ConflictingDomainExists"):
        life.make(ZONE, "again", name="one.test.internal", vpcs=[{"vpcId": world.vpc.id}])


def test_a_zone_with_a_record_stays_and_an_alias_leads_to_a_balancer(life: Life, world: World) -> None:
    zone = life.make(ZONE, name="one.test.internal", vpcs=[{"vpcId": world.vpc.id}])
    alias = {"name": "gone-1.us-east-1.elb.amazonaws.com", "zoneId": "Z2P70J7EXAMPLE", "evaluateTargetHealth": False}
    args = {"zoneId": zone.id, "name": "one.test.internal", "type": "A"}
    with refused("InvalidChangeBatch"):
        life.make(RECORD, **args, aliases=[alias])
    record = life.make(RECORD, **args, records=["10.0.0.1"], ttl=60)
    with refused("HostedZoneNotEmpty"):
        zone.delete()
    record.delete()
    zone.delete()


def test_only_a_group_that_exists_takes_targets_and_it_goes_with_its_node_group(life: Life, world: World) -> None:
    with refused("ValidationError"):
        life.make(ATTACHMENT, autoscalingGroupName="nobodys", lbTargetGroupArn=world.targets().id)
    group = life.make(
        "aws:eks/nodeGroup:NodeGroup",
        clusterName=world.cluster.id,
        nodeRoleArn=world.role("ec2")["arn"],
        subnetIds=world.subnet_ids,
        scalingConfig={"desiredSize": 1, "minSize": 0, "maxSize": 2},
    )
    name = group["resources"][0]["autoscalingGroups"][0]["name"]
    attached = life.make(ATTACHMENT, autoscalingGroupName=name, lbTargetGroupArn=world.targets().id)
    group.delete()
    client = life.provider._cloud({}).client("autoscaling")
    assert client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"] == []
    attached.refresh()
    assert attached.id == "", "the attachment went with its group"
    life.made.remove(attached)


def test_an_endpoint_service_names_principals_by_arn(life: Life, world: World) -> None:
    on = life.make(BALANCER, **balancer(world))
    with refused("InvalidPrincipal"):
        life.make(SERVICE, acceptanceRequired=True, networkLoadBalancerArns=[on.id], allowedPrincipals=["210987654321"])


@pytest.mark.parametrize(
    ("token", "args", "message"),
    [
        (BALANCER, {"subnets": ["subnet-1"]}, "application is not emulated"),
        (TARGETS, {"protocol": "TCP", "port": 1}, "vpcId: required"),
        (
            TARGETS,
            {"vpcId": "vpc-1", "protocol": "TCP", "port": 1, "healthCheck": {"protocol": "TCP", "path": "/"}},
            "is not for a health check over TCP",
        ),
        (
            LISTENER,
            {"loadBalancerArn": "a", "port": 443, "protocol": "TLS", "defaultActions": []},
            "certificateArn: required",
        ),
        (ZONE, {"name": "a.b"}, "only private zones are emulated"),
        (CERTIFICATE, {"domainName": "a.b"}, "only a private CA's certificates are emulated"),
    ],
)
def test_what_is_missing_or_not_emulated_is_said_before_the_update(
    token: str, args: dict[str, Any], message: str, life: Life
) -> None:
    with pytest.raises(CheckFailed, match=message):
        life.check(token, "it", args)
