"""Files that a command reads: named, or standard input."""

from __future__ import annotations

import json
import sys
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from paddock.catalog.lookup import RefusedError

STDIN = "-"
MAX_BYTES = 512 * 2**20
"""A stack of fifty thousand resources is about 300 MiB."""
PART_BYTES = 2**20
DOORS_FORM = "give a list of doors, a map with `doors`, a policy pack's configuration or a stack file, in JSON or YAML"


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
    """Declared doors of a list, a map with `doors`, a pack's configuration or a stack file, in JSON or YAML.

    Raises `RefusedError`.
    """
    from paddock.cli.parsing.stack_file import refuse_misplaced, yaml_content
    from paddock.privacy.declaration import declarations
    from paddock.privacy.proof.doors import declarations_of

    text = pulumi_text(name)
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = yaml_content(text, name)
    if not isinstance(given, Mapping):
        return declarations(given, name)
    refuse_misplaced(given, name)
    places = {f"{place} of {name}": part["doors"] for place, part in _places(given) if "doors" in part}
    if not places and not isinstance(given.get("config"), Mapping):
        raise RefusedError(f"{name} has no doors; {DOORS_FORM}")
    found = []
    for where, listed in places.items():
        found += declarations_of(listed, where) if isinstance(listed, str) else declarations(listed, where)
    return found


def _places(given: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Maps of a file that may have `doors`, each with what its doors are called."""
    from paddock.privacy.declaration import RULE

    yield "doors", given
    if isinstance(rule := given.get(RULE), Mapping):
        yield f"doors of {RULE}", rule
    if isinstance(config := given.get("config"), Mapping):
        # A key without a namespace is the project's, which is called paddock.
        yield "paddock:doors", {key.removeprefix("paddock:"): value for key, value in config.items()}
