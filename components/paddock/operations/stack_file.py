"""One key of a stack file, edited as text: comments, order, ends of lines and all other keys stay as they are."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import yaml

from paddock.catalog.lookup import RefusedError

MODEL = "paddock:model"


def set_key(file: Path, key: str, value: str) -> str | None:
    """Write the key into the file, at once or not at all; what it was before. Raises `RefusedError`."""
    try:
        # Bytes, as text would change the ends of lines; and a link stays one.
        real = file.resolve()
        edited, before = with_key(real.read_bytes().decode(), key, value, file)
        descriptor, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
        try:
            with os.fdopen(descriptor, "wb") as written:
                written.write(edited.encode())
            Path(name).chmod(real.stat().st_mode & 0o777)
            Path(name).replace(real)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise RefusedError(f"cannot write {file}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise RefusedError(f"{file} is not UTF-8; save it as such, then run this again") from None
    return before


def with_key(text: str, key: str, value: str, path: object) -> tuple[str, str | None]:
    """Text of the stack file with the key set, and what it was before. Raises `RefusedError`.

    The value is changed where it stands; a key that is missing gets a line below `paddock:model`.
    """
    config = _config(text, path)
    there = [pair for pair in config.value if pair[0].value == key]
    if len(there) > 1:
        raise RefusedError(f"{path} has {key} twice; leave one of them")
    if there:
        edited, before = _replaced(text, there[0], value, path)
    else:
        edited, before = _inserted(text, config, key, value), None
    _same_but_key(text, edited, key, value, path)
    return edited, before


def _config(text: str, path: object) -> Any:
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        raise RefusedError(f"{path} is not YAML; `paddock plan --stack-file {path}` says where") from None
    found = [
        value
        for key, value in (root.value if isinstance(root, yaml.MappingNode) else ())
        if key.value == "config" and isinstance(value, yaml.MappingNode) and value.value
    ]
    if len(found) != 1 or found[0].flow_style:
        raise RefusedError(f"{path} has no `config:` with one key a line; a stack file starts with it")
    return found[0]


def _replaced(text: str, pair: tuple[Any, Any], new: str, path: object) -> tuple[str, str | None]:
    key, value = pair
    start, end = value.start_mark, value.end_mark
    if not isinstance(value, yaml.ScalarNode) or start.line != end.line or start.line != key.start_mark.line:
        raise RefusedError(f"{path} has {key.value} over several lines; write `{key.value}: {json.dumps(new)}` on one")
    space = "" if text[start.index - 1 : start.index] in (" ", "\t") else " "
    return f"{text[: start.index]}{space}{json.dumps(new)}{text[end.index :]}", value.value or None


def _inserted(text: str, config: Any, key: str, value: str) -> str:
    beside = next((each for each, _ in config.value if each.value == MODEL), config.value[0][0])
    column, index = beside.start_mark.column, beside.start_mark.index
    line = " " * column + f"{key}: {json.dumps(value)}"
    ending = "\r\n" if "\r\n" in text else "\n"
    if beside.value != MODEL:
        start = index - column
        return f"{text[:start]}{line}{ending}{text[start:]}"
    end = text.find("\n", index)
    return f"{text}{ending}{line}{ending}" if end < 0 else f"{text[: end + 1]}{line}{ending}{text[end + 1 :]}"


def _plain(node: Any) -> Any:
    """Texts, lists and maps of a file, whatever its tags."""
    if isinstance(node, yaml.MappingNode):
        return {str(_plain(key)): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each) for each in node.value]
    return node.value


def _same_but_key(before: str, after: str, key: str, value: str, path: object) -> None:
    """Refuse an edit that would change anything else: a file written in a way that was not foreseen."""
    try:
        old, new = (_plain(yaml.compose(each, yaml.SafeLoader)) for each in (before, after))
    except yaml.YAMLError:
        old, new = None, None
    if old is None or old["config"] | {key: value} != new["config"] or {**old, "config": 0} != {**new, "config": 0}:
        raise RefusedError(
            f"{path} is written in a way that cannot be edited safely; set `{key}: {json.dumps(value)}` in it by hand"
        )
