"""`paddock fit` and `paddock explain`: one placement with vLLM's own flags, as vLLM would take them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paddock.catalog.lookup import RefusedError, UnknownNameError
from paddock.cli.options import SPECULATIVE_EXAMPLE
from paddock.cli.parsing.fit import fixed_placement
from paddock.cli.parsing.values import gpu_named, tokens
from paddock.sizing.memory.fit import fit
from tests.unit.cli.running import Paddock
from tests.unit.sizing.checkpoints import plain_tensors, write_checkpoint


def fitted(paddock: Paddock, *words: str) -> dict[str, object]:
    data: dict[str, object] = json.loads(paddock("fit", *words, "--json").out)
    return data


def test_it_says_whether_it_starts_and_how_much_cache_there_is(paddock: Paddock) -> None:
    ran = paddock("fit", "llama-3.1-8b", "--gpu", "L4", "--max-model-len", "8k")
    assert ran.status == 0
    for piece in (
        "It starts.",
        "low  expected    high",
        "KV cache, tokens",
        "longest context",
        "headroom",
        "█ weights",
    ):
        assert piece in ran.out


def test_70b_in_fp8_on_one_80_gb_card_fails_at_90_and_starts_at_95_per_cent_with_an_fp8_cache(paddock: Paddock) -> None:
    words = ("fit", "llama-3.1-70b", "--gpu", "H100", "--quantization", "fp8", "--max-model-len", "16k")
    older = ("--vllm-version", "0.19.0")
    failed = paddock(*words, *older, "--gpu-memory-utilization", "0.9")
    assert failed.status == 1
    assert "does not start" in failed.out
    started = paddock(*words, *older, "--gpu-memory-utilization", "0.95", "--kv-cache-dtype", "fp8")
    assert started.status == 0


def test_it_would_start_with_what_it_says_it_would_start_with(paddock: Paddock) -> None:
    words = ("llama-3.1-8b", "--gpu", "L4")
    ran = paddock("fit", *words, "--json")
    changes = json.loads(ran.out)["changes"]
    assert (ran.status, len(changes) >= 2) == (1, True)
    for change in changes:
        assert paddock("fit", *words, *change["flag"].split()).status == 0, change


def test_illegal_parallelism_exits_1_and_says_why(paddock: Paddock) -> None:
    ran = paddock("fit", "llama-3.1-8b", "--gpu", "L4", "--tensor-parallel-size", "3")
    assert ran.status == 1
    assert "tensor parallelism 3 does not divide the 32 attention heads" in ran.out
    data = fitted(paddock, "llama-3.1-8b", "--gpu", "L4", "--tensor-parallel-size", "3")
    assert (data["verdict"], data["memory"]) == ("refused", None)
    refused = paddock("explain", "llama-3.1-8b", "--gpu", "L4", "--tensor-parallel-size", "3")
    assert (refused.status, "does not divide" in refused.err) == (2, True)


def test_a_card_that_cannot_run_the_quantization_exits_1(paddock: Paddock) -> None:
    ran = paddock("fit", "llama-3.1-8b", "--gpu", "T4", "--quantization", "nvfp4", "--max-model-len", "2k")
    assert (ran.status, "T4 cannot run nvfp4" in ran.out) == (1, True)


def test_memory_alone_is_enough_and_says_how_it_is_taken(paddock: Paddock) -> None:
    ran = paddock("fit", "llama-3.1-8b", "--gpu-memory-gib", "22.03", "--max-model-len", "8k")
    assert ran.status == 0
    assert "taken as torch reports it" in " ".join(ran.out.split())


def test_a_named_card_with_its_memory_given_has_that_memory(paddock: Paddock) -> None:
    data = json.loads(
        paddock(
            "fit", "llama-3.1-8b", "--gpu", "h100", "--gpu-memory-gib", "79.22", "--max-model-len", "8k", "--json"
        ).out
    )
    assert data["gpu"] == {"name": "H100", "usable_mib": 81_121, "source": "as given"}


def test_more_of_the_band_is_more_cache(paddock: Paddock) -> None:
    cache = json.loads(paddock("fit", "llama-3.1-8b", "--gpu", "L4", "--max-model-len", "8k", "--json").out)["kv_cache"]
    for figure in ("tokens", "max_concurrency", "max_context_tokens"):
        assert cache[figure]["low"] < cache[figure]["expected"] < cache[figure]["high"]


def test_a_repository_names_model_and_quantization(paddock: Paddock) -> None:
    data = fitted(paddock, "RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8-dynamic", "--gpu", "L4", "--max-model-len", "8k")
    assert (data["model"], data["quantization"]) == ("llama-3.1-8b", "fp8")


def test_a_directory_with_a_checkpoint_is_a_model(paddock: Paddock, tmp_path: Path) -> None:
    write_checkpoint(tmp_path, plain_tensors())
    ran = paddock("fit", str(tmp_path), "--gpu", "L4", "--json")
    assert ran.status == 0, ran.err
    assert json.loads(ran.out)["quantization"] == "bf16"


def test_a_directory_without_a_checkpoint_is_one_message(paddock: Paddock, tmp_path: Path) -> None:
    ran = paddock("fit", str(tmp_path), "--gpu", "L4")
    assert (ran.status, len(ran.err.splitlines())) == (2, 1)
    assert "config.json" in ran.err


@pytest.mark.parametrize(
    "words", [("llama-3.1-8b",), ("llama-3.1-70b", "--max-model-len", "32k", "--kv-cache-dtype", "fp8")]
)
def test_fit_agrees_with_every_placement_of_size(paddock: Paddock, words: tuple[str, ...]) -> None:
    for each in json.loads(paddock("size", *words, "--json", "--top", "12").out)["placements"]:
        flags = [
            f"--{name.replace('_', '-')}={value}"
            for name, value in each["launch"].items()
            if value not in {None, False, True}
        ]
        asked = ("--gpu", each["gpu"], "--concurrency", str(each["concurrency_per_replica"]))
        found = json.loads(paddock("fit", words[0], *asked, *flags, "--json").out)
        assert found["fits"]
        assert found["starts"]
        assert found["kv_cache"]["tokens"]["expected"] == each["kv_cache"]["capacity_tokens"]
        assert found["memory"] == each["memory"]


def test_explain_has_formula_numbers_band_source_and_day_of_each_term(paddock: Paddock) -> None:
    out = paddock("explain", "llama-3.1-8b", "--gpu", "L4", "--max-model-len", "8k").out
    for piece in (
        "= tokens × (copies × hidden + 3 × inner) × bytes ÷ MiB + flush",
        "= 2,048 × (3 × 4,096 + 3 × 14,336) × 2 ÷ MiB + 48",
        "exact",
        "modelled",
        "measured",
        "(2026-11-24)",
        "requests of the full context",
    ):
        assert piece in out


def test_explain_agrees_with_fit(paddock: Paddock) -> None:
    words = ("llama-3.1-70b", "--gpu", "H100", "-tp", "4", "-pp", "2", "--max-loras", "2")
    seen = json.loads(paddock("fit", *words, "--json").out)
    told = json.loads(paddock("explain", *words, "--json").out)
    assert told["verdict"] == seen["verdict"]
    by_name = {each["name"]: each["result"] for each in told["terms"]}
    assert by_name["KV cache in tokens"] == seen["kv_cache"]["tokens"]
    assert by_name["weights"]["expected"] == seen["memory"]["terms"]["weights"]["expected"]
    assert by_name["LoRA slots"]["expected"] == seen["memory"]["terms"]["lora"]["expected"]
    assert by_name["activation"]["expected"] == seen["memory"]["terms"]["activation"]["expected"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "name the card by --gpu"),
        (("--gpu", "L5"), "unknown GPU 'L5'"),
        (("--gpu-memory-gib", "nan"), "--gpu-memory-gib must be 1 to 1,024"),
        (("--gpu", "L4", "--gpu-memory-utilization", "1.2"), "--gpu-memory-utilization must be 0.01 to 1, got 1.2"),
        (("--gpu", "L4", "--max-model-len", "200k"), "reads at most 131,072"),
        (("--gpu", "L4", "--max-num-seqs", "0"), "--max-num-seqs must be 1 to"),
        (("--gpu", "L4", "--max-num-seqs", "512", "--max-num-batched-tokens", "256"), "vLLM refuses that"),
        (("--gpu", "L4", "--vllm-version", "0.1.0"), "older than"),
        (("--gpu", "L4", "--concurrency", "0"), "--concurrency must be a whole number from 1 to 4,096, got 0"),
        (("--gpu", "L4", "--max-loras", "0"), "--max-loras must be a whole number from 1 to"),
    ],
)
def test_what_makes_no_sense_is_one_line_and_exit_2(paddock: Paddock, words: tuple[str, ...], says: str) -> None:
    ran = paddock("fit", "llama-3.1-8b", *words)
    assert (ran.status, ran.out) == (2, "")
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("gpu", "name"),
    [
        ("g5.12xlarge", "A10G"),
        ("g4dn.xlarge", "T4"),
        ("H100 1g.20gb", "H100 1g.20gb"),
        ("Tesla T4", "T4"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA A100-SXM4-80GB", "A100-80GB"),
        ("H100-80G", "H100"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "RTX-PRO-6000"),
        ("p4d.24xlarge", "A100-40GB"),
    ],
)
def test_an_instance_type_or_a_slice_is_a_card(gpu: str, name: str) -> None:
    assert gpu_named(gpu).name == name


@pytest.mark.parametrize(
    ("gpu", "says"),
    [
        ("A100", "say A100-40GB or A100-80GB"),
        ("V100", "known are T4, A10G"),
        ("L40", "known are T4, A10G"),
        ("GB200", "known are T4, A10G"),
        ("T4G", "known are T4, A10G"),
        ("g6f.large", "a fraction of a GPU"),
        ("g7.12xlarge", "driver 595"),
        ("H100 1g.21gb", "unknown MIG slice"),
        ("H100 9g.80gb", "'9g 80gb' is not of H100"),
        ("H100 1g10gb", "'1g10gb' is not of H100"),
        ("H100 94GB", "'94gb' is not of H100"),
        ("NVIDIA A40-48Q", "'48q' is not of A40"),
        ("RTX 4090 Laptop GPU", "'laptop' is not of RTX-4090"),
        ("8xH100", "'8x' is not of H100"),
    ],
)
def test_a_card_that_is_none_of_ours_is_never_another(gpu: str, says: str) -> None:
    with pytest.raises(UnknownNameError, match=says):
        gpu_named(gpu)


@pytest.mark.parametrize(
    ("text", "found"), [("1M", 2**20), ("1m", 2**20), ("131,072", 131_072), ("8k", 8192), ("10_000", 10_000)]
)
def test_tokens_are_written_as_people_do(text: str, found: int) -> None:
    assert tokens(text) == found


@pytest.mark.parametrize("text", ["1,0", "1.5k", "1G", "auto", "-1", ""])
def test_what_is_no_number_of_tokens_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="8192, 8k or 1M"):
        tokens(text)


def test_an_automatic_context_is_the_longest_that_the_cache_holds() -> None:
    for text in ("auto", "-1"):
        asked = fixed_placement("llama-3.1-8b", gpu="L4", max_model_len=text)
        found = fit(asked.setup)
        assert asked.setup.max_model_len == found.kv_cache.max_context_tokens < 131_072
        assert found.starts
    assert fixed_placement("llama-3.2-1b", gpu="H100", max_model_len="auto").setup.max_model_len == 131_072


@pytest.mark.parametrize("text", ["half", "fp16", "float16", "bfloat16", "HALF"])
def test_sixteen_bits_go_by_their_other_names(text: str) -> None:
    assert fixed_placement("llama-3.1-8b", gpu="L4", quantization=text).setup.scheme.name == "bf16"


@pytest.mark.parametrize(
    ("gpu", "quantization", "dtype", "scheme", "refusal"),
    [
        ("T4", None, "auto", "bf16", None),
        ("T4", None, "half", "bf16", None),
        ("T4", None, "bfloat16", "bf16", "NVIDIA T4 has no bfloat16 (compute capability 7.5); take --dtype half"),
        ("T4", "awq", "bfloat16", "awq", "NVIDIA T4 has no bfloat16 (compute capability 7.5); take --dtype half"),
        ("L4", None, "bfloat16", "bf16", None),
        ("L4", "fp8", "float16", "fp8", None),
        ("H100", None, "float32", "fp32", None),
        ("H100", "fp32", "float", "fp32", None),
    ],
)
def test_the_type_of_what_is_not_quantized_is_an_option_of_its_own(
    gpu: str, quantization: str | None, dtype: str, scheme: str, refusal: str | None
) -> None:
    asked = fixed_placement("llama-3.2-1b", gpu=gpu, quantization=quantization, dtype=dtype)
    assert (asked.setup.scheme.name, asked.refusal) == (scheme, refusal)
    plain = fixed_placement("llama-3.2-1b", gpu=gpu, quantization=scheme)
    assert fit(asked.setup).memory == fit(plain.setup).memory


@pytest.mark.parametrize(
    ("quantization", "dtype", "why"),
    [
        ("fp8", "float32", "--dtype float32 is for unquantized weights"),
        ("fp32", "half", "--quantization says 32 bits, --dtype half says 16"),
        (None, "fp16", "unknown --dtype 'fp16'"),
    ],
)
def test_types_that_contradict_or_are_none_are_refused(quantization: str | None, dtype: str, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        fixed_placement("llama-3.2-1b", gpu="H100", quantization=quantization, dtype=dtype)


def test_size_takes_the_type_and_leaves_out_cards_without_it(paddock: Paddock) -> None:
    by_half, by_bfloat = (paddock("size", "llama-3.2-1b", "--dtype", each).out for each in ("half", "bfloat16"))
    assert "g4dn.xlarge" in by_half.split("Memory of each GPU")[0]
    assert "g4dn.xlarge" not in by_bfloat.split("Memory of each GPU")[0]
    mixed = paddock("size", "llama-3.2-1b", "--dtype", "half", "--quality-floor", "full")
    assert mixed.status == 2
    assert "--dtype is of one quantization" in mixed.err


def test_adapters_are_enabled_by_their_own_flag_with_vllms_defaults() -> None:
    by_flag = fixed_placement("llama-3.1-8b", gpu="L4", enable_lora=True).setup.lora
    assert by_flag == fixed_placement("llama-3.1-8b", gpu="L4", max_loras=1).setup.lora
    assert fixed_placement("llama-3.1-8b", gpu="L4").setup.lora is None


@pytest.mark.parametrize("quantization", ["fp8", "fp8-static", "int4"])
def test_an_e5m2_cache_beside_weights_with_scales_is_refused_as_vllm_does(paddock: Paddock, quantization: str) -> None:
    words = ("llama-3.1-8b", "--quantization", quantization, "--max-model-len", "8k", "--kv-cache-dtype")
    ran = paddock("fit", *words, "fp8_e5m2", "--gpu", "L4")
    assert (ran.status, "fp8_e5m2" in ran.out) == (1, True)
    assert paddock("fit", *words, "fp8", "--gpu", "L4").status == 0
    assert (
        paddock("fit", "llama-3.1-8b", "--gpu", "L4", "--kv-cache-dtype", "fp8_e5m2", "--max-model-len", "8k").status
        == 0
    )


def test_an_e5m2_cache_beside_fp8_weights_is_on_no_instance(paddock: Paddock) -> None:
    ran = paddock("size", "llama-3.1-8b", "--quantization", "fp8", "--kv-cache-dtype", "fp8_e5m2")
    assert ran.status != 0
    assert "keeps no fp8_e5m2" in ran.out + ran.err


@pytest.mark.parametrize("command", ["fit", "explain"])
def test_help_shows_a_draft_model_that_is_taken(paddock: Paddock, command: str) -> None:
    assert " ".join(SPECULATIVE_EXAMPLE.split()) in " ".join(paddock(command, "--help").out.split())
    assert paddock(command, "llama-3.1-8b", "--gpu", "H100", "--speculative-config", SPECULATIVE_EXAMPLE).status == 0


def test_a_memory_that_is_an_estimate_says_so(paddock: Paddock) -> None:
    assert "is an estimate" in paddock("fit", "llama-3.1-8b", "--gpu", "B200 2g.45gb", "--max-model-len", "8k").out
    assert "is an estimate" in paddock("fit", "llama-3.1-8b", "--gpu", "B300").out
    assert "is an estimate" not in paddock("fit", "llama-3.1-8b", "--gpu", "B200").out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("mistral-7b", "did you mean 'mistral-7b-v0.3'?"),
        ("TinyLlama/TinyLlama-1.1B-Chat-v1.0", "codellama-7b, codellama-7b-python, llama-2-13b"),
        ("./llama-3.1-8b", "no such folder: './llama-3.1-8b'"),
        ("/weights/llama-3-8b", "no such folder"),
        (__file__, "is a file; name its folder"),
        ("bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", "'gguf' in its name"),
        ("NousResearch/Yarn-Llama-2-7b-128k", "name a folder with its config.json"),
        ("llama-3.1-8b --gpu m7i.large", "m7i.large has no NVIDIA GPU"),
        ("llama-3.1-8b --gpu g7.large", "unknown GPU instance type"),
        ("llama-3.1-8b --kv-cache-memory-bytes 2GiB", "K, M, G, T"),
    ],
)
def test_what_is_not_known_is_refused_with_the_way_out(paddock: Paddock, words: str, says: str) -> None:
    for command in ("fit", "explain"):
        card = () if "--gpu" in words else ("--gpu", "H100")
        ran = paddock(command, *words.split(), *card)
        assert ran.status == 2
        assert says in ran.err


def test_a_model_that_is_told_by_its_name_is_said_to_be(paddock: Paddock) -> None:
    said = "'unsloth/Llama-3.1-8B-Instruct' is taken as Llama 3.1 8B Instruct by its name."
    for words in (("fit", "--gpu", "H100"), ("explain", "--gpu", "H100"), ("size",)):
        for model, noted in (
            ("unsloth/Llama-3.1-8B-Instruct", True),
            ("llama-3.1-8b", False),
            ("meta-llama/Llama-3.1-8B-Instruct", False),
        ):
            out = " ".join(paddock(words[0], model, *words[1:], columns=200).out.split())
            assert (said in out) is noted


def test_a_cache_that_the_card_has_not_is_said_plainly(paddock: Paddock) -> None:
    words = ("fit", "llama-3.1-8b", "--gpu", "L4", "--max-model-len", "8k", "--kv-cache-memory-bytes")
    ran = paddock(*words, "24G", columns=200)
    assert ran.status == 1
    assert "and --kv-cache-memory-bytes 24,576, together 19," in " ".join(ran.out.replace("│", "").split())
    assert "-18" not in ran.out.partition("Memory of each GPU")[2]
    assert "needed beside it" not in ran.out
    assert "--kv-cache-memory-bytes 4G" in ran.out
    assert "utilization 0.9" not in ran.out.partition("one of")[2].partition("Utilization")[0]
    assert paddock(*words, "4G").status == 0


@pytest.mark.parametrize(
    ("words", "title"), [("--gpu T4", "fp16"), ("--gpu L4 --dtype half", "fp16"), ("--gpu L4", "bf16")]
)
def test_the_title_says_which_16_bits(paddock: Paddock, words: str, title: str) -> None:
    assert f"Llama 3.2 1B Instruct · {title} · 1" in paddock("fit", "llama-3.2-1b", *words.split()).out
