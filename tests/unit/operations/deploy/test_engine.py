"""Output of pulumi: who holds the stack, what is done, what failed; and the engine as a process."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from paddock.catalog.lookup import RefusedError
from paddock.operations.deploy.command import Engine, StoppedError
from paddock.operations.deploy.engine import StackEngine, progress, reason
from paddock.operations.deploy.locks import Lock, is_busy, locks_in

HERE = socket.gethostname()
SAID = (
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the "
    "lock file with `pulumi cancel`.\n  file:///x/.pulumi/locks/organization/paddock/dev/a.json: created by ann@{host} "
    "(pid {pid}) at 2026-11-29T12:00:00Z"
)


def ended_pid() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_a_lock_is_read_with_its_machine_and_process() -> None:
    said = SAID.format(host="other", pid=7)
    assert is_busy(said)
    assert locks_in(said) == [Lock("other", 7)]
    assert not is_busy("error: update failed")


def test_nothing_is_known_of_an_engine_of_another_machine() -> None:
    assert Lock("other", ended_pid()).lives()


def test_a_process_that_ended_or_is_no_pulumi_holds_nothing() -> None:
    assert not Lock(HERE, ended_pid()).lives()
    assert not Lock(HERE, os.getpid()).lives(), "its number is another program's by now"


class Pulumi:
    """A stack whose commands fail while it is locked."""

    def __init__(self, *said: str) -> None:
        self.said, self.cancelled = list(said), 0

    def act(self) -> str:
        from pulumi.automation import CommandResult
        from pulumi.automation.errors import CommandError

        if self.said:
            raise CommandError(CommandResult(stdout="", stderr=self.said.pop(0), code=1))
        return "done"

    def cancel(self) -> None:
        self.cancelled += 1


def engine_of(pulumi: Pulumi, tmp_path: Path, told: list[str]) -> StackEngine:
    (tmp_path / "Pulumi.yaml").write_text("name: paddock\nruntime: python\n")
    made = StackEngine("dev", tmp_path, told.append)
    made._stack = pulumi  # type: ignore[assignment]  # stands for Pulumi's own
    return made


def test_a_lock_of_a_killed_engine_of_this_machine_is_removed(tmp_path: Path) -> None:
    told, pulumi = list[str](), Pulumi(SAID.format(host=HERE, pid=ended_pid()))
    assert engine_of(pulumi, tmp_path, told)._guarded(pulumi.act) == "done"
    assert pulumi.cancelled == 1
    assert "was killed at work" in told[0]


@pytest.mark.parametrize(
    "said",
    [SAID.format(host="other", pid=1), "error: [409] Conflict: Another update is currently in progress."],
)
def test_a_lock_of_another_machine_is_never_removed(said: str, tmp_path: Path) -> None:
    pulumi = Pulumi(said)
    with pytest.raises(RefusedError, match="pulumi cancel --stack dev"):
        engine_of(pulumi, tmp_path, [])._guarded(pulumi.act)
    assert pulumi.cancelled == 0


def test_an_engine_that_is_still_at_work_here_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paddock.operations.deploy.engine.WAIT_SECONDS", 0.01)
    monkeypatch.setattr("paddock.operations.deploy.locks._is_pulumi", lambda _: True)
    told, said = list[str](), SAID.format(host=HERE, pid=4711)
    pulumi = Pulumi(said, said, said)
    assert engine_of(pulumi, tmp_path, told)._guarded(pulumi.act) == "done"
    assert pulumi.cancelled == 0
    assert len(told) == 1
    assert "process 4711" in told[0]


class Working(Pulumi):
    """A stack at which an engine that lives is still at work: what is pending is its own."""

    def __init__(self) -> None:
        super().__init__(SAID.format(host=HERE, pid=4711))
        operation = {"type": "creating", "resource": {"urn": "a::b::c:d:E::f", "type": "c:d:E"}}
        self.states: list[dict[str, Any]] = [{"pending_operations": [operation]}, {"resources": []}]

    def export_stack(self) -> object:
        from pulumi.automation import Deployment

        return Deployment(version=3, deployment=self.states.pop(0))

    def refresh(self, **_: object) -> None:
        self.act()


def test_what_a_living_engine_has_begun_is_not_settled_behind_its_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paddock.operations.deploy.engine.WAIT_SECONDS", 0.01)
    monkeypatch.setattr("paddock.operations.deploy.locks._is_pulumi", lambda _: True)
    told, working = list[str](), Working()
    engine_of(working, tmp_path, told).recover(lambda _: None)
    assert working.states == []
    assert len(told) == 1
    assert "still at work" in told[0]


class Changed(Pulumi):
    """A stack whose state is another after each update; the second one fails."""

    updates = 0
    reads = 0

    def export_stack(self) -> object:
        from pulumi.automation import Deployment

        self.reads += 1
        resources = [{"type": "pulumi:pulumi:Stack", "outputs": {"updates": self.updates}}]
        return Deployment(version=3, deployment={"resources": resources})

    def up(self, **_: object) -> None:
        self.updates += 1
        if self.updates == 2:
            self.said = ["error: no"]
            self.act()


def test_the_state_is_read_once_and_anew_after_each_update(tmp_path: Path) -> None:
    changed = Changed()
    engine = engine_of(changed, tmp_path, [])
    assert [engine.state() and engine.outputs(), engine.outputs(), changed.reads] == [{"updates": 0}, {"updates": 0}, 1]
    engine.up()
    assert [engine.outputs(), engine.outputs(), changed.reads] == [{"updates": 1}, {"updates": 1}, 2]
    with pytest.raises(RefusedError, match="no"):
        engine.up()
    assert engine.outputs() == {"updates": 2}


def test_a_stack_that_was_never_brought_up_has_no_outputs(tmp_path: Path) -> None:
    working = Working()
    working.states = [{}]
    assert engine_of(working, tmp_path, []).outputs() == {}


class Stood(Pulumi):
    """A stack whose last update succeeded, and whose lock an engine left that was killed later."""

    def __init__(self, *kinds: str) -> None:
        super().__init__(SAID.format(host=HERE, pid=ended_pid()))
        self.kinds = kinds

    def history(self, **_: object) -> list[object]:
        end = datetime.now(UTC) + timedelta(hours=1)
        result = {"refresh": "failed", "update": "succeeded", "destroy": "succeeded"}
        return [SimpleNamespace(kind=each, result=result[each], end_time=end) for each in self.kinds]

    def export_stack(self) -> object:
        from pulumi.automation import Deployment

        stack = {"type": "pulumi:pulumi:Stack", "outputs": {"plan_digest": "a"}}
        return Deployment(version=3, deployment={"resources": [] if self.kinds[0] == "destroy" else [stack]})

    def refresh(self, **_: object) -> None:
        self.act()


def test_a_stack_that_stands_is_left_with_no_lock_of_a_killed_engine(tmp_path: Path) -> None:
    """It would keep the next `pulumi destroy` out."""
    file = tmp_path / "Pulumi.dev.yaml"
    file.touch()
    pulumi, told = Stood("refresh", "update"), list[str]()
    assert engine_of(pulumi, tmp_path, told).stands("a", file)
    assert (pulumi.cancelled, told) == (1, ["an earlier pulumi was killed at work: its lock is removed"])
    assert not engine_of(Stood("update"), tmp_path, []).stands("b", file)
    assert not engine_of(Stood("destroy", "update"), tmp_path, []).stands("a", file)


def test_another_failure_is_told_by_its_errors_alone(tmp_path: Path) -> None:
    pulumi = Pulumi("Updating (dev)\nerror: no credentials\nerror: update failed")
    with pytest.raises(RefusedError, match=r"pulumi failed on the stack dev: no credentials$"):
        engine_of(pulumi, tmp_path, [])._guarded(pulumi.act)


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"no Pulumi\.yaml"):
        StackEngine("dev", tmp_path, print)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (" +  aws:ec2:Vpc llama-vpc created (3s) ", "made aws:ec2:Vpc llama-vpc (3 s)"),
        (" +  aws:ec2:Vpc llama-vpc created (0s) ", "made aws:ec2:Vpc llama-vpc"),
        (" ~  aws:ec2:Vpc llama-vpc updated (0.5s) [diff: ~tags]", "changed aws:ec2:Vpc llama-vpc"),
        (" +  aws:ec2:Vpc llama-vpc creating (3s)", None),
        (" +  paddock:index:WeightsBucket llama created", None),
        (" +  pulumi:pulumi:Stack paddock-dev created (3s)", None),
        ("Updating (dev):", None),
    ],
)
def test_one_line_an_object(line: str, said: str | None) -> None:
    assert progress(line) == said


def test_a_reason_is_one_line() -> None:
    assert reason("code: 255\nerror: a\nerror: a\nerror: update failed\n") == "a"
    assert reason("nothing\nknown") == "known"


def fake(tmp_path: Path, script: str) -> Engine:
    program = tmp_path / "pulumi"
    program.write_text(f"#!{sys.executable}\n{script}")
    program.chmod(0o755)
    made = Engine.__new__(Engine)
    made.command = str(program)
    return made


def test_the_engine_tells_its_lines_as_they_come(tmp_path: Path) -> None:
    told = list[str]()
    script = "import sys\nprint('one'); print('two'); print('bad', file=sys.stderr)"
    result = fake(tmp_path, script).run(["up"], str(tmp_path), {}, told.append)
    assert (told, result.stdout, result.stderr, result.code) == (["one", "two"], "one\ntwo", "bad", 0)


def test_ctrl_c_stops_the_engine_in_its_own_time(tmp_path: Path) -> None:
    script = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: (print('cleaned up', flush=True), sys.exit(1)))\n"
        "print('ready', flush=True)\ntime.sleep(30)\n"
    )
    told = list[str]()

    def tell(line: str) -> None:
        told.append(line)
        if line == "ready":
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

    begun = time.monotonic()
    with pytest.raises(StoppedError):
        fake(tmp_path, script).run(["up"], str(tmp_path), {}, tell)
    assert told == ["ready", "cleaned up"]
    assert time.monotonic() - begun < 20
