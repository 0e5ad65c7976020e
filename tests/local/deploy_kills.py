"""`paddock deploy` killed at random moments and started again: it finishes, and makes nothing twice.

`python -m tests.local.deploy_kills --times 20 --seed 1` does it on a cloud of its own, each kill on an empty account;
one is in tests/local/test_killed_deployment.py.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from local.aws.leftovers import list_leftovers
from local.processes.cloud import LocalCloud
from tests.local.look import Look, eventually
from tests.local.stack import ROOT, Stack

DEPLOY_SECONDS = 400


class Kill(StrEnum):
    """Victims of a kill."""

    ALL = "all"
    """`paddock`, Pulumi and its plugins at once, as when the machine loses power."""
    PADDOCK = "paddock"
    """`paddock` alone; the engine that it started goes on."""
    CTRL_C = "ctrl-c"
    """Nothing dies: the user stops it."""


def project(folder: Path) -> Path:
    """A clone as a newcomer has it, as far as Pulumi and `paddock` read it."""
    folder.mkdir(parents=True)
    for part in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / part, folder / part)
    shutil.copytree(ROOT / "stacks", folder / "stacks")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def paddock(
    folder: Path, environment: Mapping[str, str], *arguments: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["paddock", *arguments],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEPLOY_SECONDS,
        check=False,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"paddock {' '.join(arguments)} exited {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def kill_during_deploy(
    folder: Path, environment: Mapping[str, str], stack: str, after_seconds: float, kill: Kill
) -> bool:
    """Start a deployment and kill it after that time; False if it was done before."""
    process = subprocess.Popen(
        ["paddock", "deploy", stack, "--yes"],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(after_seconds)
    except subprocess.TimeoutExpired:
        if kill is Kill.CTRL_C:
            process.send_signal(signal.SIGINT)
        else:
            below = psutil.Process(process.pid).children(recursive=True) if kill is Kill.ALL else []
            process.kill()
            for each in below:
                with_kill(each)
    return process.wait(DEPLOY_SECONDS) != 0


def with_kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def nothing_twice(look: Look, bucket: str) -> None:
    """Each object of the store has one version, and no upload is unfinished."""
    s3 = look.aws("s3")
    versions = s3.list_object_versions(Bucket=bucket).get("Versions", [])
    names = [each["Key"] for each in versions]
    assert names, "the store has no weights"
    assert sorted(names) == sorted(set(names)), names
    assert s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def answered(folder: Path, environment: Mapping[str, str], stack: str) -> str:
    """Output of a whole deployment; raises where it does not end with an answer of the model."""
    said = paddock(folder, environment, "deploy", stack, "--yes").stdout
    assert "answers: " in said, said
    return said


def bucket_in(stack: Stack) -> str:
    return str(stack.outputs()["weights_uri"]).removeprefix("s3://").partition("/")[0]


def removed(stack: Stack, look: Look, environment: Mapping[str, str]) -> None:
    """Destroy it: an object that was made twice stays behind, as no state knows it."""
    stack.destroy()
    assert list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"]) == []
    assert eventually(lambda: look.kubectl("get", "nodes")["items"] == [], 60)
    stack.run("stack", "rm", "--yes", "--preserve-config")


def kill_and_finish(cloud: LocalCloud, look: Look, folder: Path, after_seconds: float, kill: Kill) -> bool:
    """One kill of a first deployment, and one that finishes; False where it was done before the kill."""
    environment: dict[str, Any] = cloud.environment()
    here = project(folder)
    killed = kill_during_deploy(here, environment, "local", after_seconds, kill)
    answered(here, environment, "local")
    stack = Stack("local", here, environment)
    nothing_twice(look, bucket_in(stack))
    foreseen = stack.preview()
    assert foreseen == [], foreseen
    removed(stack, look, environment)
    return killed


def main(
    times: Annotated[int, typer.Option(help="Kills, each in the middle of a first deployment.")] = 20,
    seed: Annotated[int, typer.Option(help="The same seed waits the same times.")] = 1,
) -> None:
    """Kill first deployments and finish them, then destroy them and look what is left."""
    chance = random.Random(seed)  # noqa: S311  any will do
    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud(Path(folder) / "cloud")
        cloud.start()
        try:
            look = Look(cloud)
            begun = time.monotonic()
            assert not kill_and_finish(cloud, look, Path(folder) / "whole", DEPLOY_SECONDS, Kill.ALL)
            whole = time.monotonic() - begun
            killed, tried = 0, 0
            while killed < times:
                tried += 1
                kill, after = chance.choice(list(Kill)), chance.uniform(0, whole / 2)
                begun = time.monotonic()
                hit = kill_and_finish(cloud, look, Path(folder) / str(tried), after, kill)
                killed += hit
                typer.echo(
                    f"{killed:2} {kill.value if hit else 'too late'} after {after:5.1f} s: finished, nothing twice, "
                    f"{time.monotonic() - begun:.0f} s"
                )
        finally:
            cloud.stop()
    typer.echo(f"{killed} kills; nothing is left")


if __name__ == "__main__":
    typer.run(main)
