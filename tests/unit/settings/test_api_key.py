"""The one secret key of a stack file: taken encrypted, refused in plain text, and no part of the settings."""

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no stubs
import pytest

from paddock.plan.plan import make_plan
from paddock.settings import SettingsError, parse_settings, settings_of_stack
from paddock.settings.json_schema import stack_schema

CONFIG: dict[str, Any] = {
    "aws:region": "us-east-1",
    "paddock:model": "llama-3.1-8b",
    "paddock:vllm_image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:" + "a" * 64,
}
ENCRYPTED = {"secure": "v1:nonce:text"}


def plan_of(config: dict[str, Any], secrets: tuple[str, ...] = ()) -> Any:
    arguments = settings_of_stack(config, secrets)
    return make_plan(parse_settings(arguments, region=str(arguments.pop("region"))))


def test_a_stack_file_with_an_encrypted_key_gives_the_same_plan_as_one_without() -> None:
    assert plan_of({**CONFIG, "paddock:api_key": ENCRYPTED}).digest == plan_of(CONFIG).digest


def test_a_program_to_which_pulumi_decrypted_the_key_gives_the_same_plan_too() -> None:
    made = plan_of({**CONFIG, "paddock:api_key": "clear-text-of-a-key"}, ("paddock:api_key",))
    assert made.digest == plan_of(CONFIG).digest
    assert "clear-text" not in made.to_json()


def test_a_key_in_plain_text_is_refused_once_and_not_repeated() -> None:
    with pytest.raises(SettingsError) as refused:
        settings_of_stack({**CONFIG, "paddock:api_key": "clear-text-of-a-key"})
    assert "pulumi config set --secret paddock:api_key" in str(refused.value)
    assert "clear-text" not in str(refused.value)


def test_a_near_miss_is_sent_to_the_real_key() -> None:
    with pytest.raises(SettingsError, match="did you mean 'paddock:api_key'"):
        plan_of({**CONFIG, "paddock:api_kei": "x"})


def test_editors_know_the_key_as_encrypted_only() -> None:

    def check(key: object) -> None:
        jsonschema.validate({"config": {**CONFIG, "paddock:api_key": key}}, json.loads(json.dumps(stack_schema())))

    check(ENCRYPTED)
    with pytest.raises(jsonschema.ValidationError):
        check("clear-text-of-a-key")
