# ruff: noqa: F403
"""Rules of privacy as importable values; `ALL` is the list for a policy pack of your own.

Importing this starts nothing and loads no Pulumi until a rule is asked for.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddock.lazy import lazy

if TYPE_CHECKING:
    from paddock.policy.resource_rules import *
    from paddock.policy.stack_rules import *

TEXTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    module: tomllib.loads((Path(__file__).parent / f"{module}.toml").read_text("utf-8"))
    for module in ("resource_rules", "stack_rules")
}
"""Texts of each rule, for the engine's messages and Pulumi's console, by the module that has it."""
_NAMES = {module: " ".join(rules) for module, rules in TEXTS.items()}
_NAMES["stack_rules"] += " ALL"
__getattr__ = lazy(__name__, _NAMES)
__all__ = sorted(" ".join(_NAMES.values()).split())


def __dir__() -> list[str]:
    return __all__
