"""Runs inside the vLLM server (`--middleware`): which paths answer, and whether the pod is ready for new requests.

vLLM's API key guards paths that begin with /v1 and few others; /invocations gives the same answers without a key, and
others pause the engine or cancel requests. No flag switches them off. Source: github.com/vllm-project/vllm issue 58144
and docs/usage/security.md; --middleware in entrypoints/serve/middleware/register.py of 0.32.0; read 2026-11-24.

vLLM's /health stays 200 while a pod drains and while its engine hangs, and a server that was told to stop answers new
requests with 500 or with 200 and no text (launchers/launcher.py, v1/engine/core.py of 0.33.0, seen on 0.32.0,
2026-11-28). So /ready is ours, and new requests are refused before vLLM is told.
"""

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

SERVED = ("/health", "/metrics")
GUARDED = "/v1/"
READY = "/ready"
DRAINING, STOPPING = Path("/tmp/draining"), Path("/tmp/stopping")  # noqa: S108  the pod's own volume
"""Files that the pod's preStop hook makes, also while a model loads. A container that was restarted finds those of the
one before it, older than its process, which do not count."""
SILENT_SECONDS = int(os.environ.get("PADDOCK_ENGINE_SILENT_SECONDS", "60"))
"""The engine answers between two steps, so this is longer than its longest one. A prompt of any length is read in steps
of `--max-num-batched-tokens`."""
CLOSE = (b"connection", b"close")


class ServedPaths:
    """ASGI middleware: 404 for every other path, before anything of vLLM sees the request."""

    def __init__(self, app):
        self.app = app
        self.started_ns = started_ns()
        self.question = None

    async def __call__(self, scope, receive, send):
        path = scope.get("path", "")
        if scope["type"] == "lifespan" or path in SERVED:
            await self.app(scope, receive, send)
        elif path == READY and scope["type"] == "http":
            if self._is(DRAINING):
                await _refuse(scope, send, 503, b"draining")
            elif self._engine_is_silent(scope["app"].state.engine_client):
                await _refuse(scope, send, 503, b"engine silent")
            else:
                await self.app({**scope, "path": "/health", "raw_path": b"/health"}, receive, send)
        elif not path.startswith(GUARDED):
            await _refuse(scope, send, 404, b"not served")
        elif self._is(STOPPING):
            await _refuse(scope, send, 503, b"stopping: ask again", (b"retry-after", b"1"), CLOSE)
        else:
            await self.app(scope, receive, self._leading_away(send))

    def _is(self, mark):
        try:
            return mark.stat().st_mtime_ns > self.started_ns
        except FileNotFoundError:
            return False

    def _leading_away(self, send):
        """Connections that clients keep end with their answer, so that the next request reaches another pod."""

        async def sent(message):
            if message["type"] == "http.response.start" and self._is(DRAINING):
                message = {**message, "headers": [*message.get("headers", ()), CLOSE]}
            await send(message)

        return sent

    def _engine_is_silent(self, engine):
        """True where the engine's loop owes an answer for too long; it is asked one thing at a time, also when idle.

        Whether it sleeps is the one question that every version answers by itself, without the GPUs.
        """
        if self.question is None or self.question.done():
            self.asked_at = time.monotonic()
            self.question = asyncio.ensure_future(_answered(engine))
        return time.monotonic() - self.asked_at > SILENT_SECONDS


def started_ns():
    """Start of this process, by the clock that files have; the times of /proc/self's own files are of a later look.

    The kernel counts it in hundredths of a second since boot, field 22 of proc_pid_stat(5). The name before may hold
    spaces and parentheses.
    """
    since_boot = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    ago_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - since_boot * 10**9 // os.sysconf("SC_CLK_TCK")
    return time.time_ns() - ago_ns


async def _answered(engine):
    # One that is dead, or draining, or of a version that takes no such question, is /health's affair.
    with suppress(Exception):
        await engine.is_sleeping()


async def _refuse(scope, send, status, reason, *headers):
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    length = (b"content-length", str(len(reason)).encode())
    headers = [(b"content-type", b"text/plain"), length, *headers]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": reason})
