"""`paddock images list` where a registry does not answer: what is needed is said at once, and every pause too."""

from __future__ import annotations

import json
import re
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from tests.unit.cli.running import Paddock

NOBODY = "127.0.0.1:9"
SOON_SECONDS = 5.0
"""Six tries with their pauses take twenty and more."""


def test_what_is_needed_comes_first_and_a_refused_connection_is_not_tried_again(
    paddock: Paddock, tmp_path: Path
) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text("config:\n  aws:region: us-east-1\n", encoding="utf-8")
    options = ("--stack-file", str(file), "--registry", NOBODY, "--plain-http", "--source", f"vllm={NOBODY}/a/vllm:1")
    started = time.monotonic()
    ran = paddock("images", "list", *options)
    assert time.monotonic() - started < SOON_SECONDS
    assert ran.status == 2
    assert "why" in ran.out
    assert "Not copied, as of" in ran.out
    asking, error = ran.err.splitlines()
    assert asking == f"asking {NOBODY} for digests …"
    assert error.startswith(f"Error: {NOBODY} cannot be reached, it refuses")


class Overloaded(BaseHTTPRequestHandler):
    """Busy once, and without the image then."""

    statuses = (503, 404)
    asked = 0

    def do_GET(self) -> None:  # http.server calls it so
        self.send_response(self.statuses[min(type(self).asked, 1)])
        type(self).asked += 1
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_registry_that_is_asked_again_is_named_before_the_pause(paddock: Paddock, tmp_path: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), Overloaded)
    Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_address[1]}"
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text("config:\n  aws:region: us-east-1\n", encoding="utf-8")
    options = ("--stack-file", str(file), "--registry", host, "--plain-http", "--source", f"vllm={host}/a/vllm:1")
    ran = paddock("images", "list", "--json", *options)
    server.shutdown()
    server.server_close()
    asking, waiting, error = ran.err.splitlines()
    assert asking == f"asking {host} for digests …"
    assert re.fullmatch(rf"{host}: reading 1 failed; try 2 of 6 in \d s", waiting)
    assert "is not there, and vllm is needed" in error
    assert (ran.status, [*json.loads(ran.out)]) == (2, ["error"])
