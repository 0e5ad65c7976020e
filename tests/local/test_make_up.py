"""`make up`, again, and `make down`, as a newcomer runs them: screens, and nothing that stays behind."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.processes.cloud import LocalCloud
from tests.local.look import Look, eventually, is_ready, processes_of
from tests.local.stack import ROOT

WARM_LIMIT_SECONDS = 60


def make(target: str, state: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--silent", target],
        cwd=ROOT,
        env={**os.environ, "PADDOCK_LOCAL_STATE": str(state), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("make") / "state"
    yield folder
    make("down", folder)


@pytest.fixture(scope="module")
def first(state: Path) -> subprocess.CompletedProcess[str]:
    return make("up", state)


@pytest.mark.parametrize(
    "promised",
    [
        "Llama 3.1 8B Instruct · bf16",
        "1 × g6.xlarge",
        "is the cheapest of",
        "█ weights",
        "an hour",
        "a month",
        "prices as of 20",
        "endpoint",
        "real",
        "emulated",
        "a stand-in answers there",
        "kubectl -n llama port-forward service/llama-vllm 8000",
        "kubectl get pods",
        "aws --endpoint-url",
        "edit paddock:model",
        "make down",
    ],
)
def test_the_last_screen_says(promised: str, first: subprocess.CompletedProcess[str]) -> None:
    assert first.returncode == 0, first.stdout + first.stderr
    assert promised in " ".join(first.stdout.split())


def test_a_warm_second_up_is_quick_and_changes_nothing(first: subprocess.CompletedProcess[str], state: Path) -> None:
    assert first.returncode == 0
    started = time.monotonic()
    again = make("up", state)
    assert again.returncode == 0, again.stdout + again.stderr
    assert time.monotonic() - started < WARM_LIMIT_SECONDS
    assert " made" not in again.stdout


def test_the_checkout_stays_as_it_was(first: subprocess.CompletedProcess[str]) -> None:
    assert first.returncode == 0
    config = (ROOT / "stacks" / "Pulumi.local.yaml").read_text()
    assert "paddock:concurrent_requests: 2\n" in config


def test_pulumi_kubectl_and_aws_work_by_hand_in_the_shell(first: subprocess.CompletedProcess[str], state: Path) -> None:
    assert first.returncode == 0
    typed = """
        set -e
        pulumi preview --stack local --policy-pack policy --expect-no-changes --suppress-progress
        pulumi stack output endpoint --stack local
        kubectl get pods --namespace llama --output name
        aws eks list-clusters
    """
    shell = subprocess.run(
        ["make", "--silent", "shell"],
        cwd=ROOT,
        env={**os.environ, "PADDOCK_LOCAL_STATE": str(state), "SHELL": "/bin/sh"},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert shell.returncode == 0, shell.stdout + shell.stderr
    assert "http://llama-vllm.llama.svc.cluster.local:8000/v1" in shell.stdout
    assert "pod/llama-vllm-" in shell.stdout
    assert "llama-local" in shell.stdout
    assert "warning" not in shell.stdout + shell.stderr, "plugins lie where the engine expects them"


def test_status_begins_with_the_stack(first: subprocess.CompletedProcess[str], state: Path) -> None:
    assert first.returncode == 0
    said = " ".join(make("status", state).stdout.split())
    order = ["paddock/local", "1 x g6.xlarge", "an hour", "1 of 1 ready", "2 x m7i.large", "kube-apiserver"]
    assert sorted(order, key=said.index) == order


def test_a_node_group_that_was_scaled_to_nothing_is_noticed_and_up_means_that_pods_are_ready(
    first: subprocess.CompletedProcess[str], state: Path
) -> None:
    """docs/local-cloud.md proposes to scale it; the state of the stack then knows nothing of it."""
    assert first.returncode == 0
    look = Look(LocalCloud(state))
    eks = look.aws("eks")
    (group,) = [name for name in eks.list_nodegroups(clusterName="llama-local")["nodegroups"] if "gpu" in name]
    eks.update_nodegroup_config(clusterName="llama-local", nodegroupName=group, scalingConfig={"desiredSize": 0})
    assert eventually(lambda: [pod["status"]["phase"] for pod in look.pods()] == ["Pending"], 90)
    status = make("status", state)
    assert status.returncode != 0
    assert "has no node: 0/" in " ".join(status.stdout.split())
    again = make("up", state)
    assert again.returncode == 0, again.stdout + again.stderr
    assert re.search(r"\b[1-9]\d* changed", again.stdout), again.stdout
    assert [is_ready(pod) for pod in look.pods()] == [True]


def test_a_crashed_process_is_named_with_the_tail_of_its_log_and_started_again(state: Path) -> None:
    cloud = LocalCloud(state)
    scheduler = cloud.processes.running("kube-scheduler")
    assert scheduler is not None
    scheduler.kill()
    scheduler.wait(10)
    status = make("status", state)
    assert status.returncode != 0
    assert "kube-scheduler has stopped. The end of" in " ".join(status.stdout.split())
    assert make("up", state).returncode == 0
    assert cloud.processes.running("kube-scheduler") is not None


def test_down_leaves_no_process_and_no_state(first: subprocess.CompletedProcess[str], state: Path) -> None:
    """Runs last in this module: it ends the cloud that the others look at."""
    assert first.returncode == 0
    down = make("down", state)
    assert down.returncode == 0, down.stdout + down.stderr
    assert "left" not in down.stdout.split("no process and no state is left")[0]
    assert eventually(lambda: processes_of(str(state)) == [])
    assert not state.exists()
    assert (ROOT / "stacks" / "Pulumi.local.yaml").exists()


def test_make_alone_lists_the_targets() -> None:
    listed = subprocess.run(["make", "--silent"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [target for target in ("up", "down", "shell", "test") if f"make {target} " not in listed] == []
