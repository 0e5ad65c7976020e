"""Checks of S3 buckets: who may read them, and from which networks."""

from __future__ import annotations

from functools import lru_cache

from paddock.privacy.predicates import documents
from paddock.privacy.predicates.bucket_policies import fence, papers
from paddock.privacy.predicates.documents import ACCOUNT, READS_OBJECTS, account_of, lets_in, principals
from paddock.privacy.predicates.types import BUCKET_BLOCK, BUCKET_ENCRYPTIONS, BUCKET_POLICY, ENDPOINT
from paddock.privacy.predicates.values import values_at
from paddock.privacy.proof.context import FEW, VPC, Context, some
from paddock.privacy.proof.graph import OUTSIDE, PODS, Node, State
from paddock.privacy.proof.rights import ANY, readers
from paddock.privacy.proof.shape_checks import lead
from paddock.privacy.resource import Resource

S3_ENDPOINTS = "S3 endpoints of the account"


def bucket(context: Context, here: Resource) -> None:
    """S3 bucket. Every one counts as one of weights: nothing in a stack says which of them is not."""
    node, inventory = context.node(here), context.inventory
    context.edge(node, PODS, State.INSIDE, "reader", here, "pods with the right read from it", both=False)
    if not any(inventory.referring(here, "bucket", BUCKET_BLOCK)):
        text = "has no public access block here; add one with all four flags"
        _leak(context, here, State.UNCLEAR, "bucket-access", text)
    policies = list(inventory.referring(here, "bucket", BUCKET_POLICY))
    inline = here.values.get("policy")
    applied = [each.values.get("policy") for each in policies] or [inline or {"Statement": []}]
    if len(policies) > 1:
        named = some(each.name for each in policies)
        text = f"has {len(policies)} policies ({named}), of which AWS keeps the last that is applied; leave one"
        _leak(context, here, State.UNCLEAR, "bucket-policy", text)
    for document in applied[:FEW]:
        _policy(context, here, document)
    if isinstance(inline, str) and inline not in ["", *applied]:
        for result in lets_in("policy", inline, context.is_own, "is let in by its own input"):
            lead(context, here, "bucket-policy", result)
    own_readers = readers(inventory, here.values.get("bucket"))
    keys = "rules[].applyServerSideEncryptionByDefault.kmsMasterKeyId"
    encryptions = inventory.referring(here, "bucket", *BUCKET_ENCRYPTIONS)
    if own_readers and not any(True for each in encryptions for _ in values_at(each.values, keys)):
        text = "is encrypted with no key of the account, whose policy says who may read the weights"
        _leak(context, here, State.UNCLEAR, "bucket-encryption", text)
    for reader in own_readers:
        text = f"{reader.name} has the right to read it"
        context.edge(node, context.node(reader), State.INSIDE, "reader", here, text, both=False)
    _readers_of_all(context)


@lru_cache(maxsize=1)
def _readers_of_all(context: Context) -> str:
    """Names of those who may read every bucket, to whom edges are added."""
    found = readers(context.inventory, ANY)
    for reader in found:
        text = f"{reader.name} has the right to read them"
        context.edge(context.every_bucket(), context.node(reader), State.INSIDE, "reader", reader, text, both=False)
    return some(each.name for each in found)


@lru_cache(maxsize=1)
def _asked_for(context: Context) -> frozenset[str]:
    """Accounts in the policies of the stack's endpoints; empty where none has a policy."""
    asked = [str(each.values["policy"]) for each in context.inventory.of(ENDPOINT) if each.values.get("policy")]
    return frozenset(account for each in asked for account in ["", *ACCOUNT.findall(each)])


