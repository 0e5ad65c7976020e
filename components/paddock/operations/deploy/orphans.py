"""Objects that a killed engine made and did not record, found in the account by their tags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from paddock.common.labels import STACK_TAG
from paddock.operations.aws_errors import aws_errors

if TYPE_CHECKING:
    import boto3

DOING = "looking for what an earlier run made"

ID_OF_ARN = re.compile(r"(?P<arn>arn:[^:]*:(?P<service>[^:]*):[^:]*:[^:]*:(?P<resource>.+))")
SERVICES = {
    "acm": "acm",
    "cloudwatch": "logs",
    "codebuild": "codebuild",
    "ec2": "ec2",
    "eks": "eks",
    "kms": "kms",
    "lb": "elasticloadbalancing",
    "route53": "route53resolver",
    "s3": "s3",
    "vpc": "ec2",
}
"""Service of an ARN by the module of the Pulumi type."""


NAMED = {
    "aws:iam/role:Role": ("get_role", "RoleName", "Role"),
    "aws:iam/instanceProfile:InstanceProfile": ("get_instance_profile", "InstanceProfileName", "InstanceProfile"),
}
"""Calls that look for an object by its name: operation, parameter, key of the answer."""
INLINE = "aws:iam/rolePolicy:RolePolicy"
ZONE = "aws:route53/zone:Zone"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
FIREWALL = {
    f"aws:route53/resolverFirewall{kind}:ResolverFirewall{kind}": listing
    for kind, listing in {
        "DomainList": ("list_firewall_domain_lists", "FirewallDomainLists", {"Name": "name"}),
        "RuleGroup": ("list_firewall_rule_groups", "FirewallRuleGroups", {"Name": "name"}),
        "Rule": (
            "list_firewall_rules",
            "FirewallRules",
            {"FirewallRuleGroupId": "firewallRuleGroupId", "FirewallDomainListId": "firewallDomainListId"},
        ),
        "RuleGroupAssociation": (
            "list_firewall_rule_group_associations",
            "FirewallRuleGroupAssociations",
            {"FirewallRuleGroupId": "firewallRuleGroupId", "VpcId": "vpcId"},
        ),
    }.items()
}
"""Listings of DNS Firewall's objects, and what tells one: members of the answer by inputs of Pulumi, which names lists
and groups before it makes them. AWS refuses a second rule of a list and a second association of a VPC."""
FILTERS = frozenset({"FirewallRuleGroupId", "VpcId"})
"""Those by which AWS lists."""


class Orphans:
    """Finder of `pending.settled` for one stack's account and region; asks AWS once, when it is first needed."""

    def __init__(self, session: boto3.Session, stack: str) -> None:
        self._session, self._stack = session, stack
        self._found: list[tuple[str, Mapping[str, str]]] | None = None

    def __call__(self, resource: Mapping[str, Any]) -> str | None:
        return self.find(str(resource["type"]), resource.get("inputs") or {})

    def find(self, type_: str, inputs: Mapping[str, Any]) -> str | None:
        """Id to import an object by, of its Pulumi type and the inputs of its creation."""
        if type_ in NAMED:
            return self._named(type_, str(inputs.get("name") or ""))
        if type_ == INLINE:
            return self._inline(str(inputs.get("role")), str(inputs.get("name")))
        if type_ in FIREWALL:
            return self._firewall(type_, inputs)
        if type_ == ASSOCIATION:
            return self._association(str(inputs.get("subnetId")), str(inputs.get("routeTableId")))
        tags = inputs.get("tags") or {}
        if not isinstance(tags, Mapping) or tags.get(STACK_TAG) is None:
            # Most of these are policies and settings of another object, which AWS puts again in place of themselves.
            # A second DNS record is refused, by a message that names it.
            return None
        if type_ == ZONE:
            return self._zone(str(inputs.get("name")), tags)
        named = [arn for arn, has in self._tagged() if is_of_type(arn, type_) and has_all(has, tags)]
        return import_id(type_, named[0], inputs) if len(named) == 1 else None

    def _named(self, type_: str, name: str) -> str | None:
        """IAM's objects: they are in no region, so the tagging API does not list them; Pulumi names them before."""
        operation, parameter, key = NAMED[type_]
        iam = self._session.client("iam")
        with aws_errors(DOING):
            try:
                found = getattr(iam, operation)(**{parameter: name})[key] if name else {"Tags": []}
            except iam.exceptions.NoSuchEntityException:
                return None
        owners = [each["Value"] for each in found.get("Tags", ()) if each["Key"] == STACK_TAG]
        return name if owners == [self._stack] else None

    def _inline(self, role: str, name: str) -> str | None:
        """Pulumi would name a second one anew, and AWS deletes no role with a policy that no state knows."""
        iam = self._session.client("iam")
        with aws_errors(DOING):
            try:
                iam.get_role_policy(RoleName=role, PolicyName=name)
            except iam.exceptions.NoSuchEntityException:
                return None
        return f"{role}:{name}"

    def _association(self, subnet_id: str, route_table_id: str) -> str | None:
        """It has no tags, and AWS refuses a second one of a subnet."""
        with aws_errors(DOING):
            found = self._session.client("ec2").describe_route_tables(
                Filters=[{"Name": "association.subnet-id", "Values": [subnet_id]}]
            )
        there = [each["RouteTableId"] for each in found["RouteTables"]]
        return f"{subnet_id}/{route_table_id}" if there == [route_table_id] else None

    def _firewall(self, type_: str, inputs: Mapping[str, Any]) -> str | None:
        operation, member, told_by = FIREWALL[type_]
        wanted = {key: inputs.get(name) for key, name in told_by.items()}
        asked = {key: value for key, value in wanted.items() if key in FILTERS}
        with aws_errors(DOING):
            pages = self._session.client("route53resolver").get_paginator(operation).paginate(**asked)
            found = [each for page in pages for each in page[member] if wanted.items() <= each.items()]
        if len(found) != 1:
            return None
        return str(found[0]["Id"]) if "Id" in found[0] else ":".join(map(str, wanted.values()))

    def _zone(self, name: str, tags: Mapping[str, str]) -> str | None:
        """Route 53 is in no region: the tagging API lists its zones in one region alone."""
        route53 = self._session.client("route53")
        found = []
        with aws_errors(DOING):
            for page in route53.get_paginator("list_hosted_zones").paginate():
                for zone in page["HostedZones"]:
                    if zone["Name"].rstrip(".") == name.rstrip("."):
                        id_ = zone["Id"].removeprefix("/hostedzone/")
                        answer = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=id_)
                        has = {each["Key"]: each["Value"] for each in answer["ResourceTagSet"]["Tags"]}
                        if has_all(has, tags):
                            found.append(id_)
        return found[0] if len(found) == 1 else None

    def _tagged(self) -> list[tuple[str, Mapping[str, str]]]:
        if self._found is None:
            with aws_errors(DOING):
                pages = self._session.client("resourcegroupstaggingapi").get_paginator("get_resources")
                self._found = [
                    (row["ResourceARN"], {each["Key"]: each["Value"] for each in row["Tags"]})
                    for page in pages.paginate(TagFilters=[{"Key": STACK_TAG, "Values": [self._stack]}])
                    for row in page["ResourceTagMappingList"]
                ]
        return self._found


