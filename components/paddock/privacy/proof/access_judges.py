"""Judges of who may read or act: buckets, roles, the Kubernetes API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paddock.privacy.predicates import (
    BUCKET_BLOCK,
    UNKNOWN,
    Problem,
    bucket_access_findings,
    cluster_endpoint_findings,
)
from paddock.privacy.proof import documents
from paddock.privacy.proof.graph import OUTSIDE, PODS, State, Way
from paddock.privacy.proof.ranges import judged_range
from paddock.privacy.proof.resources import Resource
from paddock.privacy.proof.rights import readers
from paddock.privacy.proof.scene import Scene

BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
INLINE = {
    "website": (State.OPEN, "a website is read by anyone"),
    "websites": (State.OPEN, "a website is read by anyone"),
    "replicationConfiguration": (State.UNCLEAR, "copies leave for a bucket whose readers are not seen here"),
    "replicationConfigurations": (State.UNCLEAR, "copies leave for a bucket whose readers are not seen here"),
}
"""What else a bucket may say of itself."""


def bucket(scene: Scene, here: Resource) -> None:
    """Every bucket counts as one of weights: nothing in a stack says which of them is not."""
    node = scene.node(here)
    inventory = scene.inventory
    scene.graph.add(Way(node, PODS, State.INSIDE, "reader", here.urn, "pods with the right read from it", both=False))
    bucket_access(scene, here)
    if not any(inventory.refers(each, "bucket", here) for each in inventory.of(BUCKET_BLOCK)):
        _leak(
            scene, here, State.UNCLEAR, "bucket-access", "has no public access block here; add one with all four flags"
        )
    for key, (state, text) in INLINE.items():
        if here.values.get(key):
            _leak(scene, here, state, "bucket-access", f"{key}: {text}")
    policies = [each for each in inventory.of(BUCKET_POLICY) if inventory.refers(each, "bucket", here)]
    if not policies and here.values.get("policy"):
        policies = [here]
    fences: list[str] = []
    for each in policies:
        try:
            found = documents.statements(each.values.get("policy"))
        except documents.DocumentError as error:
            _leak(scene, here, State.UNCLEAR, "bucket-policy", str(error))
            return
        for statement in found:
            allowed = documents.denies_all_but(statement, documents.NETWORK_KEYS)
            if allowed and _covers_reading(statement, here):
                fences += allowed
            if statement["Effect"] == "Allow":
                _allowed(scene, here, documents.principals(statement), statement)
    if not fences:
        text = (
            "its policy does not tie reading to the VPC, so whoever has the right can read from anywhere; "
            "deny s3:GetObject* where aws:SourceVpce is not the endpoint or aws:VpceAccount not the account"
        )
        _leak(scene, here, State.OPEN, "bucket-network", text)
    for fence in fences:
        if documents.ACCOUNT.fullmatch(fence):
            _read_through_endpoints_of(scene, here, fence)
        elif fence not in inventory.by_identity:
            _leak(scene, here, State.UNCLEAR, "bucket-network", f"may be read through {fence}, which is not seen here")
    for reader in readers(inventory, here):
        text = f"{reader.name} has the right to read it"
        scene.graph.add(Way(node, scene.node(reader), State.INSIDE, "reader", here.urn, text, both=False))


def _read_through_endpoints_of(scene: Scene, here: Resource, account: str) -> None:
    own = scene.inventory.accounts
    if own and account not in own:
        text = f"may be read through VPC endpoints of {account}, another account; name {', '.join(sorted(own))}"
        _leak(scene, here, State.OPEN, "bucket-network", text)
        return
    if not own:
        text = f"may be read through VPC endpoints of {account}; a first preview cannot know that it is this account"
        who = scene.outsider(f"VPC endpoints of {account}")
        scene.graph.add(Way(here.urn, who, State.DOOR, "bucket-network", here.urn, text, both=False))
    named = ", ".join(each.name for each in readers(scene.inventory, here)) or "nobody"
    scene.remarks.append(
        f"{here.name} may be read through every VPC endpoint of account {account}, not this VPC's alone, by whoever "
        f"has the right. In this stack that is {named}."
    )


def _covers_reading(statement: Mapping[str, Any], here: Resource) -> bool:
    arn = here.values.get("arn")
    name = here.values.get("bucket")
    whole = str(arn) if isinstance(arn, str) else f"arn:aws:s3:::{name}"
    # An old version of an object is read by an action of its own, and the bucket keeps them.
    reads = ("s3:getobject", "s3:getobjectversion")
    return all(documents.covers(statement, action, f"{whole}/any/object") for action in reads)


def _allowed(scene: Scene, here: Resource, who: list[str], statement: Mapping[str, Any]) -> None:
    held = documents.equal_to(statement, documents.PRINCIPAL_KEYS | documents.NETWORK_KEYS)
    for each in who:
        if each == "*" and held:
            text = f"its policy allows {', '.join(held)}, by condition"
            scene.door(here, ", ".join(held), "bucket-policy", text)
        elif each == "*":
            _leak(scene, here, State.OPEN, "bucket-policy", "its policy allows everyone; name the principals")
        else:
            scene.way(here.urn, scene.outsider(each), State.DOOR, "bucket-policy", here, f"its policy allows {each}")


def bucket_access(scene: Scene, here: Resource) -> None:
    scene.node(here)
    owners = [here, *scene.inventory.targets(here, "bucket")]
    for finding in bucket_access_findings(here.type, here.values):
        state = State.OPEN if isinstance(finding, Problem) else State.UNCLEAR
        text = str(finding) if isinstance(finding, Problem) else f"{finding.path} is not known yet"
        for owner in owners[-1:]:
            scene.node(owner)
            _leak(scene, owner, state, "bucket-access", text)
        if len(owners) == 1 and here.type not in ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"):
            # Whose it is is not known: it counts as the weights'.
            scene.way(PODS, here.urn, State.INSIDE, "bucket-access", here, "a bucket that is not seen here")


def bucket_policy(scene: Scene, here: Resource) -> None:
    if not scene.inventory.targets(here, "bucket"):
        scene.out(here, State.UNCLEAR, "bucket-policy", "the bucket that it belongs to is not seen here")


def _leak(scene: Scene, here: Resource, state: State, rule: str, text: str) -> None:
    scene.graph.add(Way(here.urn, OUTSIDE, state, rule, here.urn, text, both=False))


def role(scene: Scene, here: Resource) -> None:
    """Who may become a role: an outsider with a reader's role is a reader."""
    try:
        trusts = documents.statements(here.values.get("assumeRolePolicy"))
    except documents.DocumentError as error:
        scene.out(here, State.UNCLEAR, "role-trust", f"who may assume it is not known: {error}")
        return
    for statement in trusts:
        if statement["Effect"] != "Allow":
            continue
        for who in documents.principals(statement):
            if who == "*" and not documents.equal_to(statement, documents.PRINCIPAL_KEYS):
                scene.out(here, State.OPEN, "role-trust", "anyone may assume it; name who may")
            elif not who.startswith("service "):
                scene.door(here, who, "role-trust", f"{who} may assume it")


