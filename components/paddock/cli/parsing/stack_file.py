"""Parsing of stack files: their configuration as it is written, and the settings in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddock.catalog.lookup import RefusedError, shown_name

if TYPE_CHECKING:
    from paddock.settings import Settings


def settings_of_file(path: Path) -> Settings:
    """The settings of a stack file, read as Pulumi reads it: every plain value is text. Its image may be missing."""
    from paddock.settings import parse_settings, settings_of_stack

    arguments = settings_of_stack(config_of_file(path))
    return parse_settings(
        arguments, region=str(arguments.pop("region")), to_deploy=False, today=datetime.now(UTC).date()
    )


def config_of_file(path: Path) -> dict[str, object]:
    """The configuration in a stack file; what the values mean is not judged."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RefusedError(f"cannot read {path}: {(error.strerror or str(error)).lower()}; {_others(path)}") from None
    except ValueError as error:
        raise RefusedError(f"{path} is not YAML: {_first_line(error)}") from None
    content = yaml_content(text, path)
    config = content.get("config") if isinstance(content, Mapping) else None
    if not isinstance(config, Mapping):
        raise RefusedError(f"{path} has no `config:` map; a stack file starts with it")
    refuse_misplaced(content, path)
    return {str(key): value for key, value in config.items()}


def _others(path: Path) -> str:
    """Way out where a stack file is not there: the stacks beside it, and how a new one is made."""
    there = sorted(each.stem.removeprefix("Pulumi.") for each in path.parent.glob("Pulumi.*.yaml"))
    known = f"{path.parent} has {', '.join(there)}, and " if there else ""
    return f"{known}`paddock init STACK` writes stacks/Pulumi.STACK.yaml"


def refuse_misplaced(content: Mapping[str, Any], path: object) -> None:
    """Refuse keys of ours that stand in a stack file where Pulumi reads no key of that name."""
    found = [key for key in content if key == "paddock" or str(key).startswith("paddock:")]
    if isinstance(config := content.get("config"), Mapping):
        found += [f"config: {key}" for key in config if key == "paddock"]
    if found:
        raise RefusedError(f"{path} has `{found[0]}`, which nothing reads; write `paddock:…` keys under `config:`")


def yaml_content(text: str, path: object) -> Any:
    """Texts, lists and maps of a YAML file, whatever its tags."""
    import yaml

    try:
        loader = yaml.BaseLoader(text)
        node = loader.get_single_node()
        content = None if node is None else loader.construct_document(node)
    except RecursionError:
        raise RefusedError(f"{path} is nested too deep to be a stack file") from None
    except (yaml.YAMLError, ValueError) as error:
        where = getattr(error, "problem_mark", None)
        raise RefusedError(
            f"{path} is not YAML{f', line {where.line + 1}' if where else ''}: {_first_line(error)}"
        ) from None
    _refuse_repeated_keys(path, node)
    return content


def _refuse_repeated_keys(path: object, root: Any) -> None:
    """PyYAML takes the last of two alike without a word, in any map of the file."""
    import yaml

    # Each node once: aliases of aliases make a gigabyte of a few lines.
    waiting, met = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        seen: set[str] = set()
        for key in [key for key, _ in node.value] if isinstance(node, yaml.MappingNode) else ():
            if key.value in seen:
                raise RefusedError(
                    f"{path} has {shown_name(key.value)} again in line {key.start_mark.line + 1}; remove one"
                )
            seen.add(key.value)
        if isinstance(node, yaml.CollectionNode):
            inner = [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else node.value
            waiting += [each for each in inner if id(each) not in met]
            met |= {id(each) for each in inner}


def _first_line(error: Exception) -> str:
    problem = getattr(error, "problem", None)
    return str(problem or error).splitlines()[0]
