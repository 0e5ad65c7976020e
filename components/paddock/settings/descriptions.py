"""Descriptions of the keys, written once: the docstrings of `LlamaPlatformArgs`, where Pulumi's analyzer reads them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

# Read and not imported: the component loads Pulumi, and stands above the settings.
SOURCE = Path(__file__).parents[1] / "platform.py"


@cache
def descriptions() -> Mapping[str, str]:
    """Descriptions by key, each on one line."""
    module = ast.parse(SOURCE.read_text(encoding="utf-8"))
    args = next(each for each in module.body if isinstance(each, ast.ClassDef) and each.name == "LlamaPlatformArgs")
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in pairwise(args.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
