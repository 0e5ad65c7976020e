"""Objects that a killed engine made and did not record, found in the account by their tags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from paddock.common.naming import STACK_TAG
from paddock.operations.aws_errors import aws_errors

if TYPE_CHECKING:
    import boto3

DOING = "looking for what an earlier run made"

ID_OF_ARN = re.compile(r"(?P<arn>arn:[^:]*:(?P<service>[^:]*):[^:]*:[^:]*:(?P<resource>.+))")
SERVICES = {"ec2": "ec2", "eks": "eks", "lb": "elasticloadbalancing", "kms": "kms", "cloudwatch": "logs", "s3": "s3"}
"""Service of an ARN by the module of the Pulumi type, where people make objects that bill."""


NAMED = {
    "aws:iam/role:Role": ("get_role", "RoleName", "Role"),
    "aws:iam/instanceProfile:InstanceProfile": ("get_instance_profile", "InstanceProfileName", "InstanceProfile"),
}
"""Calls that look for an object by its name: operation, parameter, key of the answer."""


class Orphans:
    """Finder of `pending.settled` for one stack's account and region; asks AWS once, when it is first needed."""

    def __init__(self, session: boto3.Session, stack: str) -> None:
        self._session, self._stack = session, stack
        self._found: list[tuple[str, Mapping[str, str]]] | None = None

    def __call__(self, type_: str, inputs: Mapping[str, Any]) -> str | None:
        if type_ in NAMED:
            return self._named(type_, str(inputs.get("name") or ""))
        tags = inputs.get("tags") or {}
        if not isinstance(tags, Mapping) or tags.get(STACK_TAG) is None:
            # An attachment or a policy: it has no tags, and making it again changes nothing or is refused by name.
            return None
        named = [
            arn
            for arn, has in self._tagged()
            if is_of_type(arn, type_) and all(has.get(key) == value for key, value in tags.items())
        ]
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


def is_of_type(arn: str, type_: str) -> bool:
    """True where an ARN can be of an object of the Pulumi type, such as `aws:ec2/vpc:Vpc`."""
    module, _, rest = type_.removeprefix("aws:").partition("/")
    match = ID_OF_ARN.fullmatch(arn)
    if match is None or SERVICES.get(module) != match["service"]:
        return False
    kind = rest.partition(":")[0].lower()
    resource = match["resource"].lower().replace("-", "")
    if module == "ec2":
        return resource.startswith(f"{EC2_KINDS.get(kind, kind)}/")
    if module == "kms":
        return kind == "key" and resource.startswith("key/")
    if module == "s3":
        return kind in ("bucket", "bucketv2") and "/" not in resource
    if module == "cloudwatch":
        return kind == "loggroup" and resource.startswith("loggroup:")
    if module == "lb":
        return resource.startswith(f"{kind}/")
    return resource.startswith(f"{kind}/")


EC2_KINDS = {
    "securitygroup": "securitygroup",
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
    if type_.startswith("aws:lb/"):
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
