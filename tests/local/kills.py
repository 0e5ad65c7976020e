"""The engine killed at random moments of updates: running `up` again converges, whatever it was doing.

`python -m tests.local.kills --times 20 --seed 1` does it on a cloud of its own, in about ten minutes; a few of them are
in tests/local/test_upgrades.py.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from local.aws.leftovers import list_leftovers
from local.processes.cloud import LocalCloud
from tests.local.look import Look, eventually, is_ready
from tests.local.stack import ROOT, Stack, llama_config

LICENSE = {"license": "llama3.2", "by": "a test", "on": "2026-11-28"}
CHANGES: Sequence[dict[str, Any]] = (
    {"instance_type": "g6.2xlarge"},
    {"model": "llama-3.2-3b", "license": LICENSE},
    {"replicas": 3},
    {"tags": {"team": "a"}},
    {"peer_cidrs": ["10.9.0.0/16"]},
    {"max_model_len": 4096},
)
"""Each is made, or taken back where it is made already."""


def kill_during_up(stack: Stack, after_seconds: float) -> bool:
    """Start an `up` and kill the engine after that time; False if it was done before."""
    engine = subprocess.Popen(
        stack.command("up", "--yes", "--skip-preview", "--suppress-progress"),
        cwd=stack.folder,
        env=dict(stack.environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        engine.wait(after_seconds)
    except subprocess.TimeoutExpired:
        engine.kill()
    return engine.wait() == -signal.SIGKILL


def recover(stack: Stack) -> None:
    """First step of `make up`: no lock is left, and no operation half recorded."""
    done = subprocess.run(
        [sys.executable, "-m", "local", "recover", "--stack", stack.name],
        cwd=stack.folder,
        env={**stack.environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def converge(stack: Stack, look: Look, replicas: int, *, settled: bool = True) -> None:
    """Run it again: it ends, and the model answers with all its replicas; `settled`: a further one changes nothing."""
    # EKS goes on with an update whose caller has died, and takes no other meanwhile.
    assert eventually(lambda: states(look) <= {"ACTIVE"}, 120), f"node groups are {states(look)}"
    recover(stack)
    stack.up()
    assert not settled or stack.preview() == []
    assert eventually(lambda: [is_ready(pod) for pod in look.pods()] == [True] * replicas, 60)


def states(look: Look) -> set[str]:
    eks = look.aws("eks")
    return {
        eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]["status"]
        for cluster in eks.list_clusters()["clusters"]
        for name in eks.list_nodegroups(clusterName=cluster)["nodegroups"]
    }


def kill_and_converge(
    stack: Stack,
    look: Look,
    settings: dict[str, Any],
    change: dict[str, Any],
    after_seconds: float,
    *,
    settled: bool = True,
) -> bool:
    """One kill in the middle of one change of the settings, which are changed too; False if the `up` was faster."""
    made = all(settings.get(key) == value for key, value in change.items())
    settings |= {key: BEGIN.get(key) for key in change} if made else change
    stack.configure(llama_config(**settings))
    killed = kill_during_up(stack, after_seconds)
    converge(stack, look, int(settings["replicas"]), settled=settled)
    return killed


BEGIN: dict[str, Any] = {"replicas": 2, "instance_type": "g6.xlarge", "model": "llama-3.1-8b"}


def main(
    times: Annotated[int, typer.Option(help="Kills, each in the middle of an update.")] = 20,
    settle_every: Annotated[int, typer.Option(help="Look for an empty preview after each so many only.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed makes the same changes and waits the same times.")] = 1,
) -> None:
    """Kill the engine in the middle of updates of one stack, then destroy it and look what is left."""
    chance = random.Random(seed)  # noqa: S311  any will do
    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud(Path(folder) / "cloud")
        cloud.start()
        try:
            _all(cloud, Path(folder) / "program", times, settle_every, chance)
        finally:
            cloud.stop()


def _all(cloud: LocalCloud, folder: Path, times: int, settle_every: int, chance: random.Random) -> None:
    environment, look = cloud.environment(), Look(cloud)
    settings = dict(BEGIN)
    stack = Stack.of_llama("local", environment, folder, **settings)
    stack.up()
    # One whole update tells how long they take here, and so which moments there are.
    begun = time.monotonic()
    stack.configure(llama_config(**settings | CHANGES[0]))
    stack.up()
    settings |= CHANGES[0]
    whole = time.monotonic() - begun
    killed = 0
    while killed < times:
        change, after = chance.choice(CHANGES), chance.uniform(0, whole)
        begun = time.monotonic()
        settled = (killed + 1) % settle_every == 0
        hit = kill_and_converge(stack, look, settings, change, after, settled=settled)
        killed += hit
        took = time.monotonic() - begun
        typer.echo(
            f"{killed:2} {'killed' if hit else 'too late'} after {after:4.1f} s of {change}: converged, {took:.0f} s"
        )
    assert stack.preview() == []
    stack.destroy()
    left = list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"])
    assert left == [], left
    assert eventually(lambda: look.kubectl("get", "nodes")["items"] == [])
    typer.echo(f"{killed} kills; nothing is left")


if __name__ == "__main__":
    typer.run(main)
