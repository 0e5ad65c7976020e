"""Speculative decoding, weights on the host, and a cache in bytes: what they add to one engine and take from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddock.catalog.lookup import RefusedError
from paddock.cli.parsing.engine import draft_of_option, memory_bytes
from paddock.cli.parsing.fit import fixed_placement
from paddock.sizing.memory.draft import Draft, Drafting
from paddock.sizing.memory.explain import explain
from paddock.sizing.memory.fit import Fit, fit
from paddock.sizing.memory.overhead import activation
from paddock.sizing.memory.parallelism import pipeline_ranks
from paddock.sizing.startups.accuracy import predict
from paddock.sizing.startups.rows import read_rows

ROWS = Path(__file__).parents[2] / "accuracy" / "vllm_startup.csv"


def fitted(**stated: object) -> Fit:
    asked = fixed_placement("llama-3.1-8b", **{"gpu": "H100", "max_model_len": "8k", **stated})  # type: ignore[arg-type]
    return fit(asked.setup)


def test_an_eagle_head_is_a_layer_of_weights_and_one_of_cache() -> None:
    plain, drafted = fitted(), fitted(speculative_config='{"method": "eagle"}')
    layer = 4096 * (4096 + 2 * 1024) + 4096 * 4096 + 3 * 4096 * 14_336
    more = drafted.memory.weights_mib - plain.memory.weights_mib
    assert more == pytest.approx((layer + 2 * 4096 * 4096) * 2 / 2**20, abs=1)
    # vLLM issue 19996 printed 410,128 tokens and 51.63 GiB: 33 layers of 4 KiB.
    assert drafted.kv_cache.bytes_per_token == 33 * 4096
    assert drafted.kv_cache.capacity_tokens < plain.kv_cache.capacity_tokens * 32 / 33


def test_the_rejection_sampler_is_the_peak_where_flashinfer_samples() -> None:
    def peaks(**stated: object) -> dict[str, float]:
        asked = fixed_placement("llama-3.1-8b", gpu="H100", speculative_config='{"method": "eagle"}', **stated)  # type: ignore[arg-type]
        return {each.name: each.mib for each in activation(asked.setup, pipeline_ranks(asked.setup.model, 1)[0]).parts}

    logits = 1024 * 128_256 / 2**20
    for version, own, copies in (("0.9.1", 4, 6), ("0.11.2", 3, 10)):
        found = peaks(vllm_version=version)
        assert found["rejection_sampler"] == pytest.approx(logits * (2 * own + 4 * copies) + 80)
        assert found["rejection_sampler"] == max(found.values())
    native = peaks(vllm_version="0.9.1", flashinfer=False)
    assert native["sampler"] == max(native.values())
    assert "rejection_sampler" not in peaks(vllm_version="0.33.0")  # model runner V2 profiles without it
    plain = fixed_placement("llama-3.1-8b", gpu="H100", vllm_version="0.9.1").setup
    assert len(activation(plain, pipeline_ranks(plain.model, 1)[0]).parts) == 2


def test_a_draft_model_is_a_model_beside_the_model() -> None:
    plain, drafted = fitted(), fitted(speculative_config='{"model": "meta-llama/Llama-3.2-1B-Instruct"}')
    assert drafted.memory.weights_mib - plain.memory.weights_mib == pytest.approx(2.32 * 1024, abs=25)
    assert drafted.kv_cache.bytes_per_token == 32 * 4096 + 16 * 2048
    assert fitted(speculative_config='{"method": "ngram"}').memory == plain.memory


def test_the_derivation_says_what_the_draft_adds() -> None:
    asked = fixed_placement("llama-3.1-8b", gpu="H100", speculative_config='{"method": "eagle3"}')
    line = explain(asked.setup).line("KV bytes a token")
    assert (line.inputs["draft"], line.result.expected) == (4096, 33 * 4096)


def test_weights_on_the_host_are_whole_tensors() -> None:
    plain, offloaded = fitted(vllm_version="0.17.1"), fitted(vllm_version="0.17.1", cpu_offload_gb=12.0)
    # 12 GiB are passed within the gate and up of a layer: 29 layers, queries to output, and those.
    tensors = 29 * 416.016 + 48 + 32 + 224
    assert plain.memory.weights_mib - offloaded.memory.weights_mib == pytest.approx(tensors, abs=1)
    report = predict(next(row for row in read_rows(ROWS) if row.id == "27"))
    assert report.weights_gib is not None
    assert report.kv_tokens is not None
    assert abs(report.weights_gib.error) < 0.005
    assert abs(report.kv_tokens.error_pct) < 0.1
    assert fitted(cpu_offload_gb=500.0).memory.weights_mib < 2100  # embedding, lm_head and the rotary table stay


def test_a_cache_in_bytes_is_that_large_whatever_the_utilization() -> None:
    found = fitted(kv_cache_memory_bytes="24G", gpu_memory_utilization=0.5)
    assert found.memory.kv_cache_mib == 24 * 1024
    assert found.kv_cache.capacity_low_tokens == found.kv_cache.capacity_high_tokens == 24 * 2**30 // 131_072
    assert found.starts
    assert not fitted(kv_cache_memory_bytes="64G").starts


@pytest.mark.parametrize(("text", "found"), [("24G", 24 * 2**30), ("24g", 24 * 10**9), ("1.5GiB", 3 * 2**29), ("7", 7)])
def test_bytes_are_written_as_vllm_takes_them(text: str, found: int) -> None:
    assert memory_bytes(text, "--kv-cache-memory-bytes") == found


@pytest.mark.parametrize("text", ["", "G", "-1", "much", "1e9"])
def test_what_is_no_number_of_bytes_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="a number of bytes such as 24G"):
        memory_bytes(text, "--kv-cache-memory-bytes")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("eagle", "must be a JSON object"),
        ("[1]", "must be a JSON object"),
        ('{"method": "mtp"}', "modelled are eagle, eagle3, draft_model, ngram"),
        ('{"method": "draft_model"}', "must name it"),
        ("{}", "modelled are"),
        ('{"model": "llama-2-7b"}', "take a model with the same vocabulary"),
    ],
)
def test_a_draft_that_is_not_modelled_is_refused(text: str, says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        draft_of_option(text, fixed_placement("llama-3.1-8b", gpu="H100").setup.model)


def test_a_head_is_told_by_its_repository() -> None:
    target = fixed_placement("llama-3.1-8b", gpu="H100").setup.model
    for name, method in (("yuhuili/EAGLE-LLaMA3.1-Instruct-8B", "eagle"), ("yuhuili/EAGLE3-LLaMA3.1-8B", "eagle3")):
        assert draft_of_option(f'{{"model": "{name}"}}', target) == Draft(method=Drafting(method))


def test_replicas_side_by_side_are_each_like_one_and_experts_are_refused() -> None:
    asked = fixed_placement("llama-3.1-8b", gpu="H100", data_parallel_size=4)
    assert asked.data_parallel_size == 4
    assert fit(asked.setup) == fit(fixed_placement("llama-3.1-8b", gpu="H100").setup)
    with pytest.raises(RefusedError, match="divides the experts"):
        fixed_placement("llama-4-scout", gpu="H200", data_parallel_size=2)
