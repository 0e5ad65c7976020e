"""Checks of resources by rules, read through Pulumi's own proxies as in a real pack."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy import (
    PolicyCustomTimeouts,
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError, unknown_checking_proxy

import paddock.policy

LATER = UNKNOWN_STRING_VALUE
"""Input that a preview cannot know, as the engine sends it."""

PROOF = "paddock-stack-require-private-proof"
OF_THE_PROOF = {PROOF, "paddock-stack-require-declared-doors"}
"""Rules that check a whole network, which a few resources are not: test_proof_rule.py and tests/local try it."""

OPTIONS = PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])


@dataclass
class RuleResult:
    """Problems, which block, and `undecided`, the engine's advisory about inputs that only the update will know."""

    problems: list[str] = field(default_factory=list)
    undecided: str = ""

    @property
    def passes(self) -> bool:
        return not self.problems and not self.undecided

    @property
    def paths(self) -> list[str]:
        """Paths of the problems, without their texts."""
        return [problem.partition(": ")[0] for problem in self.problems]


def check(rule: ResourceValidationPolicy, resource_type: str, **inputs: Any) -> RuleResult:
    """Result of one resource rule on one resource's inputs."""
    seen = RuleResult()
    urn = f"urn:pulumi:test::paddock::{resource_type}::it"
    props = unknown_checking_proxy(inputs)
    args = ResourceValidationArgs(resource_type, props, urn, "it", OPTIONS, None)

    def report(message: str, _urn: str | None) -> None:
        seen.problems.append(message)

    try:
        rule.validate(args, report)
    except UnknownValueError as unknown:
        seen.undecided = unknown.message
    return seen


def resource(
    resource_type: str, name: str, outputs: Mapping[str, Any], takes_bucket_from: PolicyResource | None = None
) -> PolicyResource:
    """Resource of a stack, as a stack rule sees it."""
    urn = f"urn:pulumi:test::paddock::{resource_type}::{name}"
    sources = {"bucket": [takes_bucket_from]} if takes_bucket_from else {}
    props = unknown_checking_proxy(dict(outputs))
    provider = PolicyProviderResource("pulumi:providers:x", {}, "", "x")
    return PolicyResource(resource_type, props, urn, name, OPTIONS, provider, None, [], sources)


def blamed(rule: StackValidationPolicy, *resources: PolicyResource) -> list[str]:
    """Names of the resources that a stack rule reports."""
    names: list[str] = []

    def report(_message: str, urn: str | None) -> None:
        names.append(str(urn).rpartition("::")[2])

    rule.validate(StackValidationArgs(list(resources)), report)
    return names


def refused_by(resources: Iterable[tuple[str, str, Mapping[str, Any]]]) -> Iterator[tuple[str, str]]:
    """Refusals of (type, name, inputs) by all rules but the proof, as (rule, name)."""
    resources = list(resources)
    stack = [resource(kind, name, inputs) for kind, name, inputs in resources]
    for rule in paddock.policy.ALL:
        if isinstance(rule, ResourceValidationPolicy):
            yield from ((rule.name, name) for kind, name, inputs in resources if not check(rule, kind, **inputs).passes)
        elif isinstance(rule, StackValidationPolicy) and rule.name not in OF_THE_PROOF:
            yield from ((rule.name, name) for name in blamed(rule, *stack))
