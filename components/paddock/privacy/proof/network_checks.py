"""Checks of what is in a VPC: gateways, routes, peers, endpoints, security groups, load balancers, DNS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Any

from paddock.privacy.predicates import UNKNOWN, Finding, Problem, documents, gateway_findings, public_address_findings
from paddock.privacy.predicates.endpoint_services import ALLOWED_PRINCIPAL, ENDPOINT, ENDPOINT_POLICY
from paddock.privacy.predicates.findings import is_true, values_at
from paddock.privacy.predicates.gateways import ROUTES
from paddock.privacy.predicates.iam_documents import as_list
from paddock.privacy.predicates.security_groups import INGRESS as GROUP_INGRESS
from paddock.privacy.predicates.security_groups import RANGES, SECURITY_GROUP_RULE
from paddock.privacy.proof.context import Context, exit_of
from paddock.privacy.proof.facts import table
from paddock.privacy.proof.graph import State
from paddock.privacy.proof.ranges import range_state
from paddock.privacy.proof.rights import far_reaching
from paddock.privacy.resource import Resource

GATEWAY_TYPES = re.compile(r"Gateway$|GatewayAttachment$")
OTHER_TARGETS = {
    "transitGatewayId": "a transit gateway",
    "coreNetworkArn": "a core network",
    "localGatewayId": "a local gateway",
    "networkInterfaceId": "a network interface, whose owner may pass it on",
    "instanceId": "an instance, which may pass it on",
}
AWS_SERVICE = re.compile(r"^(?:cn\.)?com\.amazonaws\.[a-z]{2}(?:-[a-z]+)+-\d\.(?P<service>.+)$")
ANYONE = "*"
FIREWALL_ASSOCIATION = "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation"
FIREWALL_RULE = "aws:route53/resolverFirewallRule:ResolverFirewallRule"
FIREWALL_CONFIG = "aws:route53/resolverFirewallConfig:ResolverFirewallConfig"


def vpc(context: Context, here: Resource) -> None:
    """DNS of a VPC: its resolver asks the internet for any name, unless a Route 53 DNS Firewall refuses it."""
    context.node(here)
    if here.values.get("enableDnsSupport") is False:
        return
    inventory = context.inventory
    groups = [
        group
        for link in inventory.referring(here, "vpcId", FIREWALL_ASSOCIATION)
        for group in inventory.targets(link, "firewallRuleGroupId")
    ]
    rules = sorted(
        (rule for group in groups for rule in inventory.referring(group, "firewallRuleGroupId", FIREWALL_RULE)),
        key=lambda rule: _number(rule.values.get("priority")),
    )
    for rule in rules:
        lists = inventory.targets(rule, "firewallDomainListId")
        names = [name for each in lists for name in as_list(each.values.get("domains"))]
        action = rule.values.get("action")
        everything = any(str(name).rstrip(".") == ANYONE for name in names)
        # With a query type it refuses that type alone.
        if action == "BLOCK" and everything and not rule.values.get("qType"):
            break
        if action == "BLOCK":
            continue
        if not names or UNKNOWN in names or action is UNKNOWN:
            context.exit(here, State.UNCLEAR, "dns", f"the names that {rule.name} lets be asked for are not known")
        elif everything:
            context.exit(here, State.OPEN, "dns", f"{rule.name} lets every name be asked for before any is refused")
            return
        else:
            who = ", ".join(str(name) for name in names)
            context.declare(here, f"name servers of {who}", "dns", f"names that pods may ask for: {who}")
    else:
        text = (
            "the VPC's resolver asks the internet for any name, so a pod can send bytes as names; associate a DNS "
            "firewall that refuses all names but those needed, or set enableDnsSupport to false"
        )
        context.exit(here, State.OPEN, "dns", text)
    for config in inventory.referring(here, "resourceId", FIREWALL_CONFIG):
        if config.values.get("firewallFailOpen") != "DISABLED":
            text = "the DNS firewall answers every name while it is overloaded (fail open)"
            context.exit(here, State.OPEN, "dns", text)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("inf")


def _exits(context: Context, here: Resource, rule: str, findings: Iterable[Finding]) -> None:
    for finding in findings:
        state, text = exit_of(finding)
        context.exit(here, state, rule, text)


def gateway(context: Context, here: Resource) -> None:
    _exits(context, here, "gateway", gateway_findings(here.type, here.values))


def routes(context: Context, here: Resource) -> None:
    """Routes: out, by what the pack's own predicate finds, or to what is not seen here."""
    inventory = context.inventory
    for finding in gateway_findings(here.type, here.values):
        if isinstance(finding, Problem):
            context.exit(here, State.OPEN, "route", str(finding))
        else:
            made_of = inventory.targets(here, finding.path.rpartition(".")[2]) or inventory.targets(here, "routes")
            gateways = [each for each in made_of if GATEWAY_TYPES.search(each.type)]
            if not gateways and made_of and all(each.type == ENDPOINT for each in made_of):
                continue
            text = f"this route leads to {gateways[0].name}" if gateways else f"{finding.path} is not known yet"
            context.exit(here, State.OPEN if gateways else State.UNCLEAR, "route", text)
    for path, route in values_at(here.values, ROUTES[here.type]):
        if not isinstance(route, Mapping):
            context.exit(here, State.UNCLEAR, "route", f"{path} is not known yet")
            continue
        for key, what in OTHER_TARGETS.items():
            if route.get(key):
                text = f"this route leads to {what}; what lies behind is not seen here"
                context.exit(here, State.UNCLEAR, "route", text)
        if str(route.get("gatewayId") or "").startswith("vgw-"):
            context.exit(here, State.OPEN, "route", "this route leads to a VPN gateway, a network outside AWS")
        if route.get("vpcPeeringConnectionId") and not inventory.targets(here, "vpcPeeringConnectionId"):
            context.exit(here, State.UNCLEAR, "route", "this route leads to a peering that is not seen here")


