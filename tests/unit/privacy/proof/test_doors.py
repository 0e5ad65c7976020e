"""Declared doors: each door of a proof is accepted by kind, resource and whom it leads to, or refuses."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from paddock.catalog.endpoints import interface_endpoints
from paddock.cli.parsing.files import doors_of_file
from paddock.common.account import Account
from paddock.network.endpoints import interface_policy
from paddock.privacy.declaration import DeclarationError, declarations
from paddock.privacy.proof import PrivacyVerdict, declared_in, read_inventory, undeclared, with_declared
from paddock.privacy.proof.doors import ANNOTATION, declarations_of
from tests.unit.cli.conftest import paddock  # noqa: F401  the fixture
from tests.unit.cli.running import Paddock
from tests.unit.privacy.proof.stacks import ACCOUNT, DATA, Stack

ROOT = Path(__file__).parents[4]
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
        *[({"expires": each}, "expires on no day") for each in ("soon", "20270331", "2027-W10-1", "2027-3-1")],
    ],
)
def test_a_declaration_that_does_not_count_says_why(change: dict[str, str], why: str) -> None:
    found = list(undeclared(Stack("doors").proof().doors, [{**each, **change} for each in declared()], TODAY))
    assert len(found) == len(declared())
    assert all(why in text for _, text in found)


def test_a_declaration_is_for_one_resource_and_not_for_others_of_its_name() -> None:
    stack, (first, *_) = Stack("doors"), Stack("doors").proof().doors
    there = next(each for each in stack.resources if each["urn"] == first.resource)
    again = stack.add(there["type"], first.resource_name)
    again.update({**there, "urn": there["urn"].replace("::paddock::", "::paddock::acme:x:Y$")})
    found = list(undeclared(stack.proof().doors, declared(), TODAY))
    assert [door.who for door, _ in found] == [first.who]
    assert list(undeclared(stack.proof().doors, declared() * 2, TODAY)) == []


def test_the_last_day_still_counts() -> None:
    doors = [{**each, "expires": "2026-11-28"} for each in declared()]
    assert list(undeclared(Stack("doors").proof().doors, doors, TODAY)) == []


def test_of_two_declarations_of_one_door_one_that_counts_is_enough() -> None:
    doors = [each for known in declared() for each in (known, {**known, "expires": "2026-11-27"})]
    assert list(undeclared(Stack("doors").proof().doors, doors, TODAY)) == []


GOOD = {"kind": "dns", "resource": "llama-vpc", "who": "name servers of x.example", "reason": "a partner of ours"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("dns", "must be a map, got 'dns'"),
        ({**GOOD, "until": "2027-01-01"}, "has 'until', which is not known"),
        ({"kind": "dns", "who": " ", "reason": 3}, "has no resource, who, reason"),
        ({**GOOD, "reason": " "}, "has no reason"),
        ({**GOOD, "reason": "wanted"}, "has the reason 'wanted'; say in words"),
        ({**GOOD, "expires": "soon"}, "expires on no day (soon); write YYYY-MM-DD"),
    ],
)
def test_what_declares_no_door_is_one_message_that_says_where(given: object, says: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        declarations([GOOD, given], "doors.json")
    assert str(refused.value).startswith("doors.json[1] ")
    assert says in str(refused.value)


@pytest.mark.parametrize("text", ["", "{}", "3", "[" * 100_000])
def test_a_text_without_a_list_is_one_message(text: str) -> None:
    with pytest.raises(DeclarationError, match=r"doors.json must be a list of doors"):
        declarations_of(text, "doors.json")


def annotated(text: str) -> str:
    stack = Stack("doors")
    stack.change("Deployment", "llama-vllm-deployment", metadata={"name": "x", "annotations": {ANNOTATION: text}})
    return json.dumps(stack.data)


def test_a_stack_declares_its_doors_by_an_annotation_of_its_deployment(paddock: Paddock) -> None:  # noqa: F811  the fixture
    doors = [{**each, "expires": "2999-12-31"} for each in declared()]
    assert declared_in(read_inventory(annotated(json.dumps(doors)))) == doors
    said = paddock("prove", "-", "--json", stdin=annotated(json.dumps(doors)))
    assert said.status == 0
    assert said.out.count("; asked for by the team, until 2999-12-31") == len(doors)
    assert paddock("prove", "-", stdin=annotated(json.dumps(doors[1:]))).status == 1
    wrong = paddock("prove", "-", stdin=annotated("[1]"))
    assert (wrong.status, "paddock.dev/doors of llama-vllm-deployment[0] must be a map" in wrong.err) == (2, True)


def test_the_lines_that_are_printed_declare_each_door_once_they_have_a_reason(
    paddock: Paddock,  # noqa: F811  the fixture
    tmp_path: Path,
) -> None:
    export = str(DATA / "doors.json")
    refused = paddock("prove", "--stack-export", export, columns=60)
    lines = [line for line in refused.out.splitlines() if line.startswith("- {")]
    assert (refused.status, len(lines)) == (1, len(declared()))
    stack, listed = tmp_path / "Pulumi.full.yaml", tmp_path / "doors.json"
    empty = "\n".join(["config:", "  paddock:doors:", *(f"    {line}" for line in lines)])
    written = empty.replace('"reason": ""', '"reason": "a partner of ours"')
    listed.write_text(json.dumps(yaml.safe_load(written)["config"]["paddock:doors"]), encoding="utf-8")
    for text, status in ((written, 0), (empty, 2), ("config:\n  aws:region: us-east-1", 1)):
        stack.write_text(text, encoding="utf-8")
        assert paddock("prove", "--stack-export", export, "--doors", str(stack)).status == status
    assert paddock("prove", "--stack-export", export, "--doors", str(listed)).status == 0


def test_the_doors_of_the_stacks_that_are_shipped_are_declared_by_their_files() -> None:
    sessions = {("endpoint", "llama-ssmmessages"), ("instance", "llama-bastion-instance")}
    for name, doors in {"local": set(), "dev": sessions, "prod": sessions}.items():
        listed = doors_of_file(str(ROOT / "stacks" / f"Pulumi.{name}.yaml"))
        assert {(each["kind"], each["resource"]) for each in listed} == doors
        found = {(each["kind"], each["resource"], each["who"]) for each in declared()}
        assert {(each["kind"], each["resource"], each["who"]) for each in listed} <= found
