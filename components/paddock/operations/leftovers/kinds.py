"""Kinds of AWS objects: what each bills by, and the command that deletes one, in the order that AWS takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from shlex import quote

BY_THE_HOUR = "by the hour"
BY_SIZE = "by the GiB-month"
BY_THE_MONTH = "by the month"
FREE = "nothing"
NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Kind:
    says: str
    arn: str
    """Resource part of the ARN, after the service: a pattern, whose groups fill in the command."""
    bills: str
    delete: str
    """Empty where it goes with something else."""
    first: str = ""
    """Step that must come before the command."""


KINDS = (
    Kind(
        "node group",
        r"eks:nodegroup/([^/]+)/([^/]+)/.+",
        BY_THE_HOUR,
        "aws eks delete-nodegroup --cluster-name {0} --nodegroup-name {1}",
    ),
    Kind(
        "add-on",
        r"eks:addon/([^/]+)/([^/]+)/.+",
        FREE,
        "aws eks delete-addon --cluster-name {0} --addon-name {1}",
    ),
    Kind(
        "pod identity",
        r"eks:podidentityassociation/([^/]+)/(.+)",
        FREE,
        "aws eks delete-pod-identity-association --cluster-name {0} --association-id {1}",
    ),
    Kind("access entry", r"eks:access-entry/([^/]+)/.+", FREE, "", "it goes with its cluster"),
    Kind(
        "endpoint service",
        r"ec2:vpc-endpoint-service/(.+)",
        BY_THE_HOUR,
        "aws ec2 delete-vpc-endpoint-service-configurations --service-ids {0}",
    ),
    Kind("listener", r"elasticloadbalancing:listener/.+", FREE, "", "it goes with its load balancer"),
    Kind(
        "load balancer",
        r"elasticloadbalancing:loadbalancer/(?:net|app|gwy)/.+",
        BY_THE_HOUR,
        "aws elbv2 delete-load-balancer --load-balancer-arn {arn}",
    ),
    Kind(
        "target group",
        r"elasticloadbalancing:targetgroup/.+",
        FREE,
        "aws elbv2 delete-target-group --target-group-arn {arn}",
    ),
    Kind(
        "cluster", r"eks:cluster/([^/]+)", BY_THE_HOUR, "aws eks delete-cluster --name {0}", "its node groups go first"
    ),
    Kind(
        "Auto Scaling group",
        r"autoscaling:autoScalingGroup:[^:]+:autoScalingGroupName/(.+)",
        BY_THE_HOUR,
        "aws autoscaling delete-auto-scaling-group --force-delete --auto-scaling-group-name {0}",
    ),
    Kind("instance", r"ec2:instance/(.+)", BY_THE_HOUR, "aws ec2 terminate-instances --instance-ids {0}"),
    Kind("volume", r"ec2:volume/(.+)", BY_SIZE, "aws ec2 delete-volume --volume-id {0}"),
    Kind("snapshot", r"ec2:snapshot/(.+)", BY_SIZE, "aws ec2 delete-snapshot --snapshot-id {0}"),
    Kind(
        "launch template",
        r"ec2:launch-template/(.+)",
        FREE,
        "aws ec2 delete-launch-template --launch-template-id {0}",
    ),
    Kind("NAT gateway", r"ec2:natgateway/(.+)", BY_THE_HOUR, "aws ec2 delete-nat-gateway --nat-gateway-id {0}"),
    Kind("Elastic IP", r"ec2:elastic-ip/(.+)", BY_THE_HOUR, "aws ec2 release-address --allocation-id {0}"),
    Kind(
        "VPC endpoint",
        r"ec2:vpc-endpoint/(.+)",
        f"{BY_THE_HOUR} and zone; a gateway endpoint {FREE}",
        "aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {0}",
    ),
    Kind(
        "network interface",
        r"ec2:network-interface/(.+)",
        FREE,
        "aws ec2 delete-network-interface --network-interface-id {0}",
        "one in use goes with its user",
    ),
    Kind(
        "DNS firewall's VPC",
        r"route53resolver:firewall-rule-group-association/(.+)",
        BY_THE_MONTH,
        "aws route53resolver disassociate-firewall-rule-group --firewall-rule-group-association-id {0}",
    ),
    Kind(
        "DNS firewall",
        r"route53resolver:firewall-rule-group/(.+)",
        BY_THE_MONTH,
        "aws route53resolver delete-firewall-rule-group --firewall-rule-group-id {0}",
        "its rules go first",
    ),
    Kind(
        "DNS firewall's list",
        r"route53resolver:firewall-domain-list/(.+)",
        BY_THE_MONTH,
        "aws route53resolver delete-firewall-domain-list --firewall-domain-list-id {0}",
    ),
    Kind(
        "hosted zone",
        r"route53:hostedzone/(.+)",
        BY_THE_MONTH,
        "aws route53 delete-hosted-zone --id {0}",
        "its records go first",
    ),
    Kind("security group rule", r"ec2:security-group-rule/.+", FREE, "", "it goes with its security group"),
    Kind("security group", r"ec2:security-group/(.+)", FREE, "aws ec2 delete-security-group --group-id {0}"),
    Kind("flow log", r"ec2:(?:vpc-flow-log|flow-logs)/(.+)", FREE, "aws ec2 delete-flow-logs --flow-log-ids {0}"),
    Kind("subnet", r"ec2:subnet/(.+)", FREE, "aws ec2 delete-subnet --subnet-id {0}"),
    Kind("route table", r"ec2:route-table/(.+)", FREE, "aws ec2 delete-route-table --route-table-id {0}"),
    Kind("network ACL", r"ec2:network-acl/(.+)", FREE, "aws ec2 delete-network-acl --network-acl-id {0}"),
    Kind("VPC", r"ec2:vpc/(.+)", FREE, "aws ec2 delete-vpc --vpc-id {0}"),
    Kind("log group", r"logs:log-group:(.+?)(?::\*)?", BY_SIZE, "aws logs delete-log-group --log-group-name {0}"),
    Kind(
        "certificate",
        r"acm:certificate/.+",
        f"{FREE}; one of a private CA once",
        "aws acm delete-certificate --certificate-arn {arn}",
    ),
    Kind("parameter", r"ssm:parameter(/.+)", FREE, "aws ssm delete-parameter --name {0}"),
    Kind("role", r"iam:role/(?:.*/)?([^/]+)", FREE, "aws iam delete-role --role-name {0}", "its policies go first"),
    Kind(
        "instance profile",
        r"iam:instance-profile/(?:.*/)?([^/]+)",
        FREE,
        "aws iam delete-instance-profile --instance-profile-name {0}",
        "its role goes first",
    ),
    Kind(
        "policy",
        r"iam:policy/.+",
        FREE,
        "aws iam delete-policy --policy-arn {arn}",
        "it is detached first",
    ),
    Kind(
        "bucket",
        r"s3:([^/]+)",
        BY_SIZE,
        "aws s3api delete-bucket --bucket {0}",
        "it is emptied first, of old versions too",
    ),
    Kind(
        "key",
        r"kms:key/(.+)",
        BY_THE_MONTH,
        "aws kms schedule-key-deletion --key-id {0}",
        "what it encrypted is lost with it",
    ),
)
"""Billing unit of each kind: the unit on AWS's price pages; amounts are the plan's business."""


@dataclass(frozen=True, slots=True)
class Recognized:
    kind: Kind
    order: int
    id: str
    delete: str


def recognize(arn: str) -> Recognized:
    """The kind of an ARN. One of a kind that is not listed comes last, and has no command."""
    parts = arn.split(":", 5)
    resource = f"{parts[2]}:{parts[5]}" if len(parts) == 6 else arn
    for order, kind in enumerate(KINDS):
        if match := re.fullmatch(kind.arn, resource):
            named = [quote(each) for each in match.groups()]
            id_ = match.groups()[-1] if match.groups() else resource.partition(":")[2]
            return Recognized(kind, order, id_, kind.delete.format(*named, arn=quote(arn)))
    other = Kind(resource.partition("/")[0], "", NOT_KNOWN, "", "paddock knows no command for this kind")
    return Recognized(other, len(KINDS), arn, "")
