"""The policies: each predicate with a name, a sentence, a severity and a way out.

A fault that is known stops a preview. What a preview cannot know is raised as Pulumi's own `UnknownValueError` after
the known faults were reported: the engine then prints an advisory that names the input, and the update decides.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from paddock import proof
from paddock.policy import budget, exceptions, licences, model_fit, predicates, stack_view
from paddock.policy.predicates import Finding, Inputs, Placed, Problem

MANDATORY = EnforcementLevel.MANDATORY
"""By default; the pack's configuration sets another level for an environment."""

Predicate = Callable[[str, Inputs], Sequence[Finding]]


EXCEPTIONS = PolicyConfigSchema(properties=dict(exceptions.SCHEMA))


def _today() -> date:
    return datetime.now(UTC).date()


def _validation(predicate: Predicate) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        inputs = stack_view.inputs_of(args)
        excused = exceptions.excuse(args.get_config(), args.name, _today())
        if excused.excused:
            return
        if excused.problem:
            report(excused.problem, None)
        undecided = []
        for finding in predicate(args.resource_type, inputs):
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
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
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
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps="Set the flag to false or remove the address; reach machines through SSM or a peered network.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html",
    validate=_validation(predicates.public_address_findings),
)

no_public_cluster_endpoint = ResourceValidationPolicy(
    name="aws-eks-cluster-disallow-public-endpoint",
    display_name="EKS endpoint not public",
    description="The Kubernetes API answers inside the VPC only.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps="In vpcConfig set endpointPublicAccess to false and endpointPrivateAccess to true.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
    validate=_validation(predicates.cluster_endpoint_findings),
)

no_public_bucket_access = ResourceValidationPolicy(
    name="aws-s3-bucket-disallow-public-access",
    display_name="S3 public access blocked",
    description="S3 public access blocks have no gap, and no ACL or grant is public.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
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
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps=(
        f"Write each image as {predicates.IMAGE_FORM}; `docker buildx imagetools inspect IMAGE` prints the digest of a "
        "tag."
    ),
    url="https://kubernetes.io/docs/concepts/containers/images/#image-names",
    validate=_validation(predicates.image_findings),
)


no_open_ingress = ResourceValidationPolicy(
    name="aws-ec2-security-group-disallow-open-ingress",
    display_name="Security groups let nobody in",
    description="No security group lets every address in.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps="Name a range of the VPC, a peered network or a security group as the source.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
    validate=_validation(predicates.open_ingress_findings),
)

no_open_egress = ResourceValidationPolicy(
    name="aws-ec2-security-group-disallow-open-egress",
    display_name="Security groups let nothing out",
    description="No security group lets traffic out to every address.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps="Name the VPC, an endpoint's security group or a prefix list as the destination.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
    validate=_validation(predicates.open_egress_findings),
)

cluster_secrets_encrypted = ResourceValidationPolicy(
    name="aws-eks-cluster-require-secrets-encryption",
    display_name="Kubernetes secrets encrypted",
    description="Kubernetes secrets are encrypted with a key of the account.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps='Set encryptionConfig with provider.keyArn and resources ["secrets"].',
    url="https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html",
    validate=_validation(predicates.cluster_secrets_findings),
)

cluster_logs_kept = ResourceValidationPolicy(
    name="aws-eks-cluster-require-control-plane-logs",
    display_name="Control-plane logs kept",
    description="Every kind of control-plane log is kept.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.MEDIUM,
    remediation_steps="List api, audit, authenticator, controllerManager and scheduler in enabledClusterLogTypes.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
    validate=_validation(predicates.cluster_log_findings),
)

bucket_tls_only = ResourceValidationPolicy(
    name="aws-s3-bucket-policy-require-tls",
    display_name="Buckets refuse plain HTTP",
    description="A bucket's policy refuses requests without TLS.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Deny s3:* to Principal * where aws:SecureTransport is false.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
    validate=_validation(predicates.bucket_tls_findings),
)

bucket_endpoint_only = ResourceValidationPolicy(
    name="aws-s3-bucket-policy-require-vpc-endpoint",
    display_name="Buckets answer a VPC endpoint only",
    description="A bucket's policy refuses reading that comes through no VPC endpoint of ours.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps=(
        "Deny s3:GetObject* to Principal * where aws:SourceVpce is not the endpoint or aws:VpceAccount not the account."
    ),
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies-vpc-endpoint.html",
    validate=_validation(predicates.bucket_endpoint_findings),
)

