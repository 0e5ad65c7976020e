"""Day two on a stack that lives: one change after the other, each previewed, told by `paddock plan --against`, watched.

Real: the engine, Pulumi's Kubernetes provider, the control plane with its disruption budgets and rollouts. Played: EKS,
which replaces nodes by the group's strategy (local/kubernetes/rolling.py), and the kubelet. So an order is shown here,
and how many replicas stay; not how long anything takes.
"""

import json
import os
import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.aws.leftovers import list_leftovers
from local.processes.cloud import LocalCloud
from paddock.catalog import lookup
from paddock.plan.plan import make_plan
from paddock.settings import parse_settings, settings_of_stack
from tests.local.kills import CHANGES as KILLED_CHANGES
from tests.local.kills import kill_and_converge
from tests.local.look import Look, eventually
from tests.local.stack import ROOT, Stack, llama_config, short
from tests.local.watch import watching

GOLDEN = Path(__file__).parent / "upgrades.yaml"
REPLICAS = 2
KILLS = 3
UPDATE_SECONDS = 15.0
"""About as long as an update takes on a quiet machine; a kill that comes later comes to nothing."""
BEGIN: dict[str, Any] = {
    "replicas": REPLICAS,
    "kubernetes_version": "1.35",
    "node_release_version": "1.62.0-0f1e2d3c",
    "instance_type": "g6.xlarge",
    "number_of_availability_zones": 3,
}
CHANGES: dict[str, dict[str, Any]] = {
    # First, as nodes of another minor take the newest release (docs/cluster.md).
    "AMI release": {"node_release_version": "1.63.1-4b5a6978"},
    "Kubernetes minor": {"kubernetes_version": "1.36"},
    "instance type": {"instance_type": "g6.2xlarge"},
    "model": {"model": "llama-3.2-3b", "license": {"license": "llama3.2", "by": "a test", "on": "2026-11-28"}},
    "replicas": {"replicas": REPLICAS + 1},
}
"""One after the other; each keeps what the ones before it have changed."""


class StandingStack:
    """The stack and its settings so far."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.settings = dict(BEGIN)

    def set(self, **changes: Any) -> None:
        self.settings |= changes
        self.stack.configure(llama_config(**self.settings))

    def against(self) -> dict[str, Any]:
        """Answer of `paddock plan --against` about the settings and the state."""
        file = self.stack.folder / "stacks" / f"Pulumi.{self.stack.name}.yaml"
        done = subprocess.run(
            [ROOT / ".venv" / "bin" / "paddock", "plan", "--stack-file", str(file), "--against", "-", "--json"],
            input=self.stack.run("stack", "export").stdout,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def standing(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandingStack]:
    stack = Stack.of_llama("local", cloud.environment(), tmp_path_factory.mktemp("upgrades") / "program", **BEGIN)
    stack.up()
    yield StandingStack(stack)
    stack.destroy()


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_does_what_the_plan_says_and_no_more(
    name: str, standing: StandingStack, cloud: LocalCloud, request: pytest.FixtureRequest
) -> None:
    before = int(standing.settings["replicas"])
    standing.set(**CHANGES[name])
    after = int(standing.settings["replicas"])
    told = standing.against()
    held_to_golden(name, standing.stack.preview(), update=request.config.getoption("--update-golden"))
    with watching(cloud, before) as watch:
        standing.stack.up()
        assert eventually(lambda: watch.count == after, 60), f"{watch.count} of {after} replicas are ready"
    assert watch.fewest >= told["downtime"]["ready_at_least"]
    assert watch.fewest >= 1
    made = len(watch.seen_ready) - before
    assert made == told["restarts"] * after + max(0, after - before), "pods that became ready since"
    assert standing.stack.preview() == []
    assert standing.against()["changes"] == []


def test_fewer_zones_are_refused_before_anything_is_touched(
    standing: StandingStack, request: pytest.FixtureRequest
) -> None:
    standing.set(number_of_availability_zones=2)
    told = standing.against()
    foreseen = standing.stack.preview()
    standing.set(number_of_availability_zones=3)
    (refused,) = [each for each in told["changes"] if each["how"] == "refused"]
    assert refused["key"] == "paddock:number_of_availability_zones"
    assert "second stack" in refused["instead"]
    held_to_golden("fewer zones", foreseen, update=request.config.getoption("--update-golden"))


def test_a_catalog_one_year_newer_changes_add_ons_and_nothing_else(standing: StandingStack) -> None:
    """No version or instance type is in the stack file: what stands stays, though another type is ranked first. Add-ons
    of the cluster's own version follow paddock (docs/cluster.md)."""
    program = standing.stack.folder / "__main__.py"
    text = program.read_text()
    newer_catalog(standing.stack.folder / "catalog", str(standing.settings["kubernetes_version"]))
    program.write_text(text.replace("import pulumi\n", OTHER_CATALOG, 1))
    named = {key: standing.settings[key] for key in ("kubernetes_version", "instance_type")}
    standing.set(**dict.fromkeys(named))
    values = settings_of_stack(llama_config(**standing.settings))
    ranked_first = make_plan(parse_settings(values, region=values.pop("region"))).model.placement.instance_type
    try:
        told = standing.against()
        foreseen = short(standing.stack.preview())
    finally:
        program.write_text(text)
        standing.set(**named)
    assert ranked_first != named["instance_type"]
    assert told["changes"] == []
    assert foreseen == {("update", "aws:eks/addon:Addon::llama-coredns"): 1}


