"""Security groups with their inline rules, and a VPC's default group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from local.aws.calls import ec2_tags, first, one, retag_ec2, tag_map
from local.aws.cloud import Cloud
from local.aws.definition import Change, Naming, Resource, names
from local.aws.values import UNKNOWN, Value, Values

_DIRECTIONS = ("ingress", "egress")


class Rule(NamedTuple):
    """One rule as AWS counts them: one protocol, one range of ports, one peer."""

    protocol: str
    from_port: int
    to_port: int
    peer_kind: str
    peer: str
    description: str


# Where a permission lists peers of a kind, and what names a peer there.
_PEERS = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
}


def _given_rules(rules: Iterable[Values], group_id: str) -> set[Rule]:
    """The rules of an `ingress` or `egress` argument, each taken apart."""
    found = set()
    for rule in rules:
        peers = [(kind, peer) for kind in _PEERS for peer in rule.get(kind) or ()]
        peers += [("securityGroups", group_id)] if rule.get("self") else []
        for kind, peer in peers:
            low, high = _ports(rule["protocol"], rule["fromPort"], rule["toPort"])
            found.add(Rule(rule["protocol"], low, high, kind, peer, rule.get("description") or ""))
    return found


def _actual_rules(permissions: Iterable[Any]) -> set[Rule]:
    found = set()
    for permission in permissions:
        protocol = permission["IpProtocol"]
        low, high = _ports(protocol, permission.get("FromPort", 0), permission.get("ToPort", 0))
        for kind, (members, name) in _PEERS.items():
            for peer in permission.get(members, []):
                found.add(Rule(protocol, low, high, kind, peer[name], peer.get("Description") or ""))
    return found


def _ports(protocol: str, low: int, high: int) -> tuple[int, int]:
    """Pulumi writes 0 and 0 for all ports of all protocols, AWS nothing."""
    return (0, 0) if protocol == "-1" else (low, high)


def _permissions(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    permissions = []
    for rule in sorted(rules):
        members, name = _PEERS[rule.peer_kind]
        peer = {name: rule.peer} | ({"Description": rule.description} if rule.description else {})
        ports = {} if rule.protocol == "-1" else {"FromPort": rule.from_port, "ToPort": rule.to_port}
        permissions.append({"IpProtocol": rule.protocol, **ports, members: [peer]})
    return permissions


def _as_argument(rules: Iterable[Rule], group_id: str) -> list[Values]:
    """The rules as an `ingress` or `egress` value shows them: those that differ only in the peer together."""
    merged: dict[tuple[Value, ...], Values] = defaultdict(dict)
    for rule in sorted(rules):
        entry = merged[rule.protocol, rule.from_port, rule.to_port, rule.description]
        if rule.peer == group_id:
            entry["self"] = True
        else:
            entry.setdefault(rule.peer_kind, []).append(rule.peer)
    return [
        {
            "protocol": protocol,
            "fromPort": from_port,
            "toPort": to_port,
            "description": description,
            **{kind: [] for kind in _PEERS},
            "self": False,
            **entry,
        }
        for (protocol, from_port, to_port, description), entry in merged.items()
    ]


def _apply(cloud: Cloud, group_id: str, direction: str, wanted: set[Rule]) -> None:
    """Make the group's rules of one direction exactly these."""
    group = one(cloud.ec2.describe_security_groups, "SecurityGroups", GroupIds=[group_id])
    ec2 = cloud.ec2
    if direction == "ingress":
        present, authorize, revoke = (
            "IpPermissions",
            ec2.authorize_security_group_ingress,
            ec2.revoke_security_group_ingress,
        )
    else:
        present, authorize, revoke = (
            "IpPermissionsEgress",
            ec2.authorize_security_group_egress,
            ec2.revoke_security_group_egress,
        )
    actual = _actual_rules(group[present])
    if actual - wanted:
        revoke(GroupId=group_id, IpPermissions=_permissions(actual - wanted))
    if wanted - actual:
        authorize(GroupId=group_id, IpPermissions=_permissions(wanted - actual))


def _create(cloud: Cloud, inputs: Values) -> str:
    made = cloud.ec2.create_security_group(
        GroupName=inputs["name"],
        Description=inputs["description"],
        TagSpecifications=ec2_tags("security-group", inputs),
        **({"VpcId": inputs["vpcId"]} if "vpcId" in inputs else {}),
    )
    return str(made["GroupId"])


