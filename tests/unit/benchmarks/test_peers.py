"""Questions to the peers, and their answers as understood: their own outputs, recorded on 2026-11-24 at the versions of
`benchmarks/peers.txt`. Not proved: that they still print so; `make bench-sizing` asks them themselves.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from benchmarks import checkpoints
from benchmarks.comparison import errors, one_question
from benchmarks.questions import L4, SHOWN, Question, all_questions
from benchmarks.tools import TOOLS, Answer, HfMem, LlmSizer, Modelinfo, NotAskable, Paddock, Ridgepoint, Tool
from paddock import catalog
from paddock.catalog import Quantization
from paddock.sizing import checkpoint_bytes
from paddock.sizing.checkpoints.safetensors import read_headers

T = TypeVar("T", bound=Tool)
QUESTIONS: dict[str, Question] = {each.label: each for each in all_questions()}
ROW_12 = QUESTIONS["12"]

RIDGEPOINT = """{
  "engine": {"name": "vLLM", "util": 0.90},
  "verdict": {"serves": true, "naive_would_say": true},
  "memory": {"weights_bytes": {"best": 7.0554e10, "exact": true},
             "kv_pool_bytes": {"low": 7.6492e10, "best": 7.7514e10, "high": 7.8434e10, "calibrated": true}},
  "capacity": {"ctx": 8192, "max_sequences": {"low": 28, "best": 28, "high": 29}, "bytes_per_seq": 2684354560}
}"""
MODELINFO = """VRAM Ceiling:       80.0 GB (H100)
vLLM Allocation:      ├─ Usable VRAM:      76.0 GB (95% gpu_memory_utilization)
                      ├─ Static Weights:  -14.96 GB (BF16)
                      └─ Paged KV Pool:   = 61.04 GB Available for Context
Max Capacity:       ~500,059 Tokens (Across all concurrent batches)
Hardware Fit:       ✓ Yes
"""
LLM_SIZER = """{"context_tokens": 8192, "vram_gb": {"weights": 14.96, "kv_cache": 4.0, "total": 18.96},
                "recommendation": {"fits_single_node": true, "instance": "g6.xlarge"}}"""


def tool(kind: type[T]) -> T:
    return kind(bin=Path("bin"), checkpoints=Path("files"))


@pytest.mark.parametrize("label", SHOWN)
def test_every_question_that_is_shown_is_a_start_up_of_which_vllm_printed_the_cache(label: str) -> None:
    printed = QUESTIONS[label].printed
    assert printed is not None
    assert printed.weights_gib
    assert printed.kv_tokens


def test_rows_that_leave_the_gpu_the_utilization_or_the_version_open_are_not_asked() -> None:
    assert {"47", "59", "79", "98"}.isdisjoint(QUESTIONS)


def test_tokens_that_a_row_lacks_are_those_that_its_gib_hold() -> None:
    printed = QUESTIONS["33"].printed
    assert printed is not None
    assert printed.kv_tokens_from_gib
    assert printed.kv_tokens == pytest.approx(51.38 * 2**30 / 131_072, abs=1)


@pytest.mark.parametrize(
    ("model", "quantization"),
    [
        ("llama-3.1-8b", Quantization.BF16),
        ("llama-3.3-70b", Quantization.FP8),
        ("llama-3.3-70b", Quantization.INT8),
    ],
)
def test_a_written_checkpoint_takes_what_the_published_one_takes(
    tmp_path: Path, model: str, quantization: Quantization
) -> None:
    folder = checkpoints.write(tmp_path, catalog.model(model), quantization)
    stored = sum(each.bytes for each in read_headers(folder))
    assert stored == checkpoint_bytes(catalog.model(model), catalog.scheme(quantization))
    file = (folder / checkpoints.FILE).stat()
    assert file.st_size > stored
    assert file.st_blocks * 512 < 1 << 20  # the data is a hole


def test_ridgepoint_gives_both_gpus_together_and_its_own_utilization() -> None:
    answer = tool(Ridgepoint).read(RIDGEPOINT, QUESTIONS["3"])
    assert answer.weights_gib == pytest.approx(32.85, abs=0.01)
    assert answer.kv_kib_per_token == 320
    assert answer.kv_tokens == pytest.approx(236_554, abs=1)
    assert answer.starts is True
    assert "0.9" in answer.on_tokens


def test_modelinfo_is_read_from_its_table() -> None:
    answer = tool(Modelinfo).read(MODELINFO, ROW_12)
    assert (answer.weights_gib, answer.kv_tokens, answer.starts) == (14.96, 500_059, True)
    assert answer.kv_kib_per_token == pytest.approx(128, abs=0.1)


def test_an_output_that_reads_otherwise_is_an_error_and_no_answer() -> None:
    with pytest.raises(ValueError, match="no longer has"):
        tool(Modelinfo).read(MODELINFO.replace("Max Capacity", "Capacity"), ROW_12)


def test_hf_mem_knows_no_gpu() -> None:
    answer = tool(HfMem).read(json.dumps({"memory": 2 * 2**30, "kv_cache": 2**30}), QUESTIONS["3"])
    assert (answer.weights_gib, answer.kv_kib_per_token) == (1, 128)
    assert answer.kv_tokens == NotAskable("knows no GPU")


def test_llm_sizer_recommends_and_judges_no_gpu() -> None:
    answer = tool(LlmSizer).read(LLM_SIZER, ROW_12)
    assert (answer.weights_gib, answer.kv_kib_per_token) == (14.96, 512)
    assert answer.starts == NotAskable("takes no GPU; recommends g6.xlarge")


def test_what_a_tool_has_no_words_for_is_said() -> None:
    assert tool(Ridgepoint).command(L4) == NotAskable("does not know the L4")
    assert isinstance(tool(Ridgepoint).command(QUESTIONS["9"]), NotAskable)  # fp32
    assert isinstance(tool(Modelinfo).command(QUESTIONS["89"]), NotAskable)  # fp8 made at load


def test_every_question_has_a_command_or_a_reason_in_every_tool() -> None:
    for kind in TOOLS:
        for asked in [*QUESTIONS.values(), L4]:
            assert tool(kind).command(asked), (kind.name, asked.label)


FLAGS: dict[type[Tool], str] = {
    HfMem: "--experimental --json-output --kv-cache-dtype --max-model-len --model-id",
    Ridgepoint: "--ctx --dtype --gpu --json --kv-cache-dtype",
    Modelinfo: "--context --gpu --gpu-util --strategy --topology --vllm",
    LlmSizer: "--json -c -m -q -u",
}
"""Flags of each tool's own `--help`, at the versions of `benchmarks/peers.txt`, 2026-11-28."""


