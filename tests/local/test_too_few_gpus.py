"""A pod that asks for more GPUs than any node has stays Pending, and `up` says why: the fit is the scheduler's word."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from local.processes.cloud import LocalCloud
from local.progress import Steps
from local.pulumi import stack as of_the_cloud
from local.pulumi.update import PulumiError
from tests.local.look import Look
from tests.local.stack import Stack

PROGRAM = Path(__file__).parent / "programs" / "too_few_gpus"


def test_two_gpus_in_one_pod_do_not_fit_two_nodes_of_one(cloud: LocalCloud, look: Look, tmp_path: Path) -> None:
    stack = Stack.of_program(PROGRAM, "few", {"aws:region": "us-east-1"}, cloud.environment(), tmp_path / "program")
    try:
        said = io.StringIO()
        steps = Steps(Console(file=said, width=200))
        with pytest.raises(PulumiError):
            of_the_cloud.Stack(cloud, "few", steps, "too-few-gpus", stack.folder).up()
        assert "Minimum number of Pods to consider the application live was not attained" in said.getvalue()
        assert "Insufficient nvidia.com/gpu" in said.getvalue()
        assert len(look.nodes("few-gpu")) == 2
        assert [pod["status"]["phase"] for pod in look.pods("few")] == ["Pending"]
    finally:
        stack.destroy()
