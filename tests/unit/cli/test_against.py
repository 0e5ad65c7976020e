"""`paddock plan --against` as a user runs it: exit status, screen, JSON, and what it says of what it cannot read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no stubs
import pytest
import yaml

from tests.unit.cli.running import Paddock, Ran
from tests.unit.operations.day_two.stands import SETTINGS, export

ROOT = Path(__file__).parents[3]


@pytest.fixture
def against(paddock: Paddock, tmp_path: Path) -> Any:
    """`against(key=…)` compares a stack file with these settings with the stack of `stands.SETTINGS`."""

    def run(*words: str, stack: str = "-", stdin: str | None = None, **changed: Any) -> Ran:
        settings = {**SETTINGS, **changed}
        config = {"aws:region": settings.pop("region")} | {f"paddock:{key}": value for key, value in settings.items()}
        file = tmp_path / "Pulumi.dev.yaml"
        file.write_text(yaml.safe_dump({"config": config}))
        text = export() if stdin is None else stdin
        return paddock("plan", "--stack-file", str(file), "--against", stack, *words, columns=80, stdin=text)

    return run


def test_a_stack_as_it_stands_has_no_change(against: Any) -> None:
    ran = against()
    assert ran.status == 0
    assert "changes nothing" in ran.out


def test_the_screen_says_what_it_costs_before_each_change_within_80_columns(against: Any) -> None:
    ran = against(kubernetes_version="1.36", instance_type="g6.2xlarge", max_model_len=4096)
    assert ran.status == 0
    assert max(map(len, ran.out.splitlines())) <= 80
    lines = [line.rstrip() for line in ran.out.splitlines()]
    assert lines[0].startswith("╭─ 5 changes")
    assert "no downtime: 1 of the replicas ready at every moment" in ran.out
    assert "needs 16 vCPUs more for a time, of the quota Running On-Demand G and VT" in ran.out
    assert "each replica starts once" in ran.out
    for key in ("paddock:kubernetes_version", "paddock:instance_type", "arguments of vLLM"):
        assert key in lines
    assert re.search(r"for good +EKS takes a cluster back by one minor version, within 7 days", ran.out)


def test_one_replica_is_a_downtime_with_its_band(against: Any) -> None:
    single = export(replicas=1)
    ran = against(replicas=1, max_model_len=4096, stdin=single)
    assert re.search(r"no replica for about \d+ min \(\d+ to \d+\)", ran.out)


def test_another_way_of_loading_replaces_the_nodes_and_the_pods_and_is_nothing_else(against: Any) -> None:
    found = json.loads(against("--json", weights_loading="nvme").out)
    changed = {each["key"]: each for each in found["changes"]}
    assert set(changed) == {"GPU nodes' disks", "the pod"}
    assert changed["GPU nodes' disks"]["after"].endswith("instance store images, logs and scratch")
    back = against("--json", stdin=export(weights_loading="nvme"))
    assert {each["key"] for each in json.loads(back.out)["changes"]} == set(changed)
    same = against(weights_loading="nvme", stdin=export(weights_loading="nvme"))
    assert "changes nothing" in same.out


def test_what_is_refused_is_exit_status_1_with_the_step_to_take(against: Any) -> None:
    ran = against(vpc_cidr="10.8.0.0/16")
    assert ran.status == 1
    assert re.search(r"refused +it would replace the network", ran.out)
    assert re.search(r"instead +make a second stack", ran.out)


@pytest.mark.parametrize("changed", [{}, {"instance_type": "g6.2xlarge"}, {"vpc_cidr": "10.8.0.0/16"}])
def test_the_json_is_as_documented(against: Any, changed: dict[str, Any]) -> None:
    schema = json.loads((ROOT / "docs" / "plan-schema" / "against.v1.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(against("--json", **changed).out), schema)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no state of a Pulumi stack"),
        ("[]", "no state of a Pulumi stack"),
        ('{"deployment": {"resources": [{}]}}', "no state of a Pulumi stack"),
        ('{"deployment": {}}', "has no LlamaPlatform"),
        (
            '{"deployment": {"resources": [{"urn": "urn:pulumi:a::b::paddock:index:LlamaPlatform::llama"}]}}',
            "it never came up",
        ),
    ],
)
def test_what_is_no_living_stack_is_refused_with_what_to_give(against: Any, text: str, said: str) -> None:
    ran = against(stdin=text)
    assert ran.status == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_stack_is_asked_of_pulumi_by_its_name_without_secrets(
    against: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulumi = tmp_path / "bin" / "pulumi"
    pulumi.parent.mkdir()
    (tmp_path / "state").write_text(export())
    pulumi.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\ncat {tmp_path}/state\n')
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{pulumi.parent}:/usr/bin:/bin")
    assert against(stack="organization/paddock/dev").status == 0
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith("stack export --stack organization/paddock/dev")
    assert "secret" not in asked
    pulumi.write_text("#!/bin/sh\necho 'error: no stack named dev found' >&2\nexit 1\n")
    refused = against(stack="dev")
    assert refused.status == 2
    assert "pulumi exports no stack 'dev': no stack named dev found" in refused.err
    pulumi.unlink()
    monkeypatch.setenv("PATH", str(pulumi.parent))
    assert "no `pulumi` on PATH" in against(stack="dev").err


def test_a_file_that_is_not_there_is_said(against: Any, tmp_path: Path) -> None:
    ran = against(stack=str(tmp_path / "none.json"))
    assert ran.status == 2
    assert "none.json" in ran.err


def test_a_name_longer_than_a_files_may_be_and_an_odd_state_are_json_too(against: Any) -> None:
    for ran in (
        against("--json", stack="a" * 300),
        against("--json", stdin=export().replace("startupProbe", "startupTest")),
    ):
        assert ran.status == 2
        assert set(json.loads(ran.out)) == {"error"}
        assert "Traceback" not in ran.err
