"""Faults of the table are refused by the rule that they name and no other; harmless variations pass."""

from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import ResourceValidationPolicy

import paddock.policy
from tests.policy.check import LATER, OF_THE_PROOF, check, refused_by
from tests.policy.mutation import Mutation
from tests.policy.mutations import HARMLESS, MUTATIONS, page
from tests.policy.stack import HEALTHY

RULES = {rule.name: rule for rule in paddock.policy.ALL if isinstance(rule, ResourceValidationPolicy)}


def mutated(mutation: Mutation) -> dict[str, dict[str, Any]]:
    changed = mutation.apply(HEALTHY.get(mutation.resource_type))
    others = {kind: inputs for kind, inputs in HEALTHY.items() if kind != mutation.resource_type}
    return others if changed is None else {**others, mutation.resource_type: changed}


def refusing(stack: dict[str, dict[str, Any]]) -> list[str]:
    return [rule for rule, _ in refused_by((kind, "it", inputs) for kind, inputs in stack.items())]


def says(mutation: Mutation) -> str:
    return mutation.says


def test_the_healthy_stack_keeps_every_rule() -> None:
    assert refusing(HEALTHY) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=says)
def test_a_fault_is_refused_by_the_rule_named_and_no_other(mutation: Mutation) -> None:
    assert refusing(mutated(mutation)) == [mutation.rule]


@pytest.mark.parametrize("mutation", HARMLESS, ids=says)
def test_a_harmless_variation_passes_every_rule(mutation: Mutation) -> None:
    stack = mutated(mutation)
    assert stack != HEALTHY
    assert refusing(stack) == []


def test_the_table_is_as_large_as_promised_and_names_rules_that_exist() -> None:
    assert len({each.says for each in MUTATIONS}) == len(MUTATIONS) >= 60
    assert len({each.says for each in HARMLESS}) == len(HARMLESS) >= 15
    assert {each.rule for each in MUTATIONS} == {rule.name for rule in paddock.policy.ALL} - OF_THE_PROOF


def test_the_page_is_the_one_generated_from_the_table() -> None:
    assert (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8") == page()


@pytest.mark.parametrize(
    "mutation",
    [each for each in MUTATIONS if each.resource_type in HEALTHY and "" not in each.changes and each.rule in RULES],
    ids=says,
)
def test_what_a_rule_cannot_know_is_never_passed_over_in_silence(mutation: Mutation) -> None:
    """Inputs that a fault changes are made unknown; the rule must say so or refuse."""
    kind = mutation.resource_type
    unknown = Mutation("", kind, dict.fromkeys(mutation.changes, LATER)).apply(HEALTHY[kind])
    assert unknown is not None
    found = check(RULES[mutation.rule], kind, **unknown)
    assert found.problems or found.undecided
