"""Texts of the rules, for the engine's messages and Pulumi's console: the tables of the TOML files beside this."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MODULES = ("resource_rules", "stack_rules")
TEXTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    module: tomllib.loads((Path(__file__).parent / f"{module}.toml").read_text("utf-8")) for module in MODULES
}
"""Texts of each rule, by the module that has it."""