def peering(context: Context, here: Resource) -> None:
    node = context.node(here)
    peers = context.inventory.targets(here, "peerVpcId")
    for each in context.vpcs(here):
        context.edge(each, node, State.INSIDE, "peering", here, "this VPC is one side of the peering")
    for peer in peers:
        text = f"{peer.name} is the other side, checked too"
        context.edge(node, context.node(peer), State.INSIDE, "peering", here, text)
    if not peers:
        context.exit(here, State.UNCLEAR, "peering", "a peering leads to a VPC whose own ways out are not seen here")


def address(context: Context, here: Resource) -> None:
    _exits(context, here, "public-address", public_address_findings(here.type, here.values))


def instance(context: Context, here: Resource) -> None:
    """EC2 instance in its VPC, which may pass bytes on. With an identity, Systems Manager may enter it."""
    address(context, here)
    if here.values.get("iamInstanceProfile"):
        text = f"identities of the account that may ssm:StartSession on {here.name} forward ports through it"
        context.declare(here, "operators by SSM", "instance", text)
    else:
        context.inside_vpc(here, "instance")


INGRESS = {**GROUP_INGRESS, SECURITY_GROUP_RULE: ""}


def security_group(context: Context, here: Resource) -> None:
    """Ingress of a security group. Egress is not checked: groups that EKS makes let all out; no proof rests on it."""
    if here.type.endswith("SecurityGroupRule") and here.values.get("type") == "egress":
        return
    for path, rule in values_at(here.values, INGRESS[here.type]):
        for cidr in [cidr for key in RANGES for _, cidr in values_at(rule, key)]:
            state = State.UNCLEAR if cidr is UNKNOWN else range_state(cidr)
            if state is State.OPEN:
                text = f"lets {cidr} in; name the ranges or security groups that may connect"
                context.exit(here, State.OPEN, "security-group", text)
            elif state is State.UNCLEAR:
                context.exit(here, State.UNCLEAR, "security-group", f"whom it lets in is not known: {_shown(cidr)}")
            elif not _within_vpcs(context, cidr):
                context.declare(here, f"network {cidr}", "security-group", f"lets {cidr} in, by name")
        for key in ("prefixListIds[]", "prefixListId"):
            for where, prefix_list in values_at(rule, key, path):
                text = f"lets a prefix list in ({where}: {_shown(prefix_list)}), whose ranges are not seen here"
                context.exit(here, State.UNCLEAR, "security-group", text)
        if rule is UNKNOWN:
            context.exit(here, State.UNCLEAR, "security-group", f"{path} is not known yet")


def _within_vpcs(context: Context, cidr: object) -> bool:
    inner = ip_network(str(cidr), strict=False)
    return any(str(inner.supernet(new_prefix=size)) in context.blocks for size in range(inner.prefixlen + 1))


def _shown(value: object) -> str:
    return "not known yet" if value is UNKNOWN else str(value)


def load_balancer(context: Context, here: Resource) -> None:
    internal = here.values.get("internal")
    if internal is UNKNOWN:
        context.exit(here, State.UNCLEAR, "load-balancer", "whether it is internal is not known yet")
    elif not is_true(internal):
        context.exit(here, State.OPEN, "load-balancer", "a load balancer is internet-facing unless `internal` is true")
    else:
        context.node(here)


def target_group(context: Context, here: Resource) -> None:
    """Target group: instances are in subnets that are checked; an address may be anywhere, a function hand bytes on."""
    kind = here.values.get("targetType", "instance")
    if kind != "instance":
        text = f"sends requests to targets of type {_shown(kind)}, not seen here"
        context.exit(here, State.UNCLEAR, "load-balancer", text)
    else:
        context.node(here)


