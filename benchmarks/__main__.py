"""Measures what paddock promises about its own speed and size: `make bench`, results in docs/performance.md.

Machines are noisy, so each figure is a median of several runs, and where two things are compared they take turns.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.cloud import LocalCloud
from local.progress import Steps

ROOT = Path(__file__).parents[1]
RUNS = 5
PREVIEW_RATIO_LIMIT = 2.0
SIZING_IMPORT_LIMIT_SECONDS = 0.1
HELP_LIMIT_SECONDS = 0.3
WARM_UP_LIMIT_SECONDS = 60.0
IDLE_LIMIT_MIB = 1536.0

BARE_PROGRAM = """
import pulumi_aws as aws

for i in range({count}):
    aws.ec2.InternetGateway(f"bare-{{i}}")
"""
"""As many resources as the local stack has, with an empty body, through the same provider."""


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: float
    limit: float
    unit: str
    note: str = ""

    @property
    def holds(self) -> bool:
        return self.value <= self.limit

    def row(self) -> str:
        verdict = "yes" if self.holds else "**no**"
        return f"| {self.name} | {self.value:.2f} {self.unit} | {self.limit:g} {self.unit} | {verdict} | {self.note} |"


def seconds(command: Sequence[str], folder: Path = ROOT, environment: Mapping[str, str] | None = None) -> float:
    started = time.perf_counter()
    subprocess.run(
        command,
        cwd=folder,
        env=None if environment is None else dict(environment),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


def taking_turns(*measures: Callable[[], float]) -> list[list[float]]:
    """Each measure RUNS times after one that is not counted, one after the other, so that noise hits all alike."""
    for measure in measures:
        measure()
    rounds = [[measure() for measure in measures] for _ in range(RUNS)]
    return [list(column) for column in zip(*rounds, strict=True)]


def import_cost() -> list[Figure]:
    """Of `paddock.sizing` beyond a bare interpreter, and of `paddock --help` as a user feels it."""
    bare, sizing, help_ = taking_turns(
        lambda: seconds([sys.executable, "-c", "pass"]),
        lambda: seconds([sys.executable, "-c", "import paddock.sizing"]),
        lambda: seconds([str(ROOT / ".venv" / "bin" / "paddock"), "--help"]),
    )
    cost = statistics.median(sizing) - statistics.median(bare)
    return [
        Figure("importing `paddock.sizing`", cost, SIZING_IMPORT_LIMIT_SECONDS, "s", "beyond starting Python"),
        Figure("`paddock --help`", statistics.median(help_), HELP_LIMIT_SECONDS, "s", "whole process"),
    ]


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
        first = seconds(up, environment=environment)
        again = seconds(up, environment=environment)
        memory = sum(each.memory_mib for each in LocalCloud(folder / "warm").status())
    finally:
        seconds(down, environment=environment)
    return [
        Figure("warm `make up` from nothing running", first, WARM_UP_LIMIT_SECONDS, "s", "tools built, cloud empty"),
        Figure("warm `make up` with nothing to do", again, WARM_UP_LIMIT_SECONDS, "s"),
        Figure("local cloud, idle, with the llama in it", memory, IDLE_LIMIT_MIB, "MiB", "proportional set size"),
    ]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        figures = import_cost()
        cloud = LocalCloud(Path(folder) / "cloud", steps=Steps())
        cloud.start()
        try:
            figures.append(preview_cost(cloud, Path(folder)))
        finally:
            cloud.remove()
        figures += warm_up(Path(folder))
    sys.stdout.write("| what | measured | bound | holds | |\n| --- | --- | --- | --- | --- |\n")
    sys.stdout.writelines(figure.row() + "\n" for figure in figures)
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
