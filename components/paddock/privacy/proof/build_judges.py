"""Judge of build machines of AWS's own: outside any VPC they have the internet, and what their role may read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paddock.privacy.predicates import UNKNOWN
from paddock.privacy.predicates.buckets import BUCKETS
from paddock.privacy.proof import documents
from paddock.privacy.proof.graph import OUTSIDE, State, Way
from paddock.privacy.proof.resources import Resource
from paddock.privacy.proof.rights import ATTACHMENTS, ROLE_POLICIES
from paddock.privacy.proof.scene import Scene

RULE = "build"
READS_OBJECTS = ("s3:getobject", "s3:getobjectversion")


def project(scene: Scene, here: Resource) -> None:
    """No way out of the VPC by itself: pods reach no build, and run images by digest, which a push cannot change.

    It is named as open all the same, and is a way for every bucket that its role may read.
    """
    if here.values.get("vpcConfig"):
        text = "its builds run in a VPC, on commands and sources that are not seen here"
        scene.out(here, State.UNCLEAR, RULE, text)
        return
    node = scene.node(here)
    text = "its builds run outside any VPC, with the internet and the rights of its role"
    scene.graph.add(Way(node, OUTSIDE, State.OPEN, RULE, here.urn, text))
    state = _reads_objects(scene, here)
    if state is None:
        return
    for bucket in scene.inventory.of(*BUCKETS):
        text = f"the role of {here.name} {'may read objects' if state is State.INSIDE else 'has rights not seen here'}"
        scene.graph.add(Way(scene.node(bucket), node, state, RULE, here.urn, text, both=False))


def _reads_objects(scene: Scene, here: Resource) -> State | None:
    """Whether its role may read from S3, of whatever bucket; None where it plainly may not."""
    inventory = scene.inventory
    roles = inventory.targets(here, "serviceRole")
    if not roles:
        return State.UNCLEAR
    inside = any(role.values.get(key) for role in roles for key in ("inlinePolicies", "managedPolicyArns"))
    found = State.UNCLEAR if inside else None
    # An attached policy is not followed: what it allows counts as not known.
    for each in inventory.of(*ROLE_POLICIES, *ATTACHMENTS):
        if not any(inventory.refers(each, "role", role) for role in roles):
            continue
        try:
            rights = documents.statements(each.values.get("policy", UNKNOWN))
        except documents.DocumentError:
            found = State.UNCLEAR
            continue
        if any(_reads(right) for right in rights):
            return State.INSIDE
    return found


def _reads(right: Mapping[str, Any]) -> bool:
    if right["Effect"] != "Allow":
        return False
    return "NotAction" in right or any(documents.covers(right, action) for action in READS_OBJECTS)
