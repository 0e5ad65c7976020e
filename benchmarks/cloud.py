"""Cost of the local cloud: a preview against bare resources, `make up`, idle memory."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import STEPS, Figure, seconds, taking_turns
from local.processes.cloud import LocalCloud

PREVIEW_RATIO_LIMIT = 1.6
WARM_UP_LIMIT_SECONDS = 60.0
IDLE_LIMIT_MIB = 1536.0

BARE_PROGRAM = """
import pulumi_aws as aws

for i in range({count}):
    aws.ec2.InternetGateway(f"bare-{{i}}")
"""
"""Program of as many resources as the local stack has, with an empty body, through the same provider."""


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud(Path(folder) / "cloud", steps=STEPS)
        cloud.start()
        try:
            with STEPS.step("previews, in turns"):
                preview = preview_cost(cloud, Path(folder))
        finally:
            cloud.remove()
        return [preview, *warm_up(Path(folder))]


def preview_cost(cloud: LocalCloud, folder: Path) -> Figure:
    from tests.local.stack import Stack

    environment = cloud.environment()
    llama = Stack.of_llama("local", environment, folder / "llama")
    count = len([op for op, _ in llama.preview() if op == "create"])
    program = folder / "bare-program"
    program.mkdir()
    (program / "Pulumi.yaml").write_text("name: bare\nruntime: python\n")
    (program / "__main__.py").write_text(BARE_PROGRAM.format(count=count))
    bare = Stack.of_program(program, "bare", {"aws:region": "us-east-1"}, environment, folder / "bare")

    def preview(stack: Stack) -> Callable[[], float]:
        return lambda: seconds(stack.command("preview", "--suppress-progress"), stack.folder, environment)

    ours, theirs = taking_turns(preview(llama), preview(bare))
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    note = f"{count} resources: {statistics.median(ours):.1f} s against {statistics.median(theirs):.1f} s"
    return Figure("`pulumi preview` against bare resources", ratio, PREVIEW_RATIO_LIMIT, "x", note)


def warm_up(folder: Path) -> list[Figure]:
    """`make up` with everything built: from nothing running, and again with nothing to do; then idle memory."""
    environment = {**os.environ, "PADDOCK_LOCAL_STATE": str(folder / "warm")}
    up, down = ["make", "--silent", "up"], ["make", "--silent", "down"]
    try:
        with STEPS.step("make up"):
            first = seconds(up, environment=environment)
        with STEPS.step("make up again"):
            again = seconds(up, environment=environment)
        memory = sum(each.memory_mib for each in LocalCloud(folder / "warm").status())
    finally:
        with STEPS.step("make down"):
            seconds(down, environment=environment)
    return [
        Figure("warm `make up` from nothing running", first, WARM_UP_LIMIT_SECONDS, "s", "tools built, cloud empty"),
        Figure("warm `make up` with nothing to do", again, WARM_UP_LIMIT_SECONDS, "s"),
        Figure("local cloud, idle, with the llama in it", memory, IDLE_LIMIT_MIB, "MiB", "proportional set size"),
    ]
