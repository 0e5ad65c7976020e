"""Looks through one region of a stack's account. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from paddock.common.labels import STACK_TAG
from paddock.operations.aws_errors import aws_errors
from paddock.operations.leftovers.found import Found, Leftovers, Owner, left_over

if TYPE_CHECKING:
    import boto3

DOING = "looking for leftovers"
GONE_STATES = frozenset({"deleted", "deleting", "terminated", "shutting-down", "PendingDeletion"})
"""AWS lists an object for a while, or for good in the case of a key, after it was deleted."""


def cluster_tags(cluster: str) -> list[tuple[str, str, str]]:
    """(tag, value, who sets it) of what AWS makes for a cluster: none of it is Pulumi's to delete."""
    return [
        ("aws:eks:cluster-name", cluster, "EKS"),
        ("eks:cluster-name", cluster, "EKS"),
        (f"kubernetes.io/cluster/{cluster}", "owned", "Kubernetes"),
        ("cluster.k8s.amazonaws.com/name", cluster, "the VPC CNI"),
        ("ebs.csi.aws.com/cluster-name", cluster, "the EBS driver"),
        ("elbv2.k8s.aws/cluster", cluster, "the load balancer controller"),
    ]


def log_prefixes(cluster: str) -> tuple[str, ...]:
    """A control plane that outlives its log group by a second makes it again, without tags."""
    return (f"/aws/eks/{cluster}/", f"/aws/containerinsights/{cluster}/")


def look(session: boto3.Session, owner: Owner) -> Leftovers:
    """Raises `RefusedError` with what AWS answered."""
    account = _Account(session)
    with aws_errors(DOING):
        found = [*account.of_stack(owner), *account.of_cluster(owner.cluster)]
        alive = [each for each in found if not account.is_gone(each.arn)]
        cluster = account.cluster(owner.cluster)
        stack = None if cluster is None else str(cluster.get("tags", {}).get(STACK_TAG, ""))
        objects = left_over(alive, owner, stack)
        if cluster is None or stack != owner.tag or cluster["status"] == "DELETING":
            return Leftovers(objects, None, None)
        return Leftovers(objects, owner.cluster, str(cluster["status"]))


def _by_key(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


class _Account:
    def __init__(self, session: boto3.Session) -> None:
        with aws_errors(DOING):
            self._ec2, self._eks, self._iam, self._kms, self._logs, self._route53, self._tagging = (
                session.client(service)
                for service in ("ec2", "eks", "iam", "kms", "logs", "route53", "resourcegroupstaggingapi")
            )

    def of_stack(self, owner: Owner) -> Iterator[Found]:
        why = f"has the tag {STACK_TAG}"
        for arn, tags in self._tagged(STACK_TAG, owner.tag):
            yield Found(arn, tags, why)
        # IAM and Route 53 are asked themselves: the tagging API answers for a region, and what is theirs is in none.
        for arn, tags in (*self._roles(), *self._instance_profiles(), *self._hosted_zones()):
            if tags.get(STACK_TAG) == owner.tag:
                yield Found(arn, tags, why)

    def _roles(self) -> Iterator[tuple[str, dict[str, str]]]:
        for page in self._iam.get_paginator("list_roles").paginate():
            for role in page["Roles"]:
                if not role["Path"].startswith("/aws-service-role/"):
                    yield role["Arn"], _by_key(self._iam.list_role_tags(RoleName=role["RoleName"])["Tags"])

    def _instance_profiles(self) -> Iterator[tuple[str, dict[str, str]]]:
        for page in self._iam.get_paginator("list_instance_profiles").paginate():
            for profile in page["InstanceProfiles"]:
                name = profile["InstanceProfileName"]
                tags = self._iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"].get("Tags", ())
                yield profile["Arn"], _by_key(tags)

    def _hosted_zones(self) -> Iterator[tuple[str, dict[str, str]]]:
        for page in self._route53.get_paginator("list_hosted_zones").paginate():
            for zone in page["HostedZones"]:
                id_ = zone["Id"].rpartition("/")[2]
                tags = self._route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=id_)
                arn = f"arn:{self._ec2.meta.partition}:route53:::hostedzone/{id_}"
                yield arn, _by_key(tags["ResourceTagSet"]["Tags"])

    def of_cluster(self, cluster: str) -> Iterator[Found]:
        for key, value, who in cluster_tags(cluster):
            for arn, tags in self._tagged(key, value):
                yield Found(arn, tags, f"made by {who} for the cluster {cluster}", by_cluster=True)
        for prefix in log_prefixes(cluster):
            for page in self._logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
                for group in page["logGroups"]:
                    why = f"named after the cluster {cluster}"
                    arn = group["arn"].removesuffix(":*")
                    tags = self._logs.list_tags_for_resource(resourceArn=arn)["tags"]
                    yield Found(arn, tags, why, by_cluster=True)
        described = [{"Name": "description", "Values": [f"Amazon EKS {cluster}"]}]
        for page in self._ec2.get_paginator("describe_network_interfaces").paginate(Filters=described):
            for each in page["NetworkInterfaces"]:
                owner = f"arn:{self._ec2.meta.partition}:ec2:{self._ec2.meta.region_name}:{each['OwnerId']}"
                tags = _by_key(each.get("TagSet", ()))
                why = f"the control plane's, of the cluster {cluster}"
                yield Found(f"{owner}:network-interface/{each['NetworkInterfaceId']}", tags, why, by_cluster=True)

    def _tagged(self, key: str, value: str) -> Iterator[tuple[str, dict[str, str]]]:
        wanted = [{"Key": key, "Values": [value]}]
        for page in self._tagging.get_paginator("get_resources").paginate(TagFilters=wanted):
            for each in page["ResourceTagMappingList"]:
                yield each["ResourceARN"], _by_key(each["Tags"])

    def cluster(self, name: str) -> dict[str, Any] | None:
        """A cluster as AWS describes it; None if there is no such cluster."""
        try:
            return dict(self._eks.describe_cluster(name=name)["cluster"])
        except self._eks.exceptions.ResourceNotFoundException:
            return None

    def is_gone(self, arn: str) -> bool:
        kind, _, id_ = arn.split(":", 5)[5].partition("/")
        return self._state(kind, id_) in GONE_STATES

    def _state(self, kind: str, id_: str) -> str:
        """State of the kinds that AWS goes on listing after their end; empty for all others."""
        try:
            if kind == "instance":
                reservations = self._ec2.describe_instances(InstanceIds=[id_])["Reservations"]
                return str(reservations[0]["Instances"][0]["State"]["Name"]) if reservations else "deleted"
            if kind == "natgateway":
                return str(self._ec2.describe_nat_gateways(NatGatewayIds=[id_])["NatGateways"][0]["State"])
            if kind == "vpc-endpoint":
                return str(self._ec2.describe_vpc_endpoints(VpcEndpointIds=[id_])["VpcEndpoints"][0]["State"]).lower()
            if kind == "key":
                return str(self._kms.describe_key(KeyId=id_)["KeyMetadata"]["KeyState"])
        except ClientError as error:
            if "NotFound" in str(error.response["Error"]["Code"]):
                return "deleted"
            raise
        return ""