def _settle(cloud: Cloud, id_: str, inputs: Values) -> None:
    """Unlike AWS, the provider leaves a new group without any way out, unless `egress` gives one."""
    for direction in _DIRECTIONS:
        _apply(cloud, id_, direction, _given_rules(inputs.get(direction, []), id_))


def _update(change: Change) -> None:
    for direction in _DIRECTIONS:
        if direction in change.new and change.of(direction):
            _apply(change.cloud, change.id, direction, _given_rules(change.new[direction], change.id))


def _read(cloud: Cloud, id_: str, known: Values) -> Values:
    group = one(cloud.ec2.describe_security_groups, "SecurityGroups", GroupIds=[id_])
    shown = {}
    for direction, member in zip(_DIRECTIONS, ("IpPermissions", "IpPermissionsEgress"), strict=True):
        actual = _actual_rules(group[member])
        same = direction in known and _given_rules(known[direction], id_) == actual
        shown[direction] = known[direction] if same else _as_argument(actual, id_)
    return {
        **shown,
        "arn": cloud.arn("ec2", f"security-group/{id_}"),
        "description": group["Description"],
        "name": group["GroupName"],
        "namePrefix": "",
        "ownerId": cloud.account_id,
        "tagsAll": tag_map(group.get("Tags")),
        "vpcId": group["VpcId"],
    }


def _adopt_default(cloud: Cloud, inputs: Values) -> str:
    filters = [{"Name": "vpc-id", "Values": [inputs["vpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    group = first(cloud.ec2.describe_security_groups, "SecurityGroups", Filters=filters)
    if group is None:
        raise ValueError(f"the VPC {inputs['vpcId']} does not exist, so neither does its default security group")
    retag_ec2(cloud, group["GroupId"], {}, inputs.get("tagsAll", {}), [])
    return str(group["GroupId"])


def _rules(inputs: Values) -> Iterator[tuple[str, str]]:
    for direction in _DIRECTIONS:
        rules = inputs.get(direction, [])
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            path = f"{direction}[{index}]"
            if not isinstance(rule, dict) or UNKNOWN in rule.values():
                continue
            if rule["protocol"] == "-1" and (rule["fromPort"], rule["toPort"]) != (0, 0):
                yield path, "fromPort and toPort must both be 0 with protocol '-1', which means all ports"
            if not any(rule.get(kind) for kind in (*_PEERS, "self")):
                yield path, f"names no peer: one of {', '.join(_PEERS)} or self"


RESOURCES = (
    Resource(
        pulumi_type="aws:ec2/securityGroup:SecurityGroup",
        operation=("ec2", "CreateSecurityGroup"),
        arguments=names("description egress ingress name namePrefix revokeRulesOnDelete vpcId"),
        naming=Naming(max_length=255),
        defaults={"description": "Managed by Pulumi"},
        renames={"name": "GroupName"},
        replace_on=names("description name namePrefix vpcId"),
        identity=names("name vpcId"),
        sets=names("ingress egress"),
        provider_only=names("namePrefix revokeRulesOnDelete"),
        create=_create,
        settle=_settle,
        read=_read,
        update=_update,
        delete=lambda cloud, id_, _: cloud.ec2.delete_security_group(GroupId=id_),
        retag=retag_ec2,
        validate=_rules,
    ),
    Resource(
        pulumi_type="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        operation=("ec2", "CreateSecurityGroup"),
        arguments=names("egress ingress revokeRulesOnDelete vpcId"),
        defaults={"ingress": [], "egress": []},
        replace_on=names("vpcId"),
        sets=names("ingress egress"),
        provider_only=names("revokeRulesOnDelete"),
        create=_adopt_default,
        settle=_settle,
        read=_read,
        update=_update,
        delete=lambda *_: None,  # the group goes with its VPC; letting go of it is all that AWS allows
        retag=retag_ec2,
        validate=lambda inputs: iter(
            [
                *_rules(inputs),
                *(() if "vpcId" in inputs else [("vpcId", "required here: the account has no default VPC")]),
            ]
        ),
    ),
)
