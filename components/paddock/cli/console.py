"""The terminal that screens are printed on."""

from __future__ import annotations

from rich.console import Console

TIMES = "\u00d7"
DASH = "\u2013"

MAX_WIDTH = 100
"""Lines longer than this are hard to read, however wide the window."""


def console() -> Console:
    here = Console(highlight=False)
    return Console(highlight=False, width=min(here.width, MAX_WIDTH))
