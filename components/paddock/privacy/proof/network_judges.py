"""Judges of what stands in a VPC: gateways, routes, peers, endpoints, security groups, load balancers, DNS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

from paddock.privacy.predicates import UNKNOWN, Problem, gateway_findings, public_address_findings
from paddock.privacy.predicates.findings import is_true, values_at
from paddock.privacy.proof import documents
from paddock.privacy.proof.facts import table
from paddock.privacy.proof.graph import State
from paddock.privacy.proof.ranges import judged_range
from paddock.privacy.proof.resources import Resource
from paddock.privacy.proof.rights import far_reaching
from paddock.privacy.proof.scene import Scene

GATEWAY_TYPES = re.compile(r"Gateway$|GatewayAttachment$")
OTHER_TARGETS = {
    "transitGatewayId": "a transit gateway",
    "coreNetworkArn": "a core network",
    "localGatewayId": "a local gateway",
    "networkInterfaceId": "a network interface, whose owner may pass it on",
    "instanceId": "an instance, which may pass it on",
}
AWS_SERVICE = re.compile(r"^(?:cn\.)?com\.amazonaws\.[a-z]{2}(?:-[a-z]+)+-\d\.(?P<service>.+)$")
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ANYONE = "*"


def vpc(scene: Scene, here: Resource) -> None:
    scene.node(here)
    if here.values.get("enableDnsSupport") is False:
        return
    inventory = scene.inventory
    groups = [
        group
        for link in inventory.of(
            "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation"
        )
        if inventory.refers(link, "vpcId", here)
        for group in inventory.targets(link, "firewallRuleGroupId")
    ]
    rules = sorted(
        (
            rule
            for rule in inventory.of("aws:route53/resolverFirewallRule:ResolverFirewallRule")
            if any(inventory.refers(rule, "firewallRuleGroupId", group) for group in groups)
        ),
        key=lambda rule: _number(rule.values.get("priority")),
    )
    for rule in rules:
        lists = inventory.targets(rule, "firewallDomainListId")
        names = [name for each in lists for name in documents.listed(each.values.get("domains"))]
        action = rule.values.get("action")
        everything = any(str(name).rstrip(".") == ANYONE for name in names)
        # With a query type it refuses that type alone.
        if action == "BLOCK" and everything and not rule.values.get("qType"):
            break
        if action == "BLOCK":
            continue
        if not names or UNKNOWN in names or action is UNKNOWN:
            scene.out(here, State.UNCLEAR, "dns", f"the names that {rule.name} lets be asked for are not known")
        elif everything:
            scene.out(here, State.OPEN, "dns", f"{rule.name} lets every name be asked for before any is refused")
            return
        else:
            who = ", ".join(str(name) for name in names)
            scene.door(here, f"name servers of {who}", "dns", f"names that pods may ask for: {who}")
    else:
        scene.out(
            here,
            State.OPEN,
            "dns",
            "the VPC's resolver asks the internet for any name, so a pod can send bytes as names; associate a DNS "
            "firewall that refuses all names but those needed, or set enableDnsSupport to false",
        )
    for config in inventory.of("aws:route53/resolverFirewallConfig:ResolverFirewallConfig"):
        if inventory.refers(config, "resourceId", here) and config.values.get("firewallFailOpen") != "DISABLED":
            scene.out(here, State.OPEN, "dns", "the DNS firewall answers every name while it is overloaded (fail open)")


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("inf")


def gateway(scene: Scene, here: Resource) -> None:
    for finding in gateway_findings(here.type, here.values):
        scene.out(here, State.OPEN, "gateway", str(finding))


def routes(scene: Scene, here: Resource) -> None:
    """Routes lead out by what the pack's own predicate finds, or to what is not seen here."""
    inventory = scene.inventory
    for finding in gateway_findings(here.type, here.values):
        if isinstance(finding, Problem):
            scene.out(here, State.OPEN, "route", str(finding))
        else:
            made_of = inventory.targets(here, finding.path.rpartition(".")[2]) or inventory.targets(here, "routes")
            gateways = [each for each in made_of if GATEWAY_TYPES.search(each.type)]
            if not gateways and made_of and all(each.type == ENDPOINT for each in made_of):
                continue
            text = f"this route leads to {gateways[0].name}" if gateways else f"{finding.path} is not known yet"
            scene.out(here, State.OPEN if gateways else State.UNCLEAR, "route", text)
    where = "" if here.type == "aws:ec2/route:Route" else "routes[]"
    for place, route in values_at(here.values, where):
        if not isinstance(route, Mapping):
            scene.out(here, State.UNCLEAR, "route", f"{place} is not known yet")
            continue
        for key, what in OTHER_TARGETS.items():
            if route.get(key):
                scene.out(
                    here, State.UNCLEAR, "route", f"this route leads to {what}; what lies behind is not seen here"
                )
        if str(route.get("gatewayId") or "").startswith("vgw-"):
            scene.out(here, State.OPEN, "route", "this route leads to a VPN gateway, a network outside AWS")
        if route.get("vpcPeeringConnectionId") and not inventory.targets(here, "vpcPeeringConnectionId"):
            scene.out(here, State.UNCLEAR, "route", "this route leads to a peering that is not seen here")


