"""`paddock init`, `deploy` and `chat` in the local cloud: an empty account becomes a model that answers.

What answers is the local cloud's stand-in, which says so; the weights are random numbers of its stand-in hub. The way
there is the one on AWS: preflight, store, images, weights, `pulumi up` by the Automation API, `kubectl port-forward`.
"""

import json
from collections.abc import Iterator

import pytest
import yaml

from local.processes.cloud import LocalCloud
from tests.local.deploy_kills import (
    answered,
    bucket_in,
    nothing_twice,
    paddock,
    project,
    removed,
)
from tests.local.look import Look
from tests.local.stack import Stack

KEY = "0123456789abcdef-of-a-test"


@pytest.fixture(scope="module")
def deployed(cloud: LocalCloud, look: Look, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack `local`, from its committed file."""
    here, environment = project(tmp_path_factory.mktemp("deploy") / "program"), cloud.environment()
    shown = paddock(here, environment, "init", "local")
    assert "Built with Llama" in shown.stdout
    assert "stays as it is" in shown.stderr
    stack = Stack("local", here, environment)
    said = answered(here, environment, "local")
    assert "stand-in" in said
    assert "images: done already" in said
    yield stack
    removed(stack, look, environment)


def test_three_commands_lead_from_an_empty_account_to_an_answer(deployed: Stack, look: Look) -> None:
    spoken = json.loads(
        paddock(deployed.folder, deployed.environment, "chat", "local", "--prompt", "Hi", "--json").stdout
    )
    assert "no model" in spoken["text"], "the stand-in is named as one"
    assert "Hi" in spoken["text"]
    assert spoken["ttft_ms"] > 0
    assert spoken["tokens"] > 5
    nothing_twice(look, bucket_in(deployed))


def test_the_revision_is_signed_and_pinned_in_the_stack_file(deployed: Stack, look: Look) -> None:
    config = yaml.safe_load((deployed.folder / "stacks" / "Pulumi.local.yaml").read_text())["config"]
    revision = config["paddock:weights_revision"]
    keys = look.aws("s3").list_objects_v2(Bucket=bucket_in(deployed), Prefix=f"models/llama-3.1-8b/{revision}/")
    assert {"model.sig", "paddock-revision.json"} <= {each["Key"].rpartition("/")[2] for each in keys["Contents"]}
    assert deployed.outputs()["weights_uri"].endswith(revision)
    assert "Built with Llama" in deployed.outputs()["notice"]


def test_what_is_done_is_skipped(deployed: Stack) -> None:
    before = deployed.resources()
    said = answered(deployed.folder, deployed.environment, "local")
    for step in ("store", "images", "weights", "up"):
        assert f"{step}: done already" in said
    assert deployed.resources() == before


def test_a_key_is_asked_for_and_never_printed(deployed: Stack) -> None:
    deployed.set_secret("paddock:api_key", KEY)
    said = answered(deployed.folder, deployed.environment, "local")
    assert "up: done already" not in said, "the stack file changed"
    done = paddock(deployed.folder, deployed.environment, "chat", "local", "--prompt", "Hi")
    assert "no model" in done.stdout
    assert KEY not in said + done.stdout + done.stderr
    deployed.run("config", "rm", "paddock:api_key")
    refused = paddock(deployed.folder, deployed.environment, "chat", "local", "--prompt", "Hi", check=False)
    assert refused.returncode == 2
    assert "401" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    answered(deployed.folder, deployed.environment, "local")
