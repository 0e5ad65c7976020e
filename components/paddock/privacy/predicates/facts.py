"""Facts of `data/`: names that are known, and what each resource type can do with the bytes of a pod."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

TABLES = {"aws_types": "aws:", "kubernetes_kinds": "kubernetes:", "types": ""}
"""Prefix of the types in each file."""


@cache
def data(name: str) -> Mapping[str, Any]:
    """Tables of a file of `data/`."""
    return tomllib.loads((Path(__file__).parent / "data" / f"{name}.toml").read_text("utf-8"))


def names(table: str) -> Mapping[str, str]:
    """Names of `data/names.toml` with the reason for each."""
    found: Mapping[str, str] = data("names")[table]
    return found


class Can(StrEnum):
    """Use that a type can make of bytes, as the tables call it."""

    CONTROL = "control"
    """Settings and counts, through which no content passes."""
    ACCOUNT = "account"
    """Keeps or copies bytes inside the account, or the cluster."""
    CHECKED = "checked"
    """Does what its values say."""
    PODS = "pods"
    """Makes pods, which the network is checked for."""
    CARRIES = "carries"
    """Carries bytes to where they are not seen from here."""
    OUT = "out"
    """Leads out."""


class Fact(NamedTuple):
    can: Can
    why: str


def fact(type_: str) -> Fact | None:
    """Use of bytes by a type: by its own row, else by that of its whole service or API group."""
    package, _, rest = type_.partition(":")
    module, _, name = rest.rpartition(":")
    # aws:s3/bucket:Bucket is of the service s3, kubernetes:apps/v1:Deployment of the group apps.
    group = f"{package}:{module.partition('/')[0]}"
    if package == "kubernetes" and name.endswith(("Patch", "List")):
        return facts().get(f"{group}/{name}")
    return facts().get(f"{group}/{name}") or facts().get(f"{group}/*")


def makes_pods(type_: str) -> bool:
    """True for a kind whose objects make pods."""
    known = fact(type_)
    return known is not None and known.can is Can.PODS


@cache
def facts() -> Mapping[str, Fact]:
    """Rows of all tables, by `package:group/Type`; `*` is any type of a group."""
    return {
        f"{prefix}{each}": Fact(Can(can), str(row["why"]))
        for name, prefix in TABLES.items()
        for can, rows in data(name).items()
        for row in rows
        for each in row["types"]
    }
