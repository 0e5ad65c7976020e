"""VPC endpoints of AWS's services: a gateway for S3, an interface for each other service, and the policy of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws

from paddock.catalog.endpoints import InterfaceEndpoint, aws_image_accounts
from paddock.catalog.lookup import shown
from paddock.choices import BUCKET_NAME, HTTPS_PORT
from paddock.common.account import Account
from paddock.common.iam import policy_document
from paddock.common.inputs import ArgumentError
from paddock.common.labels import NO_TAGS
from paddock.common.naming import tags
from paddock.network.endpoint_services import Described, EndpointService, service_name

ON_BUCKETS = (
    "s3:AbortMultipartUpload",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:ListBucketVersions",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointPlacement:
    """VPC, subnets and route tables of a network's endpoints."""

    vpc_id: pulumi.Input[str]
    vpc_cidrs: Sequence[str]
    """Ranges whose requests they answer."""
    subnet_ids: Sequence[pulumi.Input[str]]
    """Subnets in each of which an interface has an address."""
    route_table_ids: Sequence[pulumi.Input[str]]
    """Route tables that lead to S3's gateway."""


def own(actions: Sequence[str], account_id: str, resources: Sequence[str] = ("*",)) -> dict[str, Any]:
    """The account's identities on the account's resources.

    AWS's own samples lay both conditions on every action, also on those that name no resource
    (aws-samples/data-perimeter-policy-examples, vpc_endpoint_policies, read 2026-11-24).
    """
    return {
        "Sid": "OwnIdentitiesOwnResources",
        "Effect": "Allow",
        "Principal": "*",
        "Action": list(actions),
        "Resource": list(resources),
        "Condition": {"StringEquals": {"aws:PrincipalAccount": account_id, "aws:ResourceAccount": account_id}},
    }


def interface_policy(endpoint: InterfaceEndpoint, account: Account, image_accounts: Sequence[str] = ()) -> str:
    """Policy of an interface endpoint. Of a service that was added by hand nobody knows the actions."""
    statements = [own(endpoint.actions or ("*",), account.id)]
    if endpoint.service.startswith("ecr."):
        statements.append(_reads_images("Aws", endpoint, account, aws_image_accounts(account.region)))
        if image_accounts:
            statements.append(_reads_images("Named", endpoint, account, image_accounts))
    return policy_document(*statements)


def _reads_images(whose: str, endpoint: InterfaceEndpoint, account: Account, owners: Sequence[str]) -> dict[str, Any]:
    """The account's identities on the registries of others."""
    return {
        "Sid": f"OwnIdentitiesRead{whose}Images",
        "Effect": "Allow",
        "Principal": "*",
        # A token is the caller's own for every registry and has no resource, so the account's is enough.
        "Action": [each for each in endpoint.actions if each != "ecr:GetAuthorizationToken"],
        "Resource": [account.arn("ecr", "repository/*", owner) for owner in owners],
        "Condition": {"StringEquals": {"aws:PrincipalAccount": account.id}},
    }


def offered_policy(
    endpoint: InterfaceEndpoint, account: Account, image_accounts: Sequence[str], service: EndpointService
) -> str | None:
    """Policy of an endpoint; None, with a warning, where the service takes none.

    AWS refuses any other policy than full access there ("only supports the full-access endpoint policy").
    """
    if service.takes_policy:
        return interface_policy(endpoint, account, image_accounts)
    pulumi.log.warn(
        f"AWS takes no endpoint policy for {service.name}, so that its endpoint cannot be limited to account "
        f"{account.id}: identities of other accounts that something in the VPC holds can use the service too"
    )
    return None


def require_bucket_names(names: Iterable[str]) -> None:
    """Anything else, a wildcard above all, would widen the policy."""
    if wrong := [name for name in names if not BUCKET_NAME.fullmatch(name)]:
        raise ArgumentError(f"bucket_names must be names of S3 buckets, got {', '.join(map(shown, wrong))}")


def s3_policy(bucket_names: Sequence[str], account: Account) -> str:
    """Reading and writing of the named buckets, and reading of the layers of ECR's images.

    Nothing is added for the tunnel: of the buckets that AWS names for the SSM agent, all are for updates, patches and
    packages, none for sessions (Systems Manager user guide, ssm-agent-technical-details, read 2026-11-24).
    """
    require_bucket_names(bucket_names)
    layers = f"arn:{account.partition}:s3:::prod-{account.region}-starport-layer-bucket/*"
    statements: list[dict[str, Any]] = [
        {
            # Links that ECR signed itself, so no identity of the account is in the request. Source: ECR user guide,
            # vpc-endpoints, "Minimum Amazon S3 Bucket Permissions".
            "Sid": "LayersOfImages",
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject"],
            "Resource": [layers],
        }
    ]
    if bucket_names:
        arns = [f"arn:{account.partition}:s3:::{name}" for name in sorted(set(bucket_names))]
        statements.append(own(ON_BUCKETS, account.id, [each for arn in arns for each in (arn, f"{arn}/*")]))
    return policy_document(*statements)


def make_endpoints(
    name: str,
    placement: EndpointPlacement,
    endpoints: Sequence[InterfaceEndpoint],
    described: Described,
    bucket_names: Sequence[pulumi.Input[str]],
    image_accounts: Sequence[str],
    account: Account,
    extra: Mapping[str, str] = NO_TAGS,
    *,
    parent: pulumi.Resource,
) -> aws.ec2.VpcEndpoint:
    """S3's gateway, which is returned, and an interface for each of the others."""
    child = pulumi.ResourceOptions(parent=parent)
    s3 = aws.ec2.VpcEndpoint(
        f"{name}-s3",
        vpc_id=placement.vpc_id,
        service_name=service_name(account.region, "s3"),
        vpc_endpoint_type="Gateway",
        route_table_ids=placement.route_table_ids,
        policy=pulumi.Output.all(*bucket_names).apply(lambda names: s3_policy(names, account)),
        tags=tags(f"{name}-s3", extra),
        opts=child,
    )
    guard = aws.ec2.SecurityGroup(
        f"{name}-endpoints",
        description="HTTPS from inside the VPC to the endpoints of AWS services",
        vpc_id=placement.vpc_id,
        tags=tags(f"{name}-endpoints", extra),
        opts=child,
    )
    for i, cidr in enumerate(placement.vpc_cidrs):
        rule = f"{name}-endpoints-https" + (f"-{i}" if i else "")
        aws.vpc.SecurityGroupIngressRule(
            rule,
            security_group_id=guard.id,
            cidr_ipv4=cidr,
            ip_protocol="tcp",
            from_port=HTTPS_PORT,
            to_port=HTTPS_PORT,
            tags=tags(rule, extra),
            opts=child,
        )
    for endpoint in endpoints:
        called = f"{name}-{endpoint.service.replace('.', '-')}"
        aws.ec2.VpcEndpoint(
            called,
            vpc_id=placement.vpc_id,
            service_name=service_name(account.region, endpoint.service),
            vpc_endpoint_type="Interface",
            private_dns_enabled=True,
            subnet_ids=placement.subnet_ids,
            security_group_ids=[guard.id],
            policy=described[endpoint.service].apply(partial(offered_policy, endpoint, account, image_accounts)),
            tags=tags(called, extra),
            opts=child,
        )
    return s3
