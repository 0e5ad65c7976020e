"""Hostile values in every setting: refused in one clear message, or plain data in what is registered."""

from typing import Any

import pulumi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.platform import LlamaPlatform
from paddock.settings import FIELDS, Settings, SettingsError, parse_settings
from tests.unit.components.recorder import Built
from tests.unit.components.variants import BASE, VARIANTS, by_key, variant_settings, vpc_answers
from tests.unit.hostile.leaves import Path, leaves, replaced
from tests.unit.hostile.outcome import MARKER, assert_clear, check, outcome
from tests.unit.hostile.values import HOSTILE

PLACES: dict[Path, dict[str, Any]] = {
    path: variant_settings(name) for name in VARIANTS for path in leaves(variant_settings(name))
}
"""Each string of each setting, with the settings around it."""
SCALARS = sorted(FIELDS - {path[0] for path in PLACES})
"""Settings that take no text."""


def named(path: Path) -> str:
    return ".".join(map(str, path))


def parse(args: dict[str, Any]) -> Settings:
    return parse_settings(args, region=str(args["region"]))


def held(kept: Settings, path: Path) -> str:
    """Text that the settings hold of a path, in its own form; that of a list would have its quotes escaped."""
    found = by_key(kept)[path[0]]
    for part in path[1:] if path[0] in {"doors", "checkpoint"} else ():
        found = found[part]
    return str(found)


def assert_one_line_a_problem(refused: SettingsError, path: Path = ("",)) -> None:
    assert_clear(str(refused))
    assert f":{path[0]}" in str(refused)
    assert str(refused).count("\n") == len(refused.problems)


def test_every_setting_is_tried() -> None:
    assert {path[0] for path in PLACES} | set(SCALARS) == FIELDS


@pytest.mark.parametrize("path", PLACES, ids=named)
def test_a_hostile_text_is_refused_by_name_or_kept_as_it_is(path: Path) -> None:
    for value in HOSTILE.values():
        args = replaced(PLACES[path], path, value)
        try:
            kept = parse(args)
        except SettingsError as refused:
            assert_one_line_a_problem(refused, path)
        else:
            assert value in held(kept, path), "taken, but as something else"


@pytest.mark.parametrize("key", SCALARS)
def test_a_hostile_text_in_place_of_a_number_is_refused(key: str) -> None:
    for value in HOSTILE.values():
        with pytest.raises(SettingsError, match=f"paddock:{key}") as refused:
            parse({**BASE, key: value})
        assert_one_line_a_problem(refused.value)


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_key_is_refused(value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse({**BASE, value: "x"})
    assert_one_line_a_problem(refused.value)


def taken(path: Path, value: str) -> bool:
    try:
        parse(replaced(PLACES[path], path, value))
    except SettingsError:
        return False
    return True


A_FEW = [HOSTILE[name] for name in ("all at once", "our own mark", "homoglyph", "beyond 16 bits", "path absolute")]
"""A platform takes half a second to build; what single components do with each value is in test_components.py."""
FREE = [path for path in PLACES if taken(path, MARKER)]
"""Settings that take any word: who accepted a license, and tags."""


@pytest.mark.parametrize("path", FREE, ids=named)
def test_what_is_taken_is_plain_data_in_what_is_registered(path: Path) -> None:
    def make(value: str, opts: pulumi.ResourceOptions) -> LlamaPlatform:
        return LlamaPlatform("llama", replaced(PLACES[path], path, value), opts)

    answers = vpc_answers(PLACES[path]) if "vpc_id" in PLACES[path] else {}
    baseline = outcome(make, MARKER, answers)
    assert isinstance(baseline, Built)
    for value in A_FEW:
        check(make, value, baseline, answers)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(PLACES, key=str)), st.text(st.characters(exclude_categories=()), max_size=60))
def test_any_text_anywhere_is_refused_clearly_or_kept(path: Path, value: str) -> None:
    try:
        kept = parse(replaced(PLACES[path], path, value))
    except SettingsError as refused:
        assert_one_line_a_problem(refused)
    else:
        assert value in held(kept, path)
