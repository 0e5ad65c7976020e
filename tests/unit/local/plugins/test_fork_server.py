"""A forked process is what the interpreter would be: the same words, streams, status, signals and end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.plugins import fork_server, language_python
from local.plugins.lifetime import forked_python
from local.state import STATE_VARIABLE, State
from tests.unit.local.plugins.test_lifetime import appears, gone

_SERVER = """
import sys
sys.path.insert(0, {folder!r})
import fork_server
fork_server.PRELOADED = ("json.tool",)
fork_server.main()
"""
_ENDS_SECONDS = 10.0
PROGRAMS = {
    "what it was given": "import os; print(sys.argv[1:], os.getcwd(), dict(os.environ), sys.path[0], __name__)",
    "what it is told": "print(input() + input())",
    "a status": "sys.exit(3)",
    "no status": "sys.exit()",
    "words": "sys.exit('too few sheep')",
    "no flush": "sys.stdout.write('wool'); sys.stderr.write('oh')",
    "bytes": "sys.stdout.buffer.write(b'wool\\n')",
    "not ASCII": "print('Wolle für 3 €')",
    "at its end": "import atexit; atexit.register(print, 'bye')",
    "a signal": "import os; os.kill(os.getpid(), 9)",
}
HOW = ("file", "folder", "module", "unbuffered")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """Socket and pid of a fork server that has imported little; the path is too long for one."""
    path = tmp_path_factory.mktemp("cloud") / ("deep" * 30) / "fork-server"
    path.parent.mkdir()
    program = _SERVER.format(folder=str(Path(fork_server.__file__).parent))
    process = subprocess.Popen([sys.executable, "-I", "-c", program, str(path)])
    assert appears(path)
    yield path, process.pid
    process.terminate()
    assert process.wait() == -signal.SIGTERM


def command(how: str, folder: Path) -> list[str]:
    file = str(folder / "__main__.py")
    return {
        "file": [file, "a", "-b"],
        "folder": [str(folder), "a"],
        "module": ["-m", "wool", "a"],
        "unbuffered": ["-u", file],
    }[how]


def ran(python: Sequence[str], how: str, folder: Path) -> tuple[str, str, int]:
    done = subprocess.run(
        [*python, *command(how, folder)],
        input="black\nwhite\n",
        cwd=folder.parent,
        env={"WOOL": "soft=warm\nÄ", "PYTHONPATH": str(folder), "LC_CTYPE": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=_ENDS_SECONDS,
        check=False,
    )
    return done.stdout, done.stderr, done.returncode


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("program", PROGRAMS)
def test_it_does_what_the_interpreter_does(program: str, how: str, server: tuple[Path, int], tmp_path: Path) -> None:
    folder = tmp_path / "program"
    folder.mkdir()
    for name in ("__main__.py", "wool.py"):
        (folder / name).write_text(f"import sys\n{PROGRAMS[program]}\n")
    assert ran(forked_python(server[0]), how, folder) == ran([sys.executable], how, folder)


def test_an_error_is_told_with_its_traceback(server: tuple[Path, int], tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("1 / 0\n")
    _, told, status = ran(forked_python(server[0]), "folder", tmp_path)
    assert told.startswith("Traceback (most recent call last):\n")
    assert f'{tmp_path}/__main__.py", line 1, in <module>\n' in told
    assert told.endswith("\nZeroDivisionError: division by zero\n")
    assert status == 1


def test_it_is_forked_where_the_server_answers_and_started_where_none_does(
    server: tuple[Path, int], tmp_path: Path
) -> None:
    path, pid = server
    (tmp_path / "__main__.py").write_text("import os, sys; print(os.getppid(), 'json.tool' in sys.modules)")
    assert ran(forked_python(path), "folder", tmp_path)[0] == f"{pid} True\n"
    assert ran(forked_python(tmp_path / "none"), "folder", tmp_path)[0] == f"{os.getpid()} False\n"
    assert ran(forked_python(tmp_path / "none" / "at all"), "folder", tmp_path)[0] == f"{os.getpid()} False\n"


def test_an_edited_file_counts_at_the_next_run(server: tuple[Path, int], tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import wool; print(wool.COLOR)")
    for color in ("white", "gray"):
        (tmp_path / "wool.py").write_text(f"COLOR = {color!r}")
        assert ran(forked_python(server[0]), "folder", tmp_path)[0] == f"{color}\n"


@contextmanager
def waiting(server: tuple[Path, int], folder: Path, begin: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A client, and the pid of its process, which has begun."""
    (folder / "__main__.py").write_text(f"import os, signal, sys, time\n{begin}\nprint(os.getpid())\ntime.sleep(60)\n")
    client = subprocess.Popen([*forked_python(server[0]), "-u", str(folder)], stdout=subprocess.PIPE, text=True)
    assert client.stdout is not None
    with client.stdout:
        yield client, int(client.stdout.readline())
    client.kill()
    client.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_process_and_its_status_comes_back(
    number: signal.Signals, server: tuple[Path, int], tmp_path: Path
) -> None:
    begin = f"signal.signal({int(number)}, lambda n, _: sys.exit(40 + n))"
    with waiting(server, tmp_path, begin) as (client, _):
        client.send_signal(number)
        assert client.wait(_ENDS_SECONDS) == 40 + number


