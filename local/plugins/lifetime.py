"""End of a plugin's process: when asked to, or when its engine is gone, and never leaving a child behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc

_LOOK_SECONDS = 0.5
_GRACE_SECONDS = 3.0
_FORKED = Path(__file__).with_name("forked.py")
_NO_MESSAGE_LIMIT = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def follow_parent(on_orphaned: Callable[[], None] = lambda: None, engine_address: str | None = None) -> None:
    """End this process soon after the process that started it is gone, however that one ended.

    A killed engine tells nobody. `engine_address` closes the gap in which the engine dies before the first look at the
    parent's id: nothing listens there any more.
    """
    parent = os.getppid()

    def watch() -> None:
        orphaned = engine_address is not None and not _is_listening(engine_address)
        while not orphaned:
            time.sleep(_LOOK_SECONDS)
            orphaned = os.getppid() != parent
        on_orphaned()
        os._exit(1)

    threading.Thread(target=watch, name="follow-parent", daemon=True).start()


def _is_listening(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=_GRACE_SECONDS):
            return True
    except OSError:
        return False


def engine_address(arguments: Sequence[str]) -> str:
    """The one argument of a plugin that is no option."""
    addresses = [argument for argument in arguments[1:] if not argument.startswith("-")]
    if not addresses:
        sys.exit(f"{arguments[0]} is started by the Pulumi engine, which gives it the engine's address")
    return addresses[0]


def serve(
    register: Callable[[grpc.Server], None],
    engine: str,
    *,
    parallel_calls: int,
    on_end: Callable[[], None] = lambda: None,
    finish_calls: bool = False,
) -> None:
    """Serve a plugin on a free loopback port, told to the engine on the first line of output, until the engine ends.

    With `finish_calls` the process ends after the calls that are under way then, else in the middle of them.
    """
    stop = _event_of_stopping()
    calls = ThreadPoolExecutor(parallel_calls)
    server = grpc.server(calls, options=_NO_MESSAGE_LIMIT)
    register(server)

    def end() -> None:
        on_end()
        server.stop(_GRACE_SECONDS if finish_calls else None).wait()
        # gRPC takes a call for ended as soon as its engine is gone, but the thread goes on.
        calls.shutdown(wait=finish_calls)

    follow_parent(end, engine)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # A timed wait, because an untimed one would hold signal handlers back on some platforms.
    while not stop.wait(timeout=60):
        pass
    end()


def _event_of_stopping() -> threading.Event:
    """Set by SIGINT (how the engine ends a plugin) and SIGTERM, with no traceback on the user's screen."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def forked_python(fork_server: Path) -> list[str]:
    """Command that does what this interpreter does with its arguments, in a process of the fork server."""
    return [sys.executable, "-S", "-I", str(_FORKED), str(fork_server)]


class Children:
    """The child processes of a plugin, so that all can be ended with it."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def started(
        self, command: Sequence[str], *, cwd: str, env: Mapping[str, str], capture: bool
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command; when the block is left, however it is left, the process is gone."""
        output = subprocess.PIPE if capture else None
        with self._lock:
            if self._closed:
                raise RuntimeError("the language host is shutting down")
            child = subprocess.Popen(
                command, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
            self._running.add(child)
        try:
            yield child
        finally:
            end(child)
            with self._lock:
                self._running.discard(child)

    def end_all(self) -> None:
        with self._lock:
            self._closed = True
            running = list(self._running)
        for child in running:
            child.terminate()
        for child in running:
            end(child)


def end(child: subprocess.Popen[bytes]) -> None:
    """Ask a child to end, then insist. Does nothing to one that has ended."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
