"""Security group rules as resources of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.aws.calls import ec2_tags, given, one, retag_ec2, tag_map
from local.aws.cloud import Cloud
from local.aws.definition import Change, Resource, names
from local.aws.values import Value, Values

_PEERS = {
    "cidrIpv4": ("IpRanges", "CidrIp"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}


def _creator(direction: str) -> Any:
    def create(cloud: Cloud, inputs: Values) -> str:
        [(members, name)] = [_PEERS[kind] for kind in _PEERS if kind in inputs]
        [peer] = [inputs[kind] for kind in _PEERS if kind in inputs]
        permission = {
            "IpProtocol": inputs["ipProtocol"],
            **given(FromPort=inputs.get("fromPort"), ToPort=inputs.get("toPort")),
            members: [{name: peer, **given(Description=inputs.get("description"))}],
        }
        authorize = getattr(cloud.ec2, f"authorize_security_group_{direction}")
        made = authorize(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[permission],
            TagSpecifications=ec2_tags("security-group-rule", inputs),
        )
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    return create


def _read(cloud: Cloud, id_: str, known: Values) -> Values:
    rule = one(cloud.ec2.describe_security_group_rules, "SecurityGroupRules", SecurityGroupRuleIds=[id_])
    all_ports = rule["IpProtocol"] == "-1"
    return {
        "arn": cloud.arn("ec2", f"security-group-rule/{id_}"),
        "ipProtocol": rule["IpProtocol"],
        "securityGroupId": rule["GroupId"],
        "securityGroupRuleId": id_,
        "tagsAll": tag_map(rule.get("Tags")),
        **given(
            cidrIpv4=rule.get("CidrIpv4"),
            cidrIpv6=rule.get("CidrIpv6"),
            prefixListId=rule.get("PrefixListId"),
            referencedSecurityGroupId=rule.get("ReferencedGroupInfo", {}).get("GroupId"),
            # moto keeps the description of address ranges only
            description=rule.get("Description") or known.get("description"),
            fromPort=None if all_ports else rule.get("FromPort"),
            toPort=None if all_ports else rule.get("ToPort"),
        ),
    }


def _update(change: Change) -> None:
    new = change.new
    rule = {
        "IpProtocol": new["ipProtocol"],
        "FromPort": new.get("fromPort", -1),
        "ToPort": new.get("toPort", -1),
        **given(
            CidrIpv4=new.get("cidrIpv4"),
            CidrIpv6=new.get("cidrIpv6"),
            PrefixListId=new.get("prefixListId"),
            ReferencedGroupId=new.get("referencedSecurityGroupId"),
            Description=new.get("description"),
        ),
    }
    change.cloud.ec2.modify_security_group_rules(
        GroupId=new["securityGroupId"],
        SecurityGroupRules=[{"SecurityGroupRuleId": change.id, "SecurityGroupRule": rule}],
    )


def _deleter(direction: str) -> Any:
    def delete(cloud: Cloud, id_: str, state: Values) -> None:
        revoke = getattr(cloud.ec2, f"revoke_security_group_{direction}")
        revoke(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[id_])

    return delete


def _validate(inputs: Values) -> Iterator[tuple[str, str]]:
    peers = [kind for kind in _PEERS if kind in inputs]
    if len(peers) != 1:
        yield "cidrIpv4", f"exactly one of {', '.join(_PEERS)} must be given, got {len(peers)}"
    protocol = inputs["ipProtocol"]
    ports = [name for name in ("fromPort", "toPort") if name in inputs]
    if protocol == "-1" and ports:
        yield ports[0], "must not be given with ipProtocol '-1', which means all ports"
    if protocol in ("tcp", "udp", "icmp") and len(ports) != 2:
        yield "fromPort", f"fromPort and toPort are required with ipProtocol {protocol}"
    low, high = inputs.get("fromPort"), inputs.get("toPort")
    if protocol in ("tcp", "udp") and not _is_range(low, high):
        yield "fromPort", f"must have 0 <= fromPort <= toPort <= 65535, got {low} and {high}"


def _is_range(low: Value, high: Value) -> bool:
    """True if ports are in order; unknown ones get the benefit of the doubt."""
    return not (isinstance(low, int) and isinstance(high, int)) or 0 <= low <= high <= 65535


def _rule(kind: str, direction: str) -> Resource:
    return Resource(
        pulumi_type=f"aws:vpc/securityGroup{kind}Rule:SecurityGroup{kind}Rule",
        operation=("ec2", f"AuthorizeSecurityGroup{kind}"),
        arguments=frozenset({*_PEERS, *names("description fromPort ipProtocol securityGroupId toPort")}),
        replace_on=names("securityGroupId"),
        create=_creator(direction),
        read=_read,
        update=_update,
        delete=_deleter(direction),
        retag=retag_ec2,
        validate=_validate,
    )


RESOURCES = (_rule("Ingress", "ingress"), _rule("Egress", "egress"))
