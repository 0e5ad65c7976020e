"""The schemes: what each stores, where each runs, how good each is. What they weigh: `tests/unit/sizing`."""

from __future__ import annotations

import pytest

from paddock import catalog
from paddock.catalog import Quality, Quantization, Runtime
from paddock.catalog.quantizations import Each, Part

FP8 = {"fp8", "fp8-static", "fp8-runtime", "fp8-fbgemm"}
MARLIN_FP8 = FP8 - {"fp8-fbgemm"}
PACKED = {"int4", "awq", "gptq"}
FROM_TURING = {"fp32", "gptq-asym", "nf4", "aqlm"}


def test_every_quantization_has_a_scheme() -> None:
    assert {catalog.scheme(name).name for name in Quantization} == set(Quantization)


@pytest.mark.parametrize(
    ("gpu", "runs", "weight_only"),
    [
        ("T4", {"bf16", "int8"} | MARLIN_FP8 | PACKED | FROM_TURING, MARLIN_FP8),
        ("A10G", {"bf16", "int8", "nvfp4"} | FP8 | PACKED | FROM_TURING, FP8 | {"nvfp4"}),
        ("A100-80GB", {"bf16", "int8", "nvfp4"} | FP8 | PACKED | FROM_TURING, FP8 | {"nvfp4"}),
        ("L4", {"bf16", "int8", "nvfp4"} | FP8 | PACKED | FROM_TURING, {"nvfp4"}),
        ("H100", {"bf16", "int8", "nvfp4"} | FP8 | PACKED | FROM_TURING, {"nvfp4"}),
        ("B200", {"bf16", "nvfp4"} | FP8 | PACKED | FROM_TURING, set()),
        ("RTX-PRO-6000", {"bf16", "nvfp4"} | FP8 | PACKED | FROM_TURING, set()),
    ],
)
def test_what_each_generation_of_gpu_runs(gpu: str, runs: set[str], weight_only: set[str]) -> None:
    found = catalog.gpu(gpu)
    assert {str(name) for name in Quantization if catalog.scheme(name).runs_on(found)} == runs
    assert {str(name) for name in Quantization if catalog.scheme(name).is_weight_only_on(found)} == weight_only


def test_turing_computes_in_float16_because_it_has_no_bfloat16() -> None:
    for each in (Quantization.BF16, Quantization.INT8, Quantization.AWQ, Quantization.GPTQ):
        assert catalog.scheme(each).dtype_on(catalog.gpu("T4")) == "float16"
    assert catalog.scheme(Quantization.INT8).dtype_on(catalog.gpu("L4")) == "bfloat16"
    assert catalog.scheme(Quantization.FP32).dtype_on(catalog.gpu("T4")) == "float32"


@pytest.mark.parametrize(
    ("part", "stored"),
    [
        (Part(tensor="weight", bits=4, each=Each.WEIGHT), 10 * 256 // 2),
        (Part(tensor="scales", bits=16, each=Each.WEIGHT, weights=128), 10 * 2 * 2),
        (Part(tensor="scale", bits=32, each=Each.CHANNEL), 10 * 4),
        (Part(tensor="g_idx", bits=32, each=Each.INPUT), 256 * 4),
        (Part(tensor="scale", bits=32, each=Each.LAYER), 4),
        (Part(tensor="codebook", bits=2**23, each=Each.PROJECTION), 2**20),
    ],
)
def test_a_part_has_a_value_for_each_weight_group_channel_input_or_layer(part: Part, stored: int) -> None:
    assert part.stored_bytes(10, 256) == stored


@pytest.mark.parametrize("name", list(Quantization))
def test_what_is_held_has_the_width_that_the_scheme_says(name: Quantization) -> None:
    found = catalog.scheme(name)
    for version in (None, "0.5.4", "0.8.5", "0.19.0", "0.33.0"):
        for capability in (None, (8, 0), (9, 0), (12, 0)):
            first = found.held(Runtime(version, capability))[0]
            assert (first.bits, first.each, first.weights) == (found.weight_bits, Each.WEIGHT, 1)


def test_marlin_workspaces_shrank_with_vllm_0_9() -> None:
    awq = catalog.scheme(Quantization.AWQ)
    old, new = (awq.held(Runtime(version))[-1] for version in ("0.8.5.post1", "0.9.0"))
    assert (old.tensor, old.each) == ("workspace", Each.CHANNEL)
    assert (new.tensor, new.each) == ("workspace", Each.LAYER)


@pytest.mark.parametrize("version", ["0.6.4.dev26+g92d86da2.d20241017", "0.5.4", "v0.6.3.post1"])
def test_a_version_is_understood_however_a_log_writes_it(version: str) -> None:
    assert Runtime(version).before("0.9.0")
    assert not Runtime(version).before("0.5.0")


def test_a_version_that_says_nothing_counts_as_the_newest() -> None:
    assert not Runtime(None).before("0.33.0")
    assert not Runtime("nightly").before("0.33.0")


def test_a_floor_of_quality_orders_the_schemes() -> None:
    def reaches(floor: Quality) -> set[str]:
        return {str(name) for name in Quantization if catalog.scheme(name).quality.at_least(floor)}

    assert reaches(Quality.FULL) == {"bf16", "fp32"}
    assert reaches(Quality.NEAR_LOSSLESS) == {"bf16", "fp32", "int8"} | FP8
    assert reaches(Quality.FOUR_BIT) == set(Quantization) - {"aqlm"}
    assert reaches(Quality.TWO_BIT) == set(Quantization)


def test_only_what_vllm_quantizes_itself_needs_a_flag_and_its_name_changed() -> None:
    needs = {str(name): catalog.scheme(name).vllm_name("0.33.0") for name in Quantization}
    assert {name: flag for name, flag in needs.items() if flag} == {
        "fp8-runtime": "fp8_per_tensor",
        "nf4": "bitsandbytes",
    }
    assert catalog.scheme(Quantization.FP8_RUNTIME).vllm_name("0.19.0") == "fp8"


def test_schemes_that_vllm_has_dropped_do_not_run_in_the_newest() -> None:
    assert {str(name) for name in Quantization if not catalog.scheme(name).runs_in("0.33.0")} == {
        "gptq-asym",
        "nf4",
        "aqlm",
    }
    assert catalog.scheme(Quantization.NF4).runs_in("0.19.0")


def test_what_vllm_quantizes_while_loading_is_downloaded_unquantized() -> None:
    found = catalog.model("llama-3.1-8b")
    assert found.repository(Quantization.FP8_RUNTIME) == found.repository(Quantization.FP32) == found.hf_repo
