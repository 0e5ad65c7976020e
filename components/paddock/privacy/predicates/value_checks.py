"""Checks of values that no list of texts can tell; `CHECKS` has them all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from paddock.privacy.predicates.documents import as_list, lets_in, principals, texts
from paddock.privacy.predicates.facts import names
from paddock.privacy.predicates.findings import Door, Problem, Result, Seen, Undecided
from paddock.privacy.predicates.plain_secrets import looks_secret
from paddock.privacy.predicates.ranges import Breadth, breadth
from paddock.privacy.predicates.values import UNKNOWN, Inputs, is_true, shown, value_at

Check = Callable[[str, Any, Inputs, Seen], Iterator[Result]]
"""Function that checks a value by its path, the value, the inputs that it is of, and what is seen."""
GROUPS = frozenset({"SecurityGroup", "DefaultSecurityGroup", "Cluster"})
NO_AGENT = "without enableNetworkPolicy every NetworkPolicy is dead text; set it to 'true'"


def _ranges(route: Inputs) -> list[Any]:
    """Ranges, or prefix lists, to which a route leads, one of a table or beside it."""
    keys = ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId", "cidrBlock", "ipv6CidrBlock")
    return [route[key] for key in keys if route.get(key)]


def _network(path: str, value: Any, route: Inputs, _: Seen) -> Iterator[Result]:
    """Route through a transit gateway, a peering or a VPN to a network that is not seen: a door to its range."""
    for cidr in _ranges(route) or ["a range that is not said"]:
        to = f"{shown(cidr)} through {shown(value)}"
        if cidr is UNKNOWN:
            yield Undecided(path)
        elif str(value).startswith(("pcx-", "tgw-", "vgw-")) and breadth(cidr) in (Breadth.PRIVATE, Breadth.LISTED):
            yield Door(f"network {to}", f"this route leads to {to}, by name")
        else:
            yield Undecided(path, f"this route leads to {to}, and whose network that is is not seen")


def _gateway(path: str, value: Any, route: Inputs, seen: Seen) -> Iterator[Result]:
    kinds = set(seen.kinds(path, value))
    if str(value).startswith("igw-") or any(each.endswith("Gateway") for each in kinds):
        out = "an internet gateway" if str(value).startswith("igw-") else ", ".join(sorted(kinds))
        text = f"this route leads out through {out} ({value})"
        yield Problem(path, f"{text}; remove it and reach AWS services through VPC endpoints")
    elif str(value).startswith("vgw-"):
        yield from _network(path, value, route, seen)
    elif value != "local" and "VpcEndpoint" not in kinds:
        yield Undecided(path, f"this route leads to {shown(value)}, which is not seen here")


def _interface(path: str, _value: Any, route: Inputs, _: Seen) -> Iterator[Result]:
    ranges = _ranges(route)
    if {"0.0.0.0/0", "::/0"} & {str(each) for each in ranges}:
        text = "a default route to a network interface makes a NAT instance of its owner"
        yield Problem(path, f"{text}; remove it and reach AWS services through VPC endpoints")
    elif UNKNOWN in ranges:
        yield Undecided(path)
    else:
        yield Undecided(path, "this route leads to a network interface, whose owner may pass it on")


def addresses_in(path: str, cidr: Any, seen: Seen, everyone: str) -> Iterator[Result]:
    kind = breadth(cidr)
    if kind is Breadth.EVERYONE:
        yield Problem(path, f"got {cidr}, which {everyone}; name the VPC's range or a security group")
    elif kind is Breadth.NO_RANGE:
        yield Undecided(path, f"got {shown(cidr)}, which is no range of addresses")
    elif not seen.in_vpc(cidr):
        yield Door(f"network {cidr}", f"lets {cidr} in, by name")


def _in(path: str, cidr: Any, _: Inputs, seen: Seen) -> Iterator[Result]:
    return addresses_in(path, cidr, seen, "lets every address in")


def _out(path: str, cidr: Any, _: Inputs, seen: Seen) -> Iterator[Result]:
    found = addresses_in(path, cidr, seen, "lets data out to every address")
    return (each for each in found if not isinstance(each, Door))


def _direction(_: str, direction: Any, rule: Inputs, seen: Seen) -> Iterator[Result]:
    """Old-style rule of a security group: its own `type` says which way it lets through."""
    if direction not in ("ingress", "egress"):
        yield Undecided("type", f"got {shown(direction)}")
        return
    group = rule.get("sourceSecurityGroupId")
    if direction == "ingress" and group and not set(seen.kinds("sourceSecurityGroupId", group)) & GROUPS:
        yield Undecided("sourceSecurityGroupId", f"lets {shown(group)} in, no SecurityGroup that is seen here")
    for key in ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds"):
        for i, each in enumerate(as_list(rule.get(key))):
            at = f"{key}[{i}]"
            if each is UNKNOWN:
                yield Undecided(at)
            elif key != "prefixListIds":
                yield from (_in if direction == "ingress" else _out)(at, each, rule, seen)
            elif direction == "ingress":
                yield Undecided(at, f"lets a prefix list in ({shown(each)}), whose ranges are not seen here")
            else:
                yield Problem(
                    at, f"lets data out to a prefix list ({shown(each)}), whose ranges are not seen here; name them"
                )


def _connects(path: str, who: Any, service: Inputs, _: Seen) -> Iterator[Result]:
    if "*" in str(who):
        yield Problem(path, f"got {who}; with it every AWS account may connect; name accounts, roles or users by ARN")
    else:
        by_hand = "; each connection is accepted by hand" * is_true(service.get("acceptanceRequired"))
        yield Door(str(who), f"{who} may connect by PrivateLink{by_hand}")


def _acl(path: str, acl: Any, _: Inputs, _seen: Seen) -> Iterator[Result]:
    if acl in ("authenticated-read", "public-read", "public-read-write"):
        yield Problem(path, f"got '{acl}', which strangers can read; remove it and grant access by bucket policy")
    elif acl not in ("private", "bucket-owner-full-control", "bucket-owner-read", "log-delivery-write"):
        yield Undecided(path, f"got {shown(acl)}, and whom that lets in is not seen here")


def _grant(path: str, uri: Any, _: Inputs, _seen: Seen) -> Iterator[Result]:
    if str(uri).endswith(("/groups/global/AllUsers", "/groups/global/AuthenticatedUsers")):
        yield Problem(path, f"this grants access to everyone ({uri}); remove the grant")
    elif not str(uri).endswith("/groups/s3/LogDelivery"):
        yield Undecided(path, f"this grants access to {shown(uri)}")


def _own(path: str, value: Any, _: Inputs, seen: Seen) -> Iterator[Result]:
    if not seen.own(str(value)) and not seen.kinds(path, value):
        yield Door(str(value), f"{path} is {shown(value)}, by name")


def _senders(path: str, document: Any, _: Inputs, seen: Seen) -> Iterator[Result]:
    """Policy of a queue or a topic: what an AWS service puts in leaves nowhere, whoever asked it to."""
    return lets_in(path, document, seen.own, "is let in", only_sends)


def only_sends(statement: Mapping[str, Any]) -> bool:
    kinds = {kind for kind, _ in principals(statement)}
    actions = {action.lower() for action in texts(statement.get("Action"))}
    return kinds == {"Service"} and bool(actions) and actions <= {"sqs:sendmessage", "sns:publish"}


def _ours(path: str, value: Any, _: Inputs, seen: Seen) -> Iterator[Result]:
    if not seen.own(str(value)) and not seen.kinds(path, value):
        yield Undecided(path, f"got {shown(value)}, which is not of this account, and who reads there is not seen here")


def _ours_by_arn(path: str, value: Any, inside: Inputs, seen: Seen) -> Iterator[Result]:
    # A plain name is of the account, or AWS's own.
    return _ours(path, value, inside, seen) if ":" in str(value) else iter(())


def _lets_in(does: str) -> Check:
    return lambda path, document, _, seen: lets_in(path, document, seen.own, does)


def _managed(path: str, arn: Any, _: Inputs, seen: Seen) -> Iterator[Result]:
    """Managed policy that a role gets: one of AWS's that is named in `data/names.toml`, or one of the stack."""
    name = str(arn).rpartition("/")[2]
    if ":aws:policy/" in str(arn):
        if name in names("session_policies"):
            yield Door("operators by SSM", f"{name} lets those who may ssm:StartSession into its holder")
        elif name not in names("managed_policies"):
            text = f"{arn} allows what is not needed here, or in any account; attach what is needed"
            yield (Undecided if seen.stack else Problem)(path, text)
    elif "Policy" not in seen.kinds(path, arn):
        yield Undecided(path, f"got {shown(arn)}, rights that are not seen here")


