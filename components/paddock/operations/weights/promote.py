"""Promotion of a revision: one line of a stack file, edited as text, so that comments and order stay."""

from __future__ import annotations

from typing import Any

import yaml

from paddock.catalog.lookup import RefusedError
from paddock.operations.weights.remove import MODEL, PIN


def promoted(text: str, name: str, path: object) -> tuple[str, str | None]:
    """Text of the stack file with the revision pinned, and what was pinned before. Raises `RefusedError`.

    The value is changed where it stands; a key that is missing gets a line below `paddock:model`.
    """
    config = _config(text, path)
    pinned = [pair for pair in config.value if pair[0].value == PIN]
    if len(pinned) > 1:
        raise RefusedError(f"{path} has {PIN} twice; leave one of them")
    if pinned:
        edited, before = _replaced(text, pinned[0], name, path)
    else:
        edited, before = _inserted(text, config, name), None
    _same_but_pin(text, edited, name, path)
    return edited, before


def _config(text: str, path: object) -> Any:
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError:
        raise RefusedError(f"{path} is not YAML; `paddock plan --stack-file {path}` says where") from None
    found = [
        value
        for key, value in (root.value if isinstance(root, yaml.MappingNode) else ())
        if key.value == "config" and isinstance(value, yaml.MappingNode) and value.value
    ]
    if len(found) != 1 or found[0].flow_style:
        raise RefusedError(f"{path} has no `config:` with one key a line; a stack file starts with it")
    return found[0]


def _replaced(text: str, pair: tuple[Any, Any], name: str, path: object) -> tuple[str, str | None]:
    key, value = pair
    start, end = value.start_mark, value.end_mark
    if not isinstance(value, yaml.ScalarNode) or start.line != end.line or start.line != key.start_mark.line:
        raise RefusedError(f'{path} has {PIN} over several lines; write `{PIN}: "<revision>"` on one')
    space = "" if text[start.index - 1 : start.index] in (" ", "\t") else " "
    return f'{text[: start.index]}{space}"{name}"{text[end.index :]}', value.value or None


def _inserted(text: str, config: Any, name: str) -> str:
    beside = next((key for key, _ in config.value if key.value == MODEL), config.value[0][0])
    column, index = beside.start_mark.column, beside.start_mark.index
    line = " " * column + f'{PIN}: "{name}"'
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


def _same_but_pin(before: str, after: str, name: str, path: object) -> None:
    """Refuse an edit that would change anything else: a file written in a way that was not foreseen."""
    try:
        old, new = (_plain(yaml.compose(each, yaml.SafeLoader)) for each in (before, after))
    except yaml.YAMLError:
        old, new = None, None
    if old is None or old["config"] | {PIN: name} != new["config"] or {**old, "config": 0} != {**new, "config": 0}:
        raise RefusedError(
            f'{path} is written in a way that cannot be edited safely; set `{PIN}: "{name}"` in it by hand'
        )
