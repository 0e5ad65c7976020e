"""No plugin outlives what started it. The real engine killed in the middle of an update: tests/local."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2_grpc

from local.plugins.lifetime import Children, engine_address

_ROOT = Path(__file__).parents[4]
_GONE_SECONDS = 5.0
_MIDDLE = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
print(child.stdout.readline().decode(), flush=True)
time.sleep(60)
"""
_CHILD = """
import os, time
from local.plugins.lifetime import follow_parent
follow_parent({arguments})
print(os.getpid(), flush=True)
time.sleep(60)
"""


_SLOW = """
import pathlib, time
from pulumi.runtime.proto import provider_pb2_grpc
from local.plugins.lifetime import serve

class Slow(provider_pb2_grpc.ResourceProviderServicer):
    def Cancel(self, request, context):
        pathlib.Path({folder!r}, "begun").touch()
        time.sleep(1.5)
        pathlib.Path({folder!r}, "finished").touch()

def register(server):
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Slow(), server)

serve(register, {engine!r}, parallel_calls=1, finish_calls=True)
"""


def appears(file: Path) -> bool:
    ends_at = time.monotonic() + _GONE_SECONDS
    while not file.exists() and time.monotonic() < ends_at:
        time.sleep(0.05)
    return file.exists()


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def gone(pid: int) -> bool:
    ends_at = time.monotonic() + _GONE_SECONDS
    while is_running(pid) and time.monotonic() < ends_at:
        time.sleep(0.05)
    return not is_running(pid)


def started_below_a_parent(script: str) -> tuple[subprocess.Popen[bytes], int]:
    parent = subprocess.Popen([sys.executable, "-c", _MIDDLE, script], stdout=subprocess.PIPE, cwd=_ROOT)
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline())
    return parent, pid


def test_a_plugin_ends_when_its_parent_is_killed() -> None:
    parent, pid = started_below_a_parent(_CHILD.format(arguments=""))
    assert is_running(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert gone(pid)


def test_a_plugin_whose_engine_is_gone_before_it_looks_ends_too() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
    script = _CHILD.format(arguments=f"engine_address={address!r}")
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.DEVNULL, cwd=_ROOT)
    assert child.wait(_GONE_SECONDS) == 1


def test_a_call_under_way_when_the_engine_is_killed_is_finished_first(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as engine:
        address = f"127.0.0.1:{engine.getsockname()[1]}"
        parent, port = started_below_a_parent(_SLOW.format(folder=str(tmp_path), engine=address))
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = provider_pb2_grpc.ResourceProviderStub(channel).Cancel.future(Empty())
            assert appears(tmp_path / "begun")
            parent.send_signal(signal.SIGKILL)
            call.cancel()  # as the broken connection does
        parent.wait()
        assert not (tmp_path / "finished").exists()
        assert appears(tmp_path / "finished")


def test_a_child_ends_with_the_block_that_started_it() -> None:
    with Children().started([sys.executable, "-c", "input()"], cwd="/", env={}, capture=False) as child:
        pass
    assert child.returncode is not None


def test_a_stubborn_child_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.plugins.lifetime._GRACE_SECONDS", 0.2)
    script = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    with Children().started([sys.executable, "-c", script], cwd="/", env={}, capture=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        with child.stdout, child.stderr:
            child.stdout.readline()
    assert child.returncode == -signal.SIGKILL


def test_closing_ends_every_child_and_starts_no_more() -> None:
    children = Children()
    with children.started(
        [sys.executable, "-c", "import time; time.sleep(60)"], cwd="/", env={}, capture=False
    ) as child:
        children.end_all()
        assert child.returncode == -signal.SIGTERM
    with pytest.raises(RuntimeError, match="shutting down"), children.started([], cwd="/", env={}, capture=False):
        pass


@pytest.mark.parametrize("module", ["local.plugins.language_python", "local.aws.provider"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_plugin_told_to_stop_does_so_quietly(module: str, number: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as engine:
        address = f"127.0.0.1:{engine.getsockname()[1]}"
        plugin = subprocess.Popen(
            [sys.executable, "-m", module, address, "--logtostderr"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=_ROOT,
            env=os.environ | {"PYTHONPATH": str(_ROOT)},
        )
        assert plugin.stdout is not None
        assert plugin.stderr is not None
        with plugin.stdout, plugin.stderr:
            assert plugin.stdout.readline().strip().isdigit(), "the first line is the port"
            plugin.send_signal(number)
            assert plugin.wait(_GONE_SECONDS) == 0
            assert plugin.stderr.read() == b""


def test_a_plugin_started_by_hand_says_what_starts_it() -> None:
    with pytest.raises(SystemExit, match="started by the Pulumi engine"):
        engine_address(["pulumi-language-python", "-v=3"])
