"""Day two on a stack that lives: one change after the other, each previewed, told by `paddock plan --against`, watched.

Real: the engine, Pulumi's Kubernetes provider, the control plane with its disruption budgets and rollouts. Played: EKS,
which replaces nodes by the group's strategy (local/kubernetes/rolling.py), and the kubelet. So an order is shown here,
and how many replicas stay; not how long anything takes.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.processes.cloud import LocalCloud
from tests.local.look import eventually
from tests.local.stack import ROOT, Stack, llama_config, short
from tests.local.watch import watching

GOLDEN = Path(__file__).parent / "upgrades.yaml"
REPLICAS = 2
BEGIN: dict[str, Any] = {
    "replicas": REPLICAS,
    "kubernetes_version": "1.34",
    "instance_type": "g6.xlarge",
}
CHANGES: dict[str, dict[str, Any]] = {
    "Kubernetes minor": {"kubernetes_version": "1.35"},
    "instance type": {"instance_type": "g6.2xlarge"},
    "model": {"model": "llama-3.2-3b", "license": {"license": "llama3.2", "by": "a test", "on": "2026-11-28"}},
    "replicas": {"replicas": REPLICAS + 1},
}
"""One after the other; each keeps what the ones before it have changed."""


class Herd:
    """The stack and its settings so far."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.settings = dict(BEGIN)

    def set(self, **changes: Any) -> None:
        self.settings |= changes
        self.stack.configure(llama_config(**self.settings))

    def against(self) -> dict[str, Any]:
        """What `paddock plan --against` says of the settings and the state."""
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
def herd(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Herd]:
    stack = Stack.of_llama("upgraded", cloud.environment(), tmp_path_factory.mktemp("upgrades") / "program", **BEGIN)
    stack.up()
    yield Herd(stack)
    stack.destroy()


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_does_what_the_plan_says_and_no_more(
    name: str, herd: Herd, cloud: LocalCloud, request: pytest.FixtureRequest
) -> None:
    before = int(herd.settings["replicas"])
    herd.set(**CHANGES[name])
    after = int(herd.settings["replicas"])
    told = herd.against()
    held_to_golden(name, herd.stack.preview(), update=request.config.getoption("--update-golden"))
    with watching(cloud, before) as watch:
        herd.stack.up()
        assert eventually(lambda: watch.count == after, 60), f"{watch.count} of {after} replicas are ready"
    assert watch.fewest >= told["downtime"]["ready_at_least"]
    assert watch.fewest >= 1
    made = len(watch.seen_ready) - before
    assert made == told["restarts"] * after + max(0, after - before), "pods that became ready since"
    assert herd.stack.preview() == []
    assert herd.against()["changes"] == []


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
