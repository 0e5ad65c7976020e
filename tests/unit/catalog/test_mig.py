"""MIG slices: told from their names, never taken for the whole card."""

from __future__ import annotations

import pytest

from paddock.catalog.gpus import all_gpus, gpu_of_text
from paddock.catalog.lookup import UnknownNameError, toml
from paddock.catalog.mig import slice_of_text


@pytest.mark.parametrize(
    ("text", "name", "gib"),
    [
        ("H100 1g.20gb", "H100 1g.20gb", 19.62),
        ("H100-3g.40gb", "H100 3g.40gb", 39.5),
        ("NVIDIA A100-SXM4-80GB MIG 1g.10gb", "A100-80GB 1g.10gb", 9.5),
        ("NVIDIA H200 MIG 1g.18gb", "H200 1g.18gb", 16),
        ("H200 3g.71gb", "H200 3g.71gb", 69.75),
        ("B200 1g.23gb", "B200 1g.23gb", 20.421),
        # Only the smaller of the two has that one.
        ("A100 2g.10gb", "A100-40GB 2g.10gb", 9.75),
    ],
)
def test_a_slice_has_its_own_memory_and_its_part_of_the_rest(text: str, name: str, gib: float) -> None:
    found = slice_of_text(text)
    assert found is not None
    whole = all_gpus()[name.partition(" ")[0]]
    assert (found.name, found.usable_mib) == (name, int(gib * 1024))
    assert found.memory_bandwidth_gb_per_second < whole.memory_bandwidth_gb_per_second
    assert found.streaming_multiprocessors < whole.streaming_multiprocessors
    assert found.nvlink_gb_per_second is None
    assert gpu_of_text(text) is None


@pytest.mark.parametrize("text", ["A100 1g.10gb", "B300 1g.34gb", "1g.10gb", "L4 1g.10gb"])
def test_a_slice_that_is_not_known_or_of_two_cards_is_refused(text: str) -> None:
    with pytest.raises(UnknownNameError, match=r"known are A100-40GB 1g\.5gb"):
        slice_of_text(text)


@pytest.mark.parametrize(("text", "first"), [("H200 1g.10gb", "H200 1g.18gb"), ("H100 5g.50gb", "H100 1g.10gb")])
def test_a_slice_that_its_card_has_not_is_refused_with_those_that_it_has(text: str, first: str) -> None:
    with pytest.raises(UnknownNameError, match=f"known are {first}") as caught:
        slice_of_text(text)
    assert "A100" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "gib"),
    [("A100 7g.40gb", 39.5), ("A100-80GB 7g.80gb", 79), ("H100 7g.80gb", 79.19), ("H200 7g.141gb", 139.7)],
)
def test_the_slice_of_all_processors_has_no_more_than_its_card(text: str, gib: float) -> None:
    found = slice_of_text(text)
    assert found is not None
    whole = all_gpus()[found.name.partition(" ")[0]]
    assert found.usable_mib == pytest.approx(gib * 1024, rel=0.001)
    assert found.usable_mib <= whole.usable_mib
    assert found.streaming_multiprocessors <= whole.streaming_multiprocessors
    assert found.is_slice
    assert not whole.is_slice


@pytest.mark.parametrize("text", ["H100", "NVIDIA A100-SXM4-80GB", "H100-80GB", ""])
def test_a_whole_card_is_no_slice(text: str) -> None:
    assert slice_of_text(text) is None


def test_each_slice_of_some_processors_has_less_than_its_card() -> None:
    data = toml("mig.toml")
    for name in data.keys() - {"as_of", "source"}:
        whole = all_gpus()[name]
        for slice_name, cut in data[name].items():
            if not slice_name.startswith("7g"):
                assert cut["usable_mib"] < whole.usable_mib
                assert cut["sms"] < whole.streaming_multiprocessors


def test_a_slice_whose_memory_is_an_estimate_says_so() -> None:
    found = slice_of_text("B200 2g.45gb")
    assert found is not None
    assert found.usable_source.startswith("estimate")
    assert "H200" in (slice_of_text("H200 2g.35gb") or found).usable_source
