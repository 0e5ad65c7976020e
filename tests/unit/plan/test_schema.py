"""The schema that editors read says the same as `Settings`, and the committed one is current."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # it has no stubs
import pytest
import yaml

from paddock.settings import KEYS
from paddock.settings.json_schema import stack_schema, to_text

SCHEMA_FILE = Path(__file__).parents[3] / "stacks" / "schema.json"
RIGHT = {"aws:region": "us-east-1", "paddock:model": "llama-3.1-8b", "paddock:vllm_image": f"r/vllm@sha256:{'a' * 64}"}
UNKNOWN_KEY = "paddock__modle"


def refused(**config: object) -> str:
    named = {key.replace("__", ":"): value for key, value in config.items()}
    with pytest.raises(jsonschema.ValidationError) as invalid:
        jsonschema.validate({"config": {**RIGHT, **named}}, stack_schema())
    return str(invalid.value.message)


def test_the_committed_schema_is_what_the_code_makes() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == to_text(stack_schema()), "run `paddock schema`"


def test_every_key_is_in_it_with_its_description() -> None:
    keys = stack_schema()["properties"]["config"]["properties"]
    assert set(keys) == {f"paddock:{key}" for key in KEYS} | {"aws:region", "paddock:api_key"}
    assert all(each["description"] for each in keys.values())


def test_a_right_stack_passes_with_other_providers_keys_beside_ours() -> None:
    jsonschema.validate({"config": {**RIGHT, "aws:profile": "me"}, "encryptionsalt": "v1:…"}, stack_schema())
    jsonschema.validate(
        {
            "config": {
                **RIGHT,
                "paddock:number_of_availability_zones": 3,
                "paddock:peer_cidrs": ["10.1.0.0/16"],
                "paddock:tags": {"a": "b"},
            }
        },
        stack_schema(),
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (UNKNOWN_KEY, "x"),
        ("paddock__model", "llama-4"),
        ("paddock__quantization", "fp4"),
        ("paddock__number_of_availability_zones", 5),
        ("paddock__number_of_availability_zones", "two"),
        ("paddock__replicas", 0),
        ("paddock__max_ttft_ms", 0),
        ("paddock__requests_per_second", "many"),
        ("paddock__quality_floor", "good"),
        ("paddock__max_lora_rank", 12),
        ("paddock__rank_by", "price"),
        ("paddock__vllm_image", "vllm:latest"),
        ("paddock__kubernetes_version", "1.31"),
        ("paddock__retain_weights", "yes"),
        ("aws__region", "mars-1"),
    ],
)
def test_an_editor_marks_what_parse_would_refuse(key: str, value: object) -> None:
    known = stack_schema()["properties"]["config"]["properties"]
    assert key == UNKNOWN_KEY or key.replace("__", ":") in known
    assert refused(**{key: value})


def test_an_editor_takes_the_stack_files_as_they_are_shipped() -> None:
    for file in SCHEMA_FILE.parent.glob("Pulumi.*.yaml"):
        jsonschema.validate(yaml.safe_load(file.read_text(encoding="utf-8")), stack_schema())


def as_pulumi_writes(value: object) -> object:
    """Values of a file after `pulumi config set` of any other key: numbers and booleans become text."""
    return json.dumps(value) if isinstance(value, bool | int | float) else value


def test_an_editor_takes_the_stack_files_as_pulumi_rewrites_them() -> None:
    rewritten = 0
    for file in SCHEMA_FILE.parent.glob("Pulumi.*.yaml"):
        config = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
        text = {key: as_pulumi_writes(value) for key, value in config.items()}
        rewritten += text != config
        jsonschema.validate({"config": text}, stack_schema())
    assert rewritten


@pytest.mark.parametrize("key", ["paddock__concurrent_requests", "paddock__retain_weights", "paddock__max_lora_rank"])
def test_text_that_is_neither_number_nor_boolean_is_marked(key: str) -> None:
    assert refused(**{key: "maybe"})


def test_the_required_keys_are_required() -> None:
    """All but the image, which is copied after its stack was planned and priced."""
    for key in RIGHT.keys() - {"paddock:vllm_image"}:
        with pytest.raises(jsonschema.ValidationError, match=key):
            jsonschema.validate(
                {"config": {name: value for name, value in RIGHT.items() if name != key}}, stack_schema()
            )
