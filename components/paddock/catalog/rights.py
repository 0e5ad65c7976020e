"""IAM actions that a stack's `pulumi up` takes, by what the program makes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache

from paddock.catalog.lookup import toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    what: str
    types: tuple[str, ...]
    """Pulumi's types in the package `aws`, such as `ec2.Vpc`."""
    actions: tuple[str, ...]
    resource: str = "*"
    """ARN that is asked for, with {partition}, {account}, {region}, {name} and {cluster} to be filled in."""
    service: str | None = None
    """The service whose own role is made by the first who uses it: asked for where the account has not the role yet."""
    when: str | None = None
    """The part of a stack that takes it; None: every stack."""

    def on(self, known: Mapping[str, str]) -> str:
        return self.resource.format(**known)


@cache
def rights() -> tuple[Right, ...]:
    return tuple(
        Right(**{**row, "types": tuple(row["types"]), "actions": tuple(row["actions"])})
        for row in toml("rights.toml")["right"]
    )


def rights_of(parts: Collection[str]) -> tuple[Right, ...]:
    """Rights of a stack with these parts: `new_network`, `bastion`, `new_store`, `load_balancer` and the like."""
    return tuple(each for each in rights() if each.when is None or each.when in parts)
