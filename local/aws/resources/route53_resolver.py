"""DNS firewalls of Route 53 Resolver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.aws.cloud import Cloud
from local.aws.definition import Backing, Change, Naming, Resource, names
from local.aws.resources.shared import first, given, pascal, tag_list, tag_map
from local.aws.values import UNKNOWN, Values

_NAMING = Naming(max_length=64, prefix_argument=None)
_RULE = names(
    "action blockOverrideDnsType blockOverrideDomain blockOverrideTtl blockResponse firewallDomainRedirectionAction "
    "name priority"
)


def _tags(inputs: Values) -> list[dict[str, str]]:
    return tag_list(inputs.get("tagsAll", {}))


def _tagged(cloud: Cloud, arn: str) -> dict[str, str]:
    return tag_map(cloud.resolver.list_tags_for_resource(ResourceArn=arn)["Tags"])


def _retag(cloud: Cloud, _: str, state: Values, put: dict[str, str], drop: list[str]) -> None:
    if drop:
        cloud.resolver.untag_resource(ResourceArn=state["arn"], TagKeys=drop)
    if put:
        cloud.resolver.tag_resource(ResourceArn=state["arn"], Tags=tag_list(put))


def _one(call: Any, result: str, **arguments: Any) -> Any:
    return first(lambda **given_: {result: [call(**given_)[result]]}, result, **arguments)


def _create_list(cloud: Cloud, inputs: Values) -> str:
    made = cloud.resolver.create_firewall_domain_list(Name=inputs["name"], Tags=_tags(inputs))
    return str(made["FirewallDomainList"]["Id"])


def _set_domains(cloud: Cloud, id_: str, inputs: Values) -> None:
    cloud.resolver.update_firewall_domains(
        FirewallDomainListId=id_, Operation="REPLACE", Domains=inputs.get("domains", [])
    )


def _read_list(cloud: Cloud, id_: str, _: Values) -> Values | None:
    found = _one(cloud.resolver.get_firewall_domain_list, "FirewallDomainList", FirewallDomainListId=id_)
    if found is None:
        return None
    domains = cloud.resolver.list_firewall_domains(FirewallDomainListId=id_)["Domains"]
    return {
        "arn": found["Arn"],
        # AWS gives them back with their last dot, the official provider without.
        "domains": [domain.removesuffix(".") for domain in domains],
        "name": found["Name"],
        "tagsAll": _tagged(cloud, found["Arn"]),
    }


def _create_group(cloud: Cloud, inputs: Values) -> str:
    made = cloud.resolver.create_firewall_rule_group(Name=inputs["name"], Tags=_tags(inputs))
    return str(made["FirewallRuleGroup"]["Id"])


def _read_group(cloud: Cloud, id_: str, _: Values) -> Values | None:
    found = _one(cloud.resolver.get_firewall_rule_group, "FirewallRuleGroup", FirewallRuleGroupId=id_)
    if found is None:
        return None
    return {
        "arn": found["Arn"],
        "name": found["Name"],
        "ownerId": found["OwnerId"],
        "shareStatus": found["ShareStatus"],
        "tagsAll": _tagged(cloud, found["Arn"]),
    }


def _rule_key(known: Values) -> dict[str, str]:
    return {
        "FirewallRuleGroupId": known["firewallRuleGroupId"],
        "FirewallDomainListId": known["firewallDomainListId"],
        **given(Qtype=known.get("qType") or None),
    }


def _create_rule(cloud: Cloud, inputs: Values) -> str:
    settings = pascal({name: value for name, value in inputs.items() if name in _RULE})
    cloud.resolver.create_firewall_rule(**_rule_key(inputs), **settings)
    return f"{inputs['firewallRuleGroupId']}:{inputs['firewallDomainListId']}"


def _read_rule(cloud: Cloud, id_: str, known: Values) -> Values | None:
    group, domains = id_.split(":")
    for rule in _rules(cloud, group):
        if (rule["FirewallDomainListId"], rule.get("Qtype", "")) == (domains, known.get("qType", "")):
            return {
                "action": rule["Action"],
                "blockOverrideDnsType": rule.get("BlockOverrideDnsType", ""),
                "blockOverrideDomain": rule.get("BlockOverrideDomain", ""),
                "blockOverrideTtl": rule.get("BlockOverrideTtl", 0),
                "blockResponse": rule.get("BlockResponse", ""),
                "firewallDomainListId": domains,
                "firewallDomainRedirectionAction": rule["FirewallDomainRedirectionAction"],
                "firewallRuleGroupId": group,
                "firewallThreatProtectionId": "",
                "name": rule["Name"],
                "priority": rule["Priority"],
                "qType": rule.get("Qtype", ""),
            }
    return None


def _rules(cloud: Cloud, group: str) -> Any:
    listed = first(
        lambda **arguments: {"all": [cloud.resolver.list_firewall_rules(**arguments)["FirewallRules"]]},
        "all",
        FirewallRuleGroupId=group,
    )
    return listed or ()


def _update_rule(change: Change) -> None:
    settings = {name: value for name, value in change.new.items() if name in _RULE}
    change.cloud.resolver.update_firewall_rule(**_rule_key(change.new), **pascal(settings))


def _create_association(cloud: Cloud, inputs: Values) -> str:
    made = cloud.resolver.associate_firewall_rule_group(
        FirewallRuleGroupId=inputs["firewallRuleGroupId"],
        VpcId=inputs["vpcId"],
        Priority=inputs["priority"],
        Name=inputs["name"],
        Tags=_tags(inputs),
        **given(MutationProtection=inputs.get("mutationProtection")),
    )
    return str(made["FirewallRuleGroupAssociation"]["Id"])


def _read_association(cloud: Cloud, id_: str, _: Values) -> Values | None:
    found = _one(
        cloud.resolver.get_firewall_rule_group_association,
        "FirewallRuleGroupAssociation",
        FirewallRuleGroupAssociationId=id_,
    )
    if found is None:
        return None
    return {
        "arn": found["Arn"],
        "firewallRuleGroupId": found["FirewallRuleGroupId"],
        "mutationProtection": found["MutationProtection"],
        "name": found["Name"],
        "priority": found["Priority"],
        "tagsAll": _tagged(cloud, found["Arn"]),
        "vpcId": found["VpcId"],
    }


def _update_association(change: Change) -> None:
    if change.of("name", "priority", "mutationProtection"):
        change.cloud.resolver.update_firewall_rule_group_association(
            FirewallRuleGroupAssociationId=change.id,
            Name=change.new["name"],
            Priority=change.new["priority"],
            MutationProtection=change.new.get("mutationProtection", change.state["mutationProtection"]),
        )


def _set_config(cloud: Cloud, vpc_id: str, fail_open: str) -> Any:
    return cloud.resolver.update_firewall_config(ResourceId=vpc_id, FirewallFailOpen=fail_open)["FirewallConfig"]


def _create_config(cloud: Cloud, inputs: Values) -> str:
    return str(_set_config(cloud, inputs["resourceId"], inputs.get("firewallFailOpen", "DISABLED"))["Id"])


def _config(cloud: Cloud, id_: str) -> Any:
    found = cloud.resolver.list_firewall_configs()["FirewallConfigs"]
    return next((config for config in found if config["Id"] == id_), None)


def _read_config(cloud: Cloud, id_: str, _: Values) -> Values | None:
    found = _config(cloud, id_)
    if found is None:
        return None
    return {
        "firewallFailOpen": found["FirewallFailOpen"],
        "ownerId": found["OwnerId"],
        "resourceId": found["ResourceId"],
    }


def _validate_rule(inputs: Values) -> Iterator[tuple[str, str]]:
    action, response = inputs.get("action"), inputs.get("blockResponse")
    if "firewallDomainListId" not in inputs:
        yield "firewallDomainListId", "required, but not given: rules without a domain list are not emulated"
    if action == "BLOCK" and response is None:
        yield "blockResponse", "required for the action BLOCK, but not given"
    if action not in ("BLOCK", UNKNOWN) and response is not None:
        yield "blockResponse", f"is not for the action {action}"


RESOURCES = (
    Resource(
        pulumi_type="aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList",
        sdk="pulumi_aws.route53.ResolverFirewallDomainList",
        backing=Backing.RECORDED,
        operation=("route53resolver", "CreateFirewallDomainList"),
        arguments=names("domains name"),
        naming=_NAMING,
        replace_on=names("name"),
        sets=names("domains"),
        create=_create_list,
        settle=_set_domains,
        read=_read_list,
        update=lambda change: _set_domains(change.cloud, change.id, change.new) if change.of("domains") else None,
        delete=lambda cloud, id_, _: cloud.resolver.delete_firewall_domain_list(FirewallDomainListId=id_),
        retag=_retag,
    ),
    Resource(
        pulumi_type="aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup",
        sdk="pulumi_aws.route53.ResolverFirewallRuleGroup",
        backing=Backing.RECORDED,
        operation=("route53resolver", "CreateFirewallRuleGroup"),
        arguments=names("name"),
        naming=_NAMING,
        replace_on=names("name"),
        create=_create_group,
        read=_read_group,
        delete=lambda cloud, id_, _: cloud.resolver.delete_firewall_rule_group(FirewallRuleGroupId=id_),
        retag=_retag,
    ),
    Resource(
        pulumi_type="aws:route53/resolverFirewallRule:ResolverFirewallRule",
        sdk="pulumi_aws.route53.ResolverFirewallRule",
        backing=Backing.RECORDED,
        operation=("route53resolver", "CreateFirewallRule"),
        arguments=_RULE | names("firewallDomainListId firewallRuleGroupId qType"),
        naming=_NAMING,
        replace_on=names("firewallDomainListId firewallRuleGroupId qType"),
        create=_create_rule,
        read=_read_rule,
        update=_update_rule,
        delete=lambda cloud, _, state: cloud.resolver.delete_firewall_rule(**_rule_key(state)),
        validate=_validate_rule,
    ),
    Resource(
        pulumi_type="aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation",
        sdk="pulumi_aws.route53.ResolverFirewallRuleGroupAssociation",
        backing=Backing.RECORDED,
        operation=("route53resolver", "AssociateFirewallRuleGroup"),
        arguments=names("firewallRuleGroupId mutationProtection name priority vpcId"),
        naming=_NAMING,
        replace_on=names("firewallRuleGroupId vpcId"),
        create=_create_association,
        read=_read_association,
        update=_update_association,
        delete=lambda cloud, id_, _: cloud.resolver.disassociate_firewall_rule_group(
            FirewallRuleGroupAssociationId=id_
        ),
        retag=_retag,
    ),
    Resource(
        pulumi_type="aws:route53/resolverFirewallConfig:ResolverFirewallConfig",
        sdk="pulumi_aws.route53.ResolverFirewallConfig",
        backing=Backing.RECORDED,
        operation=("route53resolver", "UpdateFirewallConfig"),
        arguments=names("firewallFailOpen resourceId"),
        replace_on=names("resourceId"),
        create=_create_config,
        read=_read_config,
        update=lambda change: _set_config(
            change.cloud, change.new["resourceId"], change.new.get("firewallFailOpen", "DISABLED")
        ),
        # A VPC keeps its configuration: deleting sets it back.
        delete=lambda cloud, _, state: _set_config(cloud, state["resourceId"], "DISABLED"),
    ),
)