def peering(scene: Scene, here: Resource) -> None:
    node = scene.node(here)
    peers = scene.inventory.targets(here, "peerVpcId")
    for each in scene.vpcs(here):
        scene.way(each, node, State.INSIDE, "peering", here, "this VPC is one side of the peering")
    for peer in peers:
        scene.way(node, scene.node(peer), State.INSIDE, "peering", here, f"{peer.name} is the other side, judged too")
    if not peers:
        scene.out(here, State.UNCLEAR, "peering", "a peering leads to a VPC whose own ways out are not seen here")


def address(scene: Scene, here: Resource) -> None:
    for finding in public_address_findings(here.type, here.values):
        if isinstance(finding, Problem):
            scene.out(here, State.OPEN, "public-address", str(finding))
        else:
            scene.out(here, State.UNCLEAR, "public-address", f"{finding.path} is not known yet")


def instance(scene: Scene, here: Resource) -> None:
    """It stands in its VPC, and what it runs may pass bytes on. With an identity, Systems Manager may enter it."""
    address(scene, here)
    if here.values.get("iamInstanceProfile"):
        text = f"identities of the account that may ssm:StartSession on {here.name} forward ports through it"
        scene.door(here, "operators by SSM", "instance", text)
        return
    node = scene.node(here)
    for vpc in scene.vpcs(here):
        scene.way(vpc, node, State.INSIDE, "instance", here, f"{here.name} stands in it")


INGRESS = {
    "aws:ec2/securityGroup:SecurityGroup": "ingress[]",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "ingress[]",
    "aws:ec2/securityGroupRule:SecurityGroupRule": "",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "",
}
RANGES = ("cidrBlocks[]", "ipv6CidrBlocks[]", "cidrIpv4", "cidrIpv6")


def security_group(scene: Scene, here: Resource) -> None:
    """Who is let in. What is let out is not judged: groups that EKS makes let all out, so no proof may rest on it."""
    if here.type.endswith("SecurityGroupRule") and here.values.get("type") == "egress":
        return
    for place, rule in values_at(here.values, INGRESS[here.type]):
        found = [cidr for key in RANGES for _, cidr in values_at(rule, key, place)]
        for cidr in found:
            state = State.UNCLEAR if cidr is UNKNOWN else judged_range(cidr)
            if state is State.OPEN:
                text = f"lets {cidr} in; name the ranges or security groups that may connect"
                scene.out(here, State.OPEN, "security-group", text)
            elif state is State.UNCLEAR:
                scene.out(here, State.UNCLEAR, "security-group", f"whom it lets in is not known: {_shown(cidr)}")
            elif not _within_vpcs(scene, cidr):
                scene.door(here, f"network {cidr}", "security-group", f"lets {cidr} in, by name")
        for path, prefix_list in [
            *values_at(rule, "prefixListIds[]", place),
            *values_at(rule, "prefixListId", place),
        ]:
            text = f"lets a prefix list in ({path}: {_shown(prefix_list)}), whose ranges are not seen here"
            scene.out(here, State.UNCLEAR, "security-group", text)
        if rule is UNKNOWN:
            scene.out(here, State.UNCLEAR, "security-group", f"{place} is not known yet")


def _within_vpcs(scene: Scene, cidr: object) -> bool:
    inner = ip_network(str(cidr), strict=False)
    for each in scene.inventory.of("aws:ec2/vpc:Vpc"):
        block = each.values.get("cidrBlock")
        if isinstance(block, str) and inner.version == 4 and inner.subnet_of(ip_network(block, strict=False)):  # type: ignore[arg-type]  # versions are equal
            return True
    return False


def _shown(value: object) -> str:
    return "not known yet" if value is UNKNOWN else str(value)


def load_balancer(scene: Scene, here: Resource) -> None:
    internal = here.values.get("internal")
    if internal is UNKNOWN:
        scene.out(here, State.UNCLEAR, "load-balancer", "whether it is internal is not known yet")
    elif not is_true(internal):
        scene.out(here, State.OPEN, "load-balancer", "a load balancer is internet-facing unless `internal` is true")
    else:
        scene.node(here)


def target_group(scene: Scene, here: Resource) -> None:
    """Instances stand in subnets that are judged; an address may stand anywhere, and a function hand bytes on."""
    kind = here.values.get("targetType", "instance")
    if kind != "instance":
        scene.out(
            here, State.UNCLEAR, "load-balancer", f"sends requests to targets of type {_shown(kind)}, not seen here"
        )
    else:
        scene.node(here)


