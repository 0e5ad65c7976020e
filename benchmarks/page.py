"""Tables of docs/performance.md as `python -m benchmarks --write` puts them there, with the day and the machine."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.figures import ROOT, Figure, table

PAGE = ROOT / "docs" / "performance.md"


def machine() -> str:
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    return f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {system}, Python {platform.python_version()}"


def written(text: str, group: str, figures: Sequence[Figure]) -> str:
    """The page with other figures between the two comments of that group; raises `ValueError` where it has none."""
    found = re.search(rf"(?s)(<!-- measured: {group} -->\n).*?(\n<!-- end -->)", text)
    if found is None:
        raise ValueError(
            f"the page has no place for the figures of '{group}': <!-- measured: {group} --> … <!-- end -->"
        )
    measured = f"\nOn {datetime.now(UTC):%Y-%m-%d}: {machine()}.\n\n{table(figures)}"
    return text[: found.end(1)] + measured + text[found.start(2) :]


def write(group: str, figures: Sequence[Figure]) -> None:
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), group, figures), encoding="utf-8")
