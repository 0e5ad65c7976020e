"""Two local clouds at once share nothing but the machine."""

from pathlib import Path

from local.processes.cloud import LocalCloud
from tests.local.look import Look, eventually, processes_of
from tests.local.stack import Stack


def test_two_clouds_run_side_by_side_and_end_apart(cloud: LocalCloud, look: Look, tmp_path: Path) -> None:
    second = LocalCloud(tmp_path / "second")
    second.start()
    try:
        first_environment, second_environment = cloud.environment(), second.environment()
        assert first_environment["AWS_ENDPOINT_URL"] != second_environment["AWS_ENDPOINT_URL"]
        program = Path(__file__).parent / "programs" / "network_only"
        stack = Stack.of_program(program, "one", {"aws:region": "us-east-1"}, second_environment, tmp_path / "program")
        stack.up()
        made = stack.outputs()["vpc_id"]
        seen = {v["VpcId"] for v in Look(second).aws("ec2").describe_vpcs()["Vpcs"]}
        elsewhere = {v["VpcId"] for v in look.aws("ec2").describe_vpcs()["Vpcs"]}
        assert made in seen
        assert made not in elsewhere
    finally:
        second.stop()
    assert eventually(lambda: processes_of(str(tmp_path / "second")) == [])
    assert [status.name for status in cloud.status() if status.pid is None] == []
    look.kubectl("get", "namespaces")
