"""The policies: each predicate with a name, a sentence, a severity and a way out.

A fault that is known stops a preview. What a preview cannot know is raised as Pulumi's own `UnknownValueError` after
the known faults were reported: the engine then prints an advisory that names the input, and the update decides.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from paddock.policy import predicates
from paddock.policy.predicates import UNKNOWN, Finding, Inputs, Problem

Predicate = Callable[[str, Inputs], Sequence[Finding]]


def plain_inputs(props: Mapping[str, Any]) -> dict[str, Any]:
    """A policy's view of a resource as plain data, `UNKNOWN` where reading it raises."""
    return {key: _plain(props, key) for key in props}


def _plain(container: Any, key: str | int) -> Any:
    try:
        value = container[key]
    except UnknownValueError:
        return UNKNOWN
    if isinstance(value, Mapping):
        return plain_inputs(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(value, i) for i in range(len(value))]
    return value


def _validation(predicate: Predicate) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        undecided = []
        for finding in predicate(args.resource_type, plain_inputs(args.props)):
            if isinstance(finding, Problem):
                report(str(finding), None)
            else:
                undecided.append(finding.path)
        if undecided:
            raise UnknownValueError(UNKNOWN_STRING_VALUE, [" and .".join(dict.fromkeys(undecided))])

    return validate


no_internet_gateway = ResourceValidationPolicy(
    name="aws-vpc-disallow-internet-gateway",
    display_name="No internet gateway or NAT",
    description="Nothing leaves the VPC: no internet, NAT or egress-only gateway, and no route to one.",
    enforcement_level=EnforcementLevel.MANDATORY,
    severity=Severity.CRITICAL,
    remediation_steps=(
        "Remove the gateway and its routes. Reach S3 through a gateway endpoint and other AWS services through "
        "interface endpoints; paddock.PrivateNetwork makes both."
    ),
    url="https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html",
    validate=_validation(predicates.gateway_findings),
)

no_public_ip = ResourceValidationPolicy(
    name="aws-ec2-disallow-public-ip",
    display_name="No public address",
    description="Nothing has a public address, and no node's SSH port is open to everyone.",
    enforcement_level=EnforcementLevel.MANDATORY,
    severity=Severity.CRITICAL,
    remediation_steps="Set the flag to false or remove the address; reach machines through SSM or a peered network.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html",
    validate=_validation(predicates.public_address_findings),
)

no_public_cluster_endpoint = ResourceValidationPolicy(
    name="aws-eks-cluster-disallow-public-endpoint",
    display_name="EKS endpoint not public",
    description="The Kubernetes API answers inside the VPC only.",
    enforcement_level=EnforcementLevel.MANDATORY,
    severity=Severity.CRITICAL,
    remediation_steps="In vpcConfig set endpointPublicAccess to false and endpointPrivateAccess to true.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
    validate=_validation(predicates.cluster_endpoint_findings),
)

no_public_bucket_access = ResourceValidationPolicy(
    name="aws-s3-bucket-disallow-public-access",
    display_name="S3 public access blocked",
    description="S3 public access blocks have no gap, and no ACL or grant is public.",
    enforcement_level=EnforcementLevel.MANDATORY,
    severity=Severity.CRITICAL,
    remediation_steps=(
        "Set blockPublicAcls, blockPublicPolicy, ignorePublicAcls and restrictPublicBuckets to true; remove public "
        "ACLs and grants, and give access by bucket policy to named principals."
    ),
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
    validate=_validation(predicates.bucket_access_findings),
)

no_image_by_tag = ResourceValidationPolicy(
    name="kubernetes-pod-disallow-image-tag",
    display_name="No container image by mutable tag",
    description="Every container image is named by its digest, so what was reviewed is what runs.",
    enforcement_level=EnforcementLevel.MANDATORY,
    severity=Severity.HIGH,
    remediation_steps=(
        f"Write each image as {predicates.IMAGE_FORM}; `docker buildx imagetools inspect IMAGE` prints the digest of a "
        "tag."
    ),
    url="https://kubernetes.io/docs/concepts/containers/images/#image-names",
    validate=_validation(predicates.image_findings),
)


def _report_buckets_without_a_block(args: StackValidationArgs, report: ReportViolation) -> None:
    blocked_names: set[object] = set()
    blocked_urns: set[str] = set()
    for block in args.resources:
        if block.resource_type == predicates.BUCKET_BLOCK:
            name = plain_inputs(block.props).get("bucket", UNKNOWN)
            if name is UNKNOWN:
                # Before the bucket exists its name may be unknown, but not what the name comes from.
                blocked_urns |= {source.urn for source in block.property_dependencies.get("bucket", ())}
            else:
                blocked_names.add(name)
    for bucket in args.resources:
        if bucket.resource_type in predicates.BUCKETS and bucket.urn not in blocked_urns:
            name = plain_inputs(bucket.props).get("bucket", UNKNOWN)
            if name not in blocked_names:
                report(
                    "this bucket has no public access block here: only S3's default keeps it private, and that can be "
                    "switched off unseen; add aws.s3.BucketPublicAccessBlock with all four flags true",
                    bucket.urn,
                )


every_bucket_has_a_block = StackValidationPolicy(
    name="aws-s3-bucket-require-public-access-block",
    display_name="Every bucket has a public access block",
    description="Every bucket of a stack has a public access block in the same stack.",
    enforcement_level=EnforcementLevel.MANDATORY,
    severity=Severity.HIGH,
    remediation_steps="Add aws.s3.BucketPublicAccessBlock for the bucket, with all four flags true.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
    validate=_report_buckets_without_a_block,
)

ALL: list[Policy] = [
    no_internet_gateway,
    no_public_ip,
    no_public_cluster_endpoint,
    no_public_bucket_access,
    every_bucket_has_a_block,
    no_image_by_tag,
]
"""Every rule, ready for `PolicyPack("…", policies=paddock.policy.ALL)`."""
