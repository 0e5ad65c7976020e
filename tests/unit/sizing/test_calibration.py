"""A start-up log beside the plan: what it is compared with, and the constants that it speaks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddock import catalog
from paddock.catalog import Quantization
from paddock.catalog.lookup import RefusedError
from paddock.sizing.startups.calibration import Calibration, Overrides, agrees_on_start, calibrate
from paddock.sizing.startups.log_parser import parse_startup_log

V1_LOG = (Path(__file__).parent / "logs" / "v1_0.19.0_tp2.log").read_text(encoding="utf-8")

L4_LOG = """\
vLLM API server version 0.11.0
Initializing a V1 LLM engine (v0.11.0) with config: model='meta-llama/Llama-3.1-8B-Instruct', \
dtype=torch.bfloat16, max_seq_len=8192, tensor_parallel_size=1, pipeline_parallel_size=1, quantization=None
Model loading took 14.99 GiB memory and 5.0 seconds
Free memory on device (21.66/22.03 GiB) on startup. Desired GPU memory utilization is (0.9, 19.83 GiB). \
Actual usage is 14.99 GiB for weight, {activation} GiB for peak activation, 0.05 GiB for non-torch memory, and 0.5 GiB \
for CUDAGraph memory.
Application startup complete.
"""


def calibrated(text: str, **known: object) -> Calibration:
    overrides = Overrides(**known)  # type: ignore[arg-type]  # what each test gives has the field's type
    return calibrate(parse_startup_log(text.splitlines()), overrides)


def taken(found: Calibration) -> dict[str, str]:
    return {each.name: each.value for each in found.inputs}


def test_the_log_alone_is_enough_and_says_what_was_taken_from_where() -> None:
    found = calibrated(V1_LOG)
    assert taken(found)["model"] == "llama-3.3-70b"
    assert taken(found)["quantization"] == "fp8"
    assert taken(found)["GPU"].startswith("NVIDIA H100 SXM 80 GB, 81,0")
    assert taken(found)["parallelism"] == "TP 2, PP 1"
    assert all(each.taken_from for each in found.inputs)
    assert not found.missing


def test_a_log_that_the_constants_come_from_agrees_term_by_term() -> None:
    found = calibrated(V1_LOG)
    assert {each.term for each in found.comparisons} >= {
        "weights",
        "activation",
        "non-torch memory",
        "KV cache",
        "CUDA graphs",
    }
    assert all(each.agrees for each in found.comparisons)
    assert not any(each.needed for each in found.proposals)
    assert agrees_on_start(found) is True


def test_a_figure_outside_of_its_band_is_shown_and_its_constant_proposed() -> None:
    usual, other = (calibrated(L4_LOG.format(activation=peak)) for peak in ("1.20", "2.40"))
    by_term = {each.term: each for each in other.comparisons}
    assert not by_term["activation"].agrees
    assert by_term["weights"].agrees
    line = {each.line.split(" = ")[0]: each for each in other.proposals}["sampler_fp32_copies"]
    assert line.needed
    assert int(line.line.split(" = ")[1]) > int(line.now)
    assert {each.line for each in usual.proposals} != {each.line for each in other.proposals}


def test_the_proposed_constant_would_have_made_it_agree() -> None:
    """The activation with so many more copies of the logits is what the log printed."""
    found = calibrated(L4_LOG.format(activation="2.40"))
    proposal = next(each for each in found.proposals if each.line.startswith("sampler_fp32_copies"))
    copies = int(proposal.line.split(" = ")[1]) - int(proposal.now)
    activation = next(each for each in found.comparisons if each.term == "activation")
    copy_gib = 4 * 256 * 128_256 / 2**30
    assert abs(activation.predicted + copies * copy_gib - 2.40) <= copy_gib / 2 + 0.01


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        ("Application startup complete.", "2,048"),
        ("INFO 11-14 14:26:48 [llm.py:306] Supported_tasks: ['generate']", "8,192"),
        ("Processed prompts: 100%|##########| 999/999 [00:26<00:00, 38.22it/s]", "8,192"),
        ("Chunked prefill is enabled with max_num_batched_tokens=4096.\n[llm.py:306] Supported_tasks", "4,096"),
    ],
)
def test_a_log_of_llm_in_a_program_has_the_larger_step(line: str, tokens: str) -> None:
    text = L4_LOG.format(activation="1.20").replace("vLLM API server version 0.11.0\n", "")
    found = calibrated(f"{text}\n{line}")
    assert taken(found)["a step"] == f"256 sequences, {tokens} tokens"


def test_the_sampler_is_told_by_the_log() -> None:
    native = "WARNING FlashInfer is not available. Falling back to the PyTorch-native implementation of top-p"
    image, without = (calibrated(f"{text}\n{L4_LOG.format(activation='1.20')}") for text in ("", native))
    by_image, by_torch = (
        next(each.predicted for each in found.comparisons if each.term == "activation") for found in (image, without)
    )
    assert by_torch - by_image == pytest.approx(6 * 4 * 256 * 128_256 / 2**30, abs=0.01)


def test_without_the_gpus_memory_weights_alone_are_compared_and_the_option_is_named() -> None:
    text = "\n".join(
        [
            "Initializing an LLM engine (v0.5.4) with config: model='meta-llama/Meta-Llama-3.1-8B-Instruct'",
            "Loading model weights took 14.9888 GB",
            "# GPU blocks: 9930, # CPU blocks: 2048",
        ]
    )
    found = calibrated(text)
    assert [each.term for each in found.comparisons] == ["weights"]
    assert abs(found.comparisons[0].error) < 0.001
    assert any("--gpu" in each for each in found.missing)
    more = calibrated(text, gpu=catalog.gpu("A100-40GB"))
    assert {each.unit for each in more.comparisons} == {"GiB", "tokens"}


def test_what_is_known_better_than_the_log_counts() -> None:
    found = calibrated(V1_LOG, model=catalog.model("llama-3.1-70b"), scheme=catalog.scheme(Quantization.INT8))
    assert (taken(found)["model"], taken(found)["quantization"]) == ("llama-3.1-70b", "int8")


def test_fp8_made_while_loading_is_told_from_an_fp8_checkpoint() -> None:
    line = (
        "Initializing a V1 LLM engine (v0.11.0) with config: model='{}', quantization=fp8\nModel loading took 8.49 GiB"
    )
    assert taken(calibrated(line.format("meta-llama/Llama-3.1-8B-Instruct")))["quantization"] == "fp8-runtime"
    assert taken(calibrated(line.format("RedHatAI/Llama-3.1-8B-FP8-dynamic")))["quantization"] == "fp8"


def test_stages_of_a_pipeline_are_compared_each_with_its_own() -> None:
    config = "with config: model='meta-llama/Llama-3.1-8B-Instruct', tensor_parallel_size=1, pipeline_parallel_size=2"
    text = (
        f"Initializing a V1 LLM engine (v0.19.0) {config}\n"
        "(Worker_PP0 pid=1) Model loading took 7.51 GiB memory and 1 seconds\n"
        "(Worker_PP1 pid=2) Model loading took 7.51 GiB memory and 1 seconds\n"
    )
    found = calibrated(text, gpu=catalog.gpu("H100"))
    weights = [each for each in found.comparisons if each.term == "weights"]
    assert [each.stage for each in weights] == [1, 2]
    assert all(abs(each.error) < 0.01 for each in weights)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Model loading took 14.99 GiB", "name it by --model"),
        ("vllm serve mistralai/Mistral-7B\nModel loading took 14.99 GiB", "is not a model we know"),
        ("vllm serve meta-llama/Llama-3.1-8B -tp 3\nModel loading took 1 GiB", "does not divide"),
        (
            "vllm serve meta-llama/Llama-3.1-8B --quantization quark\nModel loading took 1 GiB",
            "say so by --quantization",
        ),
        ("vLLM API server version 0.0.1\nvllm serve meta-llama/Llama-3.1-8B", "older than"),
    ],
)
def test_what_the_log_leaves_open_is_asked_for(text: str, says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        calibrated(text)
