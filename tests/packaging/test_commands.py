"""Commands of README and docs: run as they stand, or listed with what runs them and why nothing does."""

from __future__ import annotations

import re
import shlex

import pytest
import typer

from paddock.cli.app import app
from tests.pages import ELSEWHERE, IN_THE_LOCAL_CLOUD, ROOT, Command, commands, is_pure, reasons
from tests.unit.cli.conftest import paddock  # noqa: F401  the fixture
from tests.unit.cli.running import Paddock

ALL = commands()
PURE = {each.text: each for each in ALL if is_pure(each)}
NO = 1
"""Exit status of an answer that is no."""


@pytest.mark.parametrize("text", PURE)
def test_a_command_that_needs_no_cloud_answers_as_it_stands(
    paddock: Paddock,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    text: str,
) -> None:
    monkeypatch.chdir(ROOT)
    ran = paddock(*shlex.split(text)[1:])
    assert ran.status in (0, NO), f"{PURE[text]}\n{ran.err}"
    assert ran.out


def test_every_command_is_run_or_says_why_not() -> None:
    silent = [each for each in ALL if not is_pure(each) and each.text not in IN_THE_LOCAL_CLOUD and not reasons(each)]
    assert list(map(str, silent)) == []


def test_no_table_speaks_of_a_command_that_no_page_has() -> None:
    texts = {each.text for each in ALL}
    assert [text for text in IN_THE_LOCAL_CLOUD if text not in texts] == []
    assert [pattern for pattern in ELSEWHERE if not any(re.fullmatch(pattern, text) for text in texts)] == []


def test_no_command_that_could_run_is_excused() -> None:
    excused = [each for each in ALL if reasons(each) and (is_pure(each) or each.text in IN_THE_LOCAL_CLOUD)]
    assert list(map(str, excused)) == []


def test_every_file_that_is_said_to_run_a_command_is_there() -> None:
    named = {name for why in ELSEWHERE.values() for name in re.findall(r"tests/\S+\.py", why)}
    assert [name for name in named if not (ROOT / name).is_file()] == []


def paddock_arguments(command: Command) -> list[list[str]]:
    """The words of each `paddock` in a pipeline, up to a command of its own behind `--`."""
    parts = [shlex.split(part.split(" -- ")[0]) for part in re.split(r" \| | && ", command.text)]
    return [arguments[1:] for arguments in parts if arguments and arguments[0] == "paddock"]


@pytest.mark.parametrize("command", [each for each in ALL if not is_pure(each) and paddock_arguments(each)], ids=str)
def test_a_command_of_ours_that_is_not_run_here_has_words_that_are_understood(command: Command) -> None:
    group = typer.main.get_command(app)
    for arguments in paddock_arguments(command):
        current, rest = group, arguments
        while hasattr(current, "commands"):
            current, rest = current.commands[rest[0]], rest[1:]
        current.make_context("paddock", list(rest), resilient_parsing=False)
