"""Generated references, a picture, schemas, the pack's version: `python -m tools.reference`, `--check` for drift.

Read from what the settings and the components say of themselves: the schema of stack files, and docstrings. The latter
are taken from the source, since Python keeps none of an argument, and to load Pulumi takes seconds.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeGuard

from paddock import __version__
from paddock.settings.json_schema import stack_schema
from tools.markdown import item, paragraphs
from tools.picture import picture
from tools.shapes import instances_schema, models_schema, plan_schema

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "components" / "paddock"
PROGRAM = ROOT / "__main__.py"
MANY_CHOICES = 16
BOUNDS = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}


def settings_page() -> str:
    """`docs/settings.md`."""
    config = stack_schema()["properties"]["config"]
    groups: dict[str, list[str]] = {"Required": [], "Optional": []}
    for key, shape in config["properties"].items():
        entry = item(f"`{key}` ({_allowed(shape)}): {shape['description']}")
        groups["Required" if key in config["required"] else "Optional"].append(entry)
    return _page(
        "Settings",
        "Keys of a stack file, `stacks/Pulumi.<env>.yaml`, under `config:`. `stacks/schema.json` is the same for "
        "editors, with every choice. Without `paddock:` before them they are the arguments of "
        "[`LlamaPlatform`](components.md#llamaplatform).",
        *(f"## {title}\n\n" + "\n".join(entries) for title, entries in groups.items()),
    )


def _allowed(shape: dict[str, Any]) -> str:
    """Type and bounds of a value, or its choices."""
    # Numbers and booleans are listed a second time as the text that Pulumi makes of them.
    if any(each is True for each in shape.get("enum", ())):
        return "boolean"
    if "enum" in shape:
        numbers = [each for each in shape["enum"] if isinstance(each, int)]
        choices = numbers or shape["enum"]
        return f"one of {len(choices)}" if len(choices) > MANY_CHOICES else ", ".join(f"`{each}`" for each in choices)
    bounds = [f"{word} {shape[key]:,}" for key, word in BOUNDS.items() if key in shape]
    kind = shape["type"] if isinstance(shape["type"], str) else shape["type"][0]
    return ", ".join(filter(None, [kind, " ".join(bounds)]))


def components_page() -> str:
    """`docs/components.md`."""
    paths = sorted(LIBRARY.rglob("*.py"), key=lambda path: (len(path.relative_to(LIBRARY).parts), path))
    modules = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    classes = {node.name: node for module in modules for node in module.body if isinstance(node, ast.ClassDef)}
    return _page(
        "Components",
        "`from paddock import LlamaPlatform`, then `LlamaPlatform(name, args, opts)` with `args` as a dict of the "
        "names below; other Pulumi languages write them in camelCase. An `Input` may be an output of another resource. "
        "All else is plain, since it decides what is made.",
        *_components(classes),
    )


def outputs_page() -> str:
    """`docs/outputs.md`, of the strings below each `pulumi.export` of the program."""
    main = next(each for each in ast.parse(PROGRAM.read_text(encoding="utf-8")).body if _is_main(each))
    entries = []
    for made, said in pairwise(main.body):
        match made, said:
            case ast.Expr(ast.Call(ast.Attribute(attr="export"), [ast.Constant(str(name)), _])), ast.Expr(
                ast.Constant(str(text))
            ):
                entries.append(item(f"`{name}`: {text}"))
    return _page(
        "Outputs of the stack",
        "`pulumi stack output` prints them, `pulumi stack output NAME` one; another stack reads them by a "
        "`pulumi.StackReference`. Those of single components: [components.md](components.md).",
        "\n".join(entries),
    )


def _is_main(node: ast.stmt) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef) and node.name == "main"


def _components(classes: Mapping[str, ast.ClassDef]) -> Iterator[str]:
    for name, node in classes.items():
        if "pulumi.ComponentResource" in map(ast.unparse, node.bases):
            arguments = classes[f"{name}Args"]
            yield f"## {name}"
            yield paragraphs(ast.get_docstring(node) or "")
            yield paragraphs("**Arguments.** " + (ast.get_docstring(arguments) or ""))
            yield "\n".join(_fields(arguments))
            yield "**Outputs.**"
            yield "\n".join(_fields(node))


def _fields(node: ast.ClassDef) -> Iterator[str]:
    """Annotated names of a class, each with the string below it."""
    for field, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign):
            typed = ast.unparse(field.annotation).replace("pulumi.", "")
            optional = ", optional" if typed.startswith("NotRequired[") else ""
            typed = re.sub(r"^(?:NotRequired|Output)\[(.*)\]$", r"\1", typed)
            entry = f"`{ast.unparse(field.target)}` (`{typed}`{optional})"
            match after:
                case ast.Expr(ast.Constant(str(said))):
                    entry += ": " + " ".join(said.split())
            yield item(entry)


def policy_pack() -> str:
    """`policy/PulumiPolicy.yaml`: of a Python pack Pulumi takes the version from there alone, else it is 0.0.1."""
    return f"""runtime:
  name: python
  options:
    toolchain: pip
    virtualenv: ../.venv
# Written by `python -m tools.reference` from the library's `__version__`.
version: {__version__}
description: What no stack may do, ours or anyone's, when its data is to stay private
"""


def _page(title: str, *blocks: str) -> str:
    notice = "<!-- Generated by `python -m tools.reference`; do not edit. -->"
    lead, *rest = blocks
    return "\n\n".join([f"# {title}", notice, paragraphs(lead), *rest]) + "\n"


FILES = {
    "docs/settings.md": settings_page,
    "docs/components.md": components_page,
    "docs/outputs.md": outputs_page,
    "docs/architecture.svg": picture,
    "docs/sizing-schema/plan.v1.json": plan_schema,
    "docs/sizing-schema/models.v1.json": models_schema,
    "docs/sizing-schema/instances.v1.json": instances_schema,
    "policy/PulumiPolicy.yaml": policy_pack,
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tools.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file is out of date")
    options = parser.parse_args(arguments)
    stale = 0
    for name, made in FILES.items():
        file, text = ROOT / name, made()
        if not options.check:
            file.write_text(text, encoding="utf-8")
        elif file.read_text(encoding="utf-8") != text:
            sys.stderr.write(f"{name} is out of date: run `python -m tools.reference`\n")
            stale = 1
    return stale


if __name__ == "__main__":
    raise SystemExit(main())
