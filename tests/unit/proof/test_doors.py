"""Declared doors: each door of a proof is accepted by kind, resource and whom it leads to, or refuses."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from paddock.catalog.endpoints import interface_endpoints
from paddock.common.account import Account
from paddock.network.endpoints import interface_policy
from paddock.privacy.proof import PrivacyVerdict, ProofInputError, read_doors, undeclared, with_declared
from tests.unit.cli.conftest import paddock  # noqa: F401  the fixture
from tests.unit.cli.running import Paddock
from tests.unit.proof.stacks import ACCOUNT, DATA, Stack

TODAY = date(2026, 11, 28)


def declared(name: str = "doors") -> list[dict[str, Any]]:
    return [
        {"kind": each.rule, "resource": each.resource_name, "who": each.who, "reason": "asked for by the team"}
        for each in Stack(name).proof().doors
    ]


def test_with_every_door_declared_the_proof_is_private() -> None:
    proof = with_declared(Stack("doors").proof(), declared(), TODAY)
    assert (proof.verdict, proof.reasons) == (PrivacyVerdict.PRIVATE, ())
    assert len(proof.doors) == len(declared())


@pytest.mark.parametrize("key", ["kind", "resource", "who"])
def test_a_door_of_another_kind_or_resource_or_to_another_is_not_accepted(key: str) -> None:
    (door,) = [each for each in declared() if each["kind"] == "security-group"]
    others = [each for each in declared() if each != door]
    proof = with_declared(Stack("doors").proof(), [*others, {**door, key: "another"}], TODAY)
    assert (proof.verdict, [edge.rule for edge in proof.reasons]) == (PrivacyVerdict.NOT_PRIVATE, ["security-group"])
    assert "no declared door of kind security-group is to network 10.9.0.0/16" in proof.reasons[0].text
    assert len(proof.doors) == len(others)


def test_another_accounts_images_are_a_door_of_their_own_that_the_others_do_not_cover() -> None:
    stack = Stack("doors")
    account = Account(partition="aws", id=ACCOUNT, region="us-east-1")
    (ecr,) = [each for each in interface_endpoints(bastion=False) if each.service == "ecr.dkr"]
    stack.change("VpcEndpoint", "llama-ecr-dkr", policy=interface_policy(ecr, account, ["210987654321"]))
    found = with_declared(stack.proof(), declared(), TODAY)
    assert found.verdict is PrivacyVerdict.NOT_PRIVATE
    assert [each.who for each in found.reasons] == ["arn:aws:ecr:us-east-1:210987654321:repository/*"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"expires": "2026-11-27"}, "expired on 2026-11-27"),
        ({"expires": "soon"}, "expires on no day"),
        ({"reason": " "}, "has no reason"),
    ],
)
def test_a_declaration_that_does_not_count_says_why(change: dict[str, str], why: str) -> None:
    found = list(undeclared(Stack("doors").proof().doors, [{**each, **change} for each in declared()], TODAY))
    assert len(found) == len(declared())
    assert all(why in text for _, text in found)


def test_the_last_day_still_counts() -> None:
    doors = [{**each, "expires": "2026-11-28"} for each in declared()]
    assert list(undeclared(Stack("doors").proof().doors, doors, TODAY)) == []


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '[{"kind": "dns"}]', json.dumps([{**declared()[0], "until": "2027-01-01"}])]
)
def test_what_declares_no_doors_is_one_message(text: str) -> None:
    with pytest.raises(ProofInputError, match="declared"):
        read_doors(text)


def test_the_command_takes_the_list_that_its_json_is_made_into(paddock: Paddock, tmp_path: Path) -> None:  # noqa: F811  the fixture
    export = str(DATA / "doors.json")
    listed = json.loads(paddock("prove", "--stack-export", export, "--json").out)["doors"]
    doors = [
        {"kind": e["rule"], "resource": e["resource"].rpartition("::")[2], "who": e["who"], "reason": "wanted"}
        for e in listed
    ]
    file = tmp_path / "doors.json"
    for kept, status in ((doors, 0), (doors[1:], 1), ([], 1)):
        file.write_text(json.dumps(kept), encoding="utf-8")
        ran = paddock("prove", "--stack-export", export, "--doors", str(file))
        assert ran.status == status
        assert "Is every door declared?" in ran.out
