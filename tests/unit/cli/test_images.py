"""`paddock images list` where no registry answers: what is needed is said at once, and the end comes soon."""

from __future__ import annotations

import time
from pathlib import Path

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
