"""Decisions about builds: what they are told, which is joined, and one sentence where one failed."""

import json
from typing import Any

import pytest

from paddock.catalog.lookup import RefusedError
from paddock.operations.ingest.builds import (
    MAX_VALUE_CHARACTERS,
    build_of,
    failure,
    stack_text,
    to_join,
    token,
    variables_of,
)
from paddock.weights.ingest_project import IMAGES, REVISION, SOURCE, STACK, WEIGHTS

CONFIG = {
    "aws:region": "us-east-1",
    "paddock:model": "llama-3.1-8b",
    "paddock:license": {"license": "llama3.1", "by": "Legal", "on": "2026-11-24"},
    "paddock:api_key": "in plain text",
    "paddock:tags": {"secure": "v1:xyz"},
    "other:password": "of another program",
}


def told(**changes: Any) -> dict[str, Any]:
    return {"id": "llama:1", "buildStatus": "IN_PROGRESS", "currentPhase": "BUILD", **changes}


def running(variables: dict[str, str]) -> dict[str, Any]:
    return told(environment={"environmentVariables": [{"name": key, "value": each} for key, each in variables.items()]})


def variables(**changes: Any) -> dict[str, str]:
    given: dict[str, Any] = {"source": "hf://a/b@c", "revision": "r", "images": True, "weights": True, **changes}
    return variables_of(CONFIG, **given)


def test_a_build_is_told_steps_source_revision_and_the_stack_without_secrets() -> None:
    found = variables()
    assert {key: each for key, each in found.items() if key != STACK} == {
        IMAGES: "yes",
        WEIGHTS: "yes",
        SOURCE: "hf://a/b@c",
        REVISION: "r",
    }
    assert json.loads(found[STACK])["config"].keys() == {"aws:region", "paddock:model", "paddock:license"}
    assert "plain" not in found[STACK]


def test_settings_that_codebuild_would_not_take_are_refused_with_the_longest() -> None:
    longest = MAX_VALUE_CHARACTERS - len(stack_text(CONFIG | {"paddock:tags": ""}))
    assert len(stack_text(CONFIG | {"paddock:tags": "x" * longest})) == MAX_VALUE_CHARACTERS
    with pytest.raises(RefusedError, match=r"4,097 characters .* takes 4,096; shorten the longest, paddock:tags \("):
        stack_text(CONFIG | {"paddock:tags": "x" * (longest + 1)})


def test_nothing_to_copy_is_refused() -> None:
    with pytest.raises(RefusedError, match="nothing to copy"):
        variables(images=False, weights=False)


def test_weights_whose_license_nobody_accepted_are_refused_and_images_are_not() -> None:
    plain = {key: each for key, each in CONFIG.items() if key != "paddock:license"}
    with pytest.raises(RefusedError, match="nobody accepted the license"):
        variables_of(plain, source=None, revision=None, images=True, weights=True)
    assert variables_of(plain, source=None, revision=None, images=True, weights=False)[WEIGHTS] == "no"


def test_the_build_that_does_the_same_is_joined() -> None:
    build = build_of(running(variables()))
    assert to_join([build], variables(), "llama") is build
    assert to_join([], variables(), "llama") is None


@pytest.mark.parametrize("change", [{"source": "s3://other"}, {"revision": "s"}, {"images": False}])
def test_one_that_does_something_else_is_named_and_not_joined(change: dict[str, Any]) -> None:
    build = build_of(running(variables(**change)))
    with pytest.raises(RefusedError, match="llama:1 of llama is under way and copies something else"):
        to_join([build], variables(), "llama")


def test_two_that_start_at_once_have_the_same_token_and_a_later_one_another() -> None:
    assert token(variables(), "llama:1") == token(variables(), "llama:1")
    assert token(variables(), "llama:1") != token(variables(), "llama:2")
    assert token(variables(), None) != token(variables(source=None), None)
    assert len(token(variables(), None)) == 64


def test_the_phase_that_failed_and_codebuilds_words_are_in_one_sentence() -> None:
    phases = [
        {"phaseType": "INSTALL", "phaseStatus": "SUCCEEDED"},
        {"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{"message": "exit status 2", "statusCode": "C"}]},
    ]
    text = failure(build_of(told(buildStatus="FAILED", phases=phases)))
    assert text.startswith("build llama:1 failed in phase BUILD: exit status 2; ")
    assert "was stopped" in failure(build_of(told(buildStatus="STOPPED")))


def test_a_build_without_a_log_yet_has_none() -> None:
    begun = build_of(told(logs={"groupName": "g"}))
    assert (begun.log_group, begun.log_stream) == (None, None)
    there = build_of(told(logs={"groupName": "g", "streamName": "s"}))
    assert (there.log_group, there.log_stream) == ("g", "s")


def test_the_text_of_the_stack_is_the_same_for_the_same_settings() -> None:
    assert stack_text(CONFIG) == stack_text(dict(reversed(CONFIG.items())))