def has_all(has: Mapping[str, str], tags: Mapping[str, str]) -> bool:
    return all(has.get(key) == value for key, value in tags.items())


def is_of_type(arn: str, type_: str) -> bool:
    """True where an ARN can be of an object of the Pulumi type, such as `aws:ec2/vpc:Vpc`."""
    module, _, rest = type_.removeprefix("aws:").partition("/")
    match = ID_OF_ARN.fullmatch(arn)
    if match is None or SERVICES.get(module) != match["service"]:
        return False
    kind = rest.partition(":")[0].lower()
    resource = match["resource"].lower().replace("-", "")
    if module in ("ec2", "vpc"):
        return resource.startswith(f"{EC2_KINDS.get(kind, kind)}/")
    if module == "kms":
        return kind == "key" and resource.startswith("key/")
    if module == "s3":
        return kind in ("bucket", "bucketv2") and "/" not in resource
    if module == "cloudwatch":
        return kind == "loggroup" and resource.startswith("loggroup:")
    if module == "route53":
        return resource.startswith(f"{kind.removeprefix('resolver')}/")
    return resource.startswith(f"{kind}/")


EC2_KINDS = {
    "securitygroup": "securitygroup",
    "securitygroupegressrule": "securitygrouprule",
    "securitygroupingressrule": "securitygrouprule",
    "vpcendpoint": "vpcendpoint",
    "flowlog": "vpcflowlog",
    "vpcdhcpoptions": "dhcpoptions",
    "routetable": "routetable",
    "launchtemplate": "launchtemplate",
    "networkacl": "networkacl",
    "vpcendpointservice": "vpcendpointservice",
}
"""Kinds of EC2's ARNs, without hyphens, by the Pulumi type's."""


def import_id(type_: str, arn: str, inputs: Mapping[str, Any]) -> str:
    """Id by which Pulumi's AWS provider imports the object: the state has no outputs of it yet, so that is how a
    refresh reads it."""
    match = ID_OF_ARN.fullmatch(arn)
    resource = match["resource"] if match else arn
    if type_.startswith(("aws:acm/", "aws:lb/")):
        return arn
    if type_.startswith("aws:cloudwatch/"):
        return resource.removeprefix("log-group:").removesuffix(":*")
    if type_.startswith("aws:eks/cluster"):
        return resource.removeprefix("cluster/")
    if type_.startswith("aws:eks/nodeGroup"):
        _, cluster, name, *_ = resource.split("/")
        return f"{cluster}:{name}"
    if type_.startswith("aws:eks/addon"):
        _, cluster, name, *_ = resource.split("/")
        return f"{cluster}:{name}"
    if type_.startswith("aws:eks/podIdentityAssociation"):
        _, cluster, association = resource.split("/")
        return f"{cluster},{association}"
    if type_.startswith("aws:eks/accessEntry"):
        return f"{inputs['clusterName']}:{inputs['principalArn']}"
    return resource.rpartition("/")[2]