def _policy(context: Context, here: Resource, document: object) -> None:
    """Principals that a policy lets in, and places from where it lets objects be read."""
    try:
        found = documents.statements(document)
    except documents.DocumentError as error:
        _leak(context, here, State.UNCLEAR, "bucket-policy", str(error))
        return
    for result in lets_in("policy", document, context.is_own, "is let in"):
        lead(context, here, "bucket-policy", result)
    for statement in found:
        services = [who for kind, who in principals(statement) if kind == "Service"]
        if services and documents.may(statement, *READS_OBJECTS):
            text = f"{', '.join(services)} may read it, and to whom it hands objects on is not seen here"
            _leak(context, here, State.UNCLEAR, "bucket-policy", text)
    name = here.values.get("bucket")
    known = name if isinstance(name, str) else None
    fences = [fence(each, known) for each in found]
    closing = [each for each in fences if each[1]]
    if not closing:
        text = (
            "its policy does not tie reading to the VPC, so whoever has the right can read from anywhere; "
            "deny s3:GetObject* where aws:SourceVpce is not the endpoint or aws:VpceAccount not the account"
        )
        _leak(context, here, State.OPEN, "bucket-network", text)
        return
    left_out = sorted({paper for each in found if fence(each, known)[1] for paper in papers(each, known)})
    if left_out:
        context.remarks.append(
            f"{here.name}: files called {some(left_out)} may be read from anywhere by whoever has the right; they hold "
            "no weights."
        )
    spared, networks = min(closing, key=lambda each: len(each[0]))
    for who in spared:
        if who != documents.BY_AWS_ALONE:  # which services may read is said by what the policy allows
            text = f"its policy spares {who}, who may read from anywhere, by name"
            context.edge(here.urn, context.external(who), State.DECLARED, "bucket-network", here, text, both=False)
    for network in dict.fromkeys(networks):
        _read_through(context, here, network)


def _read_through(context: Context, here: Resource, network: str) -> None:
    """Edges from a bucket to the networks from which a fence lets it be read."""
    inventory = context.inventory
    if not account_of(network):
        seen = [each for each in inventory.named.get(network, {}).values() if each.type in (ENDPOINT, VPC)]
        for vpc in dict.fromkeys(vpc for each in seen for vpc in context.vpcs(each)):
            text = f"may be read through {network}"
            context.edge(here.urn, vpc, State.INSIDE, "bucket-network", here, text, both=False)
        if not seen:
            text = f"may be read through {network}, which is not seen here"
            _leak(context, here, State.UNCLEAR, "bucket-network", text)
        return
    if context.accounts and network not in context.accounts:
        named = ", ".join(sorted(context.accounts))
        text = f"may be read through VPC endpoints of {network}, another account; name {named}"
        _leak(context, here, State.OPEN, "bucket-network", text)
        return
    if not context.accounts:
        if (asked := _asked_for(context)) and network not in asked:
            text = f"may be read through VPC endpoints of {network}, an account that the stack's own do not name"
            _leak(context, here, State.UNCLEAR, "bucket-network", text)
        text = f"may be read through VPC endpoints of {network}; a first preview cannot know that it is this account"
        who = context.external(f"VPC endpoints of {network}")
        context.edge(here.urn, who, State.DECLARED, "bucket-network", here, text, both=False)
    text = f"may be read through {network}"
    context.edge(here.urn, _s3_endpoints(context), State.INSIDE, "bucket-network", here, text, both=False)
    own = some(each.name for each in readers(inventory, here.values.get("bucket")))
    named = ", ".join(filter(None, (own, _readers_of_all(context)))) or "nobody"
    context.remarks.append(
        f"{here.name} may be read through every VPC endpoint of account {network}, not this VPC's alone, by whoever "
        f"has the right. In this stack that is {named}."
    )


def _s3_endpoints(context: Context) -> str:
    """Node that leads to each VPC that has an S3 endpoint."""
    if S3_ENDPOINTS not in context.graph.nodes:
        context.graph.nodes[S3_ENDPOINTS] = Node(S3_ENDPOINTS, "VpcEndpoint", S3_ENDPOINTS)
        for each in context.inventory.of(ENDPOINT):
            if str(each.values.get("serviceName")).endswith(".s3"):
                for vpc in context.vpcs(each):
                    text = "reads objects through its endpoint"
                    context.edge(S3_ENDPOINTS, vpc, State.INSIDE, "bucket-network", each, text, both=False)
    return S3_ENDPOINTS


def _leak(context: Context, here: Resource, state: State, rule: str, text: str) -> None:
    context.edge(here.urn, OUTSIDE, state, rule, here, text, both=False)