bucket_encryption_with_kms = ResourceValidationPolicy(
    name="aws-s3-bucket-encryption-require-kms",
    display_name="Buckets encrypted with KMS",
    description="A bucket's default encryption uses KMS.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Set sseAlgorithm to aws:kms and kmsMasterKeyId to a key of the account.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
    validate=_validation(predicates.bucket_encryption_findings),
)

bucket_versions_kept = ResourceValidationPolicy(
    name="aws-s3-bucket-versioning-disallow-suspension",
    display_name="Versioning not suspended",
    description="Versioning of a bucket is enabled where it is configured.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.MEDIUM,
    remediation_steps="Set versioningConfiguration.status to Enabled.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
    validate=_validation(predicates.versioning_findings),
)

key_rotation = ResourceValidationPolicy(
    name="aws-kms-key-require-rotation",
    display_name="KMS keys rotate",
    description="Symmetric KMS keys rotate.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.MEDIUM,
    remediation_steps="Set enableKeyRotation to true.",
    url="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
    validate=_validation(predicates.key_rotation_findings),
)

disks_encrypted = ResourceValidationPolicy(
    name="aws-ebs-volume-require-encryption",
    display_name="EBS encrypted",
    description="Every EBS volume that is described is encrypted.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Set encrypted to true on the volume or block device.",
    url="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
    validate=_validation(predicates.disk_findings),
)

instance_metadata_by_token = ResourceValidationPolicy(
    name="aws-ec2-instance-require-imdsv2",
    display_name="Instance metadata by token, one hop",
    description="Instance metadata asks for a token and answers over one hop.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Set metadataOptions.httpTokens to required and httpPutResponseHopLimit to 1.",
    url="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html",
    validate=_validation(predicates.instance_metadata_findings),
)

no_iam_wildcard = ResourceValidationPolicy(
    name="aws-iam-policy-disallow-wildcard",
    display_name="No IAM wildcards",
    description="No IAM document allows a wildcard action, every resource or every principal.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Name actions, resources and principals; attach no administrator policy.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
    validate=_validation(predicates.iam_findings),
)

no_public_load_balancer = ResourceValidationPolicy(
    name="aws-lb-disallow-internet-facing",
    display_name="Load balancers internal",
    description="Every load balancer is said to be internal.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps="Set internal to true, or the scheme annotation to internal.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html",
    validate=_validation(predicates.load_balancer_findings),
)

listeners_encrypted = ResourceValidationPolicy(
    name="aws-lb-listener-require-tls",
    display_name="Load balancers speak TLS",
    description="Every listener of a load balancer ends TLS.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Set protocol to TLS (network) or HTTPS (application) and certificateArn to a certificate.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-tls-listener.html",
    validate=_validation(predicates.listener_findings),
)

endpoint_service_for_named = ResourceValidationPolicy(
    name="aws-vpc-endpoint-service-disallow-everyone",
    display_name="PrivateLink for named accounts only",
    description="Endpoint services name who may connect, and each connection is accepted by hand.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps="Name principals by ARN in place of *, and set acceptanceRequired to true.",
    url="https://docs.aws.amazon.com/vpc/latest/privatelink/configure-endpoint-service.html",
    validate=_validation(predicates.endpoint_service_findings),
)

endpoints_limited = ResourceValidationPolicy(
    name="aws-vpc-endpoint-require-policy",
    display_name="VPC endpoints limited",
    description="Every VPC endpoint has a policy that names accounts or resources.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Set policy on the endpoint, with a condition on aws:ResourceAccount or resources by ARN.",
    url="https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
    validate=_validation(predicates.endpoint_policy_findings),
)

registry_kept_clean = ResourceValidationPolicy(
    name="aws-ecr-repository-require-immutability",
    display_name="ECR immutable and scanned",
    description="Tags of an ECR repository cannot be moved and its images are scanned on push.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.MEDIUM,
    remediation_steps="Set imageTagMutability to IMMUTABLE and imageScanningConfiguration.scanOnPush to true.",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
    validate=_validation(predicates.registry_findings),
)

no_foreign_image = ResourceValidationPolicy(
    name="kubernetes-pod-disallow-foreign-registry",
    display_name="Images from private ECR",
    description="Every container image comes from a private ECR registry.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Copy the image to ECR and name it <account>.dkr.ecr.<region>.amazonaws.com/<name>@sha256:….",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html",
    validate=_validation(predicates.foreign_image_findings),
)

pods_restricted = ResourceValidationPolicy(
    name="kubernetes-pod-require-restricted",
    display_name="Pods under the restricted standard",
    description="Pods keep to the restricted Pod Security Standard with a read-only root, and namespaces enforce it.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Set runAsNonRoot, seccompProfile and readOnlyRootFilesystem, drop ALL; label namespaces.",
    url="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    validate=_validation(predicates.restricted_findings),
)

