"""The AWS services that something inside the VPC calls, and the registries of AWS that nodes pull from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from paddock.catalog.lookup import toml


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceEndpoint:
    """A service, why it must be reached, and what of it."""

    service: str
    called_by: str
    actions: tuple[str, ...]
    """The IAM actions of its callers; none where they are not known."""
    dns_names: tuple[str, ...]
    """Names under which it is called, with `{region}` in the place of the region."""
    source: str
    as_of: date
    with_bastion: bool = False
    """Called only where operators come in through Systems Manager."""
    not_in: tuple[str, ...] = ()
    """Regions in which AWS has no such endpoint."""


@cache
def _called() -> tuple[InterfaceEndpoint, ...]:
    data = toml("endpoints.toml")
    as_of = data.pop("as_of")
    return tuple(InterfaceEndpoint(service=service, as_of=as_of, **_frozen(row)) for service, row in data.items())


def _frozen(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


def interface_endpoints(*, bastion: bool) -> tuple[InterfaceEndpoint, ...]:
    """Those that a platform needs: exactly what it calls."""
    return tuple(each for each in _called() if bastion or not each.with_bastion)


@cache
def aws_image_accounts(region: str) -> tuple[str, ...]:
    """Accounts of AWS from whose registries nodes in this region pull."""
    data = toml("image_registries.toml")
    return tuple(
        account
        for registry in data.values()
        if isinstance(registry, dict)
        for account, regions in registry["accounts"].items()
        if region in regions
    )
