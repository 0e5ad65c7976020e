"""EC2's quotas on vCPUs: which one an instance type counts against."""

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


@cache
def _quotas() -> tuple[Quota, ...]:
    return tuple(Quota(**{**row, "families": tuple(row["families"])}) for row in toml("quotas.toml")["quota"])


def quota_of(instance_type: str, purchase: str) -> Quota:
    """The quota of an instance type, of a family of its own before that of its letter."""
    family = instance_type.partition(".")[0]
    letters = re.match(r"[a-z]+", family)
    kinds = [family, letters[0] if letters else family]
    return next(each for kind in kinds for each in _quotas() if each.purchase == purchase and kind in each.families)
