"""Answers of the policy pack and of the proof to one program, in this process.

The pack is asked as the engine asks it: each resource's inputs first, by the rules of a resource, then all of them with
their outputs by the rules of a stack. Resources that a case left alone are not asked again: the recordings keep every
rule, which a test shows.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from datetime import date
from functools import cache
from typing import Any

from pulumi_policy import (
    PolicyProviderResource,
    PolicyResource,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError, unknown_checking_proxy

import paddock.policy
from paddock.policy import stack_view
from paddock.privacy.proof import Edge, PrivacyVerdict, Proof, pasted, prove, read_inventory, with_declared
from paddock.privacy.proof.reading import SIGNATURE
from tests.policy.check import LATER, OPTIONS
from tests.privacy_cases.case import Case, Right
from tests.privacy_cases.program import Program
from tests.unit.privacy.proof.stacks import JsonObject

RESOURCE_RULES = [rule for rule in paddock.policy.ALL if isinstance(rule, ResourceValidationPolicy)]
STACK_RULES = [rule for rule in paddock.policy.ALL if isinstance(rule, StackValidationPolicy)]
DOORS = paddock.policy.doors_declared.name
"""Rule that refuses the doors which nobody declared."""
TODAY = date(2026, 11, 28)


def pack_refusals(program: Program) -> list[str]:
    """Rule and message of each refusal."""
    stack_view._asked_for.clear()
    said: list[str] = []
    made: dict[str, PolicyResource] = {}
    before = _inputs_of(program.base)
    for state in program.resources:
        args = _args(state)
        fresh = before.get(state["urn"]) != json.dumps(state.get("inputs"), sort_keys=True)
        for rule in RESOURCE_RULES if fresh else RESOURCE_RULES[:1]:
            said += _of_rule(rule, args)
        outputs = unknown_checking_proxy(_outputs(state, preview=program.is_preview))
        made[state["urn"]] = PolicyResource(
            state["type"], outputs, state["urn"], _name(state), OPTIONS, args.provider, None, [], {}
        )
    for state in program.resources:
        links = (state.get("propertyDependencies") or {}).items()
        made[state["urn"]].property_dependencies.update(
            {key: [made[urn] for urn in urns or () if urn in made] for key, urns in links}
        )
    for stack_rule in STACK_RULES:
        said += _of_stack_rule(stack_rule, list(made.values()), program.configured.get(stack_rule.name))
    return said


def _of_rule(rule: ResourceValidationPolicy, args: ResourceValidationArgs) -> list[str]:
    said: list[str] = []
    # What it cannot know is the engine's advisory: the update will know, and asks again.
    with contextlib.suppress(UnknownValueError):
        rule.validate(args, lambda message, _urn: said.append(f"{rule.name}: {message}"))
    return said


def _of_stack_rule(
    rule: StackValidationPolicy, resources: list[PolicyResource], config: JsonObject | None
) -> list[str]:
    said: list[str] = []
    rule.validate(StackValidationArgs(resources, config), lambda message, _urn: said.append(f"{rule.name}: {message}"))
    return said


def _args(state: JsonObject) -> ResourceValidationArgs:
    inputs = unknown_checking_proxy(_unwrapped(state.get("inputs") or {}))
    return ResourceValidationArgs(state["type"], inputs, state["urn"], _name(state), OPTIONS, _provider(state))


def _provider(state: JsonObject) -> PolicyProviderResource | None:
    if "provider" not in state:
        return None
    urn = state["provider"].rpartition("::")[0]
    return PolicyProviderResource(urn.split("::")[2], {}, urn, urn.rpartition("::")[2])


def _outputs(state: JsonObject, *, preview: bool) -> dict[str, Any]:
    if not preview:
        return dict(_unwrapped(state.get("outputs") or {}))
    # A preview promises more than was asked for, all of it unknown; of a Kubernetes object perhaps nothing.
    promised = {**(state.get("inputs") or {}), "arn": LATER, "id": LATER}
    return {} if state["type"].startswith("kubernetes:") else dict(_unwrapped(promised))


def _name(state: JsonObject) -> str:
    return str(state["urn"]).rpartition("::")[2]


def _unwrapped(value: Any) -> Any:
    """Value as the engine hands it to a pack: a secret is what it hides."""
    if isinstance(value, dict):
        if SIGNATURE in value:
            return json.loads(value["plaintext"]) if "plaintext" in value else "x"
        return {key: _unwrapped(each) for key, each in value.items()}
    return [_unwrapped(each) for each in value] if isinstance(value, list) else value


@cache
def _inputs_of(base: str) -> dict[str, str]:
    return {each["urn"]: json.dumps(each.get("inputs"), sort_keys=True) for each in Program(base).resources}


Answer = tuple[Right | None, list[str]]
"""Answer, None for a traceback, and its reasons."""


def declared(doors: Iterable[Edge]) -> list[JsonObject]:
    """Declarations of these doors, as a team writes them into the line that is printed."""
    return [{**json.loads(pasted(door)), "reason": "a partner of ours"} for door in doors]


def asked_pack(case: Case) -> Answer:
    """Answer of the pack: a door is what it refuses, and lets pass once what is new is declared."""
    own, program = _said_of(case.base), case.program()
    said = [each for each in pack_refusals(program) if each not in own]
    if any(not each.startswith(DOORS) for each in said) or not said:
        return (Right.REFUSE if said else Right.PASS), said
    program.configured[DOORS] = {"doors": declared(proof_of(case).doors)}
    left = [each for each in pack_refusals(program) if each not in own]
    return (Right.REFUSE if left else Right.DOOR), left or said


@cache
def _said_of(base: str) -> frozenset[str]:
    """Messages about the recording itself: its doors."""
    return frozenset(pack_refusals(Program(base)))


def proof_of(case: Case) -> Proof:
    program = case.program()
    files = [json.dumps(program.data)]
    if program.steps is not None:
        files.insert(0, json.dumps({"steps": program.steps}))
    return prove(read_inventory(*files))


def asked_proof(case: Case) -> Answer:
    """Answer of the proof, to which a door is what refuses while the recording's own are declared."""
    proof = proof_of(case)
    refused = with_declared(proof, _declared_of(case.base), TODAY)
    if refused.verdict is PrivacyVerdict.PRIVATE:
        return Right.PASS, []
    let_by = with_declared(proof, declared(proof.doors), TODAY).verdict is PrivacyVerdict.PRIVATE
    return (Right.DOOR if let_by else Right.REFUSE), [f"{edge.rule}: {edge.text}" for edge in refused.reasons]


@cache
def _declared_of(base: str) -> list[JsonObject]:
    return declared(prove(read_inventory(json.dumps(Program(base).data))).doors)


def is_right(case: Case, heard: Right | None, who: str) -> bool:
    """Answer fits. A door refuses until it is declared; a harmless change may be one."""
    if heard is None:
        return False
    if who not in case.asks:
        return True
    return heard is case.right or (case.right is Right.PASS and heard is Right.DOOR)


def without_traceback(ask: Callable[[Case], Answer]) -> Callable[[Case], Answer]:
    def asked(case: Case) -> Answer:
        try:
            return ask(case)
        except Exception as error:
            return None, [f"traceback, {error!r}"]

    return asked


ASKED = {"pack": without_traceback(asked_pack), "proof": without_traceback(asked_proof)}
