"""Rules of a whole stack: what only several resources together show."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from pulumi_policy import Policy, PolicyConfigSchema, PolicyResource, Severity, StackValidationPolicy

from paddock.policy import budget, exceptions, licenses, model_fit, resource_rules, stack_view
from paddock.policy.validation import EXCEPTIONS, MANDATORY, StackFault, placed_validation, stack_validation
from paddock.privacy import predicates, proof
from paddock.privacy.predicates import Placed


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
    validate=placed_validation(
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
    validate=placed_validation(
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
    validate=placed_validation(
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
    validate=placed_validation(
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
    validate=placed_validation(_unfenced),
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
    validate=placed_validation(lambda placed, _: model_fit.misfits(placed)),
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
    validate=placed_validation(_over_budget),
)

model_license_accepted = StackValidationPolicy(
    name="paddock-model-require-accepted-license",
    display_name="Model licenses accepted",
    description="Somebody accepted the license of every model that is served.",
    enforcement_level=MANDATORY,
    config_schema=PolicyConfigSchema(properties={**exceptions.SCHEMA, "accepted": licenses.SCHEMA}),
    severity=Severity.MEDIUM,
    remediation_steps="Read the license, then set paddock:license, or `accepted` in the pack's configuration.",
    url="https://github.com/meta-llama/llama-models/blob/main/models/llama3_1/LICENSE",
    validate=placed_validation(lambda placed, config: licenses.unaccepted(placed, config.get("accepted", []))),
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
    validate=stack_validation(_ways_out),
)

ALL: list[Policy] = [
    rule for rules in (vars(resource_rules), globals().copy()) for rule in rules.values() if isinstance(rule, Policy)
]
"""Every rule, in the order of its module and of policy/README.md: `PolicyPack("…", policies=paddock.policy.ALL)`."""
