"""`paddock deploy` killed at random moments and started again: it finishes, and makes nothing twice.

`python -m tests.local.deploy_kills --times 20 --seed 1` does it on a cloud of its own, several kills in a row on each
empty account; one is in tests/local/test_killed_deployment.py.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import psutil
import typer

from local.aws.leftovers import list_leftovers
from local.processes.cloud import LocalCloud
from tests.local.look import Look, eventually
from tests.local.stack import ROOT, Stack

DEPLOY_SECONDS = 400
IN_A_ROW = 4
"""Kills of one deployment: each starts from what the one before it left half done."""
SHARE = 0.6
"""Latest moment of a kill, of a whole deployment: four on the average leave the last one near the end."""


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
            below = (
                [*psutil.Process(process.pid).children(recursive=True), *at_work(folder)] if kill is Kill.ALL else []
            )
            process.kill()
            for each in below:
                with suppress(psutil.NoSuchProcess):
                    each.kill()
    return process.wait(DEPLOY_SECONDS) != 0


def at_work(folder: Path) -> Iterator[psutil.Process]:
    """Processes that work in the folder: an engine too that lost its `paddock` to an earlier kill."""
    for each in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if Path(each.cwd()) == folder:
                yield each


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
    left = list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"])
    assert left == [], left
    assert eventually(lambda: look.kubectl("get", "nodes")["items"] == [], 60)
    stack.run("stack", "rm", "--yes", "--preserve-config")


def finish(look: Look, here: Path, environment: Mapping[str, str]) -> float:
    """One run to the end, in seconds; nothing is there twice, nothing would change, and nothing stays behind."""
    begun = time.monotonic()
    answered(here, environment, "local")
    seconds = time.monotonic() - begun
    stack = Stack("local", here, environment)
    nothing_twice(look, bucket_in(stack))
    foreseen = stack.preview()
    assert foreseen == [], foreseen
    removed(stack, look, environment)
    return seconds


def main(
    times: Annotated[int, typer.Option(help="Kills, each in the middle of a first deployment.")] = 20,
    in_a_row: Annotated[int, typer.Option(help="The most kills of one deployment, before it may finish.")] = IN_A_ROW,
    seed: Annotated[int, typer.Option(help="The same seed waits the same shares of a whole deployment.")] = 1,
) -> None:
    """Kill first deployments several times and finish them, then destroy them and look what is left."""
    chance = random.Random(seed)  # noqa: S311  any will do
    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud(Path(folder) / "cloud")
        cloud.start()
        try:
            look, environment = Look(cloud), cloud.environment()
            whole = finish(look, project(Path(folder) / "whole"), environment)
            typer.echo(f"a whole deployment takes {whole:.0f} s")
            killed, account = 0, 0
            while killed < times:
                account += 1
                here, begun = project(Path(folder) / str(account)), time.monotonic()
                for _ in range(min(in_a_row, times - killed)):
                    kill, after = chance.choice(list(Kill)), whole * chance.uniform(0, SHARE)
                    if not kill_during_deploy(here, environment, "local", after, kill):
                        typer.echo(f"   account {account}: finished before {after:.1f} s were over")
                        break
                    killed += 1
                    typer.echo(f"{killed:2} account {account}: {kill.value} after {after:.1f} s")
                last = finish(look, here, environment)
                typer.echo(
                    f"   account {account}: finished in {last:.0f} s, nothing twice, nothing left; "
                    f"{time.monotonic() - begun:.0f} s in all"
                )
        finally:
            cloud.stop()
    typer.echo(f"{killed} kills of {account} deployments; nothing is left")


if __name__ == "__main__":
    typer.run(main)
