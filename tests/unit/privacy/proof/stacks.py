"""Captured program, and how tests change one thing in it.

`data/preview.json` and `data/stack.json` are what `pulumi preview --json` of an empty account and `pulumi stack export`
printed of `stacks/Pulumi.local.yaml` in the local cloud, 2026-11-28. `data/doors.json` is the export of the same with
every exit declared: a tunnel, a name with a private CA, a network of clients, PrivateLink, an API key. `slim.py` took
out certificates, kubeconfigs and source positions.
"""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

from paddock.privacy.proof import Proof, prove, read_inventory

DATA = Path(__file__).parent / "data"
ACCOUNT = "123456789012"

JsonObject = dict[str, Any]


@cache
def text_of(name: str) -> str:
    return (DATA / f"{name}.json").read_text(encoding="utf-8")


class Stack:
    """Resources of the captured program, which a test may change."""

    def __init__(self, name: str = "stack") -> None:
        self.data: JsonObject = json.loads(text_of(name))

    @property
    def resources(self) -> list[JsonObject]:
        found: list[JsonObject] = self.data["deployment"]["resources"]
        return found

    def one(self, kind: str, name: str = "") -> JsonObject:
        """First resource whose type ends so, and whose name is so where one is given."""
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


def fence(bucket: str, endpoint: str, **more: str) -> JsonObject:
    """Statement by which nobody reads but through the endpoint; `more` are further conditions, which weaken it."""
    return _refuse_but(bucket, {"aws:SourceVpce": endpoint, **more})


def account_fence(bucket: str, *accounts: str) -> JsonObject:
    """Statement by which nobody reads but through an endpoint of these accounts."""
    return _refuse_but(bucket, {"aws:VpceAccount": list(accounts)})


def _refuse_but(bucket: str, condition: JsonObject) -> JsonObject:
    resource = f"arn:aws:s3:::{bucket}/*"
    return allow(Effect="Deny", Action="s3:GetObject*", Resource=resource, Condition={"StringNotEquals": condition})
