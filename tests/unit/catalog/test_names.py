"""Names from logs and repositories. Proved: these names, of the kinds that were seen. Not proved: other kinds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.catalog import all_models, model_of_repository, scheme_of_text
from paddock.catalog.names import scheme_not_modelled, why_not_modelled
from paddock.catalog.quantizations import Quantization


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b"),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct (local path)", "llama-3.1-8b"),
        ("NousResearch_Meta-Llama-3-8B (local path)", "llama-3-8b"),
        ("meta--llama3-8b-instruct (local path)", "llama-3-8b"),
        ("llama3-70b-awq (local path)", "llama-3-70b"),
        ("Llama-3 70B", "llama-3-70b"),
        ("Llama3.1-8B-instruct", "llama-3.1-8b"),
        ("llama-3-3-70b", "llama-3.3-70b"),
        ("llama31-8b", "llama-3.1-8b"),
        ("Llama2-70B", "llama-2-70b"),
        ("meta-llama/Llama-2-13b-chat-hf", "llama-2-13b"),
        ("nvcr.io/nim/meta/llama-3.1-8b-instruct:1.13.1", "llama-3.1-8b"),
        ("unsloth/Llama-3.2-1B-Instruct", "llama-3.2-1b"),
        ("hugging-quants/Meta-Llama-3.1-70B-Instruct-AWQ-INT4", "llama-3.1-70b"),
        ("kaitchup/Meta-Llama-3.1-8B-Instruct-autoround-gptq-4bit-sym", "llama-3.1-8b"),
        ("nvidia/Llama-3.1-Nemotron-70B-Instruct-HF", "llama-3.1-70b"),
        ("NousResearch/Hermes-3-Llama-3.1-405B", "llama-3.1-405b"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "llama-3.3-70b"),
        ("meta-llama/Llama-Guard-3-8B", "llama-guard-3-8b"),
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct", "llama-4-scout"),
        ("RedHatAI/Llama-4-Maverick-17B-128E-Instruct-quantized.w4a16", "llama-4-maverick"),
    ],
)
def test_a_model_is_known_by_its_family_and_size(text: str, name: str) -> None:
    found = model_of_repository(text)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "models/final_dpo (local fine-tune)",
        "Llama 8B AWQ",
        "Llama-3.1",
        "meta-llama/Llama-3.2-11B-Vision",
        "meta-llama/Llama-3.1-13B",
        "nvidia/Llama-3_3-Nemotron-Super-49B-v1",
        "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
        "meta-llama/Llama-Guard-4-12B",
        "mistralai/Mistral-7B-v0.1",
    ],
)
def test_what_does_not_say_its_shapes_is_no_model(text: str) -> None:
    assert model_of_repository(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nvidia/Llama-3.1-Nemotron-8B-UltraLong-4M-Instruct", "ultralong"),
        ("gradientai/Llama-3-8B-Instruct-Gradient-1048k", "gradient"),
        ("gradientai/Llama-3-8B-Instruct-262k", "262k"),
        ("togethercomputer/LLaMA-2-7B-32K", "32k"),
        ("NousResearch/Yarn-Llama-2-7b-128k", "yarn"),
        ("someone/Llama-3.1-8B-1M", "1m"),
    ],
)
def test_a_model_of_another_context_is_refused_by_its_name(text: str, words: str) -> None:
    assert model_of_repository(text) is None
    assert f"'{words}' in its name says another context" in (why_not_modelled(text) or "")


@pytest.mark.parametrize("text", ["someone/Llama-3.1-8B-128k", "someone/Llama-2-7b-4k", "someone/llama-3-8b-8k-v2"])
def test_a_name_that_says_the_models_own_context_is_that_model(text: str) -> None:
    assert model_of_repository(text) is not None
    assert why_not_modelled(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF",
        "turboderp/Llama-3-8B-Instruct-exl2",
        "mobiuslabsgmbh/Llama-3.1-8b-instruct_4bitgs64_hqq_calib",
        "mlx-community/Meta-Llama-3.1-8B-Instruct-4bit",
        "RedHatAI/Llama-3.1-8B-Instruct-FP8-block",
        "someone/Llama-3.1-8B-bnb-8bit",
    ],
)
def test_a_repository_of_another_quantization_is_refused_and_not_taken_for_bf16(text: str) -> None:
    assert scheme_of_text(text) is None
    assert scheme_not_modelled(text)
    assert "says another quantization" in (why_not_modelled(text) or "")
    assert scheme_not_modelled("meta-llama/Llama-3.1-8B-Instruct") is None


@pytest.mark.parametrize("name", sorted(all_models()))
def test_every_model_is_known_by_its_own_name_and_repositories(name: str) -> None:
    found = all_models()[name]
    assert model_of_repository(name) is found
    assert {model_of_repository(repository) for repository in found.checkpoints.values()} == {found}


@pytest.mark.parametrize("name", sorted(all_models()))
def test_every_repository_says_its_scheme(name: str) -> None:
    for quantization, repository in all_models()[name].checkpoints.items():
        assert scheme_of_text(repository) == (None if quantization is Quantization.BF16 else quantization), repository


@pytest.mark.parametrize(
    ("text", "quantization"),
    [
        ("fp16", "bf16"),
        ("fp32", "fp32"),
        ("fp8 (compressed-tensors, dynamic)", "fp8"),
        ("fp8 (runtime, Marlin weight-only)", "fp8-runtime"),
        ("fp8 (static, per-tensor)", "fp8-static"),
        ("int8 w8a8", "int8"),
        ("int4 w4a16 (gptq_marlin)", "gptq"),
        ("int4 w4a16", "int4"),
        ("gptq int4 (gptq kernel, asym)", "gptq-asym"),
        ("gptq int4 (gptq_marlin, sym)", "gptq"),
        ("awq int4 (awq_marlin)", "awq"),
        ("bnb nf4 (load_format=bitsandbytes)", "nf4"),
        ("nvidia/Llama-3.3-70B-Instruct-FP4", "nvfp4"),
        ("aqlm 2-bit", "aqlm"),
        ("ISTA-DASLab/Llama-3.1-8B-Instruct-AQLM-PV-2Bit-1x16-hf", "aqlm"),
        ("nvidia/Llama-3.1-8B-Instruct-FP8", "fp8-static"),
        ("meta-llama/Llama-3.1-405B-Instruct-FP8", "fp8-fbgemm"),
    ],
)
def test_a_scheme_is_known_by_the_words_of_logs_and_repositories(text: str, quantization: str) -> None:
    assert scheme_of_text(text) == quantization


@pytest.mark.parametrize(
    "text", ["", "2-bit", "aqlm 2x8", "Q4_K_M gguf", "mxfp4", "bitsandbytes int8", "fp8 block", "w8a16"]
)
def test_a_scheme_that_is_not_modelled_is_none(text: str) -> None:
    assert scheme_of_text(text) is None


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    assert model_of_repository(text) is None or model_of_repository(text) in all_models().values()
    assert scheme_of_text(text) is None or scheme_of_text(text) in set(Quantization)


@pytest.mark.parametrize("bucket", ["llama-store-3f8a01b", "llama-2-70b-fp8"])
def test_a_checkpoint_in_s3_is_known_by_its_path_whatever_its_bucket_is_called(bucket: str) -> None:
    for each in all_models().values():
        for quantization in each.checkpoints:
            uri = f"s3://{bucket}/models/{each.name}/{quantization}"
            assert (model_of_repository(uri), scheme_of_text(uri)) == (each, quantization)
