"""Rules of a whole stack, whose faults only several resources together show; `stack_rules.toml` has their texts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pulumi_policy import Policy, PolicyConfigSchema, PolicyResource

from paddock.policy import budget, exceptions, licenses, model_fit, resource_rules, stack_view
from paddock.policy.validation import StackFault, StackPredicate, on_inputs, stack_rule, texts_beside
from paddock.privacy import predicates, proof
from paddock.privacy.declaration import SCHEMA, DeclarationError, declarations
from paddock.privacy.predicates.images import images_elsewhere
from paddock.privacy.resource import Resource

_text = texts_beside(__file__)


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
    inventory, declared = stack_view.inventory(resources), []
    try:
        declared = [*declarations(config.get("doors", []), "doors"), *proof.declared_in(inventory)]
    except DeclarationError as error:
        yield "", str(error)
    for door, text in proof.undeclared(proof.prove(inventory).doors, declared, datetime.now(UTC).date()):
        yield door.resource, f"{door.rule}: {text}"


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
    **_text("every_bucket_has_a_block"),
)

every_bucket_keeps_versions = stack_rule(
    _bucket_lacks(predicates.VERSIONINGS, "what is overwritten in this bucket is gone; add aws.s3.BucketVersioning"),
    **_text("every_bucket_keeps_versions"),
)

every_bucket_is_encrypted = stack_rule(
    _bucket_lacks(
        predicates.BUCKET_ENCRYPTIONS,
        "this bucket is encrypted with S3's own key; add aws.s3.BucketServerSideEncryptionConfiguration with aws:kms",
    ),
    **_text("every_bucket_is_encrypted"),
)

every_bucket_has_a_policy = stack_rule(
    _bucket_lacks({predicates.BUCKET_POLICY}, "nothing refuses plain HTTP or outsiders here; add aws.s3.BucketPolicy"),
    **_text("every_bucket_has_a_policy"),
)

every_namespace_is_fenced = stack_rule(
    on_inputs(lambda resources, _: predicates.network_policy_faults(resources)), **_text("every_namespace_is_fenced")
)

no_image_of_another_region = stack_rule(
    on_inputs(lambda resources, _: images_elsewhere(resources)), **_text("no_image_of_another_region")
)

model_fits_its_pool = stack_rule(
    on_inputs(lambda resources, _: model_fit.misfits(resources)), **_text("model_fits_its_pool")
)

cost_within_budget = stack_rule(
    on_inputs(_over_budget),
    config_schema=PolicyConfigSchema(properties={"monthlyUsd": {"type": "number", "exclusiveMinimum": 0}}),
    **_text("cost_within_budget"),
)

model_license_accepted = stack_rule(
    on_inputs(lambda resources, config: licenses.unaccepted(resources, config.get("accepted", []))),
    config_schema=PolicyConfigSchema(properties={**exceptions.SCHEMA, "accepted": licenses.SCHEMA}),
    **_text("model_license_accepted"),
)

stack_proved_private = stack_rule(_exits, **_text("stack_proved_private"))

doors_declared = stack_rule(
    _doors, config_schema=PolicyConfigSchema(properties={"doors": SCHEMA}), **_text("doors_declared")
)

ALL: list[Policy] = [
    rule for rules in (vars(resource_rules), globals().copy()) for rule in rules.values() if isinstance(rule, Policy)
]
"""Rules of the pack, in the order of their modules: `PolicyPack("…", policies=paddock.policy.ALL)`."""
