"""Files that a command reads: named, or standard input."""

from __future__ import annotations

import sys
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

from paddock.catalog.lookup import RefusedError

STDIN = "-"
MAX_BYTES = 512 * 2**20
"""A stack of fifty thousand resources is about 300 MiB."""
PART_BYTES = 2**20


def pulumi_text(name: str) -> str:
    """Text that Pulumi printed, from a file or, for `-`, from standard input. Raises `RefusedError`."""
    return "".join(pulumi_parts(name))


def pulumi_parts(name: str) -> Iterator[str]:
    """Text of `pulumi_text` in parts, as they are read."""
    decoder, size = getincrementaldecoder("utf-8-sig")(), 0
    try:
        with nullcontext(sys.stdin.buffer) if name == STDIN else Path(name).open("rb") as opened:
            while part := opened.read(PART_BYTES):
                size += len(part)
                if size > MAX_BYTES:
                    raise RefusedError(
                        f"{name} is larger than {MAX_BYTES // 2**20} MiB, more than any preview or export"
                    )
                yield decoder.decode(part)
            yield decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise RefusedError(f"{name} is not UTF-8 text, which Pulumi prints") from None
    except (OSError, ValueError) as error:
        raise RefusedError(f"cannot read {name}: {(getattr(error, 'strerror', None) or str(error)).lower()}") from None


def doors_of_file(name: str) -> list[dict[str, str]]:
    """Declared doors of a JSON list, as a pack's configuration has it, or of a stack file. Raises `RefusedError`."""
    from paddock.cli.parsing.size import config_of_file
    from paddock.privacy.declaration import declarations
    from paddock.privacy.proof.doors import declarations_of

    if Path(name).suffix not in (".yaml", ".yml"):
        return declarations_of(pulumi_text(name), name)
    given = config_of_file(Path(name)).get("paddock:doors", [])
    return declarations_of(given, name) if isinstance(given, str) else declarations(given, f"paddock:doors of {name}")
