"""Lines of a checkpoint of one's own in a stack file, whose other lines and remarks stay as they are."""

from __future__ import annotations

import json
import re

from paddock.catalog.lookup import RefusedError
from paddock.settings import PREFIX
from paddock.settings.own_checkpoint import OwnCheckpoint, as_settings

KEY = re.compile(r"(?P<indent> +)(?P<key>[^\s#:][^\s:]*:[^\s:]+):(?: |$)")


def lines_of(own: OwnCheckpoint, name: str, indent: str = "  ") -> list[str]:
    """The two keys, as YAML."""
    inner = [f"{indent * 2}{key}: {json.dumps(value)}" for key, value in as_settings(own).items()]
    return [f"{indent}{PREFIX}model: {name}", f"{indent}{PREFIX}checkpoint:", *inner]


def with_checkpoint(text: str, own: OwnCheckpoint, name: str) -> str:
    """The stack file's text with this model and checkpoint; raises `RefusedError` where it names no model yet."""
    lines = text.splitlines()
    kept: list[str] = []
    place = indent = None
    dropping = False
    for line in lines:
        found = KEY.match(line)
        if found is not None:
            dropping = found["key"] in (f"{PREFIX}model", f"{PREFIX}checkpoint")
            if found["key"] == f"{PREFIX}model":
                place, indent = len(kept), found["indent"]
        elif dropping and line.strip() and not line.startswith(" " * (len(indent or "  ") + 1)):
            dropping = False
        if not dropping:
            kept.append(line)
    if place is None or indent is None:
        raise RefusedError(f"the stack file has no line of {PREFIX}model, where the checkpoint would stand; add one")
    return "\n".join([*kept[:place], *lines_of(own, name, indent), *kept[place:]]) + "\n"
