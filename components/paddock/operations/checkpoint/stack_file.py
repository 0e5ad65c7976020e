"""Lines of a checkpoint of one's own in a stack file, whose other lines and remarks stay as they are."""

from __future__ import annotations

import json

from paddock.operations.stack_file import MODEL, with_key, with_map
from paddock.settings import PREFIX
from paddock.settings.own_checkpoint import OwnCheckpoint, as_settings

CHECKPOINT = f"{PREFIX}checkpoint"


def lines_of(own: OwnCheckpoint, name: str, indent: str = "  ") -> list[str]:
    """The two keys, as YAML."""
    inner = [f"{indent * 2}{key}: {json.dumps(value)}" for key, value in as_settings(own).items()]
    return [f"{indent}{PREFIX}model: {name}", f"{indent}{CHECKPOINT}:", *inner]


def with_checkpoint(text: str, own: OwnCheckpoint, name: str, path: object) -> str:
    """The stack file's text with this model and checkpoint; raises `RefusedError` where it names no model yet."""
    named, _ = with_key(with_map(text, CHECKPOINT, as_settings(own), path), MODEL, name, path)
    return named
