"""Mutation: one change of a resource, and the rule that must refuse it.

A change is the resource type and what is set in its inputs, so that it can be made to any program's preview as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GONE = "(removed)"


@dataclass(frozen=True)
class Mutation:
    """Change of a resource: `changes` are dotted paths in its inputs; an empty path means that all of it is gone.

    A type that the stack lacks is added.
    """

    says: str
    resource_type: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""
    """Rule that must refuse it; none for a harmless variation."""
    proof: str = ""
    """Rule of the proof that `paddock prove` must name too; none where bytes leave by no new exit."""

    def apply(self, inputs: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Inputs as changed; None where the resource is gone."""
        if self.changes.get("") == GONE:
            return None
        changed: Any = dict(inputs or {})
        for path, value in self.changes.items():
            changed = _with(changed, path.split("."), value)
        return dict(changed)


def _with(container: Any, keys: list[str], value: Any) -> Any:
    """Copy with one value set. What is beside its path stays the same object: it may be a promise of the engine."""
    copy: Any = list(container) if isinstance(container, list) else dict(container or {})
    key: Any = int(keys[0]) if isinstance(copy, list) else keys[0]
    if keys[1:]:
        copy[key] = _with(copy[key] if isinstance(copy, list) else copy.get(key), keys[1:], value)
    elif value == GONE:
        copy.pop(key, None)
    else:
        copy[key] = value
    return copy


def rows(rule: str, *of: tuple[Any, ...], proof: str = "") -> list[Mutation]:
    """Rows of one rule: (says, resource type, changes), and the row's own rule of the proof where it differs."""
    return [Mutation(says, kind, changes, rule, own[0] if own else proof) for says, kind, changes, *own in of]
