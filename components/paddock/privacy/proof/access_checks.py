"""Checks of access: S3 buckets, IAM roles, the Kubernetes API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paddock.privacy.predicates import (
    BUCKET_BLOCK,
    BUCKET_POLICY,
    BUCKETS,
    UNKNOWN,
    Problem,
    bucket_access_findings,
    cluster_endpoint_findings,
    documents,
)
from paddock.privacy.predicates.iam_documents import as_list
from paddock.privacy.proof.context import Context, exit_of, some
from paddock.privacy.proof.graph import OUTSIDE, PODS, State
from paddock.privacy.proof.ranges import range_state
from paddock.privacy.proof.rights import readers, readers_of_every_bucket
from paddock.privacy.resource import Resource

INLINE = {
    "website": (State.OPEN, "a website is read by anyone"),
    "websites": (State.OPEN, "a website is read by anyone"),
    "replicationConfiguration": (State.UNCLEAR, "copies leave for a bucket whose readers are not seen here"),
    "replicationConfigurations": (State.UNCLEAR, "copies leave for a bucket whose readers are not seen here"),
}
"""Inputs of a bucket that let others read it, with the state and text of the edge."""


def bucket(context: Context, here: Resource) -> None:
    """S3 bucket. Every one counts as one of weights: nothing in a stack says which of them is not."""
    node = context.node(here)
    inventory = context.inventory
    context.edge(node, PODS, State.INSIDE, "reader", here, "pods with the right read from it", both=False)
    bucket_access(context, here)
    if not any(inventory.referring(here, "bucket", BUCKET_BLOCK)):
        text = "has no public access block here; add one with all four flags"
        _leak(context, here, State.UNCLEAR, "bucket-access", text)
    for key, (state, text) in INLINE.items():
        if here.values.get(key):
            _leak(context, here, state, "bucket-access", f"{key}: {text}")
    policies = list(inventory.referring(here, "bucket", BUCKET_POLICY))
    if not policies and here.values.get("policy"):
        policies = [here]
    networks: list[str] = []
    for each in policies:
        try:
            found = documents.statements(each.values.get("policy"))
        except documents.DocumentError as error:
            _leak(context, here, State.UNCLEAR, "bucket-policy", str(error))
            return
        for statement in found:
            allowed = documents.denies_all_but(statement, documents.NETWORK_KEYS)
            if allowed and _covers_reading(statement, here):
                networks += allowed
            if statement["Effect"] == "Allow":
                _allowed(context, here, documents.principals(statement), statement)
    if not networks:
        text = (
            "its policy does not tie reading to the VPC, so whoever has the right can read from anywhere; "
            "deny s3:GetObject* where aws:SourceVpce is not the endpoint or aws:VpceAccount not the account"
        )
        _leak(context, here, State.OPEN, "bucket-network", text)
    for network in networks:
        if documents.ACCOUNT.fullmatch(network):
            _read_through_endpoints_of(context, here, network)
        elif network not in inventory.by_identity:
            _leak(
                context, here, State.UNCLEAR, "bucket-network", f"may be read through {network}, which is not seen here"
            )
    for reader in readers(inventory, here):
        text = f"{reader.name} has the right to read it"
        context.edge(node, context.node(reader), State.INSIDE, "reader", here, text, both=False)
    for reader in readers_of_every_bucket(inventory):
        text = f"{reader.name} has the right to read them"
        every = context.every_bucket()
        context.edge(every, context.node(reader), State.INSIDE, "reader", reader, text, both=False)


def _read_through_endpoints_of(context: Context, here: Resource, account: str) -> None:
    own = context.inventory.accounts
    if own and account not in own:
        text = f"may be read through VPC endpoints of {account}, another account; name {', '.join(sorted(own))}"
        _leak(context, here, State.OPEN, "bucket-network", text)
        return
    if not own:
        text = f"may be read through VPC endpoints of {account}; a first preview cannot know that it is this account"
        who = context.external(f"VPC endpoints of {account}")
        context.edge(here.urn, who, State.DECLARED, "bucket-network", here, text, both=False)
    all_readers = readers_of_every_bucket(context.inventory)
    named = some(each.name for each in (*readers(context.inventory, here), *all_readers)) or "nobody"
    context.remarks.append(
        f"{here.name} may be read through every VPC endpoint of account {account}, not this VPC's alone, by whoever "
        f"has the right. In this stack that is {named}."
    )


def _covers_reading(statement: Mapping[str, Any], here: Resource) -> bool:
    arn = here.values.get("arn")
    name = here.values.get("bucket")
    whole = str(arn) if isinstance(arn, str) else f"arn:aws:s3:::{name}"
    return all(documents.covers(statement, action, f"{whole}/any/object") for action in documents.READS_OBJECTS)


def _allowed(context: Context, here: Resource, principals: list[str], statement: Mapping[str, Any]) -> None:
    held = documents.equal_to(statement, documents.PRINCIPAL_KEYS | documents.NETWORK_KEYS)
    for each in principals:
        if each == "*" and held:
            text = f"its policy allows {', '.join(held)}, by condition"
            context.declare(here, ", ".join(held), "bucket-policy", text)
        elif each == "*":
            _leak(context, here, State.OPEN, "bucket-policy", "its policy allows everyone; name the principals")
        else:
            who = context.external(each)
            context.edge(here.urn, who, State.DECLARED, "bucket-policy", here, f"its policy allows {each}")


def bucket_access(context: Context, here: Resource) -> None:
    """Public access blocks, ACLs and grants of a bucket."""
    context.node(here)
    owner = [here, *context.inventory.targets(here, "bucket")][-1]
    for finding in bucket_access_findings(here.type, here.values):
        state, text = exit_of(finding)
        context.node(owner)
        _leak(context, owner, state, "bucket-access", text)
        if owner is here and here.type not in BUCKETS:
            # Its bucket is not known: it counts as the weights'.
            context.edge(PODS, here.urn, State.INSIDE, "bucket-access", here, "a bucket that is not seen here")


def bucket_policy(context: Context, here: Resource) -> None:
    if not context.inventory.targets(here, "bucket"):
        context.exit(here, State.UNCLEAR, "bucket-policy", "the bucket that it belongs to is not seen here")


def _leak(context: Context, here: Resource, state: State, rule: str, text: str) -> None:
    context.edge(here.urn, OUTSIDE, state, rule, here, text, both=False)


def role(context: Context, here: Resource) -> None:
    """Trust policy of a role: somebody outside with a reader's role is a reader."""
    try:
        trusts = documents.statements(here.values.get("assumeRolePolicy"))
    except documents.DocumentError as error:
        context.exit(here, State.UNCLEAR, "role-trust", f"who may assume it is not known: {error}")
        return
    for statement in trusts:
        if statement["Effect"] != "Allow":
            continue
        for who in documents.principals(statement):
            if who == "*" and not documents.equal_to(statement, documents.PRINCIPAL_KEYS):
                context.exit(here, State.OPEN, "role-trust", "anyone may assume it; name who may")
            elif not who.startswith("service "):
                context.declare(here, who, "role-trust", f"{who} may assume it")


