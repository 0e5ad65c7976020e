"""Checks of CodeBuild projects: outside any VPC they have the internet, and what their role may read."""

from __future__ import annotations

from paddock.privacy.predicates import documents
from paddock.privacy.predicates.values import UNKNOWN
from paddock.privacy.proof.context import Context
from paddock.privacy.proof.graph import OUTSIDE, State
from paddock.privacy.proof.rights import ATTACHMENTS, ROLE_POLICIES
from paddock.privacy.resource import Resource

RULE = "build"


def project(context: Context, here: Resource) -> None:
    """CodeBuild project: no exit of the VPC, as pods reach no build, and run images by digest, which no push changes.

    It is named as open all the same, and is an exit of every bucket that its role may read.
    """
    if here.values.get("vpcConfig"):
        text = "its builds run in a VPC, on commands and sources that are not seen here"
        context.exit(here, State.UNCLEAR, RULE, text)
        return
    node = context.node(here)
    text = "its builds run outside any VPC, with the internet and the rights of its role"
    context.edge(node, OUTSIDE, State.OPEN, RULE, here, text)
    state = _reads_objects(context, here)
    if state is None:
        return
    text = f"the role of {here.name} {'may read objects' if state is State.INSIDE else 'has rights not seen here'}"
    context.edge(context.every_bucket(), node, state, RULE, here, text, both=False)


def _reads_objects(context: Context, here: Resource) -> State | None:
    """Right of its role to read from S3, of whatever bucket; None where it plainly has none."""
    inventory = context.inventory
    roles = inventory.targets(here, "serviceRole")
    if not roles:
        return State.UNCLEAR
    inside = any(role.values.get(key) for role in roles for key in ("inlinePolicies", "managedPolicyArns"))
    found = State.UNCLEAR if inside else None
    # An attached policy is not followed: what it allows counts as not known.
    for each in [each for role in roles for each in inventory.referring(role, "role", *ROLE_POLICIES, *ATTACHMENTS)]:
        try:
            rights = documents.statements(each.values.get("policy", UNKNOWN))
        except documents.DocumentError:
            found = State.UNCLEAR
            continue
        if any(documents.may(right, *documents.READS_OBJECTS) for right in rights):
            return State.INSIDE
    return found