def attachment(scene: Scene, here: Resource) -> None:
    """What it gives is read where an endpoint trusts the account's identities."""
    scene.node(here)


def access_entry(scene: Scene, here: Resource) -> None:
    who = here.values.get("principalArn")
    if isinstance(who, str):
        scene.door(here, who, "cluster-access", f"{who} may use the Kubernetes API from where it is reached")
    elif not scene.inventory.targets(here, "principalArn"):
        scene.out(here, State.UNCLEAR, "cluster-access", "who may use the Kubernetes API is not known yet")


def cluster(scene: Scene, here: Resource) -> None:
    """The Kubernetes API: whoever reaches it with rights can enter any pod."""
    node = scene.node(here)
    scene.way(PODS, node, State.INSIDE, "cluster-endpoint", here, "the API can run commands in pods")
    for finding in cluster_endpoint_findings(here.type, here.values):
        if not finding.path.endswith("endpointPublicAccess") and finding.path != "vpcConfig":
            continue
        if not isinstance(finding, Problem):
            scene.way(node, OUTSIDE, State.UNCLEAR, "cluster-endpoint", here, f"{finding.path} is not known yet")
            continue
        inner = here.values.get("vpcConfig")
        listed = documents.listed(inner.get("publicAccessCidrs")) if isinstance(inner, dict) else []
        if listed and all(cidr is not UNKNOWN and judged_range(cidr) in (State.INSIDE, State.DOOR) for cidr in listed):
            for cidr in listed:
                text = f"the Kubernetes API answers {cidr} on the internet, by name"
                scene.way(node, scene.outsider(f"network {cidr}"), State.DOOR, "cluster-endpoint", here, text)
        else:
            scene.way(node, OUTSIDE, State.OPEN, "cluster-endpoint", here, str(finding))
