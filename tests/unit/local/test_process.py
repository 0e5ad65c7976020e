"""Processes are started, watched and ended, and never one that is not ours. Uses small real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local.processes.process import (
    Process,
    ProcessError,
    Processes,
    Record,
    answers,
    release_ports,
    reserve_ports,
    touched_within,
)

FOREVER = "import time; time.sleep(60)"


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    made = Processes(tmp_path / "processes", tmp_path / "logs")
    yield made
    made.stop(made.known(), seconds=5)


def python(code: str, works: Callable[[], bool] = lambda: True, timeout_seconds: float = 10) -> Process:
    return Process(
        name="one",
        argv=[sys.executable, "-c", code],
        environment=dict(os.environ),
        works=works,
        timeout_seconds=timeout_seconds,
    )


def test_a_process_is_known_to_a_later_command_and_stopped_by_it(processes: Processes, tmp_path: Path) -> None:
    processes.spawn(python(FOREVER))
    later = Processes(tmp_path / "processes", tmp_path / "logs")
    process = later.running("one")
    assert process is not None
    later.stop(["one"])
    assert later.running("one") is None
    assert later.known() == []


def test_a_running_process_is_not_started_twice(processes: Processes) -> None:
    processes.spawn(python(FOREVER))
    first = processes.record("one")
    processes.spawn(python(FOREVER))
    assert processes.record("one") == first


def test_what_a_process_started_ends_with_it(processes: Processes, tmp_path: Path) -> None:
    told = tmp_path / "child"
    code = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "{FOREVER}"])
open({str(told)!r}, "w").write(str(child.pid))
time.sleep(60)
"""
    one = python(code, works=lambda: told.exists() and told.read_text() != "")
    processes.spawn(one)
    processes.wait(one)
    child = psutil.Process(int(told.read_text()))
    processes.stop(["one"])
    deadline = time.monotonic() + 5
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_process_that_does_not_listen_to_reason_is_killed(processes: Processes, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = (
        f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open({str(ready)!r}, 'w'); time.sleep(60)"
    )
    one = python(code, works=ready.exists)
    processes.spawn(one)
    processes.wait(one)
    processes.stop(["one"], seconds=0.3)
    assert processes.running("one") is None


def test_a_process_that_ends_while_starting_is_reported_with_its_name_and_last_words(processes: Processes) -> None:
    one = python("import sys; sys.exit('no such flag: --fast')", works=lambda: False)
    processes.spawn(one)
    with pytest.raises(ProcessError, match=r"one stopped while starting[\s\S]*no such flag: --fast"):
        processes.wait(one)


def test_a_process_that_never_gets_ready_is_reported(processes: Processes) -> None:
    one = python(FOREVER, works=lambda: False, timeout_seconds=0.2)
    processes.spawn(one)
    with pytest.raises(ProcessError, match="one was not ready after 0 s"):
        processes.wait(one)


def test_a_crash_is_found_later_and_a_clean_stop_is_none(processes: Processes) -> None:
    processes.spawn(python(FOREVER))
    assert processes.crashed() == []
    running = processes.running("one")
    assert running is not None
    running.send_signal(signal.SIGKILL)
    running.wait(5)
    assert [report.splitlines()[0].split(" has")[0] for report in processes.crashed()] == ["one"]
    processes.stop(["one"])
    assert processes.crashed() == []


def test_a_pid_used_again_by_another_process_is_left_alone(processes: Processes, tmp_path: Path) -> None:
    mine = psutil.Process()
    (tmp_path / "processes").mkdir()
    record = {"pid": mine.pid, "started": mine.create_time() - 3600}
    (tmp_path / "processes" / "one.json").write_text(json.dumps(record))
    assert processes.running("one") is None
    processes.stop(["one"])  # would end this very test
    assert Record(mine.pid, mine.create_time()).running() is not None


def test_two_clouds_that_reserve_at_once_get_different_ports() -> None:
    names = [str(number) for number in range(20)]
    first, second = reserve_ports(names, {}), reserve_ports(names, {})
    try:
        ports = [held.getsockname()[1] for held in [*first.values(), *second.values()]]
        assert len(set(ports)) == 40
    finally:
        release_ports([*first.values(), *second.values()])


def test_a_server_can_listen_on_a_reserved_port_while_it_is_held() -> None:
    held = reserve_ports(["web"], {})
    try:
        with socket.create_server(held["web"].getsockname()) as server:
            assert server.getsockname() == held["web"].getsockname()
    finally:
        release_ports(held.values())


def test_a_port_of_before_is_refused_while_another_listens_there_and_taken_again_after() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            reserve_ports(["web"], {"web": port})
    held = reserve_ports(["web"], {"web": port})
    assert held["web"].getsockname() == ("127.0.0.1", port)
    release_ports(held.values())


def test_nobody_listening_is_no_answer() -> None:
    held = reserve_ports(["web"], {})
    release_ports(held.values())
    assert not answers("http://127.0.0.1:1/")


def test_a_heartbeat_counts_while_it_is_fresh(tmp_path: Path) -> None:
    heartbeat = tmp_path / "heartbeat"
    assert not touched_within(heartbeat, 10)
    heartbeat.touch()
    assert touched_within(heartbeat, 10)
    os.utime(heartbeat, (0, 0))
    assert not touched_within(heartbeat, 10)
