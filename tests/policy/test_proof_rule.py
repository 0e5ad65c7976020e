"""Proof as a rule of the pack: from what the engine shows a pack, it says what `paddock prove` says of the file.

The files are what the real engine printed (tests/unit/privacy/proof/stacks.py). That the engine shows a pack the same
as it prints is proved in tests/local/test_mutated_programs.py.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pulumi_policy import (
    EnforcementLevel,
    PolicyProviderResource,
    PolicyResource,
    ResourceValidationArgs,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import unknown_checking_proxy

import paddock.policy
from paddock.policy import stack_view
from paddock.privacy.proof import Edge, PrivacyVerdict, pasted, prove, read_inventory
from paddock.privacy.proof.doors import ANNOTATION
from tests.policy.check import LATER, OPTIONS
from tests.unit.privacy.proof.mutations import FAULTS
from tests.unit.privacy.proof.stacks import Stack, text_of

PLACES = "paddock:doors of the stack file or to `doors` of this rule's configuration"


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_view, "_asked_for", {})


def said_by_the_pack(
    states: list[dict[str, Any]],
    *,
    preview: bool,
    rule: StackValidationPolicy = paddock.policy.stack_proved_private,
    config: dict[str, Any] | None = None,
) -> set[str]:
    """Messages of the pack, which sees each resource with its inputs first, then all of them with their outputs."""
    made: dict[str, PolicyResource] = {}
    for state in states:
        kind, urn = state["type"], state["urn"]
        name = urn.rpartition("::")[2]
        custom = state.get("custom") is not False and not kind.startswith("pulumi:")
        provider = PolicyProviderResource("pulumi:providers:x", {}, "", "x") if custom else None
        inputs = unknown_checking_proxy(state.get("inputs") or {})
        paddock.policy.no_public_ip.validate(  # any resource rule
            ResourceValidationArgs(kind, inputs, urn, name, OPTIONS, provider), lambda _message, _urn: None
        )
        # A preview promises more than was asked for, all of it unknown; of a Kubernetes object perhaps nothing.
        promised = (
            {} if kind.startswith("kubernetes:") else {**(state.get("inputs") or {}), "policy": LATER, "x": LATER}
        )
        outputs = unknown_checking_proxy(promised if preview else state.get("outputs") or {})
        made[urn] = PolicyResource(kind, outputs, urn, name, OPTIONS, provider, None, [], {})
    for state in states:
        links = (state.get("propertyDependencies") or {}).items()
        made[state["urn"]].property_dependencies.update(
            {key: [made[urn] for urn in urns or () if urn in made] for key, urns in links}
        )
    said: set[str] = set()
    args = StackValidationArgs(list(made.values()))
    args.get_config = lambda: config or {}  # type: ignore[method-assign]
    rule.validate(args, lambda message, urn: said.add(f"{urn} {message}"))
    return said


def printed(verdict: str, edges: tuple[Edge, ...]) -> Iterator[str]:
    return (f"{edge.resource or None} {verdict}, {edge.rule}: {edge.text}" for edge in edges)


def first_preview() -> dict[str, Any]:
    return dict(json.loads(text_of("preview")))


def said_of_a_preview(preview: dict[str, Any]) -> set[str]:
    return said_by_the_pack([step["newState"] for step in preview["steps"]], preview=True)


def test_a_private_first_preview_passes_in_the_pack_and_in_the_proof() -> None:
    assert prove(read_inventory(text_of("preview"))).verdict is PrivacyVerdict.PRIVATE
    assert said_of_a_preview(first_preview()) == set()


def test_a_first_preview_that_is_not_private_gets_the_same_reasons_in_the_pack_and_in_the_proof() -> None:
    broken = first_preview()
    wanted = {"llama-s3": "policy", "llama-store": "policy", "llama-dns-others": "action", "llama-cluster": "vpcConfig"}
    for step in broken["steps"]:
        state = step["newState"]
        state.get("inputs", {}).pop(wanted.get(state["urn"].rpartition("::")[2], ""), None)
    proof = prove(read_inventory(json.dumps(broken)))
    rules = {edge.rule for edge in proof.reasons}
    assert rules == {"endpoint-policy", "bucket-policy", "dns", "cluster-endpoint"}
    assert said_of_a_preview(broken) == set(printed(proof.verdict, proof.reasons))


def with_arns(stack: Stack) -> list[dict[str, Any]]:
    """The engine tells a pack no ids: it finds them at the end of ARNs, which all of these have on AWS."""
    for each in stack.resources:
        if each.get("id") and not each.get("outputs", {}).get("arn"):
            each.setdefault("outputs", {})["arn"] = f"arn:aws:it:us-east-1:123456789012:it/{each['id']}"
    return stack.resources


@pytest.mark.parametrize("name", ["stack", "doors"])
def test_a_private_stack_passes_in_the_pack_and_in_the_proof(name: str) -> None:
    assert said_by_the_pack(with_arns(Stack(name)), preview=False) == set()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_stack_with_one_fault_gets_the_same_reasons_in_the_pack_and_in_the_proof(fault: str) -> None:
    stack = Stack()
    FAULTS[fault][0](stack)
    proof = stack.proof()
    assert said_by_the_pack(with_arns(stack), preview=False) == set(printed(proof.verdict, proof.reasons)) != set()


def as_floats(value: Any) -> Any:
    """Value as the engine hands it to a pack, every number a float."""
    if isinstance(value, dict):
        return {key: as_floats(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_floats(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def test_a_whole_number_is_one_though_the_engine_hands_the_pack_a_float() -> None:
    stack = Stack()
    states = [as_floats(each) for each in with_arns(stack)]
    versions = [each["outputs"]["latestVersion"] for each in states if each["type"].endswith(":LaunchTemplate")]
    assert [type(each) for each in versions] == [float] * len(versions) != []
    assert said_by_the_pack(states, preview=False) == set()
    props = {"launchTemplate": {"version": 3.0}, "ratios": [0.5, 2.0], "on": True}
    assert str(stack_view.plain(unknown_checking_proxy(props))) == str(
        {"launchTemplate": {"version": 3}, "ratios": [0.5, 2], "on": True}
    )


def test_what_a_pack_was_not_shown_before_is_checked_by_its_outputs() -> None:
    urn = "urn:pulumi:test::paddock::aws:s3/bucket:Bucket::b"
    resource = PolicyResource("aws:s3/bucket:Bucket", {"acl": "public-read"}, urn, "b", OPTIONS, None, None, [], {})
    assert stack_view.asked_for(resource).values == {"acl": "public-read"}


def test_a_stack_that_runs_nothing_is_not_asked_where_and_checked_all_the_same() -> None:
    stack = Stack()
    runs = ("NodeGroup", "Cluster", "Instance", "Deployment", "DaemonSet", "Addon", "PodIdentityAssociation")
    bare = [each for each in stack.resources if each["type"].rpartition(":")[2] not in runs]
    assert said_by_the_pack(bare, preview=False) == set()
    open_bucket = [each for each in bare if not each["type"].endswith(":BucketPolicy")]
    assert {said.partition(" ")[2].split(":")[0] for said in said_by_the_pack(open_bucket, preview=False)} == {
        "not private, bucket-network"
    }


def test_the_pack_refuses_each_door_of_the_proof_until_it_is_declared() -> None:
    stack = Stack("doors")
    assert paddock.policy.doors_declared.enforcement_level is EnforcementLevel.MANDATORY
    named = said_by_the_pack(with_arns(stack), preview=False, rule=paddock.policy.doors_declared)
    doors = prove(read_inventory(json.dumps(stack.data))).doors
    assert len(doors) == 4
    assert {each.partition(" ")[0] for each in named} == {edge.resource for edge in doors}
    declared = [
        {"kind": e.rule, "resource": e.resource_name, "who": e.who, "reason": "asked for by the team"} for e in doors
    ]
    rule = paddock.policy.doors_declared
    assert said_by_the_pack(with_arns(stack), preview=False, rule=rule, config={"doors": declared}) == set()
    (said,) = said_by_the_pack(with_arns(stack), preview=False, rule=rule, config={"doors": declared[1:]})
    assert f"no declared door of kind {doors[0].rule} is to {doors[0].who}" in said
    assert said.endswith(f"add it, with a reason, to {PLACES}: {pasted(doors[0])}")


def test_the_pack_takes_the_doors_that_the_stack_declares_beside_its_own() -> None:
    stack, rule = Stack("doors"), paddock.policy.doors_declared
    doors = prove(read_inventory(json.dumps(stack.data))).doors
    first, *others = [{**json.loads(pasted(door)), "reason": "asked for by the team"} for door in doors]
    deployment = {"name": "x", "annotations": {ANNOTATION: json.dumps(others)}}
    stack.change("Deployment", "llama-vllm-deployment", metadata=deployment)
    (said,) = said_by_the_pack(with_arns(stack), preview=False, rule=rule)
    assert first["resource"] in said
    assert said_by_the_pack(with_arns(stack), preview=False, rule=rule, config={"doors": [first]}) == set()
    stack.change("Deployment", "llama-vllm-deployment", metadata={"annotations": {ANNOTATION: "[1]"}})
    said_then = said_by_the_pack(with_arns(stack), preview=False, rule=rule, config={"doors": [first]})
    assert len(said_then) == 1 + len(doors)
    assert any("[0] must be a map" in each for each in said_then)
