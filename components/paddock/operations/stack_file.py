"""One key of a stack file, edited as text: comments, order, ends of lines and all other keys stay as they are."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from paddock.catalog.lookup import RefusedError

MODEL = "paddock:model"


def set_key(file: Path, key: str, value: str) -> str | None:
    """Write the key into the file, at once or not at all; what it was before. Raises `RefusedError`."""
    before: str | None = None

    def edit(text: str) -> str:
        nonlocal before
        edited, before = with_key(text, key, value, file)
        return edited

    rewrite(file, edit)
    return before


def rewrite(file: Path, edit: Callable[[str], str]) -> None:
    """Write the file as edited, at once or not at all. Raises `RefusedError`."""
    try:
        # Bytes, as text would change the ends of lines; and a link stays one.
        real = file.resolve()
        edited = edit(real.read_bytes().decode())
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
        edited, before = _inserted(text, config, [f"{key}: {json.dumps(value)}"]), None
    _same_but_key(text, edited, key, value, path)
    return edited, before


def with_map(text: str, key: str, value: Mapping[str, object], path: object) -> str:
    """Text of the stack file with the key's map anew, below `paddock:model`. Raises `RefusedError`."""
    config, edited = _config(text, path), text
    for found, old in (pair for pair in config.value if pair[0].value == key):
        start, last = found.start_mark.index - found.start_mark.column, old
        while isinstance(last, yaml.CollectionNode) and not last.flow_style and last.value:
            last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
        # Up to the end of its last line: remarks below it are of what follows.
        end = text.find("\n", last.end_mark.index)
        edited = text[:start] + (text[end + 1 :] if end >= 0 else "")
    beside = next((each for each, _ in config.value if each.value == MODEL), None)
    if beside is None:
        raise RefusedError(f"{path} has no line of {MODEL}, below which {key} would stand; add one")
    # YAML 1.1 takes `on` for true.
    names = {name: name if yaml.safe_load(name) == name else json.dumps(name) for name in value}
    inner = " " * beside.start_mark.column
    lines = [f"{key}:", *(f"{inner}{names[name]}: {json.dumps(each)}" for name, each in value.items())]
    edited = _inserted(edited, _config(edited, path), lines)
    _same_but_key(text, edited, key, _plain(yaml.compose(json.dumps(value), yaml.SafeLoader)), path)
    return edited


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


def _inserted(text: str, config: Any, lines: Sequence[str]) -> str:
    """Text with the lines below `paddock:model`, at its column; above all keys where it is missing."""
    beside = next((each for each, _ in config.value if each.value == MODEL), config.value[0][0])
    column, index = beside.start_mark.column, beside.start_mark.index
    ending = "\r\n" if "\r\n" in text else "\n"
    added = "".join(" " * column + line + ending for line in lines)
    if beside.value != MODEL:
        start = index - column
        return f"{text[:start]}{added}{text[start:]}"
    end = text.find("\n", index)
    return f"{text}{ending}{added}" if end < 0 else f"{text[: end + 1]}{added}{text[end + 1 :]}"


def _plain(node: Any) -> Any:
    """Texts, lists and maps of a file, whatever its tags."""
    if isinstance(node, yaml.MappingNode):
        return {str(_plain(key)): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each) for each in node.value]
    return node.value


def _same_but_key(before: str, after: str, key: str, value: Any, path: object) -> None:
    """Refuse an edit that would change anything else: a file written in a way that was not foreseen."""
    try:
        old, new = (_plain(yaml.compose(each, yaml.SafeLoader)) for each in (before, after))
    except yaml.YAMLError:
        old, new = None, None
    if old is None or old["config"] | {key: value} != new["config"] or {**old, "config": 0} != {**new, "config": 0}:
        raise RefusedError(
            f"{path} is written in a way that cannot be edited safely; set `{key}: {json.dumps(value)}` in it by hand"
        )
