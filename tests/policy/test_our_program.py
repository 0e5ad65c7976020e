"""Our own platform against every rule: exactly the advisory ones fail, for the reasons in policy/README.md."""

from typing import Any

import pytest
from pulumi_policy import ResourceValidationPolicy, StackValidationPolicy

import paddock.policy
from paddock.platform import LlamaPlatform
from tests.policy.judge import blamed, judge, resource
from tests.policy.test_rules import OWN_PROGRAM_FAILS
from tests.unit.components.recorder import build


@pytest.fixture(scope="module")
def made() -> list[tuple[str, str, dict[str, Any]]]:
    image = f"registry.internal/vllm@sha256:{64 * 'a'}"
    settings: Any = {"region": "us-east-1", "model": "llama-3.1-8b", "vllm_image": image, "concurrent_requests": 2}
    return [
        (kind, name, {**inputs, "bucket": "llama-store"} if kind == "aws:s3/bucket:Bucket" else inputs)
        for kind, name, inputs in build(lambda opts: LlamaPlatform("llama", settings, opts)).made
    ]


def test_our_platform_breaks_only_the_rules_that_are_advisory(made: list[tuple[str, str, dict[str, Any]]]) -> None:
    broken: dict[str, list[Any]] = {}
    for rule in paddock.policy.ALL:
        if isinstance(rule, ResourceValidationPolicy):
            broken[rule.name] = [(name, seen) for kind, name, i in made if not (seen := judge(rule, kind, **i)).passes]
        elif isinstance(rule, StackValidationPolicy):
            broken[rule.name] = [
                (name, None) for name in blamed(rule, *(resource(kind, name, i) for kind, name, i in made))
            ]
    assert {name: what for name, what in broken.items() if what and name not in OWN_PROGRAM_FAILS} == {}
    assert {name for name, what in broken.items() if what} == OWN_PROGRAM_FAILS
