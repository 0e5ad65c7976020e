"""`paddock ingest` with a CodeBuild that checks calls by botocore's model: what is started, said and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from paddock.operations.ingest.run import POLL_SECONDS, Project
from tests.unit.cli.running import Paddock, Ran
from tests.unit.operations.ingest.fake import Fake, state
from tests.unit.operations.ingest.test_run import lost

STACK = """config:
  aws:region: us-east-1
  paddock:model: llama-3.1-8b
  paddock:license: {license: llama3.1, by: Legal, "on": "2026-11-24"}
"""
DONE = state("SUCCEEDED", "QUEUED", "BUILD")
Ingest = Callable[..., Ran]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text(STACK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ingest(paddock: Paddock, monkeypatch: pytest.MonkeyPatch) -> Ingest:
    """`ingest(fake, "start")` runs the command for the stack `dev`, with CodeBuild as the fake has it."""

    def ran(fake: Fake, command: str, *words: str, stack: str = "dev") -> Ran:
        monkeypatch.setattr("paddock.operations.aws_session.session_of_config", lambda _: fake)
        monkeypatch.setattr("paddock.cli.parsing.ingest.Project", partial(Project, sleep=fake.slept.append))
        return paddock("ingest", command, stack, *words)

    return ran


def variables(fake: Fake) -> dict[str, str]:
    """Variables of the build that was started last."""
    return {each["name"]: each["value"] for each in fake.builds[-1]["environment"]["environmentVariables"]}


def test_start_follows_the_build_to_its_end_with_its_phases_and_log(ingest: Ingest) -> None:
    fake = Fake([state("IN_PROGRESS", "QUEUED"), state("IN_PROGRESS", "QUEUED", "BUILD"), DONE], ["one", "two\x1b[2J"])
    ran = ingest(fake, "start")
    assert (ran.status, ran.out) == (0, "")
    assert ran.err.splitlines() == [
        "started build llama:0",
        "it runs in AWS whatever happens here; again: paddock ingest follow dev --build llama:0",
        "one",
        "two?[2J",
        "-- QUEUED …",
        "-- QUEUED succeeded",
        "-- BUILD …",
        "-- BUILD succeeded",
        "build llama:0 succeeded",
    ]


def test_options_say_what_is_copied_and_json_says_what_came_of_it(ingest: Ingest) -> None:
    fake = Fake([DONE])
    ran = ingest(fake, "start", "--from", "hf://a/b@c", "--revision", "r1", "--no-images", "--json")
    told = json.loads(ran.out)
    assert (ran.status, told["build"], told["status"]) == (0, "llama:0", "SUCCEEDED")
    assert (told["images"], told["weights"], told["source"], told["revision"]) == (False, True, "hf://a/b@c", "r1")
    assert "hf://a/b@c" in variables(fake).values()
    assert told["log_group"] == "g"


def test_detached_it_starts_and_leaves_and_a_second_start_joins(ingest: Ingest) -> None:
    fake = Fake([state("IN_PROGRESS", "BUILD")])
    ran = ingest(fake, "start", "--detach", "--json")
    assert (ran.status, json.loads(ran.out)["status"], fake.slept) == (0, "IN_PROGRESS", [])
    again = ingest(fake, "start", "--detach")
    assert again.err.splitlines()[0] == "following build llama:0"
    assert len(fake.builds) == 1
    other = ingest(fake, "start", "--from", "hf://other/one@c", "--detach")
    assert other.status == 2
    assert "build llama:0 of llama-dev-ingest is under way and copies something else" in " ".join(other.err.split())


def test_follow_takes_the_newest_build_or_the_one_that_is_named(ingest: Ingest) -> None:
    fake = Fake([DONE])
    none = ingest(fake, "follow")
    assert none.status == 2
    assert "no build of llama-dev-ingest was started yet; `paddock ingest start dev` starts one" in none.err
    ingest(fake, "start")
    ingest(fake, "start")
    assert ingest(fake, "follow").err.startswith("following build llama:1\n")
    assert ingest(fake, "follow", "--build", "llama:0").err.startswith("following build llama:0\n")
    unknown = ingest(fake, "follow", "--build", "llama:9")
    assert (unknown.status, "there is no build llama:9 in CodeBuild" in unknown.err) == (2, True)


def test_a_build_that_failed_ends_with_1_and_codebuilds_own_words(ingest: Ingest) -> None:
    failed: dict[str, Any] = state("FAILED", "QUEUED", "BUILD")
    failed["phases"][1] |= {"contexts": [{"message": "COMMAND_EXECUTION_ERROR"}], "durationInSeconds": 7}
    ran = ingest(Fake([failed]), "start")
    assert ran.status == 1
    assert "-- BUILD failed, 7 s: COMMAND_EXECUTION_ERROR" in ran.err
    assert "Error: build llama:0 failed in phase BUILD: COMMAND_EXECUTION_ERROR" in ran.err
    assert "Traceback" not in ran.err


def test_a_network_that_is_lost_is_told_and_asked_again(ingest: Ingest) -> None:
    fake = Fake([state("IN_PROGRESS", "BUILD"), lost(), DONE])
    ran = ingest(fake, "start")
    assert ran.status == 0
    assert "failed before AWS answered" in ran.err
    assert "; asking again" in ran.err
    assert fake.slept == [POLL_SECONDS] * 2


def test_ctrl_c_leaves_the_build_running_and_says_how_to_come_back(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("paddock.operations.ingest.run.Project.follow", interrupted)
    fake = Fake([state("IN_PROGRESS", "BUILD")])
    ran = ingest(fake, "start")
    assert ran.status == 130
    assert "left; the build goes on. Follow it: paddock ingest follow dev --build llama:0" in ran.err
    assert fake.builds


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--no-images", "--no-weights"), "there is nothing to copy; leave out --no-images or --no-weights"),
        (("--stack-file", "none.yaml"), "none.yaml"),
    ],
)
def test_what_cannot_be_started_is_one_message(ingest: Ingest, words: tuple[str, ...], says: str) -> None:
    fake = Fake([DONE])
    ran = ingest(fake, "start", *words)
    assert (ran.status, says in ran.err, ran.err.count("\n")) == (2, True, 1)
    assert not fake.calls


def test_a_stack_file_without_license_or_region_and_a_name_that_is_none_are_refused(
    ingest: Ingest, folder: Path
) -> None:
    file, fake = folder / "stacks" / "Pulumi.dev.yaml", Fake([DONE])
    file.write_text("config:\n  aws:region: us-east-1\n  paddock:model: llama-3.1-8b\n")
    assert "nobody accepted the license of the weights" in ingest(fake, "start").err
    assert ingest(fake, "start", "--no-weights").status == 0, "images alone need none"
    file.write_text("config:\n  paddock:model: llama-3.1-8b\n")
    assert "has no usable aws:region, got None; it says where the project is" in ingest(fake, "start").err
    assert "is no name of a stack; name it as Pulumi does, such as dev" in ingest(fake, "start", stack="../dev").err
