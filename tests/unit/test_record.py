"""Records: what a frozen dataclass promises of its fields holds of theirs."""

from __future__ import annotations

import copy
import pickle
from dataclasses import asdict, fields, is_dataclass, replace

import pytest

from paddock.record import Entry, Record, field_names
from paddock.sizing import LoraSlots


class Card(Record):
    name: str
    mib: int = 16
    tags: tuple[str, ...] = ()


class Listed(Entry):
    name: str


def test_fields_are_given_by_keyword_or_have_their_default() -> None:
    card = Card(name="T4", tags=("old",))
    assert (card.name, card.mib, card.tags) == ("T4", 16, ("old",))
    assert repr(card) == "Card(name='T4', mib=16, tags=('old',))"


@pytest.mark.parametrize(
    ("given", "wrong"), [({}, "name"), ({"name": "T4", "gib": 1}, "gib"), ({"nam": "T4"}, "nam, name")]
)
def test_a_field_that_is_lacking_or_not_known_is_named(given: dict[str, object], wrong: str) -> None:
    with pytest.raises(TypeError, match=f"^Card lacks or does not know {wrong}$"):
        Card(**given)  # type: ignore[arg-type]


def test_a_field_does_not_change() -> None:
    card = Card(name="T4")
    with pytest.raises(AttributeError, match="mib of Card does not change"):
        card.mib = 24  # type: ignore[misc]
    assert card.mib == 16


def test_records_are_equal_by_value_and_entries_by_identity() -> None:
    assert Card(name="T4", mib=1) == Card(mib=1, name="T4")
    assert hash(Card(name="T4", mib=1)) == hash(Card(mib=1, name="T4"))
    assert Card(name="T4") != Card(name="L4")
    assert Card(name="T4") != Listed(name="T4")
    listed = Listed(name="T4")
    assert {listed, listed, Listed(name="T4")} >= {listed}
    assert listed != Listed(name="T4")


def test_replace_makes_another_and_checks_its_fields() -> None:
    card = Card(name="T4", tags=("old",))
    assert card._replace(mib=24) == replace(card, mib=24) == Card(name="T4", mib=24, tags=("old",))
    assert card.mib == 16
    with pytest.raises(TypeError, match="gib"):
        card._replace(gib=24)


def test_dataclasses_take_records() -> None:
    card = Card(name="T4")
    assert is_dataclass(card)
    assert [each.name for each in fields(card)] == ["name", "mib", "tags"] == list(field_names(card))
    assert asdict(card) == {"name": "T4", "mib": 16, "tags": ()}


def test_records_are_copied_and_pickled() -> None:
    slots = LoraSlots(max_loras=1, max_lora_rank=16)
    assert copy.copy(slots) == copy.deepcopy(slots) == pickle.loads(pickle.dumps(slots)) == slots  # noqa: S301
