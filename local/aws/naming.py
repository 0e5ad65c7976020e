"""Physical names that a program leaves to Pulumi: made up once, and kept for as long as the resource lives."""

from __future__ import annotations

import hashlib

from local.aws.definition import DEFAULTS, Naming
from local.aws.values import UNKNOWN, Value, Values

_RANDOM_DIGITS = 7
_RANDOM_DIGITS_AFTER_PREFIX = 26


class NameTooLongError(ValueError):
    """Refusal of a name, in the words of Pulumi's SDK (resource.NewUniqueName)."""


def physical_name(naming: Naming, logical_name: str, olds: Values, inputs: Values, random_seed: bytes) -> Value:
    """The name for a resource whose inputs give none; raises `NameTooLongError`, as Pulumi shortens none."""
    prefix = inputs.get(naming.prefix_argument or "")
    kept = olds.get(naming.argument)
    was_made_up = naming.argument in olds.get(DEFAULTS, ()) and prefix == olds.get(naming.prefix_argument or "")
    if kept is not None and was_made_up:
        return kept
    if prefix is UNKNOWN:
        return UNKNOWN
    digits = hashlib.sha256(random_seed).hexdigest()
    if prefix:
        name = f"{prefix}{digits[:_RANDOM_DIGITS_AFTER_PREFIX]}"
    else:
        name = f"{logical_name}-{digits[:_RANDOM_DIGITS]}"
        if len(name) > naming.max_length:
            raise NameTooLongError(
                f"name '{logical_name}-' plus {_RANDOM_DIGITS} random chars is longer than maximum length "
                f"{naming.max_length}"
            )
    return name.lower() if naming.lower else name