def _public_api(path: str, public: Any, config: Inputs, seen: Seen) -> Iterator[Result]:
    listed = as_list(config.get("publicAccessCidrs"))
    narrow = listed and all(breadth(each) in (Breadth.PRIVATE, Breadth.LISTED) for each in listed)
    if str(public).lower() == "false":
        return
    for cidr in listed if narrow else ():
        yield Door(f"network {cidr}", f"the Kubernetes API answers {cidr} on the internet, by name")
    if not narrow or not seen.stack:
        got = "not set" if public is None else f"got {public}"
        yield Problem(path, f"{got}; AWS opens the API to the internet unless told not to; set it to false")


def _ssh(path: str, access: Any, _: Inputs, _seen: Seen) -> Iterator[Result]:
    if not isinstance(access, Mapping) or UNKNOWN in access.values():
        yield Undecided(path)
    elif access.get("ec2SshKey") and not access.get("sourceSecurityGroupIds"):
        text = "an SSH key without sourceSecurityGroupIds opens port 22 of every node to 0.0.0.0/0"
        yield Problem(path, f"{text}; name the security groups that may connect, or remove remoteAccess and use SSM")


def _addon(path: str, name: Any, addon: Inputs, _: Seen) -> Iterator[Result]:
    if name not in names("addons"):
        yield Undecided(path, f"got {shown(name)}, which is not among AWS's own add-ons that send nothing out")
    elif name == "vpc-cni" and addon.get("configurationValues") is None:
        yield Problem("configurationValues", NO_AGENT)


