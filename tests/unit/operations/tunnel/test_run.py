"""`paddock tunnel` around a command: its words, its status, its signals. What opens is played; processes are real."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
import yaml

from paddock.catalog.lookup import RefusedError
from paddock.operations.tunnel import run as module
from paddock.operations.tunnel.run import run
from paddock.operations.tunnel.target import Finder, Target, Wanted
from tests.unit.cli.running import Paddock
from tests.unit.operations.tunnel.test_keeper import TARGET

WANTED = Wanted(region="us-east-1", stack="dev")
PORT = 8443


class Played:
    """A tunnel that opens after some looks, or fails."""

    def __init__(self) -> None:
        self.closed_looks = 0
        self.refusal: RefusedError | None = None
        self.ended = False
        self.said: list[str] = []

    def kept_open(self, *_: object, **__: object) -> Generator[Target | None, None, None]:
        try:
            for _look in range(self.closed_looks):
                yield None
            if self.refusal:
                raise self.refusal
            while True:
                yield TARGET
        finally:
            self.ended = True

    def run(self, *command: str, wait: bool = False, kubeconfig: Path | None = None) -> int:
        return run(WANTED, PORT, wait=wait, kubeconfig=kubeconfig, command=command, say=self.said.append)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    made = Played()
    for name, value in {
        "kept_open": made.kept_open,
        "require_programs": lambda: None,
        "require_free": lambda _: None,
        "LOOK_SECONDS": 0.01,
    }.items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(Finder, "in_region", lambda _: Finder(None, None, None))
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield made
    assert {each: signal.getsignal(each) for each in handlers} == handlers, "signals are ours again"


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def send(number: int, once: Callable[[], bool]) -> threading.Thread:
    """A signal to this process, once something is so."""

    def wait() -> None:
        while not once():
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_the_status_is_the_commands(played: Played) -> None:
    assert played.run(*python("raise SystemExit(7)")) == 7
    assert played.run(*python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")) == 128 + signal.SIGKILL
    assert played.ended


def test_the_command_starts_when_the_tunnel_is_open_or_at_once_where_it_is_to_be_waited_for(
    played: Played, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    played.refusal = RefusedError("no way")
    with pytest.raises(RefusedError, match="no way"):
        played.run(*python(f"open({str(made)!r}, 'w')"))
    assert not made.exists()
    played.closed_looks = 1
    assert played.run(*python(f"open({str(made)!r}, 'w')"), wait=True) == 1, "it failed to open after all"
    assert made.exists()
    assert "goes on without the tunnel" in played.said[-1]


def test_a_command_that_is_not_there_is_refused(played: Played) -> None:
    with pytest.raises(RefusedError, match="cannot run no-such-program: no such file"):
        played.run("no-such-program")
    assert played.ended


def test_the_command_finds_the_kubeconfig_and_it_goes_afterwards(played: Played, tmp_path: Path) -> None:
    file = tmp_path / "config"
    out = tmp_path / "copy"
    code = f"import os, shutil; shutil.copy(os.environ['KUBECONFIG'], {str(out)!r})"
    assert played.run(*python(code), kubeconfig=file) == 0
    assert yaml.safe_load(out.read_text())["clusters"][0]["cluster"]["server"] == f"https://127.0.0.1:{PORT}"
    assert not file.exists()


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGHUP, 129)]
)
def test_without_a_command_a_signal_closes_the_tunnel(played: Played, number: int, status: int) -> None:
    sender = send(number, lambda: bool(played.said))
    assert played.run() == status
    sender.join()
    assert played.ended


def test_a_command_is_told_to_end_before_the_tunnel_does(played: Played, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = (
        "import pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n"
        f"pathlib.Path({str(ready)!r}).touch()\n"
        "while True: time.sleep(0.01)"
    )
    sender = send(signal.SIGTERM, ready.exists)
    assert played.run(*python(code)) == 3
    sender.join()


@pytest.fixture
def paddock(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Paddock:
    return Paddock(monkeypatch, capsys)


def stack_file(folder: Path, name: str = "Pulumi.dev.yaml", **settings: object) -> str:
    given = {"model": "llama-3.1-8b", **settings}
    config = {"aws:region": "us-east-1", **{f"paddock:{key}": value for key, value in given.items()}}
    (folder / name).write_text(yaml.safe_dump({"config": config}))
    return str(folder / name)


def test_stack_region_and_port_come_from_the_stack_file(
    paddock: Paddock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def taken(wanted: Wanted, port: int, **_: object) -> int:
        asked.append((wanted, port))
        return 3

    monkeypatch.setattr(module, "run", taken)
    file = stack_file(tmp_path, tunnel_port=9443)
    assert paddock("tunnel", "--stack-file", file).status == 3
    assert paddock("tunnel", "--stack-file", file, "--port", "9000").status == 3
    assert paddock("tunnel", "--cluster", "other", "--region", "eu-west-1").status == 3
    assert asked == [
        (Wanted(region="us-east-1", stack="dev"), 9443),
        (Wanted(region="us-east-1", stack="dev"), 9000),
        (Wanted(region="eu-west-1", cluster="other"), 8443),
    ]


def test_bad_words_are_refused_in_one_message(
    paddock: Paddock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    for arguments, message in (
        (["--stack-file", str(tmp_path / "Pulumi.none.yaml")], "cannot read"),
        (["--stack-file", stack_file(tmp_path, "stack.yaml")], "is not called Pulumi.<stack>.yaml"),
        (["--stack-file", stack_file(tmp_path, peer_cidrs=["10.9.0.0/16"])], "`paddock:bastion: true` makes one"),
        (["--region", "us-east-1"], "--region goes with --cluster"),
        (["--cluster", "llama-dev"], "name it by --region"),
    ):
        refused = paddock("tunnel", *arguments)
        assert (refused.status, refused.err.count("\n")) == (2, 1), refused.err
        assert message in refused.err
