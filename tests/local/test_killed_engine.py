"""The engine killed in the middle of an `up`: running it again converges, at whatever moment it died."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.aws.leftovers import list_leftovers
from local.cloud import LocalCloud
from tests.local.look import Look, eventually, is_ready
from tests.local.stack import ROOT, Stack

MOMENTS = 5
LONGEST_UP_SECONDS = 30


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_killed_up_converges_when_it_is_run_again(moment: int, cloud: LocalCloud, look: Look, tmp_path: Path) -> None:
    environment = cloud.environment()
    stack = Stack.of_llama("local", environment, tmp_path / "program")
    chance = random.Random(f"{os.getpid()}-{moment}-{time.time_ns()}")  # noqa: S311  any moment will do
    wait_seconds = chance.uniform(3, LONGEST_UP_SECONDS)
    print(f"killing the engine after {wait_seconds:.1f} s")  # noqa: T201  shown when the test fails

    engine = subprocess.Popen(
        stack.command("up", "--yes", "--skip-preview", "--suppress-progress"),
        cwd=stack.folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        engine.wait(wait_seconds)
    except subprocess.TimeoutExpired:
        engine.send_signal(signal.SIGKILL)
        engine.wait()
    recovered = subprocess.run(
        [sys.executable, "-m", "local", "recover", "--stack", "local"],
        cwd=stack.folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert recovered.returncode == 0, recovered.stdout + recovered.stderr
    stack.up()
    stack.up("--expect-no-changes")
    assert [is_ready(pod) for pod in look.pods()] == [True]
    stack.destroy()
    assert list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"]) == []
    assert eventually(lambda: look.kubectl("get", "nodes")["items"] == [])
    stack.run("stack", "rm", "--yes")
