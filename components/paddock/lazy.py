"""Names of a package that are loaded when they are first used, so that who needs one of them loads no other."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


def loaded(module: str) -> ModuleType:
    """The module, loaded without looking for garbage: modules leave none, and pulumi_aws makes a million objects.

    A program of ours takes a sixth less CPU for it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return import_module(module)
    finally:
        if was_enabled:
            gc.enable()


def lazy(package: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """`__getattr__` of a package (PEP 562): `names` has the public names of each module, parted by spaces."""
    home = {name: module for module, listed in names.items() for name in listed.split()}

    def find(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        found = getattr(loaded(f"{package}.{home[name]}"), name)
        setattr(sys.modules[package], name, found)  # not asked for again
        return found

    return find
