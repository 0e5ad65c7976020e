"""Speculative decoding, weights on the host, and a cache in bytes: what they add to one engine and take from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paddock.catalog.lookup import RefusedError
from paddock.cli.options import SPECULATIVE_EXAMPLE as EXAMPLE
from paddock.cli.parsing.fit import fixed_placement
from paddock.cli.parsing.speculative import KEYS
from paddock.cli.parsing.values import memory_bytes
from paddock.sizing.memory.draft import Draft, Drafting
from paddock.sizing.memory.explain import explain
from paddock.sizing.memory.fit import Fit, fit
from paddock.sizing.memory.overhead import activation
from paddock.sizing.memory.parallelism import pipeline_ranks
from paddock.sizing.startups.accuracy import predict
from paddock.sizing.startups.rows import read_rows

EAGLE = '{"method": "eagle", "model": "yuhuili/EAGLE-LLaMA3.1-Instruct-8B", "num_speculative_tokens": 3}'
EAGLE_3 = EAGLE.replace("eagle", "eagle3", 1)
ROWS = Path(__file__).parents[2] / "accuracy" / "vllm_startup.csv"


def fitted(**stated: object) -> Fit:
    asked = fixed_placement("llama-3.1-8b", **{"gpu": "H100", "max_model_len": "8k", **stated})  # type: ignore[arg-type]
    return fit(asked.setup)


def test_an_eagle_head_is_a_layer_of_weights_and_one_of_cache() -> None:
    plain, drafted = fitted(), fitted(speculative_config=EAGLE)
    layer = 4096 * (4096 + 2 * 1024) + 4096 * 4096 + 3 * 4096 * 14_336
    more = drafted.memory.weights_mib - plain.memory.weights_mib
    assert more == pytest.approx((layer + 2 * 4096 * 4096) * 2 / 2**20, abs=1)
    # vLLM issue 19996 printed 410,128 tokens and 51.63 GiB: 33 layers of 4 KiB.
    assert drafted.kv_cache.bytes_per_token == 33 * 4096
    assert drafted.kv_cache.capacity_tokens < plain.kv_cache.capacity_tokens * 32 / 33


def test_the_rejection_sampler_is_the_peak_where_flashinfer_samples() -> None:
    def peaks(**stated: object) -> dict[str, float]:
        asked = fixed_placement("llama-3.1-8b", gpu="H100", speculative_config=EAGLE, **stated)  # type: ignore[arg-type]
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
    plain, drafted = fitted(), fitted(speculative_config=EXAMPLE)
    assert drafted.memory.weights_mib - plain.memory.weights_mib == pytest.approx(2.32 * 1024, abs=25)
    assert drafted.kv_cache.bytes_per_token == 32 * 4096 + 16 * 2048
    assert fitted(speculative_config='{"method": "ngram", "num_speculative_tokens": 4}').memory == plain.memory


def test_the_derivation_says_what_the_draft_adds() -> None:
    asked = fixed_placement("llama-3.1-8b", gpu="H100", speculative_config=EAGLE_3)
    line = explain(asked.setup).line("KV bytes a token")
    assert (line.inputs["draft"], line.result.expected) == (4096, 33 * 4096)


def test_a_head_is_an_estimate_and_a_draft_model_is_exact() -> None:
    for text, provenance in ((EAGLE, "modelled"), (EXAMPLE, "exact")):
        asked = fixed_placement("llama-3.1-8b", gpu="H100", speculative_config=text)
        found = explain(asked.setup)
        assert {found.line(name).provenance for name in ("weights", "draft")} == {provenance}
    head = fixed_placement("llama-3.1-8b", gpu="H100", speculative_config=EAGLE).setup
    plain = explain(fixed_placement("llama-3.1-8b", gpu="H100").setup)
    assert explain(head).line("weights").inputs["layer"] == pytest.approx(
        plain.line("weights").inputs["layer"], abs=0.1
    )


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


@pytest.mark.parametrize(("text", "found"), [("24G", 24 * 2**30), ("1.5g", 15 * 10**8), ("7", 7)])
def test_bytes_are_written_as_vllm_takes_them(text: str, found: int) -> None:
    assert memory_bytes(text, "--kv-cache-memory-bytes") == found


@pytest.mark.parametrize("text", ["", "G", "-1", "much", "1e9", "2GiB", "1.5G", "1.5"])
def test_what_is_no_number_of_bytes_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="a number of bytes such as 24G"):
        memory_bytes(text, "--kv-cache-memory-bytes")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("eagle", "must be a JSON object, e.g. "),
        ("[1]", "must be a JSON object"),
        ("[" * 100_000, "must be a JSON object"),
        ('{"method": "mtp"}', "modelled are eagle, eagle3, draft_model, ngram"),
        ('{"method": ["eagle"]}', "modelled are eagle"),
        ('{"method": "draft_model", "num_speculative_tokens": 3}', "must name its model, e.g. "),
        ('{"method": "eagle3", "num_speculative_tokens": 3}', "eagle3 must name its model"),
        ('{"num_speculative_tokens": 3}', "must name its model"),
        ('{"method": "eagle", "model": "a/b"}', "num_speculative_tokens is missing"),
        ('{"method": "ngram", "num_speculative_tokens": 0}', "num_speculative_tokens is 0"),
        ('{"method": "ngram", "num_speculative_tokens": true}', "num_speculative_tokens is True"),
        ('{"method": "ngram", "num_speculative_tokens": 3, "tokens": 3}', "has 'tokens', which vLLM does not know"),
        ('{"model": "llama-2-7b", "num_speculative_tokens": 3}', "take a model with the same vocabulary"),
        (EAGLE.replace("}", ', "draft_tensor_parallel_size": 4}'), "vLLM takes 1 or 2 with --tensor-parallel-size 2"),
        (EXAMPLE.replace("}", ', "draft_tensor_parallel_size": 1}'), "vLLM takes 2 with --tensor-parallel-size 2"),
    ],
)
def test_a_draft_that_vllm_refuses_or_that_is_not_modelled_is_refused(text: str, says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        fitted(speculative_config=text, tensor_parallel_size=2)


@pytest.mark.parametrize(
    ("version", "has"), [("0.9.1", True), ("0.10.0", False), ("0.14.1", False), ("0.15.0", True), ("0.33.0", True)]
)
def test_a_draft_model_is_refused_where_vllm_has_none(version: str, has: bool) -> None:
    if has:
        assert fitted(speculative_config=EXAMPLE, vllm_version=version).starts
    else:
        with pytest.raises(RefusedError, match="has no draft models"):
            fitted(speculative_config=EXAMPLE, vllm_version=version)
    assert fitted(speculative_config=EAGLE, vllm_version=version).starts


def test_every_key_is_taken() -> None:
    config = dict.fromkeys(KEYS - {"method", "draft_tensor_parallel_size"}, 1) | {"model": "ngram"}
    assert fitted(speculative_config=json.dumps(config)).starts


@pytest.mark.parametrize(
    ("name", "method"),
    [("yuhuili/EAGLE-LLaMA3.1-Instruct-8B", "eagle"), ("yuhuili/EAGLE3-LLaMA3.1-8B", "eagle3"), ("ngram", "ngram")],
)
def test_a_head_is_told_by_its_repository(name: str, method: str) -> None:
    found = fitted(speculative_config=json.dumps({"model": name, "num_speculative_tokens": 2}))
    assert found.setup.draft == Draft(method=Drafting(method))


def test_replicas_side_by_side_are_each_like_one_and_experts_are_refused() -> None:
    asked = fixed_placement("llama-3.1-8b", gpu="H100", data_parallel_size=4)
    assert asked.data_parallel_size == 4
    assert fit(asked.setup) == fit(fixed_placement("llama-3.1-8b", gpu="H100").setup)
    with pytest.raises(RefusedError, match="divides the experts"):
        fixed_placement("llama-4-scout", gpu="H200", data_parallel_size=2)
