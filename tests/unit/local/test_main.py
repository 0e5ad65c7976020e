"""First lines of `make up` and `make down`, and the last when they were stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from local import __main__ as command
from local.processes.cloud import CloudError, LocalCloud
from local.pulumi.stack import BusyError, stacks
from local.state import CHECKOUT, STATE_VARIABLE, State

NEXT = "`make up` goes on from here, `make down` removes what is there"
Said = Callable[[], str]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    return lambda: " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("stopped", [KeyboardInterrupt(), CloudError("no"), SystemExit(143)])
def test_an_up_that_is_stopped_says_what_next(stopped: BaseException, said: Said) -> None:
    with pytest.raises(type(stopped)), command.said_how_to_go_on():
        raise stopped
    assert NEXT in said()


def test_one_that_must_wait_for_another_does_not(said: Said) -> None:
    with pytest.raises(BusyError), command.said_how_to_go_on():
        raise BusyError("another pulumi is at work")
    assert NEXT not in said()


@pytest.mark.parametrize(
    ("recorded", "named"), [({}, "names"), ({"checkout": "/home/me/other"}, "names, of the checkout /home/me/other")]
)
def test_a_cloud_that_is_not_this_checkouts_is_named_first(
    recorded: dict[str, str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Said
) -> None:
    (tmp_path / "cloud.json").write_text(json.dumps(recorded))
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    command.chosen()
    assert said().endswith(f"the local cloud in {tmp_path}, which {STATE_VARIABLE} {named}")


def test_the_clouds_of_this_checkout_needs_no_words(monkeypatch: pytest.MonkeyPatch, said: Said) -> None:
    monkeypatch.delenv(STATE_VARIABLE, raising=False)
    assert command.chosen().state.folder == CHECKOUT / ".local"
    assert said() == ""


def test_stacks_of_other_programs_are_destroyed_away_from_this_checkouts_pulumi_yaml(tmp_path: Path) -> None:
    """The engine takes the Pulumi.yaml of any folder above, and refuses a stack of another project beside it."""
    state = State(tmp_path)
    backend = state.pulumi / ".pulumi" / "stacks" / "our-llama"
    backend.mkdir(parents=True)
    (backend / "dev.json").touch()
    (found,) = stacks(LocalCloud(state.folder), command.steps)
    assert found.full_name == "organization/our-llama/dev"
    assert [each for each in (found.folder, *found.folder.parents) if (each / "Pulumi.yaml").exists()] == []
