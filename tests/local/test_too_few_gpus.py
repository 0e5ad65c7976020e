"""A pod that asks for more GPUs than any node has stays Pending, and `up` says why: the fit is the scheduler's word."""

from pathlib import Path

from local.processes.cloud import LocalCloud
from tests.local.look import Look
from tests.local.stack import Stack

PROGRAM = Path(__file__).parent / "programs" / "too_few_gpus"


def test_two_gpus_in_one_pod_do_not_fit_two_nodes_of_one(cloud: LocalCloud, look: Look, tmp_path: Path) -> None:
    stack = Stack.of_program(PROGRAM, "few", {"aws:region": "us-east-1"}, cloud.environment(), tmp_path / "program")
    try:
        failed = stack.up(check=False)
        assert failed.returncode != 0
        assert "Insufficient nvidia.com/gpu" in failed.stdout
        assert len(look.nodes("few-gpu")) == 2
        assert [pod["status"]["phase"] for pod in look.pods("few")] == ["Pending"]
    finally:
        stack.destroy()
