"""LoRA slots, against sums made by hand of the shapes in vLLM's source. Not proved: any log; none was at hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.catalog import Quantization, Runtime, model, scheme
from paddock.sizing.memory.lora import rank_bytes
from paddock.sizing.memory.parallelism import Parallelism, PipelineRank, pipeline_ranks
from paddock.units import MIB

BF16 = scheme(Quantization.BF16)
ONE_GPU = PipelineRank(32, first=True, last=True)


def slots_mib(tensor: int = 1, loras: int = 1, rank: int = 16, runtime: Runtime | None = None) -> float:
    found = model("llama-3.1-8b")
    return rank_bytes(found, BF16, Parallelism(tensor), ONE_GPU, loras, rank, runtime or Runtime()) / MIB


def test_rank_16_on_all_projections_of_8b_is_the_well_known_42_million_parameters_and_the_two_vocabularies() -> None:
    projections, vocabularies = 41_943_040, 2 * 16 * (128_256 + 4096)
    assert slots_mib() == pytest.approx((projections + vocabularies) * 2 / MIB, abs=0.01)


def test_slots_grow_with_adapters_and_with_rank() -> None:
    assert slots_mib(loras=4) == pytest.approx(4 * slots_mib(), rel=0.02)
    assert slots_mib(rank=64) == pytest.approx(4 * slots_mib(), rel=0.02)


def test_tensor_parallelism_divides_one_of_the_two_matrices_and_nothing_of_the_vocabulary() -> None:
    a_of_columns, b_of_columns = 32 * (3 * 4096 + 2 * 4096), 32 * (6144 + 28_672)
    a_of_rows, b_of_rows = 32 * (4096 + 14_336), 32 * 2 * 4096
    vocabularies = 2 * (128_256 + 4096)
    two = 16 * 2 * (a_of_columns + b_of_columns // 2 + a_of_rows // 2 + b_of_rows + vocabularies)
    assert slots_mib(tensor=2) == pytest.approx(two / MIB, abs=0.01)


def test_stages_of_a_pipeline_share_the_slots_out() -> None:
    found = model("llama-3.1-8b")
    stages = [rank_bytes(found, BF16, Parallelism(1, 2), rank, 1, 16) for rank in pipeline_ranks(found, 2)]
    assert sum(stages) / MIB == pytest.approx(slots_mib(), abs=0.01)


def test_old_versions_also_set_tokens_aside_that_an_adapter_may_add() -> None:
    # 256 rows in the embedding and in lm_head, the same again for the adapter, and 256 more in two of its matrices.
    rows = 4 * 256 * 4096 + 2 * 256 * 16
    assert slots_mib(runtime=Runtime("0.10.0")) - slots_mib() == pytest.approx(rows * 2 / MIB, abs=0.01)


def test_experts_have_slots_only_since_vllm_has_layers_for_them() -> None:
    scout, rank = model("llama-4-scout"), PipelineRank(48, first=True, last=True)
    old, new = (
        rank_bytes(scout, BF16, Parallelism(8), rank, 1, 16, Runtime(version)) for version in ("0.11.0", "0.33.0")
    )
    assert new > 10 * old


@given(st.sampled_from((1, 2, 4, 8)), st.integers(1, 8), st.sampled_from((8, 16, 32, 64, 128)))
def test_more_gpus_never_hold_more_slots_each(tensor: int, loras: int, rank: int) -> None:
    assert slots_mib(tensor, loras, rank) <= slots_mib(1, loras, rank)
