"""Pulumi policies from predicates: what is known stops a preview, what is not is left to the update.

What a preview cannot know is raised as Pulumi's own `UnknownValueError` after the known faults were reported: the
engine then prints an advisory that names the input.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from paddock.policy import TEXTS, exceptions, stack_view
from paddock.privacy.predicates.findings import Finding, Problem
from paddock.privacy.predicates.values import Inputs
from paddock.privacy.proof.checks import MALFORMED
from paddock.privacy.resource import Resource

Predicate = Callable[[str, Inputs], Sequence[Finding]]

StackFault = tuple[str, str]
"""URN, and the fault in one sentence."""

StackPredicate = Callable[[Sequence[PolicyResource], Mapping[str, Any]], Iterable[StackFault]]
"""Faults of a stack's resources under the configuration of the rule."""


def _described(module: str, rule: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Texts, level and configuration of a rule: mandatory, as the pack's configuration sets another level."""
    return {
        **{key: text for key, text in TEXTS[module][rule].items() if key != "fault"},
        "severity": Severity(TEXTS[module][rule]["severity"]),
        "enforcement_level": EnforcementLevel.MANDATORY,
        "config_schema": PolicyConfigSchema(properties=dict(config)),
    }


def _today() -> date:
    return datetime.now(UTC).date()


def resource_rule(rule: str, *predicates: Predicate) -> ResourceValidationPolicy:
    """Rule of one resource: what any of the predicates finds."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        inputs, config = stack_view.inputs_of(args), args.get_config()
        undecided = []
        for finding in _findings(predicates, args.resource_type, inputs):
            text = str(finding) if isinstance(finding, Problem) else finding.path
            kept = exceptions.excused(config, args.resource_type, args.name, text, _today())
            if kept is not None and isinstance(finding, Problem):
                report(kept, None)
            elif kept is not None:
                undecided.append(finding.path)
        if undecided:
            raise UnknownValueError(UNKNOWN_STRING_VALUE, [" and .".join(dict.fromkeys(undecided))])

    return ResourceValidationPolicy(validate=validate, **_described("resource_rules", rule, exceptions.SCHEMA))


def _findings(predicates: Iterable[Predicate], resource_type: str, inputs: Inputs) -> Sequence[Finding]:
    try:
        return [each for predicate in predicates for each in predicate(resource_type, inputs)]
    except MALFORMED as error:
        # A rule that ends in a traceback ends the whole preview, and says nothing of what is wrong.
        return [Problem("", f"its values are not those of a {resource_type} ({error})")]


def _faults(
    faults: StackPredicate, resources: Sequence[PolicyResource], config: Mapping[str, Any]
) -> Iterable[StackFault]:
    try:
        yield from faults(resources, config)
    except MALFORMED as error:
        yield "", f"the values of a resource are not those of its type ({error})"


def stack_rule(
    rule: str, faults: StackPredicate, config_schema: Mapping[str, Any] = exceptions.SCHEMA
) -> StackValidationPolicy:
    """Rule of a whole stack; `config_schema` has those of what its configuration may say."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        config = args.get_config() or {}
        named = {each.urn: (each.resource_type, each.name) for each in args.resources}
        for urn, text in _faults(faults, args.resources, config):
            kept = exceptions.excused(config, *named.get(urn, ("", "")), text, _today())
            if kept is not None:
                report(kept, urn or None)

    return StackValidationPolicy(validate=validate, **_described("stack_rules", rule, config_schema))


def on_inputs(faults: Callable[[list[Resource], Mapping[str, Any]], Iterable[StackFault]]) -> StackPredicate:
    """Predicate of a stack that reads what was asked for, and no output."""
    return lambda resources, config: faults([stack_view.asked_for(each) for each in resources], config)
