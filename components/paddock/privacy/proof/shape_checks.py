"""Check of a resource's values by their shapes, with what is seen of the stack beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from paddock.privacy.predicates.findings import Door, Problem, Result, Seen
from paddock.privacy.predicates.shapes import check, shapes
from paddock.privacy.predicates.values import UNKNOWN
from paddock.privacy.proof.context import Context
from paddock.privacy.proof.graph import OUTSIDE, PODS, State
from paddock.privacy.resource import Resource

NO_EXIT = frozenset(
    {"accept", "egress", "metadata", "plain-text", "private-api", "registry", "rotation", "unknown-type", "versioning"}
)
"""Rules of the pack that are about no exit of the VPC. Egress is not checked: groups that EKS makes let all out."""


def by_shape(context: Context, here: Resource) -> None:
    """Exits that the values of a resource make, or may make as they are in no shape that is known."""
    if here.type not in shapes():
        return
    for rule, result in check(here.type, here.values, seen_from(context, here)):
        if rule not in NO_EXIT:
            lead(context, here, rule, result)


def lead(context: Context, here: Resource, rule: str, result: Result) -> None:
    """Edge that a result makes, from the bucket that the resource is about, else from its VPC, else from pods."""
    owners = context.inventory.targets(here, "bucket") or [here]
    source = context.node(owners[0]) if here.type.startswith("aws:s3/") else context.inside_vpc(here, rule)
    if here.type.startswith("aws:s3/") and owners == [here]:
        context.edge(PODS, source, State.INSIDE, rule, here, "a bucket that is not seen here", both=False)
    if isinstance(result, Door):
        context.edge(source, context.external(result.who), State.DECLARED, rule, here, result.text)
    else:
        state = State.OPEN if isinstance(result, Problem) else State.UNCLEAR
        context.edge(source, OUTSIDE, state, rule, here, str(result), both=not here.type.startswith("aws:s3/"))


def seen_from(context: Context, here: Resource) -> Seen:
    inventory = context.inventory

    def kinds(path: str, value: object) -> Collection[str]:
        key = path.partition(".")[0].partition("[")[0]
        if isinstance(value, Mapping):  # a launch template
            value = value.get("id") or value.get("name")
        found: list[Resource] = []
        if value is UNKNOWN and not context.is_settled:
            found = [inventory.by_urn[urn] for urn in here.links.get(key, ()) if urn in inventory.by_urn]
        elif isinstance(value, str):
            found = [*inventory.named.get(value, {}).values(), *context.clusters.get(value, ())]
        # A target of events has the ARN of another as its own input: what refers is of another type than what it names.
        return [each.type.rpartition(":")[2] for each in found if each.custom and each.type != here.type]

    return Seen(kinds=kinds, own=context.is_own, in_vpc=context.in_vpc, stack=True)
