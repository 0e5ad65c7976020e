"""Files that a command reads: named, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from paddock.catalog.lookup import RefusedError

STDIN = "-"
MAX_BYTES = 256 * 2**20
"""A stack of ten thousand resources is about 60 MiB."""


def pulumi_text(name: str) -> str:
    """Text that Pulumi printed, from a file or, for `-`, from standard input. Raises `RefusedError`."""
    try:
        if name == STDIN:
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as opened:
                content = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise RefusedError(f"cannot read {name}: {(getattr(error, 'strerror', None) or str(error)).lower()}") from None
    if len(content) > MAX_BYTES:
        raise RefusedError(f"{name} is larger than {MAX_BYTES // 2**20} MiB, more than any preview or export")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RefusedError(f"{name} is not UTF-8 text, which Pulumi prints") from None


def doors_of_file(name: str) -> list[dict[str, str]]:
    """Declared doors of a JSON list, as a pack's configuration has it, or of a stack file. Raises `RefusedError`."""
    from paddock.cli.parsing.size import config_of_file
    from paddock.privacy.declaration import declarations
    from paddock.privacy.proof.doors import declarations_of

    if Path(name).suffix not in (".yaml", ".yml"):
        return declarations_of(pulumi_text(name), name)
    given = config_of_file(Path(name)).get("paddock:doors", [])
    return declarations_of(given, name) if isinstance(given, str) else declarations(given, f"paddock:doors of {name}")
