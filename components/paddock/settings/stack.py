"""Conversion of a stack's configuration, all text, to the settings' own types."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from paddock.settings.aws_identity import aws_identity
from paddock.settings.errors import API_KEY, PREFIX, REGION_KEY, SettingsError
from paddock.settings.fields import NOT_TEXT

PLAIN_API_KEY = (
    f"{PREFIX}{API_KEY} is in plain text, where whoever reads the file or its history has it; make a new key, as this "
    f"one is known, and set it by `pulumi config set --secret {PREFIX}{API_KEY}`"
)

BOOLEANS = {"True": "true", "TRUE": "true", "False": "false", "FALSE": "false"}
"""Spellings that Pulumi takes too: in a file as YAML (yaml.v3), by `pulumi config set` as `Config.get_bool` does."""


def settings_of_stack(config: Mapping[str, object], secrets: Collection[str] = ()) -> Any:
    """The arguments of `parse_settings`, region included, from a stack's whole configuration.

    Pulumi hands every value over as text, structured ones as JSON; a value that its key does not take as text is
    decoded here, and left alone where it cannot be, so that `parse` can say what is wrong with it.

    The API key is left out: no setting, but a secret, encrypted in a stack file or among `secrets`, the keys that
    Pulumi decrypted for a program. In plain text it raises `SettingsError`, and so does an AWS identity that the
    kubeconfig cannot carry.
    """
    _, problems = aws_identity(config, secrets)
    ours = {key.removeprefix(PREFIX): value for key, value in config.items() if key.startswith(PREFIX)}
    key = ours.pop(API_KEY, None)
    if key is not None and PREFIX + API_KEY not in secrets and not _is_encrypted(key):
        problems.append(PLAIN_API_KEY)
    if problems:
        raise SettingsError(problems)
    decoded = {key: _decoded(value) if key in NOT_TEXT else value for key, value in ours.items()}
    return decoded | {"region": config.get(REGION_KEY, "")}


def _is_encrypted(value: object) -> bool:
    return isinstance(value, Mapping) and set(value) == {"secure"}


def _decoded(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(BOOLEANS.get(value, value))
    except (ValueError, RecursionError):
        return value
