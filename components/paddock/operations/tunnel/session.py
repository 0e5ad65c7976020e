"""One session of Systems Manager that forwards a port: the `aws` command and the plugin that it runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable

from paddock.catalog.lookup import RefusedError
from paddock.cluster.kubeconfig import LOOPBACK
from paddock.operations.tunnel.target import Target

DOCUMENT = "AWS-StartPortForwardingSessionToRemoteHost"
PROGRAMS = {
    "aws": "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
    "session-manager-plugin": "https://docs.aws.amazon.com/systems-manager/latest/userguide/"
    "session-manager-working-with-install-plugin.html",
}
LAST_LINES = 3
SECONDS_TO_END = 5.0


def require_programs(which: Callable[[str], str | None] = shutil.which) -> None:
    """Raises `RefusedError` with what to install."""
    missing = [f"{name} ({page})" for name, page in PROGRAMS.items() if not which(name)]
    if missing:
        raise RefusedError(f"not on PATH: {', '.join(missing)}; install it, a tunnel goes through it")


def require_free(port: int) -> None:
    """Raises `RefusedError` where something listens on the port already."""
    with socket.socket() as probe:
        # A tunnel that has just ended leaves connections in TIME_WAIT, which are no reason to refuse.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise RefusedError(
                f"port {port} of this machine is taken ({(error.strerror or str(error)).lower()}): perhaps by a tunnel "
                "that is open already; choose another by --port, for Pulumi by paddock:tunnel_port"
            ) from None


def command(target: Target, port: int) -> list[str]:
    """No secret is in it: who we are, `aws` knows from the environment."""
    parameters = {"host": [target.host], "portNumber": [str(target.port)], "localPortNumber": [str(port)]}
    return [
        "aws",
        "ssm",
        "start-session",
        "--region",
        target.region,
        "--target",
        target.instance_id,
        "--document-name",
        DOCUMENT,
        "--parameters",
        json.dumps(parameters),
    ]


class Session:
    """A session that was started. `stop` ends it whatever became of it."""

    def __init__(self, target: Target, port: int) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `stop`
        self._process = subprocess.Popen(
            command(target, port),
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=subprocess.STDOUT,
            # A group of its own: Ctrl-C is for us, and the plugin below `aws` is ended with it.
            start_new_session=True,
        )

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def last_output(self) -> str:
        self._said.seek(0)
        lines = [line.strip() for line in self._said.read().decode(errors="replace").splitlines()]
        return "; ".join([line for line in lines if line][-LAST_LINES:]) or "it said nothing"

    def stop(self) -> None:
        # The plugin ends its session at Systems Manager when it is interrupted, and `aws` ends after it.
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, each)
            except (ProcessLookupError, PermissionError):
                break
            try:
                self._process.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                continue
            if not _lives(self._process.pid):
                break
        self._process.wait()
        self._said.close()


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
