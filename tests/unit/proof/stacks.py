"""The captured program, the same with its three gaps closed, and how tests change one thing in it.

`data/preview.json` and `data/stack.json` are what `pulumi preview --json` and `pulumi stack export` printed of
`stacks/Pulumi.local.yaml` in the local cloud, 2026-11-24; certificates, kubeconfig and source positions are removed.
"""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

from paddock.proof import Proof, prove, read_inventory

DATA = Path(__file__).parent / "data"
ACCOUNT = "123456789012"
LAYERS = "arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*"

JsonObject = dict[str, Any]


def text_of(name: str) -> str:
    return (DATA / f"{name}.json").read_text(encoding="utf-8")


@cache
def _captured() -> str:
    return text_of("stack")


class Stack:
    """Resources that a test may change."""

    def __init__(self) -> None:
        self.data: JsonObject = json.loads(_captured())

    @property
    def resources(self) -> list[JsonObject]:
        found: list[JsonObject] = self.data["deployment"]["resources"]
        return found

    def one(self, kind: str, name: str = "") -> JsonObject:
        """The first resource whose type ends so, and whose name is so where one is given."""
        return next(
            each
            for each in self.resources
            if each["type"].endswith(f":{kind}") and name in ("", each["urn"].rpartition("::")[2])
        )

    def change(self, kind: str, name: str = "", **values: Any) -> None:
        each = self.one(kind, name)
        for side in ("inputs", "outputs"):
            each[side] = {**each.get(side, {}), **copy.deepcopy(values)}

    def add(self, type_: str, name: str, **values: Any) -> JsonObject:
        made: JsonObject = {
            "urn": f"urn:pulumi:local::paddock::{type_}::{name}",
            "type": type_,
            "custom": True,
            "id": f"{name}-id",
            "inputs": values,
            "outputs": dict(values),
        }
        self.resources.append(made)
        return made

    def remove(self, kind: str, name: str = "") -> None:
        self.resources.remove(self.one(kind, name))

    @property
    def vpc_id(self) -> str:
        return str(self.one("Vpc")["id"])

    def proof(self) -> Proof:
        return prove(read_inventory(json.dumps(self.data)))


def document(*statements: JsonObject) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(**more: Any) -> JsonObject:
    return {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", **more}


OWN = allow(Condition={"StringEquals": {"aws:ResourceAccount": ACCOUNT}})
IMAGE_LAYERS = allow(Action="s3:GetObject", Resource=LAYERS)


def fence(bucket: str, endpoint: str, **more: Any) -> JsonObject:
    """Nobody reads but through the endpoint."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject*",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"StringNotEquals": {"aws:SourceVpce": endpoint}},
        **more,
    }


def account_fence(bucket: str, *accounts: str) -> JsonObject:
    """Nobody reads but through an endpoint of these accounts."""
    return fence(bucket, "", Condition={"StringNotEquals": {"aws:VpceAccount": list(accounts)}})


def closed() -> Stack:
    """The captured stack with endpoint policies, a bucket that is read inside the VPC alone, and a DNS firewall."""
    stack = Stack()
    for each in stack.resources:
        if each["type"] == "aws:ec2/vpcEndpoint:VpcEndpoint":
            own = [OWN, IMAGE_LAYERS] if each["inputs"]["serviceName"].endswith(".s3") else [OWN]
            each["inputs"]["policy"] = each["outputs"]["policy"] = document(*own)
    bucket, endpoint = stack.one("Bucket")["id"], stack.one("VpcEndpoint", "llama-s3")["id"]
    stack.change("BucketPolicy", policy=document(fence(bucket, endpoint)))
    stack.add("aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup", "dns")
    stack.add("aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList", "aws", domains=["*.amazonaws.com"])
    stack.add("aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList", "all", domains=["*"])
    for name, priority, action in (("aws", 1, "ALLOW"), ("all", 2, "BLOCK")):
        stack.add(
            "aws:route53/resolverFirewallRule:ResolverFirewallRule",
            f"{name}-rule",
            priority=priority,
            action=action,
            firewallDomainListId=f"{name}-id",
            firewallRuleGroupId="dns-id",
        )
    stack.add(
        "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation",
        "dns-vpc",
        vpcId=stack.vpc_id,
        firewallRuleGroupId="dns-id",
    )
    return stack
