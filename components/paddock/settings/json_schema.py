"""JSON Schema of a stack file, made from `Settings` and the catalog, for editors and for CI."""

from __future__ import annotations

import json
from typing import Any

from paddock import catalog
from paddock.choices import ACCOUNT_ID, ADAPTER_NAME, MOST_ADAPTERS
from paddock.privacy.declaration import SCHEMA
from paddock.privacy.predicates.images import IMAGE_BY_DIGEST
from paddock.settings import API_KEY, PREFIX, Settings, key_of
from paddock.settings.checks import LOG_RETENTION_DAYS
from paddock.settings.descriptions import descriptions
from paddock.settings.own_checkpoint import NAME
from paddock.sizing.memory.engine_args import LORA_RANKS

_TEXT_OF = {"integer": r"^-?[0-9]+$", "number": r"^-?[0-9]+(\.[0-9]+)?$"}


def stack_schema() -> dict[str, Any]:
    """The schema of a whole `stacks/Pulumi.<env>.yaml`."""
    made = Settings.model_json_schema()
    definitions, properties = made["$defs"], made["properties"]
    model = definitions["ModelSettings"]
    required = [*model["required"], *(each for each in made["required"] if each != "model")]
    keys = {
        key_of(name): _property(name, each, definitions) for name, each in (properties | model["properties"]).items()
    }
    keys[PREFIX + API_KEY] = {
        "description": f"{descriptions()[API_KEY]} Set it by `pulumi config set --secret {PREFIX}{API_KEY}`.",
        "type": "object",
        "additionalProperties": False,
        "required": ["secure"],
        "properties": {"secure": {"type": "string"}},
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A paddock stack",
        "description": "Made by `paddock schema` from components/paddock/settings/; do not edit. Numbers and booleans "
        "may be text, as `pulumi config set` writes them; what is filled in later, such as the image, is not required.",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "required": sorted(key_of(name) for name in required),
                "properties": dict(sorted(keys.items())),
                # A name of the catalog, but where the checkpoint is one's own.
                "if": {"required": [PREFIX + "checkpoint"]},
                "else": {"properties": {PREFIX + "model": {"enum": _choices("model")}}},
                # Other providers' keys are theirs to check; a key of ours that is not listed is a typo.
                "propertyNames": {"anyOf": [{"enum": sorted(keys)}, {"not": {"pattern": f"^{PREFIX}"}}]},
            }
        },
    }


def to_text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2) + "\n"


def _property(name: str, made: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """One key: pydantic's property without its own names and titles, with the catalog's names as choices."""
    shape = dict(made)
    default = shape.pop("default", None)
    if "anyOf" in shape:
        # A key that may be left out: the stack file has the value or nothing.
        shape |= next(branch for branch in shape.pop("anyOf") if branch != {"type": "null"})
    if "$ref" in shape:
        shape = _definition(definitions[shape["$ref"].rsplit("/", 1)[1]])
    for noise in ("title", "examples", "format"):
        shape.pop(noise, None)
    if choices := _choices(name):
        shape = {"enum": choices}
    if name == "model":
        shape = {"type": "string", "pattern": f"^{NAME.pattern}$"}
    if shape.get("type") == "array":
        shape["items"] = {"type": "string"}
    if name == "doors":
        shape = dict(SCHEMA)
    if name == "image_accounts":
        shape["items"] = {"type": ["string", "integer"], "pattern": f"^{ACCOUNT_ID.pattern}$"}
    if name == "log_retention_days":
        shape = {"enum": list(LOG_RETENTION_DAYS)}
    if name == "adapters":
        shape |= {"maxProperties": MOST_ADAPTERS, "propertyNames": {"pattern": f"^{ADAPTER_NAME.pattern}$"}}
    if name == "max_lora_rank":
        shape = {"enum": list(LORA_RANKS)}
    if name == "vllm_image":
        shape["pattern"] = f"^{IMAGE_BY_DIGEST.pattern}$"
    return {"description": descriptions()[name], **_as_pulumi_writes(shape)} | (
        {} if default is None else {"default": default}
    )


def _as_pulumi_writes(shape: dict[str, Any]) -> dict[str, Any]:
    """`pulumi config set` writes the whole file anew, and every number and boolean in it as text."""
    if shape.get("type") == "boolean":
        return {"enum": [True, False, "true", "false"]}
    if shape.get("type") in _TEXT_OF:
        return {**shape, "type": [shape["type"], "string"], "pattern": _TEXT_OF[shape["type"]]}
    if "enum" in shape:
        return {"enum": [*shape["enum"], *(str(each) for each in shape["enum"] if isinstance(each, int))]}
    return shape


def _definition(made: dict[str, Any]) -> dict[str, Any]:
    """A named type: its choices, or its own keys without pydantic's names and titles."""
    if "enum" in made:
        return {"enum": made["enum"]}
    keys = {
        key: {name: value for name, value in each.items() if name != "title"}
        for key, each in made["properties"].items()
    }
    return {"type": "object", "additionalProperties": False, "required": made["required"], "properties": keys}


def _choices(name: str) -> list[str]:
    """The names that the catalog has for a key; empty where the key takes other values."""
    return {
        "model": sorted(catalog.all_models()),
        "instance_type": sorted(catalog.all_instances()),
        "kubernetes_version": list(catalog.supported_eks_versions()),
        "region": sorted(catalog.regions()),
    }.get(name, [])
