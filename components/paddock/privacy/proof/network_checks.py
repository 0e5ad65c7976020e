"""Checks of what is in a VPC and that its values alone do not tell: peers, endpoints, machines."""

from __future__ import annotations

import re

from paddock.privacy.predicates import documents
from paddock.privacy.predicates.facts import names
from paddock.privacy.predicates.findings import Problem
from paddock.privacy.predicates.types import ENDPOINT_POLICY, ENDPOINT_SERVICE
from paddock.privacy.proof.context import VPC, Context
from paddock.privacy.proof.graph import PODS, State
from paddock.privacy.proof.rights import IDENTITIES, far_reaching, read_alone
from paddock.privacy.proof.shape_checks import lead
from paddock.privacy.resource import Resource

AWS_SERVICE = re.compile(r"(?:cn\.)?com\.amazonaws\.[a-z]{2}(?:-[a-z]+)+-\d\.(?P<service>.+)")


def peering(context: Context, here: Resource) -> None:
    node = context.node(here)
    peers = [each for each in context.inventory.targets(here, "peerVpcId") if each.type == VPC]
    for each in context.vpcs(here):
        context.edge(each, node, State.INSIDE, "peering", here, "this VPC is one side of the peering")
    for peer in peers:
        text = f"{peer.name} is the other side, checked too"
        context.edge(node, context.node(peer), State.INSIDE, "peering", here, text)
    if not peers:
        context.exit(here, State.UNCLEAR, "peering", "a peering leads to a VPC whose own ways out are not seen here")


def instance(context: Context, here: Resource) -> None:
    """EC2 instance in its VPC, which may pass bytes on. With an identity, Systems Manager may enter it."""
    if here.values.get("iamInstanceProfile"):
        text = f"identities of the account that may ssm:StartSession on {here.name} forward ports through it"
        context.declare(here, "operators by SSM", "instance", text)
    else:
        context.inside_vpc(here, "instance")


def zone(context: Context, here: Resource) -> None:
    """Route 53 hosted zone."""
    if here.values.get("vpcs"):
        context.node(here)
    else:
        context.exit(here, State.UNCLEAR, "dns", "a public zone is read by anyone; give it the VPC to make it private")


def endpoint(context: Context, here: Resource) -> None:
    inventory, name = context.inventory, here.values.get("serviceName")
    made = [each for each in inventory.targets(here, "serviceName") if each.type == ENDPOINT_SERVICE]
    if own := context.services.get(name) or next(iter(made), None):
        node = context.inside_vpc(here, "endpoint")
        context.edge(PODS, node, State.INSIDE, "endpoint", here, f"leads to {own.name}, a service of this stack")
        return
    if here.values.get("vpcEndpointType", "Gateway") not in ("Interface", "Gateway") or not isinstance(name, str):
        context.exit(here, State.UNCLEAR, "endpoint", "which service it leads to is not known, or is an appliance")
        return
    match = AWS_SERVICE.fullmatch(name)
    service = match["service"] if match else name
    if match is None or service.startswith("vpce-svc-") or ".vpce-svc-" in f".{name}":
        context.exit(here, State.OPEN, "endpoint", f"leads to {name}, a service that is not AWS's own")
        return
    if who := names("relays").get(service.removesuffix("-fips")):
        context.declare(here, f"{who} of the account", "endpoint", f"{service} hands bytes on to {who} of the account")
    elif service.removesuffix("-fips") not in names("services"):
        text = f"leads to {service}, which may hand bytes on; it is not among the services that keep them"
        context.exit(here, State.UNCLEAR, "endpoint", text)
        return
    if service == "ssmmessages":
        text = "identities of the account that may ssm:StartSession open sessions into nodes"
        context.declare(here, "operators by SSM", "endpoint", text)
    apart = list(inventory.referring(here, "vpcEndpointId", ENDPOINT_POLICY))
    documents_of = [each.values.get("policy") for each in [here, *apart] if each.values.get("policy") not in (None, "")]
    if len(documents_of) > 1 and not (len(apart) == 1 and documents_of[0] == documents_of[1]):
        text = "has several policies, of which AWS keeps the last that is applied; leave one"
        context.exit(here, State.UNCLEAR, "endpoint-policy", text)
    if not documents_of:
        text = f"has no policy, and AWS then lets anyone's credentials use anyone's resources through {service}"
        context.exit(here, State.OPEN, "endpoint-policy", f"{text}; limit it to the account")
    for document in documents_of:
        _endpoint_policy(context, here, service, document)


def _endpoint_policy(context: Context, here: Resource, service: str, document: object) -> None:
    context.node(here)
    try:
        found = documents.statements(document)
    except documents.DocumentError as error:
        context.exit(here, State.UNCLEAR, "endpoint-policy", str(error))
        return
    does = f"lets {service} requests through to"
    of_aws = read_alone(found)
    checked = list(documents.leads_to("policy", found, lambda name: name in of_aws or context.is_own(name), does))
    for each in checked:
        lead(context, here, "endpoint-policy", each)
    if any(map(documents.trusts_identities, found)) and not any(isinstance(each, Problem) for each in checked):
        for result in far_reaching(context):
            lead(context, here, "endpoint-policy", result)
        node, text = context.inside_vpc(here, "endpoint-policy"), "lets the account's identities use any resource"
        context.edge(node, IDENTITIES, State.INSIDE, "endpoint-policy", here, text, both=False)
