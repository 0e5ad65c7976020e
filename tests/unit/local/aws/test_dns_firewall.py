"""Resolver's DNS firewall refuses what AWS refuses: names, references, priorities, and what is still in use."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local.aws.life import CheckFailed, Life, Made
from tests.unit.local.aws.world import KEY_OF_LOGS

ROUTE53 = "aws:route53/resolverFirewall"
LIST = f"{ROUTE53}DomainList:ResolverFirewallDomainList"
GROUP = f"{ROUTE53}RuleGroup:ResolverFirewallRuleGroup"
RULE = f"{ROUTE53}Rule:ResolverFirewallRule"
ASSOCIATION = f"{ROUTE53}RuleGroupAssociation:ResolverFirewallRuleGroupAssociation"
CONFIG = f"{ROUTE53}Config:ResolverFirewallConfig"


def names(life: Life, name: str = "names") -> Made:
    return life.make(LIST, name, domains=["*.example.com"])


def rule(life: Life, group: Made, listed: Made, /, name: str = "rule", **changes: Any) -> Made:
    args = {"action": "ALLOW", "priority": 100, **changes}
    return life.make(RULE, name, firewallRuleGroupId=group.id, firewallDomainListId=listed.id, **args)


def vpc(life: Life) -> Made:
    return life.make("aws:ec2/vpc:Vpc", "vpc", cidrBlock="10.0.0.0/16")


@pytest.mark.parametrize("domain", ["a_b.example.com", "exa mple.com", "x.*.com", "**.com", "https://x.com"])
def test_what_is_no_domain_is_refused_and_the_half_made_list_goes(domain: str, life: Life) -> None:
    with pytest.raises(ClientError, match="Invalid domain names"):
        life.make(LIST, domains=["ok.example.com", domain])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"action": "BLOCK"}, "blockResponse: required for the action BLOCK"),
        ({"action": "DENY"}, "allowed: ALLOW, BLOCK, ALERT"),
        ({"blockResponse": "NODATA"}, "blockResponse: is not for the action ALLOW"),
        ({"firewallDomainRedirectionAction": "TRUST"}, "allowed: INSPECT_REDIRECTION_DOMAIN, TRUST"),
        ({"dnsThreatProtection": "DGA"}, "dnsThreatProtection: is not emulated"),
    ],
)
def test_a_rule_of_the_wrong_form_is_refused_at_preview(changes: dict[str, Any], message: str, life: Life) -> None:
    args = {"action": "ALLOW", "priority": 1, "firewallRuleGroupId": "g", "firewallDomainListId": "l", **changes}
    with pytest.raises(CheckFailed) as refused:
        life.check(RULE, "rule", args)
    assert message in str(refused.value)


def test_a_rule_needs_a_list_and_a_group_that_exist_and_a_priority_of_its_own(life: Life) -> None:
    group, listed = life.make(GROUP, "group"), names(life)
    with pytest.raises(ClientError, match="Can't find the domain list with ID 'rslvr-fdl-none'"):
        life.make(RULE, firewallRuleGroupId=group.id, firewallDomainListId="rslvr-fdl-none", action="ALLOW", priority=1)
    rule(life, group, listed)
    with pytest.raises(ClientError, match="has a rule for this domain list already"):
        rule(life, group, listed, "again", priority=200)
    with pytest.raises(ClientError, match="Priority 100 is taken"):
        rule(life, group, names(life, "others"), "second")


def test_rules_and_fail_modes_are_listed_as_they_are(life: Life) -> None:
    group, listed, network = life.make(GROUP, "group"), names(life), vpc(life)
    rule(life, group, listed)
    resolver = life.provider._cloud({}).resolver
    for action, found in (("ALLOW", [100]), ("BLOCK", [])):
        rules = resolver.list_firewall_rules(FirewallRuleGroupId=group.id, Action=action, MaxResults=5)
        assert [each["Priority"] for each in rules["FirewallRules"]] == found
    config = resolver.get_firewall_config(ResourceId=network.id)["FirewallConfig"]
    assert config["FirewallFailOpen"] == "DISABLED"
    assert config in resolver.list_firewall_configs()["FirewallConfigs"]
    assert resolver.get_firewall_rule_group(FirewallRuleGroupId=group.id)["FirewallRuleGroup"]["RuleCount"] == 1


def test_a_list_in_a_rule_and_a_group_with_rules_cannot_go(life: Life) -> None:
    group, listed = life.make(GROUP, "group"), names(life)
    rule(life, group, listed)
    with pytest.raises(ClientError, match=f"is used by a rule of {group.id}"):
        life.provider.delete(LIST, listed.id, listed.outputs)
    with pytest.raises(ClientError, match="still has rules"):
        life.provider.delete(GROUP, group.id, group.outputs)


def test_an_associated_group_cannot_go(life: Life) -> None:
    group, network = life.make(GROUP, "group"), vpc(life)
    life.make(ASSOCIATION, firewallRuleGroupId=group.id, vpcId=network.id, priority=101)
    with pytest.raises(ClientError, match="is associated"):
        life.provider.delete(GROUP, group.id, group.outputs)


def test_a_protected_association_stays_until_it_is_not(life: Life) -> None:
    group, network = life.make(GROUP, "group"), vpc(life)
    args = {"firewallRuleGroupId": group.id, "vpcId": network.id, "priority": 101}
    made = life.make(ASSOCIATION, **args, mutationProtection="ENABLED")
    with pytest.raises(ClientError, match="is protected"):
        life.provider.delete(ASSOCIATION, made.id, made.outputs)
    made.update(**args, mutationProtection="DISABLED")


@pytest.mark.parametrize("priority", [100, 9900])
def test_priorities_of_firewall_manager_are_refused(priority: int, life: Life) -> None:
    group, network = life.make(GROUP, "group"), vpc(life)
    with pytest.raises(ClientError, match="is not between 100 and 9900"):
        life.make(ASSOCIATION, firewallRuleGroupId=group.id, vpcId=network.id, priority=priority)


def test_a_vpc_that_does_not_exist_is_refused(life: Life) -> None:
    group = life.make(GROUP, "group")
    with pytest.raises(ClientError, match="Can't find the VPC"):
        life.make(ASSOCIATION, firewallRuleGroupId=group.id, vpcId="vpc-none", priority=101)
    with pytest.raises(ClientError, match="Can't find the VPC"):
        life.make(CONFIG, resourceId="vpc-none")


def test_logs_take_only_a_key_whose_policy_lets_them_use_it_for_that_group(life: Life) -> None:
    log_group = "aws:cloudwatch/logGroup:LogGroup"
    of_account, of_logs = life.make("aws:kms/key:Key", "plain"), life.make("aws:kms/key:Key", "key", policy=KEY_OF_LOGS)
    for key, name in ((of_account, "its"), (of_logs, "other")):
        with pytest.raises(ClientError, match="not allowed to be used with Arn"):
            life.make(log_group, name=name, kmsKeyId=key["arn"])
    assert life.make(log_group, name="its", kmsKeyId=of_logs["arn"])["kmsKeyId"] == of_logs["arn"]