no_host_access = ResourceValidationPolicy(
    name="kubernetes-pod-disallow-host-access",
    display_name="No host namespaces",
    description="No pod shares a namespace, a port or a folder of its node.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps="Remove hostNetwork, hostPID, hostIPC, hostPath and hostPort.",
    url="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    validate=_validation(predicates.host_findings),
)

no_plain_secret = ResourceValidationPolicy(
    name="kubernetes-pod-disallow-plain-secret",
    display_name="No secret in a pod's environment",
    description="No environment variable holds a password, key or token itself.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Keep it in a Secret and name that by valueFrom.secretKeyRef, or mount it as a file.",
    url="https://kubernetes.io/docs/concepts/configuration/secret/",
    validate=_validation(predicates.plain_secret_findings),
)

limits_set = ResourceValidationPolicy(
    name="kubernetes-pod-require-limits",
    display_name="Memory limits and CPU requests",
    description="Every container has a memory limit and a CPU request.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.MEDIUM,
    remediation_steps="Set resources.limits.memory and resources.requests.cpu.",
    url="https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
    validate=_validation(predicates.limit_findings),
)


StackFault = tuple[str, str]
"""URN and what is wrong."""


def _stack_validation(
    faults: Callable[[Sequence[PolicyResource], Mapping[str, Any]], Iterable[StackFault]],
) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        config = args.get_config() or {}
        names = {each.urn: each.name for each in args.resources}
        for urn, text in faults(args.resources, config):
            excused = exceptions.excuse(config, names.get(urn, ""), _today())
            if not excused.excused:
                report(f"{text}; {excused.problem}" if excused.problem else text, urn or None)

    return validate


def _placed_validation(
    faults: Callable[[list[Placed], Mapping[str, Any]], Iterable[StackFault]],
) -> Callable[[StackValidationArgs, ReportViolation], None]:
    return _stack_validation(lambda resources, config: faults([stack_view.placed(each) for each in resources], config))


def _ways_out(resources: Sequence[PolicyResource], _: Mapping[str, Any]) -> Iterable[StackFault]:
    inventory = stack_view.inventory(resources)
    found = proof.prove(inventory)
    # A stack of a registry or a network alone is not asked where its pods run; all else is judged.
    waived = set() if proof.runs_anything(inventory) else {proof.NO_NODES}
    return (
        (way.resource, f"{found.verdict}, {way.rule}: {way.text}") for way in found.reasons if way.rule not in waived
    )


def _bucket_lacks(
    companions: Collection[str], text: str
) -> Callable[[list[Placed], Mapping[str, Any]], Iterable[StackFault]]:
    return lambda placed, _: ((urn, text) for urn in predicates.buckets_without(companions, placed))


def _unfenced(placed: list[Placed], _: Mapping[str, Any]) -> Iterable[StackFault]:
    text = "no NetworkPolicy of its namespace denies all pods both ways; add one with an empty podSelector"
    return ((urn, text) for urn in predicates.workloads_without_a_default_deny(placed))


def _over_budget(placed: list[Placed], config: Mapping[str, Any]) -> Iterable[StackFault]:
    configured = config.get("monthlyUsd")
    limits = [*([] if configured is None else [float(configured)]), *budget.own_budgets(placed)]
    problem = budget.over_budget(placed, min(limits)) if limits else None
    return [("", problem)] if problem else []


every_bucket_has_a_block = StackValidationPolicy(
    name="aws-s3-bucket-require-public-access-block",
    display_name="Every bucket has a public access block",
    description="Every bucket of a stack has a public access block in the same stack.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Add aws.s3.BucketPublicAccessBlock for the bucket, with all four flags true.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
    validate=_placed_validation(
        _bucket_lacks(
            {predicates.BUCKET_BLOCK},
            "this bucket has no public access block here: only S3's default keeps it private, and that can be "
            "switched off unseen; add aws.s3.BucketPublicAccessBlock with all four flags true",
        )
    ),
)

every_bucket_keeps_versions = StackValidationPolicy(
    name="aws-s3-bucket-require-versioning",
    display_name="Every bucket has versioning",
    description="Every bucket of a stack has its versioning configured in the same stack.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.MEDIUM,
    remediation_steps="Add aws.s3.BucketVersioning with status Enabled.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
    validate=_placed_validation(
        _bucket_lacks(predicates.VERSIONINGS, "what is overwritten in this bucket is gone; add aws.s3.BucketVersioning")
    ),
)

