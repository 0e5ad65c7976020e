"""Every fault of the table is refused by the rule that it names and no other; every harmless variation passes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import ResourceValidationPolicy, StackValidationPolicy

import paddock.policy
from tests.policy.check import LATER, PROOF, blamed, check, resource
from tests.policy.mutation import Mutation
from tests.policy.mutations import HARMLESS, MUTATIONS, page
from tests.policy.stack import HEALTHY


def refused_by(stack: dict[str, dict[str, Any]]) -> Iterator[str]:
    placed = [resource(kind, "it", inputs) for kind, inputs in stack.items()]
    for rule in paddock.policy.ALL:
        if isinstance(rule, ResourceValidationPolicy):
            passes = all(check(rule, kind, **inputs).passes for kind, inputs in stack.items())
            yield from [] if passes else [rule.name]
        elif isinstance(rule, StackValidationPolicy) and rule.name != PROOF:
            yield from [rule.name] if blamed(rule, *placed) else []


def mutated(mutation: Mutation) -> dict[str, dict[str, Any]]:
    changed = mutation.apply(HEALTHY.get(mutation.resource_type))
    others = {kind: inputs for kind, inputs in HEALTHY.items() if kind != mutation.resource_type}
    return others if changed is None else {**others, mutation.resource_type: changed}


def says(mutation: Mutation) -> str:
    return mutation.says


def test_the_healthy_stack_keeps_every_rule() -> None:
    assert list(refused_by(HEALTHY)) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=says)
def test_a_fault_is_refused_by_the_rule_named_and_no_other(mutation: Mutation) -> None:
    assert list(refused_by(mutated(mutation))) == [mutation.rule]


@pytest.mark.parametrize("mutation", HARMLESS, ids=says)
def test_a_harmless_variation_passes_every_rule(mutation: Mutation) -> None:
    stack = mutated(mutation)
    assert stack != HEALTHY
    assert list(refused_by(stack)) == []


def test_the_table_is_as_large_as_promised_and_names_rules_that_exist() -> None:
    assert len({each.says for each in MUTATIONS}) == len(MUTATIONS) >= 60
    assert len({each.says for each in HARMLESS}) == len(HARMLESS) >= 15
    assert {each.rule for each in MUTATIONS} == {rule.name for rule in paddock.policy.ALL} - {PROOF}


def test_the_page_is_the_one_generated_from_the_table() -> None:
    assert (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("kind", sorted(HEALTHY))
def test_what_a_rule_cannot_know_is_never_passed_over_in_silence(kind: str) -> None:
    """Each input that a fault of this type changes is made unknown; the rule must say so or refuse."""
    for mutation in MUTATIONS:
        if mutation.resource_type != kind or "" in mutation.changes or not mutation.rule.startswith(("aws", "kube")):
            continue
        rule = next(each for each in paddock.policy.ALL if each.name == mutation.rule)
        unknown = Mutation("", kind, dict.fromkeys(mutation.changes, LATER), mutation.rule).apply(HEALTHY[kind])
        assert isinstance(rule, ResourceValidationPolicy)
        assert unknown is not None
        verdict = check(rule, kind, **unknown)
        assert verdict.problems or verdict.undecided, mutation.says
