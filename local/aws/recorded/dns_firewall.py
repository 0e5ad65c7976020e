"""DNS Firewall of Route 53 Resolver: domain lists, rule groups, rules, their associations with VPCs, its fail mode."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from local.aws.cloud import Cloud
from local.aws.definition import Naming, names
from local.aws.recorded.kind import Kind, Operation, Record, picked, random_hex
from local.aws.recorded.refusals import Conflict, Invalid, NotFound
from local.aws.recorded.resource import resource
from local.aws.values import UNKNOWN, Values

if TYPE_CHECKING:
    from local.aws.recorded.region import Region

_DOMAIN = re.compile(r"\*|(\*\.?)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.?")
_OVERRIDES = ("BlockOverrideDomain", "BlockOverrideDnsType", "BlockOverrideTtl")
_PRIORITIES = range(101, 9900)
"""Priorities of associations: Firewall Manager has 100 and 9900."""
_SETTABLE = ("Priority", "Action", "BlockResponse", *_OVERRIDES, "Name", "FirewallDomainRedirectionAction")
_kind = partial(Kind, service="route53resolver", conflict=Conflict)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _made(region: Region, prefix: str, path: str, params: Record) -> Record:
    """Members that all objects with an ARN have; moto keeps their tags."""
    id_ = f"{prefix}-{random_hex(17)}"
    arn = region.arn("route53resolver", f"{path}/{id_}")
    region.resolver.tagger.tag_resource(arn, params.get("Tags", []))
    return {
        "Id": id_,
        "Arn": arn,
        **picked(params, "Name", "CreatorRequestId"),
        "Status": "COMPLETE",
        "CreationTime": _now(),
        "ModificationTime": _now(),
    }


def _missing(noun: str, parameter: str) -> str:
    return f"[RSLVR-02025] Can't find the {noun} with ID '{{{parameter}}}'."


# Domain lists


def _protect_list(region: Region, record: Record) -> None:
    for rule in region.all(RULE, FirewallDomainListId=record["Id"]):
        group = rule["FirewallRuleGroupId"]
        raise Conflict(f"The domain list {record['Id']} is used by a rule of {group}.")


DOMAIN_LIST = _kind(
    create="CreateFirewallDomainList",
    read="GetFirewallDomainList",
    lists="ListFirewallDomainLists",
    delete="DeleteFirewallDomainList",
    member="FirewallDomainList",
    listed="FirewallDomainLists",
    key={"FirewallDomainListId": "Id"},
    arn="Arn",
    make=lambda region, params: {
        **_made(region, "rslvr-fdl", "firewall-domain-list", params),
        "DomainCount": 0,
        "domains": [],
    },
    protect=_protect_list,
    missing=_missing("domain list", "FirewallDomainListId"),
)


def _list_domains(region: Region, params: Record) -> Record:
    return {"Domains": region.find(DOMAIN_LIST, params["FirewallDomainListId"])["domains"]}


def _update_domains(region: Region, params: Record) -> Record:
    record = region.find(DOMAIN_LIST, params["FirewallDomainListId"])
    if wrong := [name for name in params["Domains"] if not _DOMAIN.fullmatch(name)]:
        raise Invalid(f"Invalid domain names: {', '.join(wrong)}")
    # As AWS gives them back: fully qualified.
    given = [name.rstrip(".") + "." for name in params["Domains"]]
    old = record["domains"]
    kept = {"ADD": old, "REMOVE": [name for name in old if name not in given], "REPLACE": []}[params["Operation"]]
    new = kept if params["Operation"] == "REMOVE" else [*kept, *(name for name in given if name not in kept)]
    record |= {"domains": new, "DomainCount": len(new), "ModificationTime": _now()}
    return picked(record, "Id", "Name", "Status")


# Rule groups and their rules


def _protect_group(region: Region, record: Record) -> None:
    if users := region.all(ASSOCIATION, FirewallRuleGroupId=record["Id"]):
        raise Conflict(f"The rule group {record['Id']} is associated: {', '.join(each['Id'] for each in users)}.")


RULE_GROUP = _kind(
    create="CreateFirewallRuleGroup",
    read="GetFirewallRuleGroup",
    lists="ListFirewallRuleGroups",
    delete="DeleteFirewallRuleGroup",
    member="FirewallRuleGroup",
    listed="FirewallRuleGroups",
    key={"FirewallRuleGroupId": "Id"},
    arn="Arn",
    make=lambda region, params: {
        **_made(region, "rslvr-frg", "firewall-rule-group", params),
        "RuleCount": 0,
        "OwnerId": region.account_id,
        "ShareStatus": "NOT_SHARED",
    },
    protect=_protect_group,
    missing=_missing("rule group", "FirewallRuleGroupId"),
)


def _make_rule(region: Region, params: Record) -> Record:
    if "FirewallDomainListId" not in params:
        raise Invalid("The local cloud emulates only rules with a domain list.")
    region.find(DOMAIN_LIST, params["FirewallDomainListId"])
    if RULE.key_of(params) in region.of(RULE):
        raise Invalid(f"The rule group {params['FirewallRuleGroupId']} has a rule for this domain list already.")
    rule = {
        "FirewallDomainRedirectionAction": "INSPECT_REDIRECTION_DOMAIN",
        **picked(params, *_SETTABLE, *RULE.key, "CreatorRequestId"),
        "CreationTime": _now(),
        "ModificationTime": _now(),
    }
    _require_sound(region, rule)
    _group_of(region, rule)["RuleCount"] += 1
    return rule


def _change_rule(region: Region, rule: Record, params: Record) -> None:
    new = {**rule, **picked(params, *_SETTABLE)}
    unfit: tuple[str, ...] = ()
    if new["Action"] != "BLOCK":
        unfit = ("BlockResponse", *_OVERRIDES)
    elif new.get("BlockResponse") != "OVERRIDE":
        unfit = _OVERRIDES
    new = {name: value for name, value in new.items() if name not in unfit}
    _require_sound(region, new)
    rule.clear()
    rule |= {**new, "ModificationTime": _now()}


def _require_sound(region: Region, rule: Record) -> None:
    for other in region.all(RULE, FirewallRuleGroupId=rule["FirewallRuleGroupId"], Priority=rule["Priority"]):
        if RULE.own_key(other) != RULE.own_key(rule):
            raise Invalid(f"Priority {rule['Priority']} is taken by another rule of the group.")
    if rule["Action"] == "BLOCK" and "BlockResponse" not in rule:
        raise Invalid("BlockResponse is required for the action BLOCK.")
    if rule["Action"] != "BLOCK" and "BlockResponse" in rule:
        raise Invalid(f"BlockResponse is not for the action {rule['Action']}.")
    overrides = [name for name in _OVERRIDES if name in rule]
    if len(overrides) not in (0, 3) or bool(overrides) != (rule.get("BlockResponse") == "OVERRIDE"):
        raise Invalid(f"{', '.join(_OVERRIDES)} go with the response OVERRIDE, all together.")


def _release_rule(region: Region, rule: Record) -> None:
    _group_of(region, rule)["RuleCount"] -= 1


def _group_of(region: Region, rule: Record) -> Record:
    return region.find(RULE_GROUP, rule["FirewallRuleGroupId"])


RULE = _kind(
    create="CreateFirewallRule",
    lists="ListFirewallRules",
    update="UpdateFirewallRule",
    delete="DeleteFirewallRule",
    member="FirewallRule",
    listed="FirewallRules",
    key={name: name for name in ("FirewallRuleGroupId", "FirewallDomainListId", "Qtype")},
    within=RULE_GROUP,
    make=_make_rule,
    change=_change_rule,
    release=_release_rule,
    missing="Can't find the firewall rule.",
    blocks="The rule group {FirewallRuleGroupId} still has rules.",
)


# Associations with VPCs


def _make_association(region: Region, params: Record) -> Record:
    region.find(RULE_GROUP, params["FirewallRuleGroupId"])
    _require_vpc(region, params["VpcId"])
    _require_free(region, params["VpcId"], params["Priority"])
    if region.all(ASSOCIATION, **picked(params, "VpcId", "FirewallRuleGroupId")):
        raise Conflict("The rule group is already associated with the VPC.")
    return {
        **_made(region, "rslvr-frgassoc", "firewall-rule-group-association", params),
        "MutationProtection": "DISABLED",
        **picked(params, "FirewallRuleGroupId", "VpcId", "Priority", "MutationProtection"),
    }


def _require_vpc(region: Region, vpc_id: str) -> None:
    if vpc_id not in region.ec2.vpcs:
        raise NotFound(f"Can't find the VPC with ID '{vpc_id}'.")


def _require_free(region: Region, vpc_id: str, priority: int) -> None:
    if priority not in _PRIORITIES:
        raise Invalid(f"Priority {priority} is not between 100 and 9900.")
    if region.all(ASSOCIATION, VpcId=vpc_id, Priority=priority):
        raise Invalid(f"Priority {priority} is taken by another association of {vpc_id}.")


def _change_association(region: Region, record: Record, params: Record) -> None:
    changed = picked(params, "Priority", "Name", "MutationProtection")
    if changed.get("MutationProtection") != "DISABLED":
        _protect_association(region, record)
    if changed.get("Priority", record["Priority"]) != record["Priority"]:
        _require_free(region, record["VpcId"], changed["Priority"])
    record |= {**changed, "ModificationTime": _now()}


def _protect_association(_: Region, record: Record) -> None:
    if record["MutationProtection"] == "ENABLED":
        raise Conflict(f"{record['Id']} is protected against changes.")


ASSOCIATION = _kind(
    create="AssociateFirewallRuleGroup",
    read="GetFirewallRuleGroupAssociation",
    lists="ListFirewallRuleGroupAssociations",
    update="UpdateFirewallRuleGroupAssociation",
    delete="DisassociateFirewallRuleGroup",
    member="FirewallRuleGroupAssociation",
    listed="FirewallRuleGroupAssociations",
    key={"FirewallRuleGroupAssociationId": "Id"},
    arn="Arn",
    make=_make_association,
    change=_change_association,
    protect=_protect_association,
    missing=_missing("association", "FirewallRuleGroupAssociationId"),
)


# Fail mode of a VPC, which every VPC has, set or not


def _config(region: Region, params: Record) -> Record:
    vpc_id = params["ResourceId"]
    _require_vpc(region, vpc_id)
    default = {"ResourceId": vpc_id, "OwnerId": region.account_id, "FirewallFailOpen": "DISABLED"}
    return region.of(CONFIG).get((vpc_id,)) or {"Id": f"rslvr-fc-{random_hex(17)}", **default}


def _list_configs(region: Region, _: Record) -> Record:
    return {CONFIG.listed: [each for each in region.all(CONFIG) if each["ResourceId"] in region.ec2.vpcs]}


CONFIG = _kind(
    create="UpdateFirewallConfig",
    lists="ListFirewallConfigs",
    member="FirewallConfig",
    listed="FirewallConfigs",
    key={"ResourceId": "ResourceId"},
    make=lambda region, params: {**_config(region, params), **picked(params, "FirewallFailOpen")},
    missing="",
)

OPERATIONS: dict[str, Operation] = {
    "ListFirewallDomains": _list_domains,
    "UpdateFirewallDomains": _update_domains,
    "GetFirewallConfig": lambda region, params: {CONFIG.member: region.keep(CONFIG, _config(region, params))},
    "ListFirewallConfigs": _list_configs,
}


# Pulumi's resources


def _set_domains(cloud: Cloud, id_: str, inputs: Values) -> None:
    cloud.resolver.update_firewall_domains(
        FirewallDomainListId=id_, Operation="REPLACE", Domains=inputs.get("domains", [])
    )


def _with_domains(cloud: Cloud, found: Values) -> Values:
    domains = cloud.resolver.list_firewall_domains(FirewallDomainListId=found["Id"])["Domains"]
    # AWS gives them back with their last dot, the official provider without.
    return {**found, "domains": [domain.removesuffix(".") for domain in domains]}


def _set_fail_mode(cloud: Cloud, vpc_id: str, mode: str) -> None:
    cloud.resolver.update_firewall_config(ResourceId=vpc_id, FirewallFailOpen=mode)


def _validate_rule(inputs: Values) -> Iterator[tuple[str, str]]:
    action, response = inputs.get("action"), inputs.get("blockResponse")
    if "firewallDomainListId" not in inputs:
        yield "firewallDomainListId", "required, but not given: rules without a domain list are not emulated"
    if action == "BLOCK" and response is None:
        yield "blockResponse", "required for the action BLOCK, but not given"
    if action not in ("BLOCK", UNKNOWN) and response is not None:
        yield "blockResponse", f"is not for the action {action}"


_NAMING = Naming(max_length=64, prefix_argument=None)
_TYPE = "aws:route53/resolverFirewall{0}:ResolverFirewall{0}".format
RESOURCES = (
    resource(
        DOMAIN_LIST,
        _TYPE("DomainList"),
        arguments=names("domains name"),
        naming=_NAMING,
        replace_on=names("name"),
        id_member="Id",
        sets=names("domains"),
        settle=_set_domains,
        update=lambda change: _set_domains(change.cloud, change.id, change.new) if change.of("domains") else None,
        shown=_with_domains,
    ),
    resource(
        RULE_GROUP,
        _TYPE("RuleGroup"),
        arguments=names("name"),
        naming=_NAMING,
        replace_on=names("name"),
        id_member="Id",
    ),
    resource(
        RULE,
        _TYPE("Rule"),
        arguments=names(
            "action blockOverrideDnsType blockOverrideDomain blockOverrideTtl blockResponse firewallDomainListId "
            "firewallDomainRedirectionAction firewallRuleGroupId name priority qType"
        ),
        naming=_NAMING,
        replace_on=names("firewallDomainListId firewallRuleGroupId qType"),
        id_of=("firewallRuleGroupId", "firewallDomainListId"),
        validate=_validate_rule,
    ),
    resource(
        ASSOCIATION,
        _TYPE("RuleGroupAssociation"),
        arguments=names("firewallRuleGroupId mutationProtection name priority vpcId"),
        naming=_NAMING,
        replace_on=names("firewallRuleGroupId vpcId"),
        id_member="Id",
    ),
    resource(
        CONFIG,
        _TYPE("Config"),
        arguments=names("firewallFailOpen resourceId"),
        defaults={"firewallFailOpen": "DISABLED"},
        replace_on=names("resourceId"),
        id_member="Id",
        update=lambda change: _set_fail_mode(change.cloud, change.new["resourceId"], change.new["firewallFailOpen"]),
        # A VPC keeps its configuration: deleting sets it back.
        delete=lambda cloud, _, state: _set_fail_mode(cloud, state["resourceId"], "DISABLED"),
    ),
)
