"""The components in other people's hands: hosted for any Pulumi language, and imported by another Python stack."""

import json
import subprocess
from pathlib import Path

from local.processes.cloud import LocalCloud
from tests.local.stack import ROOT, Stack

COMPONENTS = {
    "PrivateNetwork",
    "ExistingNetwork",
    "Cluster",
    "Bastion",
    "GpuNodePool",
    "DevicePlugin",
    "WeightsBucket",
    "WeightsReadAccess",
    "IngestProject",
    "VllmService",
    "ServiceLoadBalancer",
    "LlamaPlatform",
}


def test_the_engine_reads_the_schema_of_every_component(cloud: LocalCloud) -> None:
    done = subprocess.run(
        ["pulumi", "package", "get-schema", "./components"],
        cwd=ROOT,
        env=cloud.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["resources"]) == {f"paddock:index:{name}" for name in COMPONENTS}


def test_another_teams_stack_previews_with_two_components_inside(cloud: LocalCloud, tmp_path: Path) -> None:
    example = ROOT / "examples" / "import-components"
    stack = Stack.of_program(example, "example", {"aws:region": "us-east-1"}, cloud.environment(), tmp_path / "program")
    created = {urn.split("::")[2].split("$")[0] for op, urn in stack.preview() if op == "create"}
    assert {"paddock:index:PrivateNetwork", "paddock:index:WeightsBucket"} <= created


def test_objects_that_come_as_yaml_have_the_types_that_the_sdk_gives_them(cloud: LocalCloud, tmp_path: Path) -> None:
    """Rules go by type: an object of a chart is held to them as one of the program's own is."""
    program = ROOT / "tests" / "local" / "programs" / "from_yaml"
    stack = Stack.of_program(program, "yaml", {}, cloud.environment(), tmp_path / "program")
    types = {urn.split("::")[2].split("$")[-1] for op, urn in stack.preview() if op == "create"}
    assert {"kubernetes:core/v1:ConfigMap", "kubernetes:apps/v1:Deployment"} <= types
