"""`paddock deploy` of a checkpoint of one's own, as far as it goes without an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from paddock.cli.commands.deploy_copies import Weights
from paddock.cli.commands.deploy_target import Target
from paddock.operations.deploy.state import STORE, STORE_PARTS
from tests.unit.cli.own import LICENSE, SOURCE, own_stack
from tests.unit.cli.running import Paddock

ROOT = Path(__file__).parents[3]


class Recorded:
    """An engine whose stack has these resources."""

    def __init__(self, *resources: dict[str, Any]) -> None:
        self.resources = resources

    def state(self) -> dict[str, Any]:
        return {"resources": self.resources}


def target(file: Path, *resources: dict[str, Any]) -> Target:
    return Target("own", file, ROOT, cast("Any", Recorded(*resources)))


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_its_own_license_is_to_be_accepted_first(paddock: Paddock, tmp_path: Path) -> None:
    own_stack(tmp_path)
    ran = paddock("deploy", "own", "--folder", str(tmp_path))
    assert (ran.status, "nobody accepted the license of mine, ours-1.0" in " ".join(ran.err.split())) == (2, True)
    own_stack(tmp_path, license=LICENSE)
    ran = paddock("deploy", "own", "--folder", str(tmp_path))
    assert (ran.status, "it asks before it begins to bill" in " ".join(ran.err.split())) == (2, True)


def test_its_weights_come_from_its_own_address(tmp_path: Path) -> None:
    file = own_stack(tmp_path, license=LICENSE)
    step = Weights(target(file))
    assert step.own_command == f"paddock weights push --from {SOURCE} --stack-file {file}"
    look = step.look()
    assert not look.done
    assert f"from {SOURCE}" in look.text


def test_a_store_that_is_to_lock_is_there_once_its_lock_is(tmp_path: Path) -> None:
    made = [
        {"urn": f"urn:pulumi:own::paddock::x${STORE}${type_}::llama-signing-key", "type": type_, "id": "llama-store-1"}
        for type_ in STORE_PARTS
    ]
    assert target(own_stack(tmp_path), *made).bucket() == "llama-store-1"
    assert target(own_stack(tmp_path, weights_lock_days=30), *made).bucket() is None
