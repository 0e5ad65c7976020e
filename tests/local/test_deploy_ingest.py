"""`paddock deploy` by a build of AWS, from an empty account: project, build, verification, `up`, and nothing twice.

The emulated CodeBuild runs nothing: a build ends well and has copied nothing, so the test pushes what it would have.
"""

from pathlib import Path

from local.processes.cloud import LocalCloud
from tests.local.deploy_kills import answered, finish, paddock, project
from tests.local.look import Look
from tests.local.stack import Stack

PACKAGE = f"paddock[images] @ https://example.com/paddock-0.1.0-py3-none-any.whl#sha256={64 * '0'}"
PROJECT = "llama-local-ingest"


def test_a_build_of_aws_fills_the_store_before_anything_else_is_made(
    cloud: LocalCloud, look: Look, tmp_path: Path
) -> None:
    here, environment = project(tmp_path / "program"), cloud.environment()
    file = here / "stacks" / "Pulumi.local.yaml"
    file.write_text(file.read_text().replace("config:\n", f'config:\n  paddock:ingest_package: "{PACKAGE}"\n', 1))

    def builds() -> list[str]:
        ids: list[str] = look.aws("codebuild").list_builds_for_project(projectName=PROJECT)["ids"]
        return ids

    empty = paddock(here, environment, "deploy", "local", "--yes", check=False)
    assert empty.returncode == 2, empty.stdout + empty.stderr
    said = " ".join(empty.stdout.split())
    assert "ingest: by a build of AWS, as paddock:ingest_package is set: copies 16.1 GB" in said
    assert "started build llama-local-ingest:" in said
    assert "-- BUILD succeeded" in said
    assert "the weights are not there" in " ".join(empty.stderr.split())
    assert len(builds()) == 1
    made = {each["type"] for each in Stack("local", here, environment).resources()}
    assert "aws:codebuild/project:Project" in made
    assert not any(each.startswith(("aws:eks", "aws:ec2")) for each in made)

    paddock(here, environment, "weights", "push", "--stack-file", str(file))
    said = answered(here, environment, "local")
    assert "paddock:weights_revision is set in" in said
    assert len(builds()) == 1, "what is there is not copied again"
    # The whole way, by which the build's project stays as the first step made it.
    finish(look, here, environment)
