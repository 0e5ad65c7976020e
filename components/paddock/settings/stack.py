"""From a stack's configuration, all text, to the settings' own types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from paddock.settings.fields import NOT_TEXT
from paddock.settings.wording import PREFIX, REGION_KEY


def settings_of_stack(config: Mapping[str, object]) -> Any:
    """The arguments of `Settings.parse`, region included, from a stack's whole configuration.

    Pulumi hands every value over as text, structured ones as JSON; a value that its key does not take as text is
    decoded here, and left alone where it cannot be, so that `parse` can say what is wrong with it.
    """
    ours = {key.removeprefix(PREFIX): value for key, value in config.items() if key.startswith(PREFIX)}
    decoded = {key: _decoded(value) if key in NOT_TEXT else value for key, value in ours.items()}
    return decoded | {"region": config.get(REGION_KEY, "")}


def _decoded(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
