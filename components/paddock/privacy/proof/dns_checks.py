"""Check of the names that pods of a VPC may ask for: they leave with no gateway at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from paddock.privacy.predicates.documents import as_list
from paddock.privacy.predicates.ranges import Breadth, breadth
from paddock.privacy.predicates.values import UNKNOWN
from paddock.privacy.proof.context import Context
from paddock.privacy.proof.graph import State
from paddock.privacy.proof.inventory import Inventory
from paddock.privacy.resource import Resource

ASSOCIATION = "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation"
RULE = "aws:route53/resolverFirewallRule:ResolverFirewallRule"
ZONE = "aws:route53/zone:Zone"
CONFIG = "aws:route53/resolverFirewallConfig:ResolverFirewallConfig"
ZONES = (".amazonaws.com", ".api.aws", ".ec2.internal", ".compute.internal")
"""Zones that AWS, or the VPC's own resolver, answers for at every depth: nobody else can hold a name in them."""
REVERSE = re.compile(r"(?:\*\.)?(\d+)\.(\d+)\.in-addr\.arpa\.?")
ANYONE = "*"
Group = tuple[list[tuple[State, str]], bool]
"""Names that a rule group lets through or leaves open, and whether it leaves none to the next group."""
NO_FIREWALL = (
    "the VPC's resolver asks the internet for any name, so a pod can send bytes as names; associate a DNS "
    "firewall that refuses all names but those needed, or set enableDnsSupport to false"
)


def vpc(context: Context, here: Resource) -> None:
    """DNS of a VPC: its resolver asks the internet for any name, unless a Route 53 DNS Firewall refuses it."""
    context.node(here)
    if here.values.get("enableDnsSupport") is False:
        return
    for state, text in _firewall(context, here):
        if state is State.DECLARED:
            context.declare(here, f"name servers of {text}", "dns", f"names that pods may ask for: {text}")
        else:
            context.exit(here, state, "dns", text)
    inventory = context.inventory
    configs = list(inventory.referring(here, "resourceId", CONFIG))
    if len(configs) > 1 or _is_one_unplaced(inventory):
        context.exit(here, State.UNCLEAR, "dns", "which DNS firewall configuration holds for it is not seen here")
    if any(each.values.get("firewallFailOpen") != "DISABLED" for each in configs):
        context.exit(here, State.OPEN, "dns", "the DNS firewall answers every name while it is overloaded (fail open)")


@lru_cache(maxsize=1)
def _is_one_unplaced(inventory: Inventory) -> bool:
    """True where some configuration is of a VPC that is not seen here."""
    return any(not inventory.targets(each, "resourceId") for each in inventory.of(CONFIG))


def _firewall(context: Context, here: Resource) -> Iterator[tuple[State, str]]:
    """Names that the firewall lets through, by group in the order in which AWS asks, up to the one that ends it."""
    inventory = context.inventory
    links = list(inventory.referring(here, "vpcId", ASSOCIATION))
    groups = [_groups(inventory)[each.urn] for link in links for each in inventory.targets(link, "firewallRuleGroupId")]
    if len(groups) < len(links) or None in groups or not _is_ordered(links):
        yield State.UNCLEAR, "in which order the DNS firewall's groups and rules are asked is not known"
        return
    zones = [str(each.values.get("name")).rstrip(".") for each in inventory.referring(here, "vpcs", ZONE)]
    by_link = sorted(zip(links, groups, strict=True), key=lambda pair: _priority(pair[0]))
    for found, ends in (group for _, group in by_link if group is not None):
        yield from (each for each in found if each[0] is not State.DECLARED or not answered(each[1], zones))
        if ends:
            return
    yield State.OPEN, NO_FIREWALL


@lru_cache(maxsize=1)
def _groups(inventory: Inventory) -> Mapping[str, Group | None]:
    """Rule groups by URN, each read once for all of its VPCs; None for one whose order is not known."""
    groups = {e.urn: e for link in inventory.of(ASSOCIATION) for e in inventory.targets(link, "firewallRuleGroupId")}
    rules = {urn: list(inventory.referring(each, "firewallRuleGroupId", RULE)) for urn, each in groups.items()}
    return {urn: _group(inventory, of_it) if _is_ordered(of_it) else None for urn, of_it in rules.items()}


def _group(inventory: Inventory, rules: list[Resource]) -> Group:
    found: list[tuple[State, str]] = []
    for rule in sorted(rules, key=_priority):
        lists = inventory.targets(rule, "firewallDomainListId")
        names = [name for each in lists for name in as_list(each.values.get("domains"))]
        action = rule.values.get("action")
        everything = any(str(name).rstrip(".") == ANYONE for name in names)
        if action == "BLOCK":
            # With a query type it refuses that type alone.
            if everything and not rule.values.get("qType") and not rule.values.get("dnsThreatProtection"):
                return found, True
        elif not names or UNKNOWN in names or action is UNKNOWN or not all(isinstance(n, str) for n in names):
            found.append((State.UNCLEAR, f"the names that {rule.name} lets be asked for are not known"))
        elif everything:
            found.append((State.OPEN, f"{rule.name} lets every name be asked for before any is refused"))
            return found, True
        else:
            if wide := [name for name in names if len(name.rstrip(".").removeprefix("*.").split(".")) < 2]:
                text = f"{rule.name} lets {', '.join(wide)} be asked for, below which anyone has names"
                found.append((State.OPEN, text))
            found += [(State.DECLARED, name) for name in names if not answered(name)]
    return list(dict.fromkeys(found)), False


def _priority(resource: Resource) -> Any:
    return resource.values.get("priority")


def _is_ordered(resources: list[Resource]) -> bool:
    """True where each has a priority that is known, and no two the same."""
    found = list(map(_priority, resources))
    numbers = [each for each in found if isinstance(each, int | float) and not isinstance(each, bool)]
    return len(set(numbers)) == len(found)


def answered(name: str, private_zones: Iterable[str] = ()) -> bool:
    """True for a name whose query AWS answers: in a zone of its own, a private one, or of private addresses."""
    if reverse := REVERSE.fullmatch(name):
        return breadth(f"{reverse[2]}.{reverse[1]}.0.0/16") is Breadth.PRIVATE
    return f".{name}".rstrip(".").endswith((*ZONES, *(f".{zone}" for zone in private_zones)))
