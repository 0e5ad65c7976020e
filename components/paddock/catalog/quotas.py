"""Quotas of Service Quotas: on vCPUs, by instance type, and on numbers of things."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from paddock.catalog.lookup import toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A quota of Service Quotas, service code `ec2`, in one region."""

    code: str
    name: str
    purchase: str
    families: tuple[str, ...]
    """Families such as `p5`, or their first letters, such as `p`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedQuota:
    """A quota on the number of something in one region or VPC."""

    what: str
    service: str
    """Service code of Service Quotas."""
    code: str
    name: str
    default: int
    """AWS's own, where nobody asked for more."""


@cache
def counted_quota(what: str) -> CountedQuota:
    """The quota on `vpcs`, `interface_endpoints` or `network_load_balancers`."""
    return next(CountedQuota(**row) for row in toml("quotas.toml")["counted"] if row["what"] == what)


@cache
def _quotas() -> tuple[Quota, ...]:
    return tuple(Quota(**{**row, "families": tuple(row["families"])}) for row in toml("quotas.toml")["quota"])


def quota_of(instance_type: str, purchase: str) -> Quota:
    """The quota of an instance type, of a family of its own before that of its letter."""
    family = instance_type.partition(".")[0]
    letters = re.match(r"[a-z]+", family)
    kinds = [family, letters[0] if letters else family]
    return next(each for kind in kinds for each in _quotas() if each.purchase == purchase and kind in each.families)