def access_entry(context: Context, here: Resource) -> None:
    who = here.values.get("principalArn")
    if isinstance(who, str):
        context.declare(here, who, "cluster-access", f"{who} may use the Kubernetes API from where it is reached")
    elif not context.inventory.targets(here, "principalArn"):
        context.exit(here, State.UNCLEAR, "cluster-access", "who may use the Kubernetes API is not known yet")


def cluster(context: Context, here: Resource) -> None:
    """EKS cluster and its Kubernetes API: a caller that reaches it with rights can enter any pod."""
    node = context.node(here)
    context.edge(PODS, node, State.INSIDE, "cluster-endpoint", here, "the API can run commands in pods")
    for finding in cluster_endpoint_findings(here.type, here.values):
        if not finding.path.endswith("endpointPublicAccess") and finding.path != "vpcConfig":
            continue
        inner = here.values.get("vpcConfig")
        listed = as_list(inner.get("publicAccessCidrs")) if isinstance(inner, dict) else []
        narrow = all(cidr is not UNKNOWN and range_state(cidr) in (State.INSIDE, State.DECLARED) for cidr in listed)
        if isinstance(finding, Problem) and listed and narrow:
            for cidr in listed:
                text = f"the Kubernetes API answers {cidr} on the internet, by name"
                who = context.external(f"network {cidr}")
                context.edge(node, who, State.DECLARED, "cluster-endpoint", here, text)
        else:
            state, text = exit_of(finding)
            context.edge(node, OUTSIDE, state, "cluster-endpoint", here, text)
