"""The local cloud's `session-manager-plugin`: what `aws ssm start-session` runs to carry the bytes of a session.

Takes what AWS's own takes: the answer of StartSession (or the name of a variable that holds it), region, operation,
profile, the request's parameters and the endpoint. It forwards TCP from 127.0.0.1 to the session's host for as long as
emulated Systems Manager calls the session connected; on AWS the agent on the instance does that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

VERSION = "1.2.764.0"
"""Oldest version that the AWS CLI takes without a warning."""
LOOPBACK = "127.0.0.1"
LOOK_SECONDS = 1.0
CHUNK_BYTES = 64 * 1024


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    writer.close()


async def forward(session_id: str, local_port: int, host: str, port: int, over: asyncio.Event) -> None:
    """Serve until the session is over."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(host, port)
        except OSError as error:
            sys.stdout.write(f"Connection to destination port failed, check SSM Agent logs. ({error})\n")
            writer.close()
            return
        await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))

    server = await asyncio.start_server(serve, LOOPBACK, local_port)
    opened = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"Port {opened} opened for sessionId {session_id}.\n")
    sys.stdout.write("Waiting for connections...\n")
    sys.stdout.flush()
    await over.wait()
    server.close()


async def follow(client: Any, session_id: str, over: asyncio.Event) -> None:
    """End with the session: it was terminated, its instance is gone, or that may no longer reach the host."""
    while not over.is_set():
        found = await asyncio.to_thread(client.describe_sessions, State="Active")
        if session_id not in {each["SessionId"] for each in found["Sessions"]}:
            sys.stdout.write(f"SessionId: {session_id} : the session is terminated.\n")
            over.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), LOOK_SECONDS)


async def session(answer: dict[str, str], region: str, parameters: dict[str, list[str]], endpoint: str) -> None:
    import boto3

    client = boto3.client("ssm", region_name=region, endpoint_url=endpoint)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, over.set)
    local_port, host, port = parameters["localPortNumber"][0], parameters["host"][0], parameters["portNumber"][0]
    sys.stdout.write(f"\nStarting session with SessionId: {answer['SessionId']}\n")
    watch = asyncio.create_task(follow(client, answer["SessionId"], over))
    await forward(answer["SessionId"], int(local_port), host, int(port), over)
    await watch
    client.terminate_session(SessionId=answer["SessionId"])


def main(arguments: Sequence[str]) -> int:
    if list(arguments) == ["--version"]:
        sys.stdout.write(f"{VERSION}\n")
        return 0
    answer, region, operation, _profile, request, endpoint = arguments
    if operation != "StartSession":
        sys.stderr.write(f"the local cloud's session-manager-plugin knows StartSession, not {operation}\n")
        return 1
    asyncio.run(
        session(json.loads(os.environ.get(answer, answer)), region, json.loads(request)["Parameters"], endpoint)
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
