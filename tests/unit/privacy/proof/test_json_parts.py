"""JSON in parts: what comes of it is what `json.loads` makes of the whole, wherever the parts end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.privacy.json_parts import JsonParts

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3) | st.just("kept"), inner, max_size=4)
    ),
    max_leaves=12,
)


def read(text: str, size: int) -> Any:
    parts = [text[i : i + size] for i in range(0, len(text), size)]
    return JsonParts(parts, lambda found: found).read({"kept": lambda item: item})


@given(VALUES, st.integers(1, 9), st.sampled_from([None, 4]), st.booleans())
def test_parts_of_any_size_give_the_value_of_the_whole(value: Any, size: int, indent: int | None, ascii_: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_)
    assert read(text, size) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "{", '{"kept": [1', '{"kept": [1 2]}', '{"a" 1}', "{1: 2}", "{[]: 2}", "{} {}", '{"a": tru}', "1 2"],
)
@pytest.mark.parametrize("size", [1, 3, 99])
def test_what_is_no_json_is_a_value_error(text: str, size: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text, size)


def test_items_are_handed_over_one_by_one_and_the_parts_behind_are_not_read_before() -> None:
    taken: list[int] = []
    seen: list[int] = []

    def parts() -> Any:
        yield '{"kept": ['
        for i in range(1000):
            taken.append(i)
            yield f'{{"n": {i}}}{"," if i < 999 else ""}'
        yield "]}"

    def keep(item: dict[str, int]) -> int:
        seen.append(len(taken) - item["n"])
        return item["n"]

    assert JsonParts(parts(), lambda found: found).read({"kept": keep}) == {"kept": list(range(1000))}
    assert max(seen) < 10
