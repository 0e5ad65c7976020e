"""Proof of a stack that stands: preview, state and both together read the same resources.

The steps have the form that `pulumi preview --json` prints of what stands: the old state whole, the new one with its
inputs alone, and what stays as it is only with `--show-sames`. Source: pkg/backend/display/json.go of pulumi 3.259.0.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from paddock.privacy.proof import Edge, PrivacyVerdict, Proof, ProofInputError, prove, read_inventory
from paddock.privacy.proof.reading import STEPS
from tests.unit.privacy.proof.stacks import Stack, document

GATEWAY = "aws:ec2/internetGateway:InternetGateway"


def step(op: str, old: dict[str, Any], **inputs: Any) -> dict[str, Any]:
    asked = {key: value for key, value in {**old.get("inputs", {}), **inputs}.items() if value is not None}
    new = {key: value for key, value in old.items() if key != "outputs"} | {"inputs": asked}
    return {"op": op, "urn": old["urn"], "oldState": old, **({} if op == "delete" else {"newState": new})}


def preview(*steps: dict[str, Any], hidden: int = 0) -> str:
    same = hidden + sum(each["op"] == "same" for each in steps)
    return json.dumps({"steps": steps, "changeSummary": {"same": same}})


def all_same(stack: Stack, *changed: dict[str, Any]) -> str:
    gone = {each["urn"] for each in changed}
    return preview(*(step("same", each) for each in stack.resources if each["urn"] not in gone), *changed)


def found(proof: Proof) -> tuple[PrivacyVerdict, set[Edge], int]:
    return proof.verdict, set(proof.graph.edges), proof.resources


@pytest.mark.parametrize("name", ["stack", "doors"])
def test_a_preview_of_what_stands_reads_as_the_state_does(name: str) -> None:
    stack = Stack(name)
    beneath = json.dumps(stack.data)
    hidden = preview(hidden=len(stack.resources))
    proofs = [prove(read_inventory(text)) for text in (beneath, all_same(stack))]
    proofs.append(prove(read_inventory(hidden, beneath)))
    assert [found(each) for each in proofs[1:]] == [found(proofs[0])] * 2
    assert proofs[0].verdict is PrivacyVerdict.PRIVATE


def test_what_a_preview_leaves_out_is_said_with_the_option_that_shows_it() -> None:
    proof = prove(read_inventory(preview(step("same", Stack().one("Vpc")), hidden=85)))
    assert proof.verdict is PrivacyVerdict.CANNOT_TELL
    assert any("85 resources" in edge.text and "--show-sames" in edge.text for edge in proof.reasons)


def test_an_update_keeps_what_names_the_resource() -> None:
    stack = Stack()
    tagged = step("update", stack.one("Vpc"), tags={"cost-centre": "42"})
    assert found(prove(read_inventory(all_same(stack, tagged)))) == found(stack.proof())


def test_an_update_that_takes_a_policy_away_is_not_read_as_if_it_were_still_there() -> None:
    stack = Stack()
    bare = step("update", stack.one("VpcEndpoint", "llama-s3"), policy=None)
    proof = prove(read_inventory(all_same(stack, bare)))
    assert (proof.verdict, {each.rule for each in proof.reasons}) == (PrivacyVerdict.CANNOT_TELL, {"endpoint-policy"})


@pytest.mark.parametrize("op", ["delete", "replace"])
@pytest.mark.parametrize("with_state", [True, False])
def test_a_gateway_that_pulumi_retains_is_still_there(op: str, with_state: bool) -> None:
    stack = Stack()
    gateway = stack.add(GATEWAY, "debug", vpcId=stack.vpc_id)
    left = step(op, gateway, vpcId="vpc-else")
    for retained, verdict in ((True, PrivacyVerdict.NOT_PRIVATE), (False, PrivacyVerdict.PRIVATE)):
        gateway["retainOnDelete"] = retained
        text = preview(left, hidden=90) if with_state else all_same(stack, left)
        proof = prove(read_inventory(text, json.dumps(stack.data) if with_state else None))
        assert (proof.verdict is PrivacyVerdict.PRIVATE) == (op == "delete" and verdict is PrivacyVerdict.PRIVATE)
        assert any(each.values.get("vpcId") == stack.vpc_id for each in by_type(text, GATEWAY)) == retained


@pytest.mark.parametrize("op", ["discard", "discard-replaced"])
@pytest.mark.parametrize("with_state", [True, False])
def test_a_route_that_was_only_read_is_still_there_as_it_was_read(op: str, with_state: bool) -> None:
    stack = Stack()
    table = stack.one("RouteTable")["id"]
    out = {"routeTableId": table, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}
    route = stack.add("aws:ec2/route:Route", "out", **out)
    route |= {"external": True, "inputs": {}, "outputs": out}
    left = {"op": op, "urn": route["urn"], "oldState": route}
    text = preview(left, hidden=90) if with_state else all_same(stack, left)
    proof = prove(read_inventory(text, json.dumps(stack.data) if with_state else None))
    assert (proof.verdict, {each.rule for each in proof.reasons}) == (PrivacyVerdict.NOT_PRIVATE, {"route"})


@pytest.mark.parametrize("op", ["read", "read-replacement"])
def test_what_a_first_preview_only_reads_is_not_seen_to_be_harmless(op: str) -> None:
    stack = Stack()
    route = stack.add("aws:ec2/route:Route", "out")
    stack.resources.remove(route)
    first = {"op": op, "urn": route["urn"], "newState": route | {"inputs": {}, "outputs": {}, "external": True}}
    proof = prove(read_inventory(all_same(stack, first)))
    assert proof.verdict is PrivacyVerdict.CANNOT_TELL
    assert [each.text for each in proof.reasons if "out is only read" in each.text]
    first["newState"]["type"] = "pulumi:pulumi:StackReference"
    assert prove(read_inventory(all_same(stack, first))).verdict is PrivacyVerdict.PRIVATE


def test_the_steps_are_those_of_the_engine_and_any_other_is_refused() -> None:
    """Source: StepOps in pkg/resource/deploy/step.go of pulumi, read 2026-11-28."""
    engine = """same create update delete replace create-replacement delete-replaced read read-replacement refresh
        discard discard-replaced remove-pending-replace import import-replacement diff extend-parameterize"""
    assert set(engine.split()) == STEPS
    with pytest.raises(ProofInputError, match="'read-discard', which this version does not know"):
        read_inventory(preview(step("read-discard", Stack().one("Vpc"))))


def by_type(text: str, kind: str) -> list[Any]:
    return list(read_inventory(text).of(kind))


def test_a_gateway_that_waits_to_be_deleted_is_still_there() -> None:
    stack = Stack()
    stack.add(GATEWAY, "old", vpcId=stack.vpc_id)["delete"] = True
    assert stack.proof().verdict is PrivacyVerdict.NOT_PRIVATE


def test_a_preview_over_the_state_of_another_stack_is_refused() -> None:
    beneath = json.dumps(Stack().data).replace("urn:pulumi:local::", "urn:pulumi:prod::")
    with pytest.raises(ProofInputError, match="two stacks: paddock/local and paddock/prod"):
        read_inventory(all_same(Stack()), beneath)


def test_a_secret_that_a_preview_blinds_is_not_read() -> None:
    stack = Stack()
    blinded = step("update", stack.one("VpcEndpoint", "llama-s3"), policy="[secret]")
    proof = prove(read_inventory(all_same(stack, blinded)))
    assert (proof.verdict, {each.rule for each in proof.reasons}) == (PrivacyVerdict.CANNOT_TELL, {"endpoint-policy"})


def test_a_component_that_calls_itself_a_bucket_policy_is_none() -> None:
    stack = Stack()
    stack.one("BucketPolicy")["custom"] = False
    assert stack.proof().verdict is PrivacyVerdict.NOT_PRIVATE


def test_what_is_called_like_another_does_not_hide_it() -> None:
    stack = Stack()
    stack.add("aws:cloudwatch/logGroup:LogGroup", "x", policy=document())["id"] = stack.vpc_id
    assert found(stack.proof())[:2] == found(Stack().proof())[:2]
