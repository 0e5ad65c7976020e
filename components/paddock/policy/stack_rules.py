"""Rules of a whole stack, whose faults only several resources together show; `stack_rules.toml` has their texts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pulumi_policy import Policy, PolicyResource, StackValidationPolicy

from paddock.policy import TEXTS, budget, exceptions, licenses, model_fit, resource_rules, stack_view
from paddock.policy.validation import StackFault, on_inputs, stack_rule
from paddock.privacy import proof
from paddock.privacy.declaration import SCHEMA, DeclarationError, declarations
from paddock.privacy.predicates.images import images_elsewhere
from paddock.privacy.predicates.network_policies import network_policy_faults
from paddock.privacy.predicates.types import BUCKET_BLOCK, BUCKET_ENCRYPTIONS, BUCKET_POLICY, BUCKETS, VERSIONINGS
from paddock.privacy.predicates.values import UNKNOWN
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
    inventory, declared = stack_view.inventory(resources), []
    try:
        declared = [*declarations(config.get("doors", []), "doors"), *proof.declared_in(inventory)]
    except DeclarationError as error:
        yield "", str(error)
    for door, text in proof.undeclared(proof.prove(inventory).doors, declared, datetime.now(UTC).date()):
        yield door.resource, f"{door.rule}: {text}"


def _bucket_rule(rule: str, companions: Collection[str]) -> StackValidationPolicy:
    """Rule that every bucket has a resource of one of these types beside it."""
    fault = TEXTS["stack_rules"][rule]["fault"]

    def faults(resources: list[Resource], _: Mapping[str, Any]) -> Iterable[StackFault]:
        # A name that is not shown yet is what it is made of.
        stack = proof.Inventory(tuple(replace(each, values={"bucket": UNKNOWN, **each.values}) for each in resources))
        alone = (each for each in stack.of(*BUCKETS) if not any(stack.referring(each, "bucket", *companions)))
        return ((each.urn, fault) for each in alone)

    return stack_rule(rule, on_inputs(faults))


def _over_budget(resources: list[Resource], config: Mapping[str, Any]) -> Iterable[StackFault]:
    configured = config.get("monthlyUsd")
    limits = [*([] if configured is None else [float(configured)]), *budget.own_budgets(resources)]
    problem = budget.over_budget(resources, min(limits)) if limits else None
    return [("", problem)] if problem else []


every_bucket_has_a_block = _bucket_rule("every_bucket_has_a_block", {BUCKET_BLOCK})
every_bucket_keeps_versions = _bucket_rule("every_bucket_keeps_versions", VERSIONINGS)
every_bucket_is_encrypted = _bucket_rule("every_bucket_is_encrypted", BUCKET_ENCRYPTIONS)
every_bucket_has_a_policy = _bucket_rule("every_bucket_has_a_policy", {BUCKET_POLICY})
every_namespace_is_fenced = stack_rule(
    "every_namespace_is_fenced", on_inputs(lambda resources, _: network_policy_faults(resources))
)
no_image_of_another_region = stack_rule(
    "no_image_of_another_region", on_inputs(lambda resources, _: images_elsewhere(resources))
)
model_fits_its_pool = stack_rule("model_fits_its_pool", on_inputs(lambda resources, _: model_fit.misfits(resources)))
cost_within_budget = stack_rule(
    "cost_within_budget", on_inputs(_over_budget), {"monthlyUsd": {"type": "number", "exclusiveMinimum": 0}}
)
model_license_accepted = stack_rule(
    "model_license_accepted",
    on_inputs(lambda resources, config: licenses.unaccepted(resources, config.get("accepted", []))),
    {**exceptions.SCHEMA, "accepted": licenses.SCHEMA},
)
stack_proved_private = stack_rule("stack_proved_private", _exits)
doors_declared = stack_rule("doors_declared", _doors, {"doors": SCHEMA})

ALL: list[Policy] = [
    rule for rules in (vars(resource_rules), globals().copy()) for rule in rules.values() if isinstance(rule, Policy)
]
"""Rules of the pack, in the order of their modules: `PolicyPack("…", policies=paddock.policy.ALL)`."""
