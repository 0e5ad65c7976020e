"""Doors that a stack declares: `paddock:doors`."""

from __future__ import annotations

import json
from datetime import date

import pytest

from paddock.settings import SettingsError, parse_settings, settings_of_stack

DECLARED = {"kind": "dns", "resource": "llama-vpc", "who": "name servers of x.example", "reason": "asked for by search"}


def test_doors_come_from_pulumi_as_text_and_from_a_file_as_a_list() -> None:
    doors = [{**DECLARED, "expires": "2027-03-31"}]
    config = {"aws:region": "us-east-1", "paddock:model": "llama-3.1-8b"}
    for given in (doors, json.dumps(doors)):
        arguments = settings_of_stack({**config, "paddock:doors": given})
        assert list(parse_settings(arguments, region="us-east-1", to_deploy=False).doors) == doors


@pytest.mark.parametrize(
    ("doors", "says"),
    [
        ("dns", "paddock:doors must be a list, got 'dns'"),
        ([DECLARED, "dns"], "paddock:doors[1] must be a map, got 'dns'"),
        (
            [{**DECLARED, "until": "x"}],
            "paddock:doors[0] has 'until', which is not known; a door has",
        ),
        ([{"kind": "dns"}], "paddock:doors[0] has no resource, who, reason; a door has"),
        (
            [{**DECLARED, "expires": "soon"}],
            "paddock:doors[0] is a door that expires on no day (soon); write",
        ),
        (
            [{**DECLARED, "kind": "security-groups"}],
            "paddock:doors[0] has the kind 'security-groups', which no door has; did you mean 'security-group'?",
        ),
        ([DECLARED, DECLARED], "twice; remove one"),
        ([{**DECLARED, "expires": "2026-11-27"}], "paddock:doors[0]: its declaration expired on 2026-11-27; close"),
    ],
)
def test_a_declaration_of_no_door_says_what_it_has_or_lacks(doors: object, says: str) -> None:
    with pytest.raises(SettingsError, match="1 setting is wrong") as refused:
        parse_settings(
            {"model": "llama-3.1-8b", "doors": doors}, region="us-east-1", to_deploy=False, today=date(2026, 11, 28)
        )
    assert says in str(refused.value)


def test_the_last_day_of_a_declaration_still_counts() -> None:
    doors = [{**DECLARED, "expires": "2026-11-28"}]
    values = {"model": "llama-3.1-8b", "doors": doors}
    assert parse_settings(values, region="us-east-1", to_deploy=False, today=date(2026, 11, 28)).doors
