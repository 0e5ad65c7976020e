"""`paddock init` as it is run: what it writes, what it refuses, and when it leaves a file alone."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # it has no stubs

from paddock.cli.parsing.stack_file import yaml_content
from paddock.settings.json_schema import stack_schema
from tests.unit.cli.running import Paddock

WHOLE = ("--model", "llama-3.2-1b", "--yes", "--accept-license", "--by", "Ann")


def in_folder(folder: Path, *words: str) -> tuple[str, ...]:
    return ("init", "dev", "--folder", str(folder), *words)


def test_it_writes_a_file_by_the_schema_and_shows_plan_price_and_license(paddock: Paddock, tmp_path: Path) -> None:
    ran = paddock(*in_folder(tmp_path, *WHOLE))
    assert ran.status == 0, ran.err
    content = yaml_content((tmp_path / "Pulumi.dev.yaml").read_text(), "it")
    assert list(Draft7Validator(json.loads(json.dumps(stack_schema()))).iter_errors(content)) == []
    for shown in ("an hour", "Llama 3.2 Community License", "Accepted by Ann on", "Next: paddock deploy dev"):
        assert shown in ran.out


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        ((), "--model"),
        (("--model", "llama-3.2-1b"), "--concurrent-requests"),
        (("--model", "llama-3.2-1b", "--concurrent-requests", "2"), "--region"),
        (("--model", "llama-3.2-1b", "--yes"), "--accept-license"),
        (("--model", "llama-3.2-1b", "--yes", "--accept-license"), "--by"),
        (("--model", "llama-4-scout", "--yes"), "--domicile"),
    ],
)
def test_without_a_terminal_a_missing_answer_is_refused_with_its_flag(
    paddock: Paddock, tmp_path: Path, words: tuple[str, ...], flag: str
) -> None:
    ran = paddock(*in_folder(tmp_path, *words))
    assert ran.status == 2
    assert flag in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_written_over_by_force_alone(paddock: Paddock, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    assert paddock(*in_folder(tmp_path, *WHOLE)).status == 0
    before = file.read_text()
    refused = paddock(*in_folder(tmp_path, *WHOLE))
    assert (refused.status, "--force" in refused.err) == (2, True)
    shown = paddock(*in_folder(tmp_path))
    assert shown.status == 0
    assert "an hour" in shown.out
    assert file.read_text() == before
    assert paddock(*in_folder(tmp_path, "--force", *WHOLE[2:], "--model", "llama-3.1-8b")).status == 0
    assert "llama-3.1-8b" in file.read_text()


def test_answers_that_make_no_plan_write_nothing(paddock: Paddock, tmp_path: Path) -> None:
    ran = paddock(*in_folder(tmp_path, "--concurrent-requests", "4096", *WHOLE[2:], "--model", "llama-3.1-405b"))
    assert ran.status == 2, ran.out
    assert list(tmp_path.iterdir()) == []


SHIPPED = Path("stacks/Pulumi.dev.yaml").read_text(encoding="utf-8")
"""Nobody's acceptance: the file of a clean checkout."""


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(SHIPPED)
    return file


def accepted_in(file: Path) -> object:
    return yaml_content(file.read_text(), file)["config"].get("paddock:license")


def test_a_file_without_an_acceptance_says_how_it_is_recorded(paddock: Paddock, tmp_path: Path, shipped: Path) -> None:
    ran = paddock(*in_folder(tmp_path))
    assert ran.status == 0, ran.err
    assert "Next: read it, then paddock init dev --accept-license --by NAME" in ran.out
    assert shipped.read_text() == SHIPPED


@pytest.mark.parametrize(
    ("words", "typed"), [(("--accept-license", "--by", "Ann"), ""), ((), "what\nyes\nAnn\n"), (("--by", "Ann"), "y\n")]
)
def test_an_acceptance_alone_is_recorded_in_a_file_that_is_there(
    paddock: Paddock, tmp_path: Path, shipped: Path, words: tuple[str, ...], typed: str
) -> None:
    ran = paddock(*in_folder(tmp_path, *words), stdin=typed, typed=bool(typed))
    assert ran.status == 0, ran.err
    assert ran.out.rstrip().endswith("Next: paddock deploy dev")
    accepted = accepted_in(shipped)
    assert isinstance(accepted, dict)
    assert (accepted["license"], accepted["by"]) == ("llama3.2", "Ann")
    lines = shipped.read_text().splitlines()
    at = lines.index("  paddock:license:")
    assert lines[at + 3] == f'    "on": "{accepted["on"]}"'
    assert lines[:at] + lines[at + 4 :] == SHIPPED.splitlines()
    before = shipped.read_text()
    assert paddock(*in_folder(tmp_path, "--accept-license", "--by", "Bob")).status == 0
    assert shipped.read_text() == before, "who accepted it first stays on record"


def test_a_no_leaves_the_file_alone(paddock: Paddock, tmp_path: Path, shipped: Path) -> None:
    ran = paddock(*in_folder(tmp_path), stdin="no\n", typed=True)
    assert ran.status == 2
    assert "without the acceptance" in ran.err
    assert shipped.read_text() == SHIPPED


def test_another_answer_is_no_acceptance(paddock: Paddock, tmp_path: Path, shipped: Path) -> None:
    ran = paddock(*in_folder(tmp_path, "--region", "eu-west-1", "--accept-license", "--by", "Ann"))
    assert (ran.status, "--force" in ran.err) == (2, True)
    assert shipped.read_text() == SHIPPED


def test_a_wrong_word_is_asked_again_and_what_was_typed_stays(paddock: Paddock, tmp_path: Path) -> None:
    typed = "llama-4-scout\n\n\nGermany\nUS\nperhaps\nyes\nAnn\n"
    ran = paddock(*in_folder(tmp_path), stdin=typed, typed=True)
    assert ran.status == 0, ran.err
    assert "two letters of ISO 3166-1" in ran.err
    assert "it is yes or no, got 'perhaps'" in ran.err
    assert "as stated: US" in (tmp_path / "Pulumi.dev.yaml").read_text()
