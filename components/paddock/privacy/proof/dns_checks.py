"""Check of the names that pods of a VPC may ask for: they leave with no gateway at all."""

from __future__ import annotations

from collections.abc import Iterator

from paddock.privacy.predicates import UNKNOWN
from paddock.privacy.predicates.documents import as_list
from paddock.privacy.proof.aws_own import answered
from paddock.privacy.proof.context import Context
from paddock.privacy.proof.graph import State
from paddock.privacy.resource import Resource

ASSOCIATION = "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation"
RULE = "aws:route53/resolverFirewallRule:ResolverFirewallRule"
ZONE = "aws:route53/zone:Zone"
CONFIG = "aws:route53/resolverFirewallConfig:ResolverFirewallConfig"
ANYONE = "*"
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
    if len(configs) > 1 or inventory.unplaced("resourceId", CONFIG):
        context.exit(here, State.UNCLEAR, "dns", "which DNS firewall configuration holds for it is not seen here")
    if any(each.values.get("firewallFailOpen") != "DISABLED" for each in configs):
        context.exit(here, State.OPEN, "dns", "the DNS firewall answers every name while it is overloaded (fail open)")


def _firewall(context: Context, here: Resource) -> Iterator[tuple[State, str]]:
    """Names that the firewall's rules let through, in the order in which AWS asks them, up to the one that ends it."""
    inventory = context.inventory
    links = list(inventory.referring(here, "vpcId", ASSOCIATION))
    groups = [group for link in links for group in inventory.targets(link, "firewallRuleGroupId")]
    rules = [list(inventory.referring(group, "firewallRuleGroupId", RULE)) for group in groups]
    ordered = [links, *rules]
    if len(groups) < len(links) or not all(map(_is_ordered, ordered)):
        yield State.UNCLEAR, "in which order the DNS firewall's groups and rules are asked is not known"
        return
    private = [each for each in inventory.of(ZONE) if here in inventory.targets(each, "vpcs")]
    zones = [str(each.values.get("name")).rstrip(".") for each in private]
    by_link = sorted(zip(links, rules, strict=True), key=lambda pair: float(pair[0].values.get("priority", 0)))
    for _, of_group in by_link:
        for rule in sorted(of_group, key=lambda rule: float(rule.values["priority"])):
            lists = inventory.targets(rule, "firewallDomainListId")
            names = [name for each in lists for name in as_list(each.values.get("domains"))]
            action = rule.values.get("action")
            everything = any(str(name).rstrip(".") == ANYONE for name in names)
            if action == "BLOCK":
                # With a query type it refuses that type alone.
                if everything and not rule.values.get("qType") and not rule.values.get("dnsThreatProtection"):
                    return
            elif not names or UNKNOWN in names or action is UNKNOWN or not all(isinstance(n, str) for n in names):
                yield State.UNCLEAR, f"the names that {rule.name} lets be asked for are not known"
            elif everything:
                yield State.OPEN, f"{rule.name} lets every name be asked for before any is refused"
                return
            else:
                if wide := [name for name in names if len(name.rstrip(".").removeprefix("*.").split(".")) < 2]:
                    yield State.OPEN, f"{rule.name} lets {', '.join(wide)} be asked for, below which anyone has names"
                yield from ((State.DECLARED, name) for name in names if not answered(name, zones))
    yield State.OPEN, NO_FIREWALL


def _is_ordered(resources: list[Resource]) -> bool:
    """True where each has a priority that is known, and no two the same; one alone needs none."""
    found = [each.values.get("priority") for each in resources]
    numbers = [each for each in found if isinstance(each, int | float) and not isinstance(each, bool)]
    return len(resources) < 2 or len(set(numbers)) == len(found)
