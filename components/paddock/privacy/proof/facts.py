"""Tables of `data/types.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path


@cache
def table(name: str) -> Mapping[str, str]:
    """Names and the reason for each, of `inert`, `open`, `unclear`, `services` or `managed_policies`."""
    with (Path(__file__).parent / "data" / "types.toml").open("rb") as file:
        return {str(key): str(value) for key, value in tomllib.load(file)[name].items()}
