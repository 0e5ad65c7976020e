"""Calls that no code of ours makes with text: a shell, `eval`, objects built of it. Ruff's S rules say so too."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import yaml

from paddock.common import manifests

ROOT = Path(__file__).parents[2]
OURS = ("components", "local", "tools", "policy", "benchmarks", "examples", "__main__.py")
NEVER = {"eval", "exec", "compile", "os.system", "os.popen", "pickle.load", "pickle.loads", "marshal.loads"}
NEVER |= {"yaml.load", "yaml.full_load", "yaml.unsafe_load"}
PLACES = {
    "jinja2.Environment": {"components/paddock/common/manifests.py"},
    "yaml.BaseLoader": {"components/paddock/cli/parsing/stack_file.py"},
    "yaml.load_all": {"components/paddock/common/manifests.py"},
}
"""Files that alone may call each: with `finalize` that prints JSON, with the loader that makes only text, and with
one that makes only plain data."""


def calls() -> Iterator[tuple[str, ast.Call]]:
    for part in OURS:
        for path in [ROOT / part] if part.endswith(".py") else sorted((ROOT / part).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield str(path.relative_to(ROOT)), node


def test_nothing_reaches_a_shell_or_an_interpreter() -> None:
    assert [(path, ast.unparse(call)) for path, call in calls() if ast.unparse(call.func) in NEVER] == []
    shells = [(path, keyword.arg) for path, call in calls() for keyword in call.keywords if keyword.arg == "shell"]
    assert shells == []


def test_templates_and_yaml_with_tags_are_read_in_one_place_each() -> None:
    found = {name: {path for path, call in calls() if ast.unparse(call.func) == name} for name in PLACES}
    assert found == PLACES
    ((_, environment),) = [each for each in calls() if ast.unparse(each[1].func) == "jinja2.Environment"]
    assert {"finalize", "undefined"} <= {each.arg for each in environment.keywords}
    assert issubclass(manifests._LOADER, yaml.SafeLoader | yaml.constructor.SafeConstructor)


def test_ruff_watches_the_same() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert {each for each in lint["ignore"] if each.startswith("S")} == {"S603", "S607"}