@pytest.mark.parametrize("kind", FLAGS)
def test_a_tool_is_asked_by_flags_of_its_own(kind: type[Tool]) -> None:
    asked = [tool(kind).command(each) for each in QUESTIONS.values()]
    used = {word for command in asked if not isinstance(command, NotAskable) for word in command if word[0] == "-"}
    assert used == set(FLAGS[kind].split())


def test_paddock_is_told_all_that_the_row_states() -> None:
    command = " ".join(tool(Paddock).command(ROW_12))
    for words in ("--gpu H100", "--gpu-memory-utilization 0.95", "--max-num-seqs 1024", "--vllm-version 0.19.0"):
        assert words in command


def test_errors_are_of_the_questions_that_could_be_asked() -> None:
    unasked = replace(ROW_12, label="unasked")
    reason = NotAskable("why")
    told = Answer(weights_gib=14.99 * 1.02, kv_kib_per_token=128, kv_tokens=476_016 * 0.9, starts=False)
    silent = Answer(weights_gib=reason, kv_kib_per_token=reason, kv_tokens=reason, starts=reason)
    lines = errors([tool(Paddock)], [ROW_12, unasked], {"paddock": {"12": told, "unasked": silent}})
    assert lines[-2] == "| paddock | 1: 2.00, 2.00 | 1: 10.00, 10.00, 10.00 | 1: 1 |"


def test_an_answer_stands_under_what_vllm_printed() -> None:
    reason = NotAskable("knows no GPU")
    said = Answer(weights_gib=14.96, kv_kib_per_token=128, kv_tokens=reason, starts=reason)
    lines = one_question(ROW_12, {"hf-mem": {"12": said}})
    assert lines[-5] == "| vLLM printed | 14.99 GiB | 128 KiB | 476,016 | yes |"
    assert lines[-4] == "| hf-mem | 14.96 GiB (-0.20 %) | 128 KiB | \u2013 | \u2013 |"
    assert lines[-2] == "- hf-mem, KV tokens, starts: not askable, knows no GPU"
