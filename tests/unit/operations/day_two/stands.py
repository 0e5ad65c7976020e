"""A stack that stands, as Pulumi would export it: what the platform registers, with no engine."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from paddock.cli.parsing.against import facts_of_plan
from paddock.operations.day_two.changes import Transition, compare
from paddock.operations.day_two.facts import facts_that_stand, kept_types
from paddock.operations.day_two.state import read_state
from paddock.plan.plan import make_plan
from paddock.platform import LlamaPlatform
from paddock.settings import parse_settings
from tests.unit.components.recorder import Built, build
from tests.unit.components.variants import pool_answers

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:" + "a" * 64
SETTINGS: dict[str, Any] = {
    "region": "us-east-1",
    "model": "llama-3.1-8b",
    "vllm_image": IMAGE,
    "concurrent_requests": 2,
    "replicas": 2,
    "kubernetes_version": "1.35",
}


@cache
def _built(settings: str, standing: str) -> Built:
    answers = pool_answers("llama", standing) if standing else {}
    return build(lambda opts: LlamaPlatform("llama", json.loads(settings), opts), answers=answers)


def built(standing: str = "", **changed: Any) -> Built:
    """Resources that a platform with these settings registers, where a pool of a type stands if one is given."""
    return _built(json.dumps({**SETTINGS, **changed}, sort_keys=True), standing)


def export(**changed: Any) -> str:
    """The export of its stack."""
    found = built(**changed)
    parents = {(type_, name): parent for parent, type_, name in found.urns}
    resources: list[dict[str, Any]] = [{"urn": "urn:pulumi:test::paddock::paddock:index:LlamaPlatform::llama"}]
    for type_, name, inputs in found.made:
        parent = parents[type_, name]
        chain = "$".join(dict.fromkeys(("paddock:index:LlamaPlatform", parent, type_)))
        arn = {"arn": "arn:aws:eks:us-east-1:123456789012:cluster/llama-test"} if "Cluster" in type_ else {}
        resources.append({"urn": f"urn:pulumi:test::paddock::{chain}::{name}", "inputs": inputs, "outputs": arn})
    return json.dumps({"version": 3, "deployment": {"resources": resources}})


def transition(before: dict[str, Any], after: dict[str, Any]) -> Transition:
    """The comparison of a stack with some settings with the plan of others."""
    return compared(export(**before), after)


def compared(exported: str, after: dict[str, Any]) -> Transition:
    """The comparison of an export with the plan of some settings."""
    state = read_state(exported)
    standing = facts_that_stand(state)
    given = {**SETTINGS, **after}
    has_key = given.pop("api_key", None) is not None
    settings = parse_settings(given, region=given.pop("region"))
    plan = make_plan(settings, kept_types(standing, settings))
    return compare(standing, facts_of_plan(plan, state, standing, has_key=has_key), given)
