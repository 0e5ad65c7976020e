"""EKS: Kubernetes versions with their dates of support, and the add-on versions that go with each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType

from paddock.catalog.lookup import toml

NODE_GROUP_LABEL = "eks.amazonaws.com/nodegroup"
"""Label that EKS puts on each node of a managed node group: the group's name, of which a replaced group has another.
Source: EKS user guide, managed-node-groups, read 2026-11-28."""


SUPPORT_LEFT = timedelta(days=60)
"""Standard support that a new cluster has ahead of it: at its end EKS upgrades the control plane by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EksVersion:
    version: str
    released: date
    standard_support_ends: date
    extended_support_ends: date
    source: str
    as_of: date

    @property
    def is_offered(self) -> bool:
        """True where standard support lasts for a while yet, from the day of the catalog: a plan must not change with
        the clock."""
        return self.standard_support_ends - self.as_of > SUPPORT_LEFT


@cache
def eks_versions() -> MappingProxyType[str, EksVersion]:
    data = toml("eks.toml")
    as_of, source = data.pop("as_of"), data.pop("source")
    return MappingProxyType(
        {version: EksVersion(version=version, source=source, as_of=as_of, **row) for version, row in data.items()}
    )


def supported_eks_versions() -> tuple[str, ...]:
    """Those in standard support for a while yet, oldest first; extended support costs six times as much."""
    return tuple(version for version, row in eks_versions().items() if row.is_offered)


def newest_eks_version() -> str:
    return supported_eks_versions()[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class EksAddons:
    versions: Mapping[str, Mapping[str, str]]
    """Add-on versions by Kubernetes version, then by add-on."""
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
