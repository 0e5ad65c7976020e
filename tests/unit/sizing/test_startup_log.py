"""Start-up logs are read whatever version, process, colours or container runtime put around the figures.

The lines are those of `startup_rows.csv` and of vLLM's sources, with the prefixes of processes and runtimes.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.catalog.lookup import RefusedError
from paddock.sizing.startups.calibration import Overrides, calibrate
from paddock.sizing.startups.log import Figure, Outcome, StartupLog
from paddock.sizing.startups.log_parser import parse_startup_log

LOGS = Path(__file__).parent / "logs"
V1_LOG = (LOGS / "v1_0.19.0_tp2.log").read_text(encoding="utf-8").splitlines()
WORDINGS = [line.split("\t") for line in (LOGS / "wordings.tsv").read_text(encoding="utf-8").splitlines()[1:]]


def parsed(*lines: str) -> StartupLog:
    return parse_startup_log(lines)


def test_a_v1_log_with_colours_timestamps_and_two_workers_is_read_whole() -> None:
    log = parse_startup_log(V1_LOG)
    assert (log.version, log.generation, log.outcome, log.startups) == ("0.19.0", "V1", Outcome.STARTED, 1)
    flags = log.args
    assert flags.model == "RedHatAI/Llama-3.3-70B-Instruct-fp8-dynamic"
    assert (flags.tensor_parallel_size, flags.pipeline_parallel_size, flags.max_model_len) == (2, 1, 8192)
    assert (flags.gpu_memory_utilization, flags.quantization, flags.enforce_eager) == (
        0.95,
        "compressed-tensors",
        False,
    )
    assert {term: log.highest(term) for term in Figure if log.values(term)} == {
        Figure.WEIGHTS: 33.88,
        Figure.ACTIVATION: 1.96,
        Figure.NON_TORCH: 2.1,
        Figure.NON_KV: 37.95,
        Figure.CUDA_GRAPHS: 1.79,
        Figure.KV_CACHE: 37.28,
        Figure.KV_TOKENS: 244_304,
        Figure.MAX_CONCURRENCY: 29.82,
    }
    assert len(log.values(Figure.WEIGHTS)) == 3, "two workers, and the profile of one"
    assert log.kv_tokens == 244_304


def test_the_gpus_memory_follows_from_what_was_used_and_left() -> None:
    total = parse_startup_log(V1_LOG).total_gib
    assert total is not None
    assert abs(total - 79.19) < 0.02


@pytest.mark.parametrize(("term", "value", "line"), WORDINGS)
def test_every_versions_wording_is_known(term: str, value: str, line: str) -> None:
    for prefix in ("", "INFO 07-18 10:00:00 model_runner.py:692] ", "(RayWorkerWrapper pid=9, ip=10.0.0.1) "):
        assert parsed(prefix + line).highest(Figure[term]) == float(value)


@pytest.mark.parametrize(
    ("line", "version", "generation"),
    [
        ("INFO llm_engine.py:174] Initializing an LLM engine (v0.5.4) with config: model='m'", "0.5.4", "V0"),
        ("Initializing a V0 LLM engine (v0.9.1) with config: model='m'", "0.9.1", "V0"),
        ("Initializing an LLM engine (v0.6.4.dev26+g92d86da2.d20241017) with config: x",
         "0.6.4.dev26+g92d86da2.d20241017", "V0"),
        ("Initializing a V1 LLM engine (v0.14.0rc2.dev348+gdcd80206b) with config: x",
         "0.14.0rc2.dev348+gdcd80206b", "V1"),
        ("INFO api_server.py:339] vLLM API server version 0.6.3.post1", "0.6.3.post1", None),
    ],
)  # fmt: skip
def test_version_and_engine_are_read_as_each_writes_them(line: str, version: str, generation: str | None) -> None:
    log = parsed(line)
    assert (log.version, log.generation) == (version, generation)


@pytest.mark.parametrize(
    "line",
    [
        "args: Namespace(host=None, model='org/m', max_model_len=4096, tensor_parallel_size=4, enforce_eager=True)",
        "non-default args: {'enforce_eager': True, 'model': 'org/m', 'max_model_len': 4096, 'tensor_parallel_size': 4}",
        "with config: model='org/m', dtype=torch.half, max_seq_len=4096, tensor_parallel_size=4, enforce_eager=True)",
        "+ vllm serve org/m --max-model-len 4096 --tensor-parallel-size=4 --enforce-eager",
        "vllm serve org/m -tp 4 --max-model-len=4096 --enforce-eager --served-model-name x",
    ],
)  # fmt: skip
def test_flags_are_read_wherever_they_are_written(line: str) -> None:
    flags = parsed(line, "Model loading took 1.00 GiB and 1.0 seconds").args
    assert (flags.model, flags.max_model_len, flags.tensor_parallel_size) == ("org/m", 4096, 4)
    assert flags.enforce_eager is True


STREAMED_ARGS = (
    "(APIServer pid=1) INFO 11-28 10:00:00 [utils.py:233] non-default args: {'model_tag': "
    "'s3://llama-store-abcdef0/models/llama-3.1-8b/fp8', 'served_model_name': ['llama-3.1-8b'], "
    "'load_format': 'runai_streamer'}"
)
STREAMED_ENGINE = (
    "(EngineCore_DP0 pid=9) INFO 11-28 10:00:09 [core.py:139] Initializing a V1 LLM engine (v0.32.0) with config: "
    "model='/tmp/home/.cache/vllm/assets/model_streamer/d4e9b1e0', speculative_config=None, "
    "tokenizer='/tmp/home/.cache/vllm/assets/model_streamer/d4e9b1e0', dtype=torch.bfloat16, max_seq_len=8192, "
    "served_model_name=llama-3.1-8b, enable_prefix_caching=True"
)
STREAMED_LOADING = (
    "(Worker pid=9) INFO 11-28 10:00:12 [gpu_model_runner.py:4000] Starting to load model "
    "/tmp/home/.cache/vllm/assets/model_streamer/d4e9b1e0..."
)


@pytest.mark.parametrize(
    ("lines", "model"),
    [
        ((STREAMED_ARGS, STREAMED_ENGINE, STREAMED_LOADING), "s3://llama-store-abcdef0/models/llama-3.1-8b/fp8"),
        # `kubectl logs` begins after the arguments, or the container was restarted.
        ((STREAMED_ENGINE, STREAMED_LOADING), "llama-3.1-8b"),
    ],
)
def test_a_streamed_model_is_the_one_that_was_asked_for_and_not_the_hash_of_its_cache(
    lines: tuple[str, ...], model: str
) -> None:
    log = parsed(*lines, "Model loading took 8.49 GiB and 12.0 seconds")
    assert log.args.model == model
    found = calibrate(log, Overrides())
    assert ("model", "llama-3.1-8b") in {(each.name, each.value) for each in found.inputs}


def test_what_the_engine_made_of_its_arguments_counts_more_than_the_arguments() -> None:
    flags = parsed(
        "non-default args: {'model': 'org/m', 'max_model_len': None, 'quantization': None}",
        "Initializing a V1 LLM engine (v0.11.0) with config: model='org/m', max_seq_len=131072, quantization=fp8",
    ).args
    assert (flags.max_model_len, flags.quantization) == (131_072, "fp8")


@pytest.mark.parametrize(
    ("process", "stage"),
    [
        ("Worker_PP1_TP0 pid=5", 1),
        ("VllmWorker rank=3 pid=5", 1),
        ("VllmWorker rank=1 pid=5", 0),
        ("Worker pid=5", None),
    ],
)  # fmt: skip
def test_the_stage_of_a_worker_is_read_from_its_name(process: str, stage: int | None) -> None:
    log = parsed(
        "with config: model='m', tensor_parallel_size=2, pipeline_parallel_size=2",
        f"({process}) Model loading took 7.51 GiB and 1.0 seconds",
    )
    assert [each.pipeline_rank for each in log.values(Figure.WEIGHTS)] == [stage]


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("INFO:     Application startup complete.", Outcome.STARTED),
        ("init engine (profile, create kv cache, warmup model) took 7.65 seconds", Outcome.STARTED),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 126.00 MiB.", Outcome.OUT_OF_MEMORY),
        ("ValueError: No available memory for the cache blocks.", Outcome.NO_KV_CACHE),
        ("ValueError: To serve at least one request with max_seq_len (131072), 16.00 GiB KV cache is needed",
         Outcome.CONTEXT_TOO_LONG),
        ("ValueError: The model's max seq len (131072) is larger than the maximum number of tokens that can be stored",
         Outcome.CONTEXT_TOO_LONG),
        ("ValueError: Free memory on device (1/22 GiB) on startup is less than desired GPU memory utilization (0.9",
         Outcome.NOT_FREE),
    ],
)  # fmt: skip
def test_how_it_ended_is_read(line: str, outcome: Outcome) -> None:
    assert parsed(line).outcome is outcome


def test_the_first_error_is_the_cause_and_once_up_it_started() -> None:
    up, error = "Application startup complete.", "CUDA out of memory."
    assert parsed("No available memory for the cache blocks", error).outcome is Outcome.NO_KV_CACHE
    assert parsed(up, error).outcome is Outcome.STARTED


def test_blocks_are_tokens_by_the_block_size() -> None:
    assert parsed("# GPU blocks: 100, # CPU blocks: 1").kv_tokens == 1600
    assert parsed("non-default args: {'block_size': 32}", "# GPU blocks: 100").kv_tokens == 3200


def test_of_a_restarted_container_the_last_start_counts() -> None:
    engine = "(EngineCore_DP0 pid=1) Initializing a V1 LLM engine (v0.11.0) with config: model='m'"
    log = parsed(engine, "Model loading took 1.00 GiB and 1 seconds", "CUDA out of memory", engine,
                 "Model loading took 2.00 GiB and 1 seconds", "Application startup complete.")  # fmt: skip
    assert (log.startups, log.highest(Figure.WEIGHTS), log.outcome) == (2, 2.0, Outcome.STARTED)


def test_replicas_of_one_server_are_one_start() -> None:
    engine = "Initializing a V1 LLM engine (v0.11.0) with config: model='m'"
    log = parsed(
        *(f"(EngineCore_DP{rank} pid=1) {engine}" for rank in (0, 1)),
        "(Worker_DP0 pid=2) Model loading took 1.00 GiB and 1 seconds",
    )
    assert log.highest(Figure.WEIGHTS) == 1.0


def test_json_envelopes_of_vllm_and_of_container_runtimes_are_opened() -> None:
    line = "Model loading took 14.99 GiB memory and 1.0 seconds"
    for wrapped in (
        json.dumps({"log": line + "\n", "stream": "stderr"}),
        json.dumps({"levelname": "INFO", "processName": "Worker_PP0_TP0", "message": line}),
    ):
        assert parsed(wrapped).highest(Figure.WEIGHTS) == 14.99


def test_the_finest_reading_of_a_term_counts() -> None:
    log = parsed("Loading model weights took 14.9888 GB", "model weights take 14.99GiB; non_torch_memory takes 0.12GiB")
    assert log.highest(Figure.WEIGHTS) == 14.9888


def test_what_is_no_start_up_log_is_refused_with_the_way_out() -> None:
    for text in ("", "hello\nworld", "{}", "[1]", "null"):
        with pytest.raises(RefusedError, match="give the log from its first line on"):
            parse_startup_log(text.splitlines())


WORDS = st.sampled_from(
    [line[line.find("INFO") :] for line in V1_LOG]
    + [
        "{",
        "}",
        "'model': ",
        "max_model_len=",
        "-1 GiB",
        "9" * 30,
        "--tensor-parallel-size",
        "\x1b[0m",
        '{"log": 5}',
        "é",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(WORDS, st.text(max_size=80)), max_size=12), st.sampled_from([" ", "\n", ""]))
def test_no_text_makes_it_fall_over(pieces: list[str], joint: str) -> None:
    try:
        log = parse_startup_log(joint.join(pieces).splitlines())
    except RefusedError:
        return
    assert all(abs(each.value) < 1e16 for each in log.readings)


def test_a_long_line_and_a_long_log_are_read_in_seconds() -> None:
    before = time.perf_counter()
    long_lines = ["a=" * 2**20, "total_gpu_memory=" * 2**14, "1" * 2**20]
    parse_startup_log([*V1_LOG, *long_lines, *("request done in 3 ms" for _ in range(20_000))])
    assert time.perf_counter() - before < 10
