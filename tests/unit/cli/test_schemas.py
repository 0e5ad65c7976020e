"""Output of `--json`, held to docs/sizing-schema/ field by field, whatever is asked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no stubs
import pytest

from paddock.cli.json_output import (
    CATALOG_SCHEMA_VERSION,
    EXPLAIN_SCHEMA_VERSION,
    FIT_SCHEMA_VERSION,
    PLAN_SCHEMA_VERSION,
    SIZE_SCHEMA_VERSION,
)
from paddock.cli.screens.calibrate import CALIBRATE_SCHEMA_VERSION
from paddock.cli.screens.finetune import FINETUNE_SCHEMA_VERSION
from tests.unit.cli.running import Paddock
from tests.unit.cli.test_screens import LOG, ROWS

ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "docs" / "sizing-schema"
VERSIONS = {
    "size": SIZE_SCHEMA_VERSION,
    "fit": FIT_SCHEMA_VERSION,
    "explain": EXPLAIN_SCHEMA_VERSION,
    "finetune": FINETUNE_SCHEMA_VERSION,
    "calibrate": CALIBRATE_SCHEMA_VERSION,
    "accuracy": 1,
    "plan": PLAN_SCHEMA_VERSION,
    "models": CATALOG_SCHEMA_VERSION,
    "instances": CATALOG_SCHEMA_VERSION,
}

QUESTIONS = (
    ("size", "llama-3.1-8b"),
    (
        "size",
        "llama-3.1-70b",
        "--quality-floor",
        "four-bit",
        "--replicas",
        "any",
        "--max-loras",
        "2",
        "--max-ttft-ms",
        "5000",
    ),
    ("size", "llama-3.1-8b", "--requests-per-second", "3", "--input-tokens", "100", "--output-tokens", "100"),
    ("size", "llama-3.1-8b", "--purchase", "savings-plan", "--rank-by", "latency"),
    ("size", "llama-3.1-405b", "--max-model-len", "128k", "--concurrency", "3000"),
    ("fit", "llama-3.1-8b", "--gpu", "L4", "--max-model-len", "8k"),
    ("fit", "llama-3.1-405b", "--gpu", "L4"),
    ("fit", "llama-3.1-8b", "--gpu", "L4", "-tp", "5"),
    ("explain", "llama-3.1-70b", "--gpu", "H100", "-tp", "4", "-pp", "2", "--max-loras", "1"),
    ("finetune", "llama-3.1-8b"),
    ("finetune", "llama-3.1-70b", "--method", "full", "--gpu", "H100", "--gpus", "8"),
    ("accuracy", ROWS),
    ("plan", "--stack-file", f"{ROOT}/stacks/Pulumi.local.yaml"),
    ("plan", "--stack-file", f"{ROOT}/stacks/Pulumi.prod.yaml"),
    ("models",),
    ("instances",),
    ("calibrate", "--from-logs", LOG),
)


def strict(schema: Any) -> Any:
    """The same schema, but a field that it does not name is refused: so none is forgotten in it."""
    if isinstance(schema, dict):
        closed = {key: strict(value) for key, value in schema.items()}
        if "properties" in closed and "required" in closed and "properties" not in closed["properties"]:
            closed.setdefault("additionalProperties", False)
        return closed
    return [strict(each) for each in schema] if isinstance(schema, list) else schema


def schema_of(command: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{command}.v{VERSIONS[command]}.json").read_text(encoding="utf-8"))
    return schema


@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
def test_every_answer_is_as_documented(paddock: Paddock, words: tuple[str, ...]) -> None:
    ran = paddock(*words, "--json")
    schema = schema_of(words[0])
    # The rows and the summary of the accuracy may gain fields.
    jsonschema.validate(json.loads(ran.out), schema if words[0] == "accuracy" else strict(schema))


def test_every_command_has_a_schema_and_every_schema_a_command() -> None:
    assert {path.name for path in SCHEMAS.glob("*.json")} == {
        f"{name}.v{version}.json" for name, version in VERSIONS.items()
    }
    for name in VERSIONS:
        jsonschema.Draft202012Validator.check_schema(schema_of(name))


def test_a_field_that_is_missing_or_of_another_type_is_found(paddock: Paddock) -> None:
    data = json.loads(paddock("fit", "llama-3.1-8b", "--gpu", "L4", "--json").out)
    for broken in ({**data, "starts": "yes"}, {key: value for key, value in data.items() if key != "gpu"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema_of("fit"))


def test_the_page_names_every_schema_and_version() -> None:
    page = (ROOT / "docs" / "sizing.md").read_text(encoding="utf-8")
    for name, version in VERSIONS.items():
        assert f"sizing-schema/{name}.v{version}.json" in page


@pytest.mark.parametrize("command", [*VERSIONS, "prove", "leftovers"])
def test_the_help_of_json_names_pages_or_schemas_that_are_there(paddock: Paddock, command: str) -> None:
    text = paddock(command, "--help", columns=300).out
    named = re.findall(r"docs/[\w/.-]+\.(?:md|json)", text)
    assert named
    assert [each for each in named if not (ROOT / each).is_file()] == []
    if command == "plan":
        assert named == ["docs/sizing-schema/plan.v1.json", "docs/plan-schema/against.v1.json"]
