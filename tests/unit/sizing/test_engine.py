"""GPU memory of vLLM beside weights and KV cache: each term as its own logs print it, and why versions differ.

Proved against printed figures of five versions on three kinds of GPU. Not proved: tensor parallelism without NVSwitch,
of which no log gives the terms.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from paddock.catalog import Model, engine, model
from paddock.catalog.vllm import Runner
from paddock.sizing import Parallelism
from paddock.sizing.memory.overhead import FULL_CAPTURES, EngineOverhead, captured_graphs, overhead
from paddock.sizing.memory.parallelism import pipeline_ranks
from tests.unit.sizing.setups import setup_of

ONE_GPU = Parallelism()
LLAMA_8B, LLAMA_70B = model("llama-3.1-8b"), model("llama-3.1-70b")


def terms(
    which: Model,
    version: str,
    card: str,
    split: Parallelism = ONE_GPU,
    *,
    stage: int = 0,
    quantization: str = "bf16",
    **stated: Any,
) -> EngineOverhead:
    setup = setup_of(which, quantization, card, version, split, **stated)
    return overhead(setup, pipeline_ranks(which, split.pipeline)[stage])


@pytest.mark.parametrize(
    ("version", "which", "card", "split", "flags", "printed_gib"),
    [
        # "torch peak memory increase": llm-d-planner @d3121e05, accuracy/results/v0.19.0 and docs/empirical-….md.
        ("0.19.0", LLAMA_8B, "H100", Parallelism(1), {}, 1.89),
        ("0.19.0", LLAMA_8B, "H100", Parallelism(4), {}, 1.89),
        ("0.19.0", LLAMA_70B, "H100", Parallelism(2), {}, 1.96),
        ("0.19.0", LLAMA_8B, "H100", Parallelism(1, 2), {}, 1.10),
        # The second pass beside the compilation: vllm_startup_2.csv; fp32: the planner's log of 0.19.0.
        ("0.26.0", LLAMA_8B, "A40", Parallelism(1), {}, 1.01),
        ("0.19.0", LLAMA_8B, "H100", Parallelism(1), {"quantization": "fp32"}, 2.21),
        # "PyTorch activation peak memory takes": vllm-project/vllm PR 10511, and a public log of an 80 GB card.
        ("0.6.5", LLAMA_8B, "H100", Parallelism(1), {}, 1.26),
        ("0.7.3", LLAMA_8B, "A100-80GB", Parallelism(1), {"max_num_batched_tokens": 2048}, 1.19),
    ],
)
def test_the_profile_runs_peak_is_what_vllm_printed_to_a_hundredth_of_a_gib(
    version: str, which: Model, card: str, split: Parallelism, flags: dict[str, Any], printed_gib: float
) -> None:
    assert terms(which, version, card, split, **flags).activation.mib / 1024 == pytest.approx(printed_gib, abs=0.01)


def test_up_to_0_11_0_the_sampler_is_flashinfers_where_that_is_installed() -> None:
    rank = pipeline_ranks(LLAMA_8B, 1)[0]
    setups = (replace(setup_of(LLAMA_8B, "bf16", "H100", "0.11.0"), flashinfer=each) for each in (True, False))
    ours, theirs = (overhead(each, rank).activation.mib / 1024 for each in setups)
    # 4.76 GiB: llm-d-planner @e50305af, in an image of its own; 0.11.0 on H200 printed a KV cache that leaves 1.9.
    assert theirs == pytest.approx(4.76, abs=0.01)
    assert ours == pytest.approx(1.82, abs=0.01)
    assert engine("0.11.2").sampler(quantized=False) != engine("0.11.0").sampler(quantized=False)


@pytest.mark.parametrize(
    ("version", "which", "card", "split", "printed_gib"),
    [
        ("0.19.0", LLAMA_8B, "H100", Parallelism(1), 0.25),
        ("0.19.0", LLAMA_8B, "H100", Parallelism(1, 2), 0.07),
        ("0.19.0", LLAMA_8B, "H100", Parallelism(4), 2.13),
        ("0.19.0", LLAMA_70B, "H100", Parallelism(2), 2.10),
        ("0.11.0", LLAMA_8B, "H100", Parallelism(1), 0.13),
        ("0.7.3", LLAMA_8B, "A100-80GB", Parallelism(1), 0.12),
        ("0.7.3", LLAMA_8B, "T4", Parallelism(1), 0.05),
    ],
)
def test_memory_that_torch_does_not_own_is_near_what_vllm_printed(
    version: str, which: Model, card: str, split: Parallelism, printed_gib: float
) -> None:
    assert terms(which, version, card, split).non_torch.mib / 1024 == pytest.approx(printed_gib, abs=0.03)


@pytest.mark.parametrize(
    ("which", "split", "printed_gib"),
    [
        (LLAMA_8B, Parallelism(1), 0.91),
        (LLAMA_8B, Parallelism(1, 2), 0.65),
        (LLAMA_8B, Parallelism(4), 0.67),
        (LLAMA_70B, Parallelism(2), 1.79),
    ],
)
def test_cuda_graphs_are_within_the_band_of_what_vllm_0_19_printed(
    which: Model, split: Parallelism, printed_gib: float
) -> None:
    (graphs,) = terms(which, "0.19.0", "H100", split).cuda_graphs.parts
    assert abs(graphs.mib - printed_gib * 1024) < engine("0.19.0").memory.band["cuda_graphs"].of(graphs.mib)


def test_the_sampler_needs_less_since_it_no_longer_sorts_the_vocabulary() -> None:
    assert terms(LLAMA_8B, "0.16.0", "H100").activation.mib > 2.4 * terms(LLAMA_8B, "0.17.1", "H100").activation.mib


def test_graphs_are_taken_from_the_kv_cache_since_0_20_and_lie_outside_before() -> None:
    before, since = terms(LLAMA_8B, "0.19.1", "L4"), terms(LLAMA_8B, "0.20.0", "L4")
    assert before.cuda_graphs.mib == 0 < since.cuda_graphs.mib
    assert before.outside.mib > since.outside.mib


def test_the_v2_runner_counts_no_graphs_before_0_29() -> None:
    assert terms(LLAMA_8B, "0.23.0", "L4").cuda_graphs.mib == 0
    assert terms(LLAMA_8B, "0.28.0", "L4").cuda_graphs.mib == 0
    assert terms(LLAMA_8B, "0.29.0", "L4").cuda_graphs.mib > 0
    # A quantized model has the V1 runner in 0.23.
    assert terms(LLAMA_8B, "0.23.0", "L4", quantization="fp8").cuda_graphs.mib > 0


def test_an_eager_engine_takes_no_graphs_and_less_activation() -> None:
    eager, compiled = (terms(LLAMA_8B, "0.33.0", "L4", enforce_eager=each) for each in (True, False))
    assert eager.cuda_graphs.parts[0].mib == 0 < compiled.cuda_graphs.parts[0].mib
    assert eager.activation.mib <= compiled.activation.mib


def test_an_engine_with_room_for_1024_sequences_captures_102_graphs() -> None:
    # 51 sizes up to 512, each as pieces and as a whole decode step (vllm/config/vllm.py).
    setup = setup_of(LLAMA_8B, "bf16", "H100", "0.19.0")
    assert setup.max_num_seqs == 1024
    assert captured_graphs(setup) == FULL_CAPTURES == 2 * 51


def test_fewer_sequences_capture_fewer_graphs() -> None:
    assert captured_graphs(setup_of(LLAMA_8B, "bf16", "H100", "0.19.0", max_num_seqs=8)) == len([1, 2, 4, 8, 16]) + len(
        [1, 2, 4, 8]
    )


@pytest.mark.parametrize(
    ("version", "quantized", "runner"),
    [
        ("0.7.3", False, Runner.V0),
        ("0.22.0", False, Runner.V1),
        ("0.23.0", False, Runner.V2),
        ("0.23.0", True, Runner.V1),
        ("0.24.0", True, Runner.V2),
    ],
)
def test_the_runner_is_the_one_that_the_version_chooses(version: str, quantized: bool, runner: Runner) -> None:
    assert engine(version).runner(quantized) is runner


def test_all_reduce_takes_more_memory_the_more_channels_the_link_has() -> None:
    pcie, nvlink, sharp = (
        terms(LLAMA_8B, "0.19.0", card, Parallelism(2)).non_torch.mib for card in ("L40S", "A100-80GB", "H100")
    )
    assert pcie < nvlink < sharp


def test_communicators_count_only_where_memory_is_measured_before_they_are_made() -> None:
    split = Parallelism(2)
    before, since = (terms(LLAMA_8B, version, "L40S", split).non_torch.mib for version in ("0.10.2", "0.11.0"))
    assert before > since


def test_a_stage_that_receives_hidden_states_keeps_buffers_for_them() -> None:
    split = Parallelism(1, 4)
    middle, first = (terms(LLAMA_70B, "0.19.0", "H100", split, stage=stage) for stage in (1, 0))
    # The first stage compiles the embedding: without that the two differ by the buffers alone.
    runs = first.activation.mib - first.warm_mib
    assert middle.activation.mib - runs == pytest.approx(2 * 8192 * 8192 * 2 / 2**20)


def test_newer_versions_than_the_catalog_are_modelled_as_its_newest() -> None:
    found = engine("0.99.0")
    assert found.newer_than_catalog
    assert found.modelled_as == engine("0.33.0").modelled_as
