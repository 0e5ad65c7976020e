"""Leftovers in the emulated AWS: every object, of every service that the provider touches, that is not AWS's own."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, TypeAlias

import boto3

Listing: TypeAlias = Callable[[Any], Iterator[str]]


def list_leftovers(endpoint_url: str, region: str) -> list[str]:
    """Names such as `ec2 vpc vpc-0123`, sorted; an empty list after everything was destroyed."""
    found = []
    for service, listings in _LISTINGS.items():
        client = _client(service, endpoint_url, region)
        for kind, listing in listings.items():
            found += [f"{service} {kind} {name}" for name in listing(client)]
    return sorted(found)


@cache
def _client(service: str, endpoint_url: str, region: str) -> Any:
    session = boto3.Session(region_name=region, aws_access_key_id="local", aws_secret_access_key="local")  # noqa: S106
    return session.client(service, endpoint_url=endpoint_url)


def _pages(client: Any, operation: str, member: str, **arguments: Any) -> Iterator[Any]:
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page.get(member, [])
    else:
        yield from getattr(client, operation)(**arguments).get(member, [])


def _simple(operation: str, member: str, name: str, keep: Callable[[Any], bool] = lambda _: True) -> Listing:
    def listing(client: Any) -> Iterator[str]:
        yield from (each[name] for each in _pages(client, operation, member) if keep(each))

    return listing


def _outside_default_vpc(operation: str, member: str, name: str, vpc: Callable[[Any], Iterable[str]]) -> Listing:
    """Objects of VPCs other than the one that every account starts with."""

    def listing(client: Any) -> Iterator[str]:
        own = {each["VpcId"] for each in client.describe_vpcs()["Vpcs"] if each["IsDefault"]}
        for each in _pages(client, operation, member):
            if not set(vpc(each)) & own:
                yield each[name]

    return listing


def _of_vpc(each: Any) -> Iterable[str]:
    return (each.get("VpcId", ""),)


def _eks_clusters(client: Any) -> Iterator[str]:
    """Clusters, and what lives in them, so that a blocked one says by what."""
    for cluster in client.list_clusters()["clusters"]:
        yield cluster
        yield from (f"{cluster}/{name}" for name in client.list_nodegroups(clusterName=cluster)["nodegroups"])


def _instances(client: Any) -> Iterator[str]:
    """A terminated one is still listed for an hour, and bills nothing."""
    for reservation in _pages(client, "describe_instances", "Reservations"):
        yield from (
            each["InstanceId"]
            for each in reservation["Instances"]
            if each["State"]["Name"] not in ("shutting-down", "terminated")
        )


def _codebuild_projects(client: Any) -> Iterator[str]:
    yield from client.list_projects()["projects"]


def _roles(client: Any) -> Iterator[str]:
    yield from (
        role["RoleName"]
        for role in _pages(client, "list_roles", "Roles")
        if not role["Path"].startswith("/aws-service-role/")
    )


def _policies(client: Any) -> Iterator[str]:
    yield from (policy["Arn"] for policy in _pages(client, "list_policies", "Policies", Scope="Local"))


def _keys(client: Any) -> Iterator[str]:
    # moto makes AWS's own keys, such as that of EBS, when they are first used, and calls them the customer's.
    own = {
        each["TargetKeyId"]
        for each in _pages(client, "list_aliases", "Aliases")
        if each["AliasName"].startswith("alias/aws/") and "TargetKeyId" in each
    }
    for key in _pages(client, "list_keys", "Keys"):
        if key["KeyId"] in own:
            continue
        metadata = client.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        # A deleted key stays, unusable, for its waiting period: that is what deletion means in KMS.
        if metadata["KeyManager"] == "CUSTOMER" and metadata["KeyState"] != "PendingDeletion":
            yield key["KeyId"]


def _lives(each: Any) -> bool:
    return str(each["State"]).lower() not in ("deleting", "deleted")


_LISTINGS: dict[str, dict[str, Listing]] = {
    "acm": {"certificate": _simple("list_certificates", "CertificateSummaryList", "CertificateArn")},
    "autoscaling": {"group": _simple("describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName")},
    "ec2": {
        "vpc": _simple("describe_vpcs", "Vpcs", "VpcId", lambda each: not each["IsDefault"]),
        "subnet": _simple("describe_subnets", "Subnets", "SubnetId", lambda each: not each["DefaultForAz"]),
        "route table": _outside_default_vpc("describe_route_tables", "RouteTables", "RouteTableId", _of_vpc),
        "security group": _outside_default_vpc("describe_security_groups", "SecurityGroups", "GroupId", _of_vpc),
        "network interface": _simple("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
        "internet gateway": _outside_default_vpc(
            "describe_internet_gateways",
            "InternetGateways",
            "InternetGatewayId",
            lambda each: [attachment["VpcId"] for attachment in each.get("Attachments", [])],
        ),
        "nat gateway": _simple("describe_nat_gateways", "NatGateways", "NatGatewayId", _lives),
        "elastic ip": _simple("describe_addresses", "Addresses", "AllocationId"),
        "vpc endpoint": _simple("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", _lives),
        "endpoint service": _simple(
            "describe_vpc_endpoint_service_configurations", "ServiceConfigurations", "ServiceId"
        ),
        "launch template": _simple("describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
        "instance": _instances,
        "volume": _simple("describe_volumes", "Volumes", "VolumeId"),
        "flow log": _simple("describe_flow_logs", "FlowLogs", "FlowLogId"),
    },
    "codebuild": {"project": _codebuild_projects},
    "eks": {"cluster": _eks_clusters},
    "elbv2": {
        "load balancer": _simple("describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
        "target group": _simple("describe_target_groups", "TargetGroups", "TargetGroupArn"),
    },
    "iam": {
        "role": _roles,
        "policy": _policies,
        "instance profile": _simple("list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    },
    "kms": {
        "key": _keys,
        "alias": _simple(
            "list_aliases", "Aliases", "AliasName", lambda each: not each["AliasName"].startswith("alias/aws/")
        ),
    },
    "logs": {"log group": _simple("describe_log_groups", "logGroups", "logGroupName")},
    "route53resolver": {
        "domain list": _simple("list_firewall_domain_lists", "FirewallDomainLists", "Id"),
        "rule group": _simple("list_firewall_rule_groups", "FirewallRuleGroups", "Id"),
        "rule group association": _simple(
            "list_firewall_rule_group_associations", "FirewallRuleGroupAssociations", "Id"
        ),
    },
    "route53": {"zone": _simple("list_hosted_zones", "HostedZones", "Name")},
    "s3": {"bucket": _simple("list_buckets", "Buckets", "Name")},
    # moto lists AWS's own parameters too, once one of them was read.
    "ssm": {
        "parameter": _simple(
            "describe_parameters", "Parameters", "Name", lambda each: not each["Name"].startswith("/aws/service/")
        )
    },
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="local.aws.leftovers", description=__doc__)
    parser.add_argument("--endpoint-url", default=os.environ.get("AWS_ENDPOINT_URL"), required=False)
    parser.add_argument("--region", default=os.environ.get("AWS_REGION", "us-east-1"))
    options = parser.parse_args(arguments)
    if not options.endpoint_url:
        parser.error("--endpoint-url is required where AWS_ENDPOINT_URL is not set")
    found = list_leftovers(options.endpoint_url, options.region)
    sys.stdout.write("\n".join(found or ["nothing is left"]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
