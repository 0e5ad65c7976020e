"""Every stack of stacks/ under the pack and the proof, with what its file leaves to the user filled in.

A preview is enough: what the update alone can know is checked in test_first_llama.py.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.processes.cloud import LocalCloud
from paddock import catalog
from paddock.privacy.proof import PrivacyVerdict, declared_in, prove, read_inventory, with_declared
from tests.local.pack import Checked, checked_preview
from tests.local.stack import LLAMA_CONFIG, ROOT, Stack
from tests.unit.privacy.proof.stacks import text_of

STACKS = sorted(path.stem.removeprefix("Pulumi.") for path in (ROOT / "stacks").glob("Pulumi.*.yaml"))
ACCOUNT = "arn:aws:acm:us-east-1:123456789012"
DOOR = {
    "paddock:domain_name": "llama.internal.example.com",
    "paddock:certificate_arn": f"{ACCOUNT}:certificate/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
}
LICENSE = "paddock:license"

Previewed = Callable[..., Checked]


def config_of(name: str) -> dict[str, Any]:
    """A stack's file, completed with what only its user can say."""
    written: dict[str, Any] = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{name}.yaml").read_text())["config"]
    model = catalog.model(written["paddock:model"])
    accepted = {"license": model.license, "by": "a.person", "on": "2026-11-24"}
    image = {"paddock:vllm_image": LLAMA_CONFIG["paddock:vllm_image"]}
    return {**image, LICENSE: accepted, **(DOOR if name == "prod" else {}), **written}


@pytest.fixture
def previewed(cloud: LocalCloud, tmp_path: Path) -> Previewed:
    def preview(name: str, without: str = "") -> Checked:
        config = {key: value for key, value in config_of(name).items() if key != without}
        environment = {**cloud.environment(), "PULUMI_DEBUG_COMMANDS": "true"}
        stack = Stack.of_program(ROOT, name, config, environment, tmp_path / name)
        try:
            return checked_preview(stack)
        finally:
            stack.run("stack", "rm", "--yes", "--force")

    return preview


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_passes_the_pack_and_the_proof(name: str, previewed: Previewed) -> None:
    seen = previewed(name)
    assert (seen.passed, seen.errors, seen.rules("mandatory")) == (True, (), set())
    inventory = read_inventory(seen.json)
    proof = with_declared(prove(inventory), declared_in(inventory), datetime.now(UTC).date())
    assert (proof.verdict, proof.reasons) == (PrivacyVerdict.PRIVATE, ())


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_whose_license_nobody_accepted_is_refused(name: str, previewed: Previewed) -> None:
    seen = previewed(name, without=LICENSE)
    assert seen.rules("mandatory") == {"paddock-model-require-accepted-license"}
    assert not seen.passed


def test_the_program_that_was_captured_for_the_tests_of_the_proof_has_the_doors_of_today(previewed: Previewed) -> None:
    today, captured = (prove(read_inventory(text)) for text in (previewed("local").json, text_of("preview")))
    assert {(edge.resource, edge.text) for edge in captured.doors} == {
        (edge.resource, edge.text) for edge in today.doors
    }