@pytest.mark.parametrize("turn", range(KILLS))
def test_an_engine_killed_in_an_update_converges_when_it_is_run_again(
    turn: int, standing: StandingStack, look: Look
) -> None:
    """Three of the moments; `python -m tests.local.kills` tries twenty. The last test here: its settings stay."""
    chance = random.Random(f"{os.getpid()}-{turn}-{time.time_ns()}")  # noqa: S311  any will do
    change, after = chance.choice(KILLED_CHANGES), chance.uniform(0.5, UPDATE_SECONDS)
    print(f"killing the engine after {after:.1f} s of {change}")  # noqa: T201  shown when the test fails
    kill_and_converge(standing.stack, look, standing.settings, change, after)


def test_destroy_leaves_nothing(standing: StandingStack, cloud: LocalCloud, look: Look) -> None:
    """Runs last: it ends the stack that the others use."""
    standing.stack.destroy()
    environment = cloud.environment()
    assert list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"]) == []
    assert eventually(lambda: look.kubectl("get", "nodes")["items"] == [])


OTHER_CATALOG = """import pathlib

import pulumi

from paddock.catalog import lookup

lookup.DATA = pathlib.Path(__file__).parent / "catalog"
"""


def newer_catalog(folder: Path, running: str) -> None:
    """The catalog as a release a year from now may have it: newer Kubernetes, vLLM, add-ons; prices a fifth up."""
    shutil.copytree(lookup.DATA, folder)
    dearer = partial(re.sub, r"(?<=usd_per_month = )[0-9.]+|(?<=usd_per_hour = )[0-9.]+", _a_fifth_up)
    newer_minors = "".join(
        f'"{version}" = {{ released = {on}, standard_support_ends = {ends}, extended_support_ends = 2030-01-01 }}\n'
        for version, on, ends in (("1.37", "2027-01-20", "2028-03-20"), ("1.38", "2027-06-01", "2028-08-01"))
    )
    edits: dict[str, Callable[[str], str]] = {
        "eks.toml": lambda text: re.sub(r"(?m)^as_of = .*$", "as_of = 2027-11-28", text) + newer_minors,
        "eks_addons.toml": partial(
            re.sub, rf'(\["{re.escape(running)}"\][^[]*coredns = )"[^"]+"', r'\1"v9.0.0-eksbuild.1"'
        ),
        "vllm.toml": partial(re.sub, r"(?m)^newest = .*$", 'newest = "0.40.0"'),
        "prices.toml": dearer,
        "instances.csv": _dearer_instances,
    }
    for name, edit in edits.items():
        file = folder / name
        before = file.read_text()
        file.write_text(edit(before))
        assert file.read_text() != before, f"{name} is as it was"


def _a_fifth_up(price: re.Match[str]) -> str:
    return f"{float(price[0]) * 1.2:.6f}"


def _dearer_instances(text: str) -> str:
    """On-demand and spot prices, the 13th and 14th column."""
    return re.sub(
        r"(?m)^((?:[^#,\n]*,){12})([0-9.]+),([0-9.]*)", lambda row: f"{row[1]}{float(row[2]) * 1.2:.4f},{row[3]}", text
    )


def held_to_golden(name: str, steps: list[tuple[str, str]], *, update: bool) -> None:
    """Steps of a preview by operation, each once; those of the replacement of one resource are three."""
    found: dict[str, list[str]] = {}
    for (op, urn), count in sorted(short(steps).items()):
        found.setdefault(op, []).extend([urn] * count)
    known = yaml.safe_load(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if update:
        GOLDEN.write_text(HEAD + yaml.safe_dump({**known, name: found}, width=118))
    else:
        assert found == known[name]


HEAD = (
    "# Previews of tests/local/test_upgrades.py: `pytest tests/local/test_upgrades.py --update-golden` writes them.\n"
)
