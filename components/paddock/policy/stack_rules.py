"""Rules of a whole stack: faults that only several resources together show."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pulumi_policy import EnforcementLevel, Policy, PolicyConfigSchema, PolicyResource, Severity

from paddock.policy import budget, exceptions, licenses, model_fit, resource_rules, stack_view
from paddock.policy.validation import StackFault, StackPredicate, on_inputs, stack_rule
from paddock.privacy import predicates, proof
from paddock.privacy.predicates.images import images_elsewhere
from paddock.privacy.resource import Resource


def _exits(resources: Sequence[PolicyResource], _: Mapping[str, Any]) -> Iterable[StackFault]:
    inventory = stack_view.inventory(resources)
    found = proof.prove(inventory)
    # A stack of a registry or a network alone is not asked where its pods run; all else is checked.
    waived = set() if proof.runs_anything(inventory) else {proof.NO_NODES}
    return (
        (edge.resource, f"{found.verdict}, {edge.rule}: {edge.text}")
        for edge in found.reasons
        if edge.rule not in waived
    )


def _doors(resources: Sequence[PolicyResource], config: Mapping[str, Any]) -> Iterable[StackFault]:
    found = proof.prove(stack_view.inventory(resources)).doors
    refused = proof.undeclared(found, config.get("doors", []), datetime.now(UTC).date())
    return ((door.resource, f"{door.rule}: {text}") for door, text in refused)


def _bucket_lacks(companions: Collection[str], text: str) -> StackPredicate:
    return on_inputs(lambda resources, _: ((urn, text) for urn in predicates.buckets_without(companions, resources)))


def _over_budget(resources: list[Resource], config: Mapping[str, Any]) -> Iterable[StackFault]:
    configured = config.get("monthlyUsd")
    limits = [*([] if configured is None else [float(configured)]), *budget.own_budgets(resources)]
    problem = budget.over_budget(resources, min(limits)) if limits else None
    return [("", problem)] if problem else []


every_bucket_has_a_block = stack_rule(
    _bucket_lacks(
        {predicates.BUCKET_BLOCK},
        "this bucket has no public access block here: only S3's default keeps it private, and that can be "
        "switched off unseen; add aws.s3.BucketPublicAccessBlock with all four flags true",
    ),
    name="aws-s3-bucket-require-public-access-block",
    display_name="Every bucket has a public access block",
    description="Every bucket of a stack has a public access block in the same stack.",
    severity=Severity.HIGH,
    remediation_steps="Add aws.s3.BucketPublicAccessBlock for the bucket, with all four flags true.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
)

every_bucket_keeps_versions = stack_rule(
    _bucket_lacks(predicates.VERSIONINGS, "what is overwritten in this bucket is gone; add aws.s3.BucketVersioning"),
    name="aws-s3-bucket-require-versioning",
    display_name="Every bucket has versioning",
    description="Every bucket of a stack has its versioning configured in the same stack.",
    severity=Severity.MEDIUM,
    remediation_steps="Add aws.s3.BucketVersioning with status Enabled.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
)

every_bucket_is_encrypted = stack_rule(
    _bucket_lacks(
        predicates.BUCKET_ENCRYPTIONS,
        "this bucket is encrypted with S3's own key; add aws.s3.BucketServerSideEncryptionConfiguration with aws:kms",
    ),
    name="aws-s3-bucket-require-encryption",
    display_name="Every bucket has its encryption set",
    description="Every bucket of a stack has its encryption configured in the same stack.",
    severity=Severity.HIGH,
    remediation_steps="Add aws.s3.BucketServerSideEncryptionConfiguration with aws:kms.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
)

every_bucket_has_a_policy = stack_rule(
    _bucket_lacks({predicates.BUCKET_POLICY}, "nothing refuses plain HTTP or outsiders here; add aws.s3.BucketPolicy"),
    name="aws-s3-bucket-require-policy",
    display_name="Every bucket has a policy",
    description="Every bucket of a stack has a bucket policy in the same stack.",
    severity=Severity.HIGH,
    remediation_steps="Add aws.s3.BucketPolicy that refuses plain HTTP and all but the VPC endpoint.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html",
)

every_namespace_is_fenced = stack_rule(
    on_inputs(lambda resources, _: predicates.network_policy_faults(resources)),
    name="kubernetes-namespace-require-network-policy",
    display_name="Every namespace has a default-deny NetworkPolicy",
    description="Every workload is in a namespace whose NetworkPolicy denies all pods in and out by default.",
    severity=Severity.HIGH,
    remediation_steps="Add a NetworkPolicy with an empty podSelector and policyTypes Ingress and Egress.",
    url="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
)

no_image_of_another_region = stack_rule(
    on_inputs(lambda resources, _: images_elsewhere(resources)),
    name="kubernetes-pod-disallow-registry-of-another-region",
    display_name="Images from the stack's own region",
    description="Every container image comes from the region of the stack's VPC endpoints.",
    severity=Severity.HIGH,
    remediation_steps="Copy the image to ECR in the stack's region.",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html",
)

model_fits_its_pool = stack_rule(
    on_inputs(lambda resources, _: model_fit.misfits(resources)),
    name="paddock-model-require-fitting-pool",
    display_name="Models fit their pool",
    description="A served model starts on every instance type that its pods may run on.",
    severity=Severity.HIGH,
    remediation_steps="Choose a larger instance type, fewer tokens or another quantization; ask `paddock plan`.",
    url="https://docs.vllm.ai/en/latest/configuration/conserving_memory.html",
)

cost_within_budget = stack_rule(
    on_inputs(_over_budget),
    config_schema=PolicyConfigSchema(properties={"monthlyUsd": {"type": "number", "exclusiveMinimum": 0}}),
    name="paddock-cost-disallow-over-budget",
    display_name="Node groups within the budget",
    description="Node groups cost no more a month than the budget of the pack or of the stack.",
    severity=Severity.MEDIUM,
    remediation_steps="Choose a cheaper placement, or raise paddock:monthly_budget_usd or the pack's monthlyUsd.",
    url="https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html",
)

model_license_accepted = stack_rule(
    on_inputs(lambda resources, config: licenses.unaccepted(resources, config.get("accepted", []))),
    config_schema=PolicyConfigSchema(properties={**exceptions.SCHEMA, "accepted": licenses.SCHEMA}),
    name="paddock-model-require-accepted-license",
    display_name="Model licenses accepted",
    description="Somebody accepted the license of every model that is served.",
    severity=Severity.MEDIUM,
    remediation_steps="Read the license, then set paddock:license, or `accepted` in the pack's configuration.",
    url="https://github.com/meta-llama/llama-models/blob/main/models/llama3_1/LICENSE",
)

stack_proved_private = stack_rule(
    _exits,
    name="paddock-stack-require-private-proof",
    display_name="Nothing leaves, by proof",
    description="No pod reaches or is reached from outside of the VPC, and nobody outside reads a bucket.",
    severity=Severity.CRITICAL,
    remediation_steps="Close each exit named, or declare it by naming who may pass; `paddock prove` draws them all.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html",
)

doors_declared = stack_rule(
    _doors,
    level=EnforcementLevel.ADVISORY,
    config_schema=PolicyConfigSchema(properties=dict(exceptions.DOORS)),
    name="paddock-stack-require-declared-doors",
    display_name="Doors declared",
    description="Every door of the proof is declared: to whom it leads, why, and if wanted until when.",
    severity=Severity.HIGH,
    remediation_steps="Close the door, or add it to `doors` in the pack's configuration; see docs/proof.md.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html",
)

ALL: list[Policy] = [
    rule for rules in (vars(resource_rules), globals().copy()) for rule in rules.values() if isinstance(rule, Policy)
]
"""Rules of the pack, in the order of their modules: `PolicyPack("…", policies=paddock.policy.ALL)`."""