def zone(scene: Scene, here: Resource) -> None:
    if here.values.get("vpcs"):
        scene.node(here)
    else:
        scene.out(here, State.UNCLEAR, "dns", "a public zone is read by anyone; give it the VPC to make it private")


def endpoint_service(scene: Scene, here: Resource) -> None:
    named: Any = here.values.get("allowedPrincipals")
    listed = list(documents.listed(named))
    if here.type.endswith("Principle"):
        listed = documents.listed(here.values.get("principalArn"))
    for who in listed:
        if who is UNKNOWN:
            scene.out(here, State.UNCLEAR, "endpoint-service", "who may connect is not known yet")
        elif str(who) == ANYONE:
            scene.out(here, State.OPEN, "endpoint-service", "every AWS account may connect (`*`); name the principals")
        else:
            asked = "each connection is accepted by hand" if is_true(here.values.get("acceptanceRequired")) else ""
            scene.door(
                here, str(who), "endpoint-service", f"{who} may connect by PrivateLink{'; ' * bool(asked)}{asked}"
            )
    scene.node(here)


def endpoint(scene: Scene, here: Resource) -> None:
    name = here.values.get("serviceName")
    if here.values.get("vpcEndpointType") == "GatewayLoadBalancer" or not isinstance(name, str):
        scene.out(here, State.UNCLEAR, "endpoint", "which service it leads to is not known, or is an appliance")
        return
    match = AWS_SERVICE.match(name)
    service = match["service"] if match else name
    if match is None or service.startswith("vpce-svc-") or ".vpce-svc-" in f".{name}":
        scene.out(here, State.OPEN, "endpoint", f"leads to {name}, a service that is not AWS's own")
        return
    if service.removesuffix("-fips") not in table("services"):
        text = f"leads to {service}, which may hand bytes on; it is not among the services that keep them"
        scene.out(here, State.UNCLEAR, "endpoint", text)
        return
    if service == "ssmmessages":
        text = "identities of the account that may ssm:StartSession open sessions into nodes"
        scene.door(here, "operators by SSM", "endpoint", text)
    policies = [here.values.get("policy")] if here.values.get("policy") not in (None, "") else []
    for each in scene.inventory.of("aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy"):
        if scene.inventory.refers(each, "vpcEndpointId", here):
            policies = [each.values.get("policy")]
    if not policies:
        text = f"has no policy, and AWS then lets anyone's credentials use anyone's resources through {service}"
        scene.out(here, State.OPEN, "endpoint-policy", f"{text}; limit it to the account")
        return
    try:
        _policy(scene, here, service, documents.statements(policies[0]))
    except documents.DocumentError as error:
        scene.out(here, State.UNCLEAR, "endpoint-policy", str(error))


def _policy(scene: Scene, here: Resource, service: str, found: list[Mapping[str, Any]]) -> None:
    scene.node(here)
    own = scene.inventory.accounts
    fences = [
        values
        for each in found
        if documents.covers(each, "*", "*") and (values := documents.denies_all_but(each, documents.RESOURCE_KEYS))
    ]
    for each in found:
        if each["Effect"] == "Deny":
            continue
        owners = fences[0] if fences else documents.equal_to(each, documents.RESOURCE_KEYS)
        if owners:
            for owner in sorted(set(owners) - own):
                text = f"lets {service} requests through to resources of {owner}, by name"
                scene.door(here, f"resources of {owner}", "endpoint-policy", text)
            continue
        if named := documents.named_resources(each):
            for arn in named:
                if not _of_this_stack(scene, arn):
                    scene.door(here, arn, "endpoint-policy", f"lets {service} requests through to {arn}, by name")
            continue
        who = documents.equal_to(each, documents.PRINCIPAL_KEYS) or documents.principals(each)
        if who and ANYONE not in who:
            for other in sorted(each for each in set(who) if not any(account in each for account in own)):
                text = f"lets identities of {other} use any resource through {service}, by name"
                scene.door(here, f"identities of {other}", "endpoint-policy", text)
            for state, text in far_reaching(scene.inventory):
                scene.out(here, state, "endpoint-policy", f"lets the account's identities use any resource, and {text}")
            continue
        text = f"its policy lets anyone's credentials use anyone's resources through {service}"
        scene.out(here, State.OPEN, "endpoint-policy", f"{text}; limit it to the account (aws:ResourceAccount)")


def _of_this_stack(scene: Scene, arn: str) -> bool:
    owner = arn if ":s3:::" not in arn else arn.partition("/")[0]
    return owner in scene.inventory.by_identity


def lead_out(scene: Scene, here: Resource) -> None:
    scene.out(here, State.OPEN, "way-out", table("open")[here.type])


def lead_unseen(scene: Scene, here: Resource) -> None:
    scene.out(here, State.UNCLEAR, "unseen", table("unclear")[here.type])
