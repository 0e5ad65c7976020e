"""Docstrings begin with the noun or verb that a reader searches for, and not with a bare clause."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ("catalog", "cluster", "common", "network", "operations", "serving", "weights")
FOLDERS = (*(f"components/paddock/{name}" for name in LIBRARY), "manifests")
BARE = re.compile(
    r"(?:what(?:ever)?|whether|who(?:m|se|ever)?|how|where(?:ver)?|which|when(?:ever)?|why|if|so|than|as|of|from|to|in|by"
    r"|for|with|without|beside|inside|under|at|on)\b",
    re.IGNORECASE,
)
"""Openings of a clause or phrase without its noun: `Whether the API …`, `Of all nodes …`, `By the hour …`."""


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of the docstrings of modules, classes and functions, and of the strings that stand below a value."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for i, each in enumerate(body):
            documents = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and i == 0
            below = i > 0 and isinstance(body[i - 1], ast.Assign | ast.AnnAssign)
            value = getattr(each, "value", None) if isinstance(each, ast.Expr) else None
            if (documents or below) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield each.lineno, value.value


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_docstring_opens_with_a_bare_clause(folder: str) -> None:
    found = [(path, *each) for path in sorted((ROOT / folder).rglob("*.py")) for each in docstrings(path)]
    assert found
    bare = [
        f"{path.relative_to(ROOT)}:{line}: {text.splitlines()[0]}" for path, line, text in found if BARE.match(text)
    ]
    assert not bare, "\n".join(bare)
