"""Every term of a fit is explained, and every formula gives its result with the numbers that stand in it."""

from __future__ import annotations

import re
from dataclasses import replace
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock import catalog
from paddock.catalog import Quantization
from paddock.sizing.memory.engine_args import KvCacheDtype, LoraSlots
from paddock.sizing.memory.explain import Explanation, Line, explain
from paddock.sizing.memory.fit import fit
from paddock.sizing.memory.parallelism import Parallelism, illegal
from paddock.sizing.memory.terms import Provenance
from paddock.units import MIB
from tests.unit.sizing.setups import setup_of

GPUS = ("L4", "H100", "A100-80GB", "A10G", "B200")
VERSIONS = ("0.5.4", "0.6.4", "0.8.5", "0.11.0", "0.17.1", "0.19.0", "0.23.0", "0.27.0", "0.33.0")
MODELS = ("llama-3.2-1b", "llama-3.1-8b", "llama-3.1-70b", "llama-4-scout")
QUANTIZATIONS = ("bf16", "fp8", "int8", "awq", "fp32")
SPLITS = (Parallelism(), Parallelism(2), Parallelism(1, 2), Parallelism(4, 2), Parallelism(8))


def explained(
    model: str = "llama-3.1-8b",
    quantization: str = "bf16",
    gpu: str = "L4",
    version: str = "0.33.0",
    split: Parallelism = SPLITS[0],
    lora: LoraSlots | None = None,
    eager: bool = False,
    dtype: KvCacheDtype = KvCacheDtype.AUTO,
    others_mib: int = 0,
) -> Explanation:
    setup = setup_of(model, quantization, gpu, version, split, lora=lora, enforce_eager=eager, kv_cache_dtype=dtype)
    return explain(replace(setup, others_mib=others_mib))


def computed(filled: str) -> float:
    """A filled formula as arithmetic."""
    text = re.sub(r"(\d),(?=\d{3})", r"\1", filled)
    for sign, operator in (("×", "*"), ("÷", "/"), ("−", "-"), ("MiB", str(MIB))):
        text = text.replace(sign, operator)
    assert re.fullmatch(r"[-+*/(). \d,e]*|.*\b(max|floor)\(.*", text), text
    # S307: the text was just made of numbers and four operators by the code under test.
    return float(eval(text, {"max": max, "floor": floor, "__builtins__": {}}))  # noqa: S307


def check(term: Line) -> None:
    if term.formula:
        allowed = 1.0 if term.unit == "MiB" else 0.01
        assert computed(term.filled) == pytest.approx(term.result.expected, abs=allowed, rel=2e-3), term


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(MODELS),
    st.sampled_from(QUANTIZATIONS),
    st.sampled_from(GPUS),
    st.sampled_from(VERSIONS),
    st.sampled_from(SPLITS),
    st.sampled_from((None, LoraSlots(max_loras=2, max_lora_rank=32))),
    st.booleans(),
    st.sampled_from((KvCacheDtype.AUTO, KvCacheDtype.FP8)),
    st.sampled_from((0, 700)),
)
def test_every_formula_gives_its_result_and_the_terms_are_those_of_the_fit(
    model: str,
    quantization: str,
    gpu: str,
    version: str,
    split: Parallelism,
    lora: LoraSlots | None,
    eager: bool,
    dtype: KvCacheDtype,
    others_mib: int,
) -> None:
    if illegal(catalog.model(model), catalog.scheme(Quantization(quantization)), split):
        return
    found = explained(model, quantization, gpu, version, split, lora, eager, dtype, others_mib)
    assert found.lines
    for term in found.lines:
        check(term)
    memory = found.fits.expected.memory
    for name, mib in {
        "vLLM's share": memory.budget_mib,
        "weights": memory.weights_mib,
        "activation": memory.activation_mib,
        "non-torch memory": memory.non_torch_mib,
        "KV cache": memory.kv_cache_mib,
        "KV cache asked for": memory.kv_required_mib,
    }.items():
        assert found.line(name).result.expected == mib, name
    if memory.outside_mib:
        assert found.line("needed outside the share").result.expected == memory.outside_mib


def test_every_term_has_a_source_and_facts_from_outside_have_a_day() -> None:
    lines = explained(lora=LoraSlots(max_loras=1, max_lora_rank=16)).lines
    assert lines
    for term in lines:
        assert term.source
        assert term.as_of is not None or term.provenance in {Provenance.MODELLED, Provenance.EXACT}


def test_the_explained_figures_are_those_of_fit() -> None:
    found = explained("llama-3.1-70b", "fp8", "H100", "0.19.0", Parallelism(2))
    alone = fit(setup_of("llama-3.1-70b", "fp8", "H100", "0.19.0", Parallelism(2)))
    assert found.fits.expected == alone
    assert found.line("KV cache in tokens").result.expected == alone.kv_cache.capacity_tokens


def test_modelled_terms_have_bands_and_exact_ones_have_none() -> None:
    found = explained()
    for name in ("activation", "non-torch memory", "KV cache", "KV cache in tokens"):
        result = found.line(name).result
        assert result.low < result.expected < result.high
    weights = found.line("weights").result
    assert weights.low == weights.expected == weights.high


def test_the_tightest_stage_of_a_pipeline_is_explained() -> None:
    found = explained("llama-3.1-70b", "bf16", "H100", split=Parallelism(4, 2))
    assert (found.stage, found.stages) == (2, 2)
    assert "lm_head" in found.line("weights").formula


def test_parts_stand_before_what_they_are_parts_of() -> None:
    known: set[str] = set()
    lines = explained().lines
    assert lines
    for term in lines:
        if term.depth == 0:
            known.add(term.name)
        else:
            assert all(term.name not in each for each in known)
