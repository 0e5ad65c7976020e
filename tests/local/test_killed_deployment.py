"""A first `paddock deploy` that is killed is finished by a second one."""

from pathlib import Path

import pytest

from local.processes.cloud import LocalCloud
from tests.local.deploy_kills import Kill, finish, kill_during_deploy, project
from tests.local.look import Look


@pytest.mark.parametrize(("kill", "after_seconds"), [(Kill.ALL, 20.0)])
def test_a_killed_deployment_finishes_when_it_is_run_again(
    kill: Kill, after_seconds: float, cloud: LocalCloud, look: Look, tmp_path: Path
) -> None:
    """Twenty of them: `python -m tests.local.deploy_kills`."""
    here, environment = project(tmp_path / "program"), cloud.environment()
    assert kill_during_deploy(here, environment, "local", after_seconds, kill)
    finish(look, here, environment)
