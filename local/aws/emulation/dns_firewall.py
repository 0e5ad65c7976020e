"""DNS firewalls of Route 53 Resolver, of which moto 5.2.5 has nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from botocore import xform_name
from botocore.session import Session as BotocoreSession
from moto.core.exceptions import JsonRESTError
from moto.route53resolver.models import Route53ResolverBackend
from moto.route53resolver.responses import Route53ResolverResponse

from local.aws import constraints
from local.aws.emulation import teach
from local.aws.emulation.eks.region import random_hex

Record: TypeAlias = dict[str, Any]
Operation: TypeAlias = "Callable[[Firewall, Record], Record]"

_DOMAIN = re.compile(r"\*|(\*\.?)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.?")
_OVERRIDES = ("BlockOverrideDomain", "BlockOverrideDnsType", "BlockOverrideTtl")
_PRIORITIES = range(101, 9900)
"""Of associations: Firewall Manager has 100 and 9900."""
_SETTABLE = ("Priority", "Action", "BlockResponse", *_OVERRIDES, "Name", "FirewallDomainRedirectionAction")


class RefusedError(JsonRESTError):
    """Made with the code that Resolver gives the refusal."""

    code = 400


@dataclass
class Firewall:
    """What one region of one account has; it lives in moto's backend, and is reset with it."""

    backend: Route53ResolverBackend
    lists: dict[str, Record] = field(default_factory=dict)
    domains: dict[str, list[str]] = field(default_factory=dict)
    groups: dict[str, Record] = field(default_factory=dict)
    rules: dict[str, list[Record]] = field(default_factory=dict)
    associations: dict[str, Record] = field(default_factory=dict)
    configs: dict[str, Record] = field(default_factory=dict)

    @classmethod
    def of(cls, backend: Route53ResolverBackend) -> Firewall:
        firewall: Firewall = vars(backend).setdefault("dns_firewall", cls(backend))
        return firewall

    def arn(self, kind: str, id_: str) -> str:
        return f"arn:aws:route53resolver:{self.backend.region_name}:{self.backend.account_id}:{kind}/{id_}"

    def made(self, prefix: str, kind: str, params: Record, **more: Any) -> Record:
        """A new object, with the members that all of them have, and its tags."""
        id_ = f"{prefix}-{random_hex(17)}"
        arn = self.arn(kind, id_)
        self.backend.tagger.tag_resource(arn, params.get("Tags", []))
        return {
            "Id": id_,
            "Arn": arn,
            "Name": params["Name"],
            "Status": "COMPLETE",
            "CreatorRequestId": params["CreatorRequestId"],
            "CreationTime": _now(),
            "ModificationTime": _now(),
            **more,
        }

    def arns(self) -> Iterable[str]:
        for records in (self.lists, self.groups, self.associations):
            yield from (record["Arn"] for record in records.values())


def install() -> None:
    """Teach every Resolver of this process."""
    known = Route53ResolverBackend._matched_arn

    def _matched_arn(self: Route53ResolverBackend, resource_arn: str) -> None:
        if resource_arn not in Firewall.of(self).arns():
            known(self, resource_arn)

    teach(Route53ResolverBackend, _matched_arn)
    for name, operation in OPERATIONS.items():
        teach(Route53ResolverResponse, _answering(name, operation))


_MODEL = BotocoreSession().get_service_model("route53resolver")


def _answering(name: str, operation: Operation) -> Callable[[Route53ResolverResponse], str]:
    shape = _MODEL.operation_model(name).input_shape

    def answer(self: Route53ResolverResponse) -> str:
        params: Record = json.loads(self.body)
        found = [f"{failure.path} {failure.reason}" for failure in constraints.failures(shape, params)]
        if found:
            raise RefusedError("ValidationException", "; ".join(found))
        return json.dumps(operation(Firewall.of(self.route53resolver_backend), params))

    answer.__name__ = xform_name(name)
    return answer


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _found(records: dict[str, Record], id_: str, what: str) -> Record:
    if id_ not in records:
        raise RefusedError("ResourceNotFoundException", f"[RSLVR-02025] Can't find the {what} with ID '{id_}'.")
    return records[id_]


def create_domain_list(firewall: Firewall, params: Record) -> Record:
    made = firewall.made("rslvr-fdl", "firewall-domain-list", params, DomainCount=0)
    firewall.lists[made["Id"]], firewall.domains[made["Id"]] = made, []
    return {"FirewallDomainList": made}


