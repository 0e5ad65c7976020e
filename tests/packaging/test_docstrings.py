"""Docstrings begin with the noun or verb that a reader searches for, and not with a bare clause."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
BARE = re.compile(
    r"(?:what(?:ever)?|whether|who(?:m|se|ever)?|how|where(?:ver)?|which|when(?:ever)?|why|if|so|than|as|of|from|to|in|by"
    r"|for|with|without|beside|inside|under|at|on|until|before|after)(?![\w-])",
    re.IGNORECASE,
)
"""Openings of a clause or phrase without its noun: `Whether the API …`, `Of all nodes …`, `By the hour …`.

`On-demand price …` has its noun.
"""


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


def test_no_docstring_opens_with_a_bare_clause() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    ).stdout.splitlines()
    found = [(path, *each) for path in tracked for each in docstrings(ROOT / path)]
    assert found
    bare = [f"{path}:{line}: {text.splitlines()[0]}" for path, line, text in found if BARE.match(text)]
    assert not bare, "\n".join(bare)
