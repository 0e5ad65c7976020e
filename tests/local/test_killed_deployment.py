"""A first `paddock deploy` that is killed is finished by a second one."""

from pathlib import Path

import pytest

from local.processes.cloud import LocalCloud
from tests.local.deploy_kills import Kill, kill_and_finish
from tests.local.look import Look


@pytest.mark.parametrize(("kill", "after_seconds"), [(Kill.ALL, 20.0)])
def test_a_killed_deployment_finishes_when_it_is_run_again(
    kill: Kill, after_seconds: float, cloud: LocalCloud, look: Look, tmp_path: Path
) -> None:
    """Twenty of them: `python -m tests.local.deploy_kills`."""
    assert kill_and_finish(cloud, look, tmp_path / "program", after_seconds, kill)