def get_domain_list(firewall: Firewall, params: Record) -> Record:
    return {"FirewallDomainList": _found(firewall.lists, params["FirewallDomainListId"], "domain list")}


def list_domain_lists(firewall: Firewall, _: Record) -> Record:
    return {"FirewallDomainLists": list(firewall.lists.values())}


def list_domains(firewall: Firewall, params: Record) -> Record:
    _found(firewall.lists, params["FirewallDomainListId"], "domain list")
    return {"Domains": firewall.domains[params["FirewallDomainListId"]]}


def update_domains(firewall: Firewall, params: Record) -> Record:
    record = _found(firewall.lists, params["FirewallDomainListId"], "domain list")
    if wrong := [name for name in params["Domains"] if not _DOMAIN.fullmatch(name)]:
        raise RefusedError("ValidationException", f"Invalid domain names: {', '.join(wrong)}")
    # As AWS gives them back: fully qualified.
    given = [name.rstrip(".") + "." for name in params["Domains"]]
    old = firewall.domains[record["Id"]]
    kept = {"ADD": old, "REMOVE": [name for name in old if name not in given], "REPLACE": []}[params["Operation"]]
    new = kept if params["Operation"] == "REMOVE" else [*kept, *(name for name in given if name not in kept)]
    firewall.domains[record["Id"]] = new
    record |= {"DomainCount": len(new), "ModificationTime": _now()}
    return {"Id": record["Id"], "Name": record["Name"], "Status": "COMPLETE", "StatusMessage": ""}


def delete_domain_list(firewall: Firewall, params: Record) -> Record:
    record = _found(firewall.lists, params["FirewallDomainListId"], "domain list")
    for group, rules in firewall.rules.items():
        if any(rule["FirewallDomainListId"] == record["Id"] for rule in rules):
            raise RefusedError("ConflictException", f"The domain list {record['Id']} is used by a rule of {group}.")
    del firewall.lists[record["Id"]], firewall.domains[record["Id"]]
    return {"FirewallDomainList": record}


def create_group(firewall: Firewall, params: Record) -> Record:
    owner = firewall.backend.account_id
    made = firewall.made(
        "rslvr-frg", "firewall-rule-group", params, RuleCount=0, OwnerId=owner, ShareStatus="NOT_SHARED"
    )
    firewall.groups[made["Id"]], firewall.rules[made["Id"]] = made, []
    return {"FirewallRuleGroup": made}


def get_group(firewall: Firewall, params: Record) -> Record:
    return {"FirewallRuleGroup": _found(firewall.groups, params["FirewallRuleGroupId"], "rule group")}


def list_groups(firewall: Firewall, _: Record) -> Record:
    return {"FirewallRuleGroups": list(firewall.groups.values())}


def delete_group(firewall: Firewall, params: Record) -> Record:
    record = _found(firewall.groups, params["FirewallRuleGroupId"], "rule group")
    users = [each["Id"] for each in firewall.associations.values() if each["FirewallRuleGroupId"] == record["Id"]]
    if users:
        raise RefusedError("ConflictException", f"The rule group {record['Id']} is associated: {', '.join(users)}.")
    if firewall.rules[record["Id"]]:
        raise RefusedError("ConflictException", f"The rule group {record['Id']} still has rules.")
    del firewall.groups[record["Id"]], firewall.rules[record["Id"]]
    return {"FirewallRuleGroup": record}


def create_rule(firewall: Firewall, params: Record) -> Record:
    group = _found(firewall.groups, params["FirewallRuleGroupId"], "rule group")
    if "FirewallDomainListId" not in params:
        raise RefusedError("ValidationException", "The local cloud emulates only rules with a domain list.")
    _found(firewall.lists, params["FirewallDomainListId"], "domain list")
    rules = firewall.rules[group["Id"]]
    rule = {
        "FirewallDomainRedirectionAction": "INSPECT_REDIRECTION_DOMAIN",
        **{name: params[name] for name in (*_SETTABLE, "FirewallDomainListId", "Qtype") if name in params},
        "FirewallRuleGroupId": group["Id"],
        "CreatorRequestId": params["CreatorRequestId"],
        "CreationTime": _now(),
        "ModificationTime": _now(),
    }
    if any(_subject(each) == _subject(rule) for each in rules):
        raise RefusedError(
            "ValidationException", f"The rule group {group['Id']} has a rule for this domain list already."
        )
    _require_sound(rule, rules)
    rules.append(rule)
    group["RuleCount"] = len(rules)
    return {"FirewallRule": rule}


