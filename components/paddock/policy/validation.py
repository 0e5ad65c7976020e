"""How a predicate becomes a policy: what is known stops a preview, what is not is left to the update.

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
    StackValidationArgs,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from paddock.policy import exceptions, stack_view
from paddock.privacy.predicates import Finding, Inputs, Placed, Problem

MANDATORY = EnforcementLevel.MANDATORY
"""By default; the pack's configuration sets another level for an environment."""

EXCEPTIONS = PolicyConfigSchema(properties=dict(exceptions.SCHEMA))

Predicate = Callable[[str, Inputs], Sequence[Finding]]

StackFault = tuple[str, str]
"""URN and what is wrong."""


def _today() -> date:
    return datetime.now(UTC).date()


def validation(predicate: Predicate) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        inputs = stack_view.inputs_of(args)
        excused = exceptions.excuse(args.get_config(), args.name, _today())
        if excused.excused:
            return
        if excused.problem:
            report(excused.problem, None)
        undecided = []
        for finding in predicate(args.resource_type, inputs):
            if isinstance(finding, Problem):
                report(str(finding), None)
            else:
                undecided.append(finding.path)
        if undecided:
            raise UnknownValueError(UNKNOWN_STRING_VALUE, [" and .".join(dict.fromkeys(undecided))])

    return validate


def stack_validation(
    faults: Callable[[Sequence[PolicyResource], Mapping[str, Any]], Iterable[StackFault]],
) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        config = args.get_config() or {}
        names = {each.urn: each.name for each in args.resources}
        for urn, text in faults(args.resources, config):
            excused = exceptions.excuse(config, names.get(urn, ""), _today())
            if not excused.excused:
                report(f"{text}; {excused.problem}" if excused.problem else text, urn or None)

    return validate


def placed_validation(
    faults: Callable[[list[Placed], Mapping[str, Any]], Iterable[StackFault]],
) -> Callable[[StackValidationArgs, ReportViolation], None]:
    return stack_validation(lambda resources, config: faults([stack_view.placed(each) for each in resources], config))