every_bucket_is_encrypted = StackValidationPolicy(
    name="aws-s3-bucket-require-encryption",
    display_name="Every bucket has its encryption set",
    description="Every bucket of a stack has its encryption configured in the same stack.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Add aws.s3.BucketServerSideEncryptionConfiguration with aws:kms.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
    validate=_placed_validation(
        _bucket_lacks(
            predicates.BUCKET_ENCRYPTIONS,
            "this bucket is encrypted with S3's own key; add "
            "aws.s3.BucketServerSideEncryptionConfiguration with aws:kms",
        )
    ),
)

every_bucket_has_a_policy = StackValidationPolicy(
    name="aws-s3-bucket-require-policy",
    display_name="Every bucket has a policy",
    description="Every bucket of a stack has a bucket policy in the same stack.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Add aws.s3.BucketPolicy that refuses plain HTTP and all but the VPC endpoint.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html",
    validate=_placed_validation(
        _bucket_lacks(
            {predicates.BUCKET_POLICY}, "nothing refuses plain HTTP or outsiders here; add aws.s3.BucketPolicy"
        )
    ),
)

every_namespace_is_fenced = StackValidationPolicy(
    name="kubernetes-namespace-require-network-policy",
    display_name="Every namespace has a default-deny NetworkPolicy",
    description="Every workload is in a namespace whose NetworkPolicy denies all pods in and out by default.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Add a NetworkPolicy with an empty podSelector and policyTypes Ingress and Egress.",
    url="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    validate=_placed_validation(_unfenced),
)

model_fits_its_pool = StackValidationPolicy(
    name="paddock-model-require-fitting-pool",
    display_name="Models fit their pool",
    description="A served model starts on every instance type that its pods may run on.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Choose a larger instance type, fewer tokens or another quantization; ask `paddock plan`.",
    url="https://docs.vllm.ai/en/latest/configuration/conserving_memory.html",
    validate=_placed_validation(lambda placed, _: model_fit.misfits(placed)),
)

cost_within_budget = StackValidationPolicy(
    name="paddock-cost-disallow-over-budget",
    display_name="Node groups within the budget",
    description="Node groups cost no more a month than the budget of the pack or of the stack.",
    enforcement_level=MANDATORY,
    config_schema=PolicyConfigSchema(properties={"monthlyUsd": {"type": "number", "exclusiveMinimum": 0}}),
    severity=Severity.MEDIUM,
    remediation_steps="Choose a cheaper placement, or raise paddock:monthly_budget_usd or the pack's monthlyUsd.",
    url="https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html",
    validate=_placed_validation(_over_budget),
)

model_licence_accepted = StackValidationPolicy(
    name="paddock-model-require-accepted-licence",
    display_name="Model licences accepted",
    description="Somebody accepted the licence of every model that is served.",
    enforcement_level=MANDATORY,
    config_schema=PolicyConfigSchema(properties={**exceptions.SCHEMA, "accepted": licences.SCHEMA}),
    severity=Severity.MEDIUM,
    remediation_steps="Read the licence, then set paddock:licence, or `accepted` in the pack's configuration.",
    url="https://github.com/meta-llama/llama-models/blob/main/models/llama3_1/LICENSE",
    validate=_placed_validation(lambda placed, config: licences.unaccepted(placed, config.get("accepted", []))),
)

stack_proved_private = StackValidationPolicy(
    name="paddock-stack-require-private-proof",
    display_name="Nothing leaves, by proof",
    description="No pod reaches or is reached from outside of the VPC, and nobody outside reads a bucket.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps="Close each way named, or make it a door by naming who may pass; `paddock prove` draws them all.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html",
    validate=_stack_validation(_ways_out),
)

ALL: list[Policy] = [
    no_internet_gateway,
    no_public_ip,
    no_public_cluster_endpoint,
    no_public_bucket_access,
    no_image_by_tag,
    no_open_ingress,
    no_open_egress,
    cluster_secrets_encrypted,
    cluster_logs_kept,
    bucket_tls_only,
    bucket_endpoint_only,
    bucket_encryption_with_kms,
    bucket_versions_kept,
    key_rotation,
    disks_encrypted,
    instance_metadata_by_token,
    no_iam_wildcard,
    no_public_load_balancer,
    listeners_encrypted,
    endpoint_service_for_named,
    endpoints_limited,
    registry_kept_clean,
    no_foreign_image,
    pods_restricted,
    no_host_access,
    no_plain_secret,
    limits_set,
    every_bucket_has_a_block,
    every_bucket_keeps_versions,
    every_bucket_is_encrypted,
    every_bucket_has_a_policy,
    every_namespace_is_fenced,
    model_fits_its_pool,
    cost_within_budget,
    model_licence_accepted,
    stack_proved_private,
]
"""Every rule, ready for `PolicyPack("…", policies=paddock.policy.ALL)`."""