def _addon_values(path: str, text: Any, addon: Inputs, _: Seen) -> Iterator[Result]:
    try:
        values = json.loads(str(text))
    except ValueError:
        yield Undecided(path, "is not JSON")
        return
    if addon.get("addonName") == "vpc-cni" and str(value_at(values, "enableNetworkPolicy")).lower() != "true":
        yield Problem(path, NO_AGENT)


def _not_root(path: str, user: Any, _: Inputs, _seen: Seen) -> Iterator[Result]:
    if user == 0 or str(user) == "0":
        yield Problem(path, "got 0, which is root; name another user")


def _drop_all(path: str, dropped: Any, _: Inputs, _seen: Seen) -> Iterator[Result]:
    if UNKNOWN in as_list(dropped):
        yield Undecided(path)
    elif "ALL" not in as_list(dropped):
        yield Problem(path, "capabilities of root are kept; set it to ['ALL']")


def _own_account(path: str, account: Any, _: Inputs, _seen: Seen) -> Iterator[Result]:
    if account == "default":
        yield Undecided(path, "every pod that names no service account is `default`, and would take this role")


def _target(path: str, target: Any, _: Inputs, seen: Seen) -> Iterator[Result]:
    """Target of a group: a machine, which AWS takes of the group's own VPC alone, or an address of a VPC."""
    address = breadth(target) is not Breadth.NO_RANGE
    if not (seen.in_vpc(target) if address else str(target).startswith("i-") or "Instance" in seen.kinds(path, target)):
        yield Undecided(path, f"sends requests to {shown(target)}, which is not seen here")


def _storage(path: str, parameters: Any, _: Inputs, seen: Seen) -> Iterator[Result]:
    """Parameters of a StorageClass: the driver may write disks with a key, or into a bucket, of others."""
    for key, value in parameters.items() if isinstance(parameters, Mapping) else [("", parameters)]:
        if key.lower() == "kmskeyid":
            yield from _ours(f"{path}.{key}", value, {}, seen)
        elif key.lower() not in names("storage_parameters"):
            yield Undecided(f"{path}.{key}", f"got {shown(value)}, and whose data that reaches is not seen here")


def _parameter(path: str, kind: Any, parameter: Inputs, _: Seen) -> Iterator[Result]:
    if kind != "SecureString" and looks_secret(parameter.get("name"), parameter.get("value")):
        yield Problem(path, f"got {kind}, and it holds a secret in plain text; set it to SecureString")


CHECKS: Mapping[str, Check] = {
    "%acl": _acl,
    "%addon": _addon,
    "%addon-values": _addon_values,
    "%connects": _connects,
    "%direction": _direction,
    "%drop-all": _drop_all,
    "%gateway": _gateway,
    "%grant": _grant,
    "%in": _in,
    "%interface": _interface,
    "%managed": _managed,
    "%network": _network,
    "%not-root": _not_root,
    "%ours": _ours,
    "%ours-by-arn": _ours_by_arn,
    "%out": _out,
    "%own": _own,
    "%own-account": _own_account,
    "%parameter": _parameter,
    "%policy": _lets_in("is let in"),
    "%public-api": _public_api,
    "%senders": _senders,
    "%ssh": _ssh,
    "%storage": _storage,
    "%target": _target,
    "%trust": _lets_in("may assume it"),
}
"""Checks by the names that `data/shapes.toml` calls them."""
MADE_OF = frozenset({"%own", "%managed", "door"})
"""Checks for which a value that is not known yet is what it is made of: a resource of `owned_kinds`."""
OF_OTHER_TYPES = frozenset(
    {"%drop-all", "%not-root", "%policy", "%public-api", "%senders", "%ssh", "%storage", "%trust"}
)
"""Checks of what is no text, or need not be."""
