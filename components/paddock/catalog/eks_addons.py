"""Which version of an EKS add-on goes with which Kubernetes version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType

from paddock.catalog.files import toml


@dataclass(frozen=True, slots=True, kw_only=True)
class EksAddons:
    versions: Mapping[str, Mapping[str, str]]
    """By Kubernetes version, then by add-on."""
    source: str
    as_of: date


@cache
def eks_addons() -> EksAddons:
    data = toml("eks_addons.toml")
    as_of, source = data.pop("as_of"), data.pop("source")
    return EksAddons(versions=MappingProxyType(data), source=source, as_of=as_of)


def addon_version(kubernetes_version: str, addon: str) -> str | None:
    """The version to ask for; None where none is known, and EKS takes its default."""
    return eks_addons().versions.get(kubernetes_version, {}).get(addon)
