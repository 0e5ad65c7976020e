"""One key of a stack file, set by hand's rules: the rest of the file, comments too, stays as it is."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from paddock.catalog.lookup import RefusedError

PLAIN = re.compile(r"(?=.*[-/])(?=.*[A-Za-z]{2})[A-Za-z0-9][A-Za-z0-9./@:_-]*[A-Za-z0-9]")
"""Texts that YAML takes for themselves without quotes: names with a hyphen or a slash are no number and no word of its
own."""


def with_key(text: str, key: str, value: str | Mapping[str, str]) -> str:
    """The file with `key: value` below `config:`; raises `RefusedError` for one that has no such map in block style."""
    single = isinstance(value, str)
    plain = isinstance(value, str) and PLAIN.fullmatch(value) and ": " not in value
    # JSON is YAML, in flow style.
    written = f"  {key}: {value if plain else json.dumps(value, ensure_ascii=single)}"
    way = f"set it by `pulumi config set {key} {value}`" if single else f"write `{written.strip()}` below its `config:`"
    refused = RefusedError(f"cannot set {key} in the stack file; {way}")
    lines = text.split("\n")
    there = [i for i, line in enumerate(lines) if re.match(rf"\s+{re.escape(key)}:(\s|$)", line)]
    if there:
        if len(there) > 1 or not re.match(rf"\s+{re.escape(key)}:\s+\S", lines[there[0]]):
            raise refused
        indent = lines[there[0]][: len(lines[there[0]]) - len(lines[there[0]].lstrip())]
        lines[there[0]] = indent + written.strip()
        return "\n".join(lines)
    heads = [i for i, line in enumerate(lines) if re.fullmatch(r"config:\s*(#.*)?", line)]
    if not heads:
        raise refused
    first = next((line for line in lines[heads[0] + 1 :] if line.strip() and not line.lstrip().startswith("#")), "  x")
    indent = first[: len(first) - len(first.lstrip())] or "  "
    lines.insert(heads[0] + 1, indent + written.strip())
    return "\n".join(lines)


def set_key(file: Path, key: str, value: str | Mapping[str, str]) -> None:
    """Write the key into the file, at once or not at all; raises `RefusedError`."""
    try:
        text = with_key(file.read_text(encoding="utf-8"), key, value)
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as written:
                written.write(text)
            Path(name).chmod(file.stat().st_mode & 0o777)
            Path(name).replace(file)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise RefusedError(f"cannot write {file}: {(error.strerror or str(error)).lower()}") from None
