"""The glossary: in order, each word once, and with every word that a screen shows for a kind of answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from inspect import getsource
from pathlib import Path

import pytest

from paddock.catalog import Purchase, Quality
from paddock.cli.screens import memory_bar
from paddock.operations.day_two.changes import How
from paddock.privacy.proof.graph import State
from paddock.privacy.proof.verdict import PrivacyVerdict
from paddock.sizing.memory.terms import Provenance
from paddock.sizing.memory.verdict import StartVerdict

LINES = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
ENTRIES = [line for line in LINES if line.startswith("- **")]
WORDS = {word for line in ENTRIES for word in re.findall(r"\*\*(.+?)\*\*", line.partition("**: ")[0] + "**")}
TEXT = "\n".join(ENTRIES)


def test_entries_are_in_order_and_each_word_is_said_once() -> None:
    assert ENTRIES
    keys = [re.sub(r"\W", "", line.partition("**: ")[0]).lower() for line in ENTRIES]
    assert keys == sorted(keys)
    assert len(keys) == len({*keys})


@pytest.mark.parametrize("kind", [How, PrivacyVerdict, StartVerdict, State])
def test_each_verdict_of_a_screen_has_an_entry(kind: Iterable[str]) -> None:
    assert {str(each) for each in kind} <= WORDS


def test_each_quality_purchase_and_source_of_a_figure_is_explained() -> None:
    assert {each.option for each in Purchase} <= WORDS
    assert all(f"`{each}`" in TEXT for each in Quality)
    assert {str(each) for each in Provenance} <= WORDS


def test_each_term_of_the_memory_bar_is_explained() -> None:
    names = re.findall(r'Segment\(\s*"(.+?)"', getsource(memory_bar.segments))
    assert len(names) > 5
    for name in names:
        kv_cache, _, part = name.partition(", ")
        words = {kv_cache, part} if kv_cache == "KV cache" else {name}
        assert words <= WORDS, name


@pytest.mark.parametrize("label", ["unasked", "for good", "elsewhere", "tok/s", "$/Mtok", "leftover"])
def test_a_label_that_no_type_holds_is_explained(label: str) -> None:
    assert label in WORDS
