"""The engine killed in the middle of a first `up`: running it again converges, at whatever moment it died.

Killed in the middle of later ones: tests/local/test_upgrades.py and tests/local/kills.py.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.aws.leftovers import list_leftovers
from local.processes.cloud import LocalCloud
from tests.local.look import Look, eventually, is_ready
from tests.local.stack import ROOT, Stack

MOMENTS = 5
RESOURCES = 56
"""Number of resources that a whole `up` creates, components aside; a moment is after some of them."""


IN_A_WRITE = "in the middle of writing its state"
"""Rare at random, so it is brought about: the attributes beside the checkpoint are cut short, as was seen."""


@pytest.mark.parametrize("moment", [*range(MOMENTS), IN_A_WRITE])
def test_a_killed_up_converges_when_it_is_run_again(
    moment: int | str, cloud: LocalCloud, look: Look, tmp_path: Path
) -> None:
    environment = cloud.environment()
    stack = Stack.of_llama("local", environment, tmp_path / "program")
    after = random.Random(f"{os.getpid()}-{moment}-{time.time_ns()}").randint(1, RESOURCES - 1)  # noqa: S311  any will do
    print(f"killing the engine after {after} resources")  # noqa: T201  shown when the test fails
    kill_after(stack, after)
    if moment == IN_A_WRITE:
        (cloud.state.pulumi / ".pulumi" / "stacks" / "paddock" / "local.json.attrs").write_text("")

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


def kill_after(stack: Stack, resources: int) -> None:
    """Start an `up` and kill the engine, which cannot clean up, once it has said `created` that many times."""
    engine = subprocess.Popen(
        stack.command("up", "--yes", "--skip-preview", "--suppress-progress"),
        cwd=stack.folder,
        env=dict(stack.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert engine.stdout is not None
    with engine.stdout as lines:
        created = 0
        for line in lines:
            created += " created" in line
            if created == resources:
                engine.kill()
                break
    assert engine.wait() == -signal.SIGKILL, "the engine had finished before it could be killed"
