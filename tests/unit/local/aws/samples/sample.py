"""Sample of an emulated type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.unit.local.aws.world import World

Args: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    args: Callable[[World], Args]
    """A full set of arguments."""
    updated: Callable[[World], Args] | None = None
    """Arguments to put over `args` that change the resource in place; None removes one."""
    replaced: Callable[[World], Args] = lambda _: {}
    """Arguments that, each alone, force replacement."""


TAGS = {"tags": {"Name": "it", "kept": "yes"}}
RETAGGED = {"tags": {"Name": "it", "kept": "no", "new": "yes"}}
