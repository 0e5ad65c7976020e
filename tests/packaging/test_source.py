"""Rules of component files that only reading their source can check."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "components" / "paddock"


def component_classes(path: Path) -> list[ast.ClassDef]:
    return [
        node
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).endswith("ComponentResource") for base in node.bases)
    ]


COMPONENT_FILES = [path for path in sorted(LIBRARY.rglob("*.py")) if component_classes(path)]


def constructor(of: ast.ClassDef) -> ast.FunctionDef:
    (found,) = [node for node in of.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    return found


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
            yield node


def file_name(path: Path) -> str:
    return path.name


def test_each_component_has_a_file_of_its_own() -> None:
    assert [path.stem for path in COMPONENT_FILES] == [
        "bastion",
        "cluster",
        "device_plugin",
        "gpu_node_pool",
        "existing_network",
        "private_network",
        "platform",
        "load_balancer",
        "vllm_service",
        "bucket",
        "ingest_project",
        "read_access",
    ]
    for path in COMPONENT_FILES:
        assert len(component_classes(path)) == 1, path


@pytest.mark.parametrize("path", COMPONENT_FILES, ids=file_name)
def test_a_component_file_keeps_its_annotations_readable_for_the_host(path: Path) -> None:
    imported = [node.module for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    assert "__future__" not in imported


@pytest.mark.parametrize("path", COMPONENT_FILES, ids=file_name)
def test_a_component_registers_under_the_packages_token(path: Path) -> None:
    (component,) = component_classes(path)
    (first,) = [
        call
        for call in calls(constructor(component), "__init__")
        if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "super()"
    ]
    assert ast.literal_eval(first.args[0]) == f"paddock:index:{component.name}"


@pytest.mark.parametrize("path", COMPONENT_FILES, ids=file_name)
def test_a_constructor_ends_by_registering_exactly_the_outputs_that_the_class_declares(path: Path) -> None:
    (component,) = component_classes(path)
    last = constructor(component).body[-1]
    assert isinstance(last, ast.Expr), ast.unparse(last)
    assert isinstance(last.value, ast.Call), ast.unparse(last)
    assert ast.unparse(last.value.func) == "self.register_outputs"
    (registered,) = last.value.args
    assert isinstance(registered, ast.Dict)
    declared = [
        node.target.id
        for node in component.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    assert [ast.literal_eval(key) for key in registered.keys if key] == declared


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.py")), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_the_library_never_reads_stack_configuration(path: Path) -> None:
    """Its keys would carry the name of whichever project imports it."""
    assert "pulumi.Config(" not in path.read_text()


@pytest.mark.parametrize("path", COMPONENT_FILES, ids=file_name)
def test_no_component_hands_its_callers_options_on_to_its_children(path: Path) -> None:
    """`ResourceOptions.merge(…, opts)` lets the caller's parent and aliases reach the children."""
    (component,) = component_classes(path)
    for call in calls(component, "merge"):
        assert not any(isinstance(argument, ast.Name) and argument.id == "opts" for argument in call.args)


def test_no_file_has_more_than_400_lines() -> None:
    folders = ("components", "local", "tests", "tools", "benchmarks", "policy", "examples")
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert files
    assert [str(path.relative_to(ROOT)) for path in files if len(path.read_text().splitlines()) > 400] == []
