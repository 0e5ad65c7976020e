"""Our own platform against every rule: it keeps them all."""

from typing import Any

import pytest
from pulumi_policy import ResourceValidationPolicy, StackValidationPolicy

import paddock.policy
from paddock.platform import LlamaPlatform
from tests.policy.judge import PROOF, blamed, judge, resource
from tests.unit.components.recorder import build


@pytest.fixture(scope="module")
def made() -> list[tuple[str, str, dict[str, Any]]]:
    settings: Any = {
        "region": "us-east-1",
        "model": "llama-3.1-8b",
        "vllm_image": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:{64 * 'a'}",
        "concurrent_requests": 2,
        "license": {"license": "llama3.1", "by": "a.person", "on": "2026-11-24"},
        "monthly_budget_usd": 1000,
    }
    return [
        (kind, name, {**inputs, "bucket": "llama-store"} if kind == "aws:s3/bucket:Bucket" else inputs)
        for kind, name, inputs in build(lambda opts: LlamaPlatform("llama", settings, opts)).made
    ]


def test_our_platform_keeps_every_rule(made: list[tuple[str, str, dict[str, Any]]]) -> None:
    broken: dict[str, list[Any]] = {}
    for rule in paddock.policy.ALL:
        if isinstance(rule, ResourceValidationPolicy):
            broken[rule.name] = [(name, seen) for kind, name, i in made if not (seen := judge(rule, kind, **i)).passes]
        elif isinstance(rule, StackValidationPolicy) and rule.name != PROOF:
            broken[rule.name] = [
                (name, None) for name in blamed(rule, *(resource(kind, name, i) for kind, name, i in made))
            ]
    assert {name: what for name, what in broken.items() if what} == {}
