"""Fork server of one local cloud: Python with the large packages imported already, from which plugins are forked.

An engine run starts half a dozen Python processes, and most of what they did was to import the same packages again:
`pulumi_aws` alone takes a program a CPU second and a half. Each is still a process of its own, with its own arguments,
environment and end; only what pip installed is shared, so an edited file of a checkout counts at the next run. Its
client is forked.py, the way that `multiprocessing` calls a fork server too. It has one thread and no gRPC channel, as
neither survives a fork.
"""

from __future__ import annotations

import gc
import io
import os
import runpy
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

_AWS_SERVICES = "acm autoscaling cloudwatch codebuild ec2 eks iam kms lb route53 s3 ssm vpc"
PRELOADED = (
    *("pulumi", "pulumi.automation", "pulumi.provider.experimental", "pulumi_policy", "pulumi_kubernetes"),
    *(f"pulumi_aws.{service}" for service in _AWS_SERVICES.split()),
    *("boto3", "botocore.session", "jinja2", "pydantic", "rich.console", "yaml"),
    # Of the AWS CLI what is not its own: that changes the environment when it is imported.
    *("botocore.docs.service", "docutils.core", "s3transfer.manager"),
)
LENGTH_BYTES = 8
STANDARD_STREAMS = (0, 1, 2)


def main() -> None:
    path = Path(sys.argv[1])
    path.unlink(missing_ok=True)
    preload()
    with socket.socket(socket.AF_UNIX) as listener:
        # By its name in the folder: the path of a socket may have a hundred characters only.
        os.chdir(path.parent)
        listener.bind(path.name)
        listener.listen(64)
        child = _serve(listener)
    child()


def preload() -> None:
    gc.disable()
    for name in PRELOADED:
        # A package of pulumi_aws is loaded when it is first asked for a name of its own.
        getattr(import_module(name), "is_loaded", None)
    # What is imported stays, and so do the pages that children share with it.
    gc.collect()
    gc.freeze()
    gc.enable()


def _serve(listener: socket.socket) -> Callable[[], None]:
    """Forks a child for each connection; returns in that child alone, with what is left to do there."""
    woken, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    clients: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([listener, woken], [], [])
        if woken in ready:
            woken.recv(4096)
            _report_ended(clients)
        if listener in ready:
            client, _ = listener.accept()
            if pid := os.fork():
                clients[pid] = client
                continue
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (woken, wake, *clients.values()):
                each.close()
            return lambda: _run(client)


def _report_ended(clients: dict[int, socket.socket]) -> None:
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            with clients.pop(pid) as client, suppress(OSError):
                client.sendall(f"{os.waitstatus_to_exitcode(status)}".encode())


def _run(client: socket.socket) -> None:
    """Runs a child's command as the interpreter would, and ends the process."""
    status = 1
    try:
        arguments = _become(client)
        threading.Thread(target=_follow, args=(client,), name="follow-client", daemon=True).start()
        _python(arguments)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException as error:  # as the interpreter itself does
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        # As multiprocessing ends a forked child: the objects of the parent are not taken apart one by one.
        import atexit

        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)


def _become(client: socket.socket) -> list[str]:
    """Takes over the client's streams, folder and environment; returns its arguments."""
    start, handles = _receive(client)
    for stream, handle in zip(STANDARD_STREAMS, handles, strict=True):
        os.dup2(handle, stream)
        os.close(handle)
    folder, count, *texts = start.split(b"\0")
    arguments = [os.fsdecode(text) for text in texts[: int(count)]]
    os.environb.clear()
    os.environb.update(dict(text.split(b"=", 1) for text in texts[int(count) :]))
    time.tzset()
    os.chdir(folder)
    sys.path[:0] = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    return arguments


def _receive(client: socket.socket) -> tuple[bytes, list[int]]:
    data, handles, _, _ = socket.recv_fds(client, 1 << 16, len(STANDARD_STREAMS))
    if not data:  # gone before it said anything
        os._exit(0)
    length = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES])
    while len(data) < length:
        data += client.recv(1 << 16)
    return data[LENGTH_BYTES:], handles


def _follow(client: socket.socket) -> None:
    """Hands on each signal that the client was sent; a client that is gone is a request to end."""
    while True:
        told = b""
        with suppress(OSError):
            told = client.recv(1)
        os.kill(os.getpid(), told[0] if told else signal.SIGTERM)
        if not told:
            return


def _python(arguments: Sequence[str]) -> None:
    """`python [-u] (-m module | file | folder) argument…`."""
    if arguments[0] == "-u":
        sys.stdout, sys.stderr = (
            io.TextIOWrapper(io.FileIO(stream, "w", closefd=False), write_through=True) for stream in (1, 2)
        )
        arguments = arguments[1:]
    if arguments[0] == "-m":
        _, module, *rest = arguments
        sys.argv = [module, *rest]
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        program = Path(arguments[0])
        sys.argv = list(arguments)
        sys.path.insert(0, str(program if program.is_dir() else program.parent))
        runpy.run_path(str(program), run_name="__main__")


if __name__ == "__main__":
    main()
