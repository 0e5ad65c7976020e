"""Advice on a quantization that a model cannot be served in: one line, and what it names is taken."""

from __future__ import annotations

import pytest

from paddock import catalog
from paddock.catalog import Quantization
from paddock.settings import SettingsError, parse_settings

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:" + "a" * 64


def problems(model: str, quantization: str) -> tuple[str, ...]:
    """Problems with the quantization; the license is not asked for here."""
    try:
        parse_settings({"model": model, "vllm_image": IMAGE, "quantization": quantization}, region="us-east-1")
    except SettingsError as refused:
        return tuple(each for each in refused.problems if "paddock:quantization" in each)
    return ()


@pytest.mark.parametrize("model", sorted(catalog.all_models()))
def test_each_quantization_is_taken_or_refused_in_one_line_that_names_what_is_taken(model: str) -> None:
    refused = {each: said for each in Quantization if (said := problems(model, each))}
    assert Quantization.NF4 in refused
    for said in refused.values():
        (line,) = said
        named = line.rpartition("; choose ")[2].split(" or ")
        assert named
        assert not [each for each in named if problems(model, each)], line