def _subject(rule: Record) -> tuple[str, str]:
    return rule["FirewallDomainListId"], rule.get("Qtype", "")


def _require_sound(rule: Record, others: list[Record]) -> None:
    if any(each["Priority"] == rule["Priority"] for each in others if each is not rule):
        raise RefusedError("ValidationException", f"Priority {rule['Priority']} is taken by another rule of the group.")
    if rule["Action"] == "BLOCK" and "BlockResponse" not in rule:
        raise RefusedError("ValidationException", "BlockResponse is required for the action BLOCK.")
    if rule["Action"] != "BLOCK" and "BlockResponse" in rule:
        raise RefusedError("ValidationException", f"BlockResponse is not for the action {rule['Action']}.")
    overrides = [name for name in _OVERRIDES if name in rule]
    if len(overrides) not in (0, 3) or bool(overrides) != (rule.get("BlockResponse") == "OVERRIDE"):
        raise RefusedError(
            "ValidationException", f"{', '.join(_OVERRIDES)} go with the response OVERRIDE, all together."
        )


def _rule(firewall: Firewall, params: Record) -> Record:
    _found(firewall.groups, params["FirewallRuleGroupId"], "rule group")
    for rule in firewall.rules[params["FirewallRuleGroupId"]]:
        if _subject(rule) == (params.get("FirewallDomainListId"), params.get("Qtype", "")):
            return rule
    raise RefusedError("ResourceNotFoundException", "Can't find the firewall rule.")


def list_rules(firewall: Firewall, params: Record) -> Record:
    _found(firewall.groups, params["FirewallRuleGroupId"], "rule group")
    rules = firewall.rules[params["FirewallRuleGroupId"]]
    wanted = {name: params[name] for name in ("Priority", "Action") if name in params}
    return {"FirewallRules": [rule for rule in rules if all(rule[name] == value for name, value in wanted.items())]}


def update_rule(firewall: Firewall, params: Record) -> Record:
    rule = _rule(firewall, params)
    new = {**rule, **{name: params[name] for name in _SETTABLE if name in params}}
    if new["Action"] != "BLOCK":
        new = {name: value for name, value in new.items() if name not in ("BlockResponse", *_OVERRIDES)}
    elif new.get("BlockResponse") != "OVERRIDE":
        new = {name: value for name, value in new.items() if name not in _OVERRIDES}
    others = [each for each in firewall.rules[rule["FirewallRuleGroupId"]] if each is not rule]
    _require_sound(new, others)
    rule.clear()
    rule |= {**new, "ModificationTime": _now()}
    return {"FirewallRule": rule}


def delete_rule(firewall: Firewall, params: Record) -> Record:
    rule = _rule(firewall, params)
    group = firewall.groups[rule["FirewallRuleGroupId"]]
    firewall.rules[group["Id"]].remove(rule)
    group["RuleCount"] -= 1
    return {"FirewallRule": rule}


def associate(firewall: Firewall, params: Record) -> Record:
    _found(firewall.groups, params["FirewallRuleGroupId"], "rule group")
    _require_vpc(firewall, params["VpcId"])
    _require_free(firewall, params["VpcId"], params["Priority"])
    if any(
        (each["VpcId"], each["FirewallRuleGroupId"]) == (params["VpcId"], params["FirewallRuleGroupId"])
        for each in firewall.associations.values()
    ):
        raise RefusedError("ConflictException", "The rule group is already associated with the VPC.")
    made = firewall.made(
        "rslvr-frgassoc",
        "firewall-rule-group-association",
        params,
        FirewallRuleGroupId=params["FirewallRuleGroupId"],
        VpcId=params["VpcId"],
        Priority=params["Priority"],
        MutationProtection=params.get("MutationProtection", "DISABLED"),
    )
    firewall.associations[made["Id"]] = made
    return {"FirewallRuleGroupAssociation": made}


def _require_vpc(firewall: Firewall, vpc_id: str) -> None:
    if vpc_id not in firewall.backend.ec2_backend.vpcs:
        raise RefusedError("ResourceNotFoundException", f"Can't find the VPC with ID '{vpc_id}'.")