def test_what_a_signal_ends_ends_by_it(server: tuple[Path, int], tmp_path: Path) -> None:
    with waiting(server, tmp_path, "") as (client, _):
        client.terminate()
        assert client.wait(_ENDS_SECONDS) == -signal.SIGTERM


def test_a_process_ends_with_its_client(server: tuple[Path, int], tmp_path: Path) -> None:
    with waiting(server, tmp_path, "") as (client, pid):
        client.kill()
        assert gone(pid)


def test_a_process_ends_with_what_started_its_client(server: tuple[Path, int], tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n")
    starts = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    starter = subprocess.Popen(
        [sys.executable, "-c", starts, *forked_python(server[0]), str(tmp_path)], stdout=subprocess.PIPE
    )
    assert starter.stdout is not None
    with starter.stdout:
        pid = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    assert gone(pid)


def test_two_at_once_wait_for_none(server: tuple[Path, int], tmp_path: Path) -> None:
    with waiting(server, tmp_path, "") as (first, _), waiting(server, tmp_path, "") as (second, _):
        second.terminate()
        assert second.wait(_ENDS_SECONDS) == -signal.SIGTERM
        assert first.poll() is None


def test_what_it_imports_is_no_file_of_a_checkout_and_starts_no_thread() -> None:
    program = (
        "import sys, os; sys.path.insert(0, sys.argv[1]); import fork_server; fork_server.preload();"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} & {'local', 'paddock', 'tests'}),"
        "'Vpc' in vars(sys.modules['pulumi_aws.ec2']), len(os.listdir('/proc/self/task')))"
    )
    folder = str(Path(fork_server.__file__).parent)
    done = subprocess.run([sys.executable, "-I", "-c", program, folder], capture_output=True, text=True, check=True)
    assert done.stdout == "True 1\n"


def test_a_program_of_another_environment_is_started_by_its_own_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    (tmp_path / "same").symlink_to(sys.prefix)
    socket = State(tmp_path).fork_server
    for python in (sys.executable, str(tmp_path / "same" / "bin" / "python")):
        assert language_python.forked([python, "-u", "a.py"]) == [*forked_python(socket), "-u", "a.py"]
    other = [str(tmp_path / "other" / "bin" / "python"), "-u", "a.py"]
    assert language_python.forked(other) == other


def test_the_server_outlives_a_client_that_says_nothing(server: tuple[Path, int], tmp_path: Path) -> None:
    import socket

    folder = Path.cwd()
    os.chdir(server[0].parent)
    try:
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(server[0].name)
    finally:
        os.chdir(folder)
    time.sleep(0.1)
    (tmp_path / "__main__.py").write_text("print('still here')")
    assert ran(forked_python(server[0]), "folder", tmp_path)[0] == "still here\n"
