"""Old names of settings: each is refused with its new one."""

from __future__ import annotations

from typing import Any

import pytest

from paddock.choices import RENAMED
from paddock.settings import KEYS
from tests.unit.settings.test_settings import problems


@pytest.mark.parametrize(("old", "new"), [(old, new) for old, new in RENAMED.items() if old != "keep"])
def test_an_old_name_is_refused_with_its_new_one(old: str, new: str) -> None:
    assert new in KEYS
    values: dict[str, Any] = {old: 1}
    assert problems(**values) == (f"paddock:{old}: renamed; set paddock:{new} instead",)


def test_an_argument_of_a_component_alone_is_no_old_key() -> None:
    (problem,) = problems(keep=True)
    assert problem.startswith("paddock:keep: unknown key")


def test_an_old_key_that_nothing_took_the_place_of_says_so() -> None:
    decides = "remove it; paddock:endpoint_public_access_cidrs alone decides"
    assert problems(api_access="public") == (f"paddock:api_access: {decides}",)


def test_an_old_name_inside_a_value_is_one_problem_with_its_new_name() -> None:
    renamed = "paddock:license[licence]: renamed; set paddock:license[license] instead"
    assert problems(license={"licence": "llama3.1", "by": "a.person", "on": "2026-11-24"}) == (renamed,)
    both = {"licence": "llama3.1", "license": "llama3.1", "by": "a.person", "on": "2026-11-24"}
    assert [each.split(";")[0] for each in problems(license=both)] == ["paddock:license[licence] is not known"]
    missing = ["paddock:license[by] is missing", "paddock:license[on] is missing"]
    lacking = [each.split(";")[0] for each in problems(license={"licence": "llama3.1"})]
    assert sorted(lacking) == sorted([renamed.split(";")[0], *missing])
