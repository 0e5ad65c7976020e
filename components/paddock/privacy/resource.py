"""Resource of a Pulumi stack as plain data, as predicates of a whole stack, the policy pack and the proof read it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource, its values under the engine's names, `UNKNOWN` where they are not known or secret."""

    type: str
    urn: str
    values: Mapping[str, Any]
    links: Mapping[str, Collection[str]] = field(default_factory=dict)
    """URNs of the resources that the value of an input comes from, by input."""
    id: str = ""
    custom: bool = True
    """False for a component, which has no provider of its own."""
    provider: str = ""
    """URN of its provider; empty where that is not told."""

    @property
    def name(self) -> str:
        return self.urn.rpartition("::")[2]