def zone(context: Context, here: Resource) -> None:
    """Route 53 hosted zone."""
    if here.values.get("vpcs"):
        context.node(here)
    else:
        context.exit(here, State.UNCLEAR, "dns", "a public zone is read by anyone; give it the VPC to make it private")


def endpoint_service(context: Context, here: Resource) -> None:
    key = "principalArn" if here.type == ALLOWED_PRINCIPAL else "allowedPrincipals"
    for who in as_list(here.values.get(key)):
        if who is UNKNOWN:
            context.exit(here, State.UNCLEAR, "endpoint-service", "who may connect is not known yet")
        elif str(who) == ANYONE:
            text = "every AWS account may connect (`*`); name the principals"
            context.exit(here, State.OPEN, "endpoint-service", text)
        else:
            asked = "; each connection is accepted by hand" * is_true(here.values.get("acceptanceRequired"))
            context.declare(here, str(who), "endpoint-service", f"{who} may connect by PrivateLink{asked}")
    context.node(here)


def endpoint(context: Context, here: Resource) -> None:
    name = here.values.get("serviceName")
    if here.values.get("vpcEndpointType") == "GatewayLoadBalancer" or not isinstance(name, str):
        context.exit(here, State.UNCLEAR, "endpoint", "which service it leads to is not known, or is an appliance")
        return
    match = AWS_SERVICE.match(name)
    service = match["service"] if match else name
    if match is None or service.startswith("vpce-svc-") or ".vpce-svc-" in f".{name}":
        context.exit(here, State.OPEN, "endpoint", f"leads to {name}, a service that is not AWS's own")
        return
    if service.removesuffix("-fips") not in table("services"):
        text = f"leads to {service}, which may hand bytes on; it is not among the services that keep them"
        context.exit(here, State.UNCLEAR, "endpoint", text)
        return
    if service == "ssmmessages":
        text = "identities of the account that may ssm:StartSession open sessions into nodes"
        context.declare(here, "operators by SSM", "endpoint", text)
    policies = [here.values.get("policy")] if here.values.get("policy") not in (None, "") else []
    for each in context.inventory.referring(here, "vpcEndpointId", ENDPOINT_POLICY):
        policies = [each.values.get("policy")]
    if not policies:
        text = f"has no policy, and AWS then lets anyone's credentials use anyone's resources through {service}"
        context.exit(here, State.OPEN, "endpoint-policy", f"{text}; limit it to the account")
        return
    try:
        _policy(context, here, service, documents.statements(policies[0]))
    except documents.DocumentError as error:
        context.exit(here, State.UNCLEAR, "endpoint-policy", str(error))


def _policy(context: Context, here: Resource, service: str, found: list[Mapping[str, Any]]) -> None:
    context.node(here)
    own = context.inventory.accounts
    denied_but = [
        values
        for each in found
        if documents.covers(each, "*", "*") and (values := documents.denies_all_but(each, documents.RESOURCE_KEYS))
    ]
    for each in found:
        if each["Effect"] == "Deny":
            continue
        owners = denied_but[0] if denied_but else documents.equal_to(each, documents.RESOURCE_KEYS)
        if owners:
            for owner in sorted(set(owners) - own):
                text = f"lets {service} requests through to resources of {owner}, by name"
                context.declare(here, f"resources of {owner}", "endpoint-policy", text)
            continue
        if named := documents.named_resources(each):
            for arn in named:
                if not _of_this_stack(context, arn):
                    context.declare(here, arn, "endpoint-policy", f"lets {service} requests through to {arn}, by name")
            continue
        who = documents.equal_to(each, documents.PRINCIPAL_KEYS) or documents.principals(each)
        if who and ANYONE not in who:
            for other in sorted(each for each in set(who) if not any(account in each for account in own)):
                text = f"lets identities of {other} use any resource through {service}, by name"
                context.declare(here, f"identities of {other}", "endpoint-policy", text)
            for state, text in far_reaching(context.inventory).items():
                text = f"lets the account's identities use any resource, and {text}"
                context.exit(here, state, "endpoint-policy", text)
            continue
        text = f"its policy lets anyone's credentials use anyone's resources through {service}"
        context.exit(here, State.OPEN, "endpoint-policy", f"{text}; limit it to the account (aws:ResourceAccount)")


def _of_this_stack(context: Context, arn: str) -> bool:
    owner = arn if ":s3:::" not in arn else arn.partition("/")[0]
    return owner in context.inventory.by_identity


def open_type(context: Context, here: Resource) -> None:
    context.exit(here, State.OPEN, "way-out", table("open")[here.type])


def unclear_type(context: Context, here: Resource) -> None:
    context.exit(here, State.UNCLEAR, "unseen", table("unclear")[here.type])