def _require_free(firewall: Firewall, vpc_id: str, priority: int) -> None:
    if priority not in _PRIORITIES:
        raise RefusedError("ValidationException", f"Priority {priority} is not between 100 and 9900.")
    if any(each["VpcId"] == vpc_id and each["Priority"] == priority for each in firewall.associations.values()):
        raise RefusedError("ValidationException", f"Priority {priority} is taken by another association of {vpc_id}.")


def _association(firewall: Firewall, params: Record) -> Record:
    return _found(firewall.associations, params["FirewallRuleGroupAssociationId"], "association")


def get_association(firewall: Firewall, params: Record) -> Record:
    return {"FirewallRuleGroupAssociation": _association(firewall, params)}


def list_associations(firewall: Firewall, params: Record) -> Record:
    wanted = {name: params[name] for name in ("FirewallRuleGroupId", "VpcId", "Priority", "Status") if name in params}
    found = firewall.associations.values()
    return {
        "FirewallRuleGroupAssociations": [
            each for each in found if all(each[name] == value for name, value in wanted.items())
        ]
    }


def update_association(firewall: Firewall, params: Record) -> Record:
    record = _association(firewall, params)
    changed: Record = {name: params[name] for name in ("Priority", "Name", "MutationProtection") if name in params}
    if record["MutationProtection"] == "ENABLED" and changed.get("MutationProtection") != "DISABLED":
        raise RefusedError("ConflictException", f"{record['Id']} is protected against changes.")
    if changed.get("Priority", record["Priority"]) != record["Priority"]:
        _require_free(firewall, record["VpcId"], changed["Priority"])
    record |= {**changed, "ModificationTime": _now()}
    return {"FirewallRuleGroupAssociation": record}


def disassociate(firewall: Firewall, params: Record) -> Record:
    record = _association(firewall, params)
    if record["MutationProtection"] == "ENABLED":
        raise RefusedError("ConflictException", f"{record['Id']} is protected against changes.")
    del firewall.associations[record["Id"]]
    return {"FirewallRuleGroupAssociation": record}


def get_config(firewall: Firewall, params: Record) -> Record:
    """Every VPC has one, whether or not anybody set it."""
    vpc_id = params["ResourceId"]
    _require_vpc(firewall, vpc_id)
    config = firewall.configs.setdefault(
        vpc_id,
        {
            "Id": f"rslvr-fc-{random_hex(17)}",
            "ResourceId": vpc_id,
            "OwnerId": firewall.backend.account_id,
            "FirewallFailOpen": "DISABLED",
        },
    )
    return {"FirewallConfig": config}


def list_configs(firewall: Firewall, _: Record) -> Record:
    vpcs = firewall.backend.ec2_backend.vpcs
    return {"FirewallConfigs": [each for vpc_id, each in firewall.configs.items() if vpc_id in vpcs]}


def update_config(firewall: Firewall, params: Record) -> Record:
    config: Record = get_config(firewall, params)["FirewallConfig"]
    config["FirewallFailOpen"] = params["FirewallFailOpen"]
    return {"FirewallConfig": config}


OPERATIONS: dict[str, Operation] = {
    "CreateFirewallDomainList": create_domain_list,
    "GetFirewallDomainList": get_domain_list,
    "ListFirewallDomainLists": list_domain_lists,
    "ListFirewallDomains": list_domains,
    "UpdateFirewallDomains": update_domains,
    "DeleteFirewallDomainList": delete_domain_list,
    "CreateFirewallRuleGroup": create_group,
    "GetFirewallRuleGroup": get_group,
    "ListFirewallRuleGroups": list_groups,
    "DeleteFirewallRuleGroup": delete_group,
    "CreateFirewallRule": create_rule,
    "ListFirewallRules": list_rules,
    "UpdateFirewallRule": update_rule,
    "DeleteFirewallRule": delete_rule,
    "AssociateFirewallRuleGroup": associate,
    "GetFirewallRuleGroupAssociation": get_association,
    "ListFirewallRuleGroupAssociations": list_associations,
    "UpdateFirewallRuleGroupAssociation": update_association,
    "DisassociateFirewallRuleGroup": disassociate,
    "GetFirewallConfig": get_config,
    "ListFirewallConfigs": list_configs,
    "UpdateFirewallConfig": update_config,
}
