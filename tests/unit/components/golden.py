"""Recorded builds as text, for golden files whose differences a person can read."""

import json
from dataclasses import dataclass
from typing import Any

import yaml

from paddock.common.inputs import whole_numbers
from tests.unit.components.recorder import Built


@dataclass(frozen=True)
class _Json:
    value: Any


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _json(dumper: yaml.SafeDumper, value: _Json) -> yaml.Node:
    node = dumper.represent_data(value.value)
    node.tag = "!json"
    return node


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(_Json, _json)
_Dumper.add_representer(str, _text)


def as_text(required: Built, every: Built) -> str:
    """Two documents: all that every argument makes, and what of it is otherwise with the required ones alone."""
    full, least = _entries(every), _entries(required)
    otherwise = {
        key: _difference(full.get(key), least.get(key)) for key in full | least if full.get(key) != least.get(key)
    }
    documents = [{"every argument": full}, {"with the required arguments alone": otherwise}]
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=True, default_flow_style=None, width=118)


def _difference(full: Any, least: Any) -> Any:
    if least is None:
        return "absent"
    if not isinstance(full, dict) or not isinstance(least, dict):
        return least
    return {key: _difference(full.get(key), least.get(key)) for key in full | least if full.get(key) != least.get(key)}


def _entries(built: Built) -> dict[str, Any]:
    """Inputs, waits and options of each resource by type and name; outputs; questions to AWS."""
    entries = {}
    for token, name, inputs in built.made:
        waits = sorted(" ".join(each) for each in built.waits.get((token, name), ()))
        beside = {"waits for": waits, "resource options": built.options.get((token, name))}
        if entry := {**{key: value for key, value in beside.items() if value}, **_readable(inputs)}:
            entries[f"{token} {name}"] = entry
    outputs = {key: _readable(value) for key, value in built.outputs.items() if key != "urn"}
    questions = {f"{token.rpartition(':')[2]} {json.dumps(args, sort_keys=True)}" for token, args in built.asked}
    return {"outputs": outputs, "questions to AWS": sorted(questions), **entries}


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _readable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(each) for each in value]
    if isinstance(value, str) and value.startswith("{"):
        return _Json(_readable(json.loads(value)))
    return whole_numbers(value)
