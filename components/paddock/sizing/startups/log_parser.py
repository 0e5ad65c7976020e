"""Reader of vLLM's start-up logs: the arguments it was given, the memory it found, and how it ended.

The wordings are those of vLLM 0.2 to 0.33 (worker/worker.py, v1/worker/gpu_worker.py, v1/core/kv_cache_utils.py,
engine/llm_engine.py, config/vllm.py, read on 2026-11-24). Whatever stands before them in a line (time, file, process,
colours, a container runtime's envelope) does not matter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from paddock import units
from paddock.catalog.lookup import RefusedError
from paddock.sizing.memory.engine_args import EngineArgs
from paddock.sizing.startups.log import Figure, Outcome, Reading, StartupLog
from paddock.sizing.startups.wordings import flashinfer_by_wording, is_offline

MAX_LINE_CHARACTERS = 40_000
"""The rest of a longer line is not read: no line of vLLM is that long."""

NUMBER = r"(-?\d{1,3}(?:,\d{3})+|-?\d{1,15})(\.\d{1,9})?"
GIB = rf"{NUMBER} ?Gi?[Bb]"

WORDINGS: tuple[tuple[Figure, re.Pattern[str]], ...] = tuple(
    (figure, re.compile(pattern))
    for figure, pattern in (
        (Figure.WEIGHTS, rf"(?:Model loading|Loading model weights) took {GIB}"),
        (Figure.WEIGHTS, rf"model weights take {GIB}"),
        (Figure.WEIGHTS, rf"weights memory: {GIB}"),
        (Figure.WEIGHTS, rf"Actual usage is {GIB} for weight"),
        (Figure.CONSUMED, rf"Actual usage is {GIB} for consumed memory"),
        (Figure.CONSUMED, rf"total consumed \(from mem_get_info\): {GIB}"),
        (Figure.ACTIVATION, rf"PyTorch activation peak memory takes {GIB}"),
        (Figure.ACTIVATION, rf"torch peak memory increase: {GIB}"),
        (Figure.ACTIVATION, rf"{GIB} for peak activation"),
        (Figure.TORCH_PEAK, rf"total_gpu_memory=.{{1,80}} peak_torch_memory={GIB}"),
        (Figure.NON_TORCH, rf"non_torch_memory takes {GIB}"),
        (Figure.NON_TORCH, rf"non-torch forward increase memory: {GIB}"),
        (Figure.NON_TORCH, rf"{GIB} for non-torch memory"),
        (Figure.NON_TORCH, rf"total_gpu_memory=.{{1,160}} non_torch_memory={GIB}"),
        (Figure.NON_KV, rf"Total non KV cache memory: {GIB}"),
        (Figure.CUDA_GRAPHS, rf"Graph capturing finished in \d+ secs?, took {GIB}"),
        (Figure.CUDA_GRAPHS, rf"CUDA graph pool memory: {GIB} \(actual\)"),
        (Figure.CUDA_GRAPHS, rf"{GIB} for CUDAGraph memory"),
        (Figure.CUDA_GRAPHS_ESTIMATED, rf"Estimated CUDA graph memory: {GIB}"),
        (Figure.CUDA_GRAPHS_ESTIMATED, rf"\(actual\), {GIB} \(estimated\)"),
        (Figure.KV_CACHE, rf"[Aa]vailable KV cache memory:? \(?{GIB}"),
        (Figure.KV_CACHE, rf"rest of the memory reserved for KV Cache is {GIB}"),
        (Figure.KV_CACHE, rf"total_gpu_memory=.{{1,200}} kv_cache_size={GIB}"),
        (Figure.KV_CACHE, rf"Current kv cache memory in use is {GIB}"),
        (Figure.KV_CACHE, rf"KV cache is needed,? only {GIB} available"),
        (Figure.GPU_BLOCKS, rf"# (?:GPU|CUDA|ROCM|HIP) blocks: {NUMBER}"),
        (Figure.GPU_BLOCKS, rf"num_gpu_blocks is: {NUMBER}"),
        (Figure.KV_TOKENS, rf"GPU KV cache size: {NUMBER} tokens"),
        (Figure.KV_TOKENS, rf"stored in KV cache \({NUMBER}\)"),
        (Figure.MAX_CONCURRENCY, rf"Maximum concurrency(?: for [\d,]+ tokens per request)?: {NUMBER}x"),
        (Figure.TOTAL, rf"total_gpu_memory \({GIB}\)"),
        (Figure.TOTAL, rf"total_gpu_memory={GIB}"),
        (Figure.TOTAL, rf"total_memory={GIB}"),
        (Figure.TOTAL, rf"Free memory on device [^(]{{0,40}}\(-?[\d.,]+/{GIB}\)"),
        (Figure.TOTAL, rf"has a total capacity of {GIB}"),
        (Figure.FREE, r"Free memory on device [^(]{0,40}\((-?\d{1,9})(\.\d{1,9})?/"),
    )
)

KV_CACHE_BYTES = re.compile(r"Current kv cache memory in use is (\d{1,15}) bytes")

VERSIONS = tuple(
    re.compile(pattern)
    for pattern in (
        r"Initializing (?:a|an) (?:V\d )?LLM engine \(v([^\s)]{1,60})\)",
        r"Initializing LLM engine \(v([^\s)]{1,60})\)",
        r"vLLM (?:API )?server version v?(\d[^\s,]{1,60})",
        r"vLLM batch processing API version v?(\d[^\s,]{1,60})",
        r"\(v(\d+\.\d+\.[^\s)]{1,50})\) with config",
        r"█\s+version\s+v?(\d\S{1,60})",
    )
)
ENGINE = re.compile(r"Initializing (?:a |an )?(?:(V\d) )?LLM engine")

# Namespace(...) and the engine's own line write key=value, non-default args a dict, manifests and shells --key value.
ARGUMENT_NAMES = {
    "model": ("model", "model_tag"),
    "served_model_name": ("served_model_name",),
    "dtype": ("dtype",),
    "quantization": ("quantization",),
    "tensor_parallel_size": ("tensor_parallel_size", "tp"),
    "pipeline_parallel_size": ("pipeline_parallel_size", "pp"),
    "max_model_len": ("max_model_len", "max_seq_len"),
    "gpu_memory_utilization": ("gpu_memory_utilization",),
    "max_num_seqs": ("max_num_seqs",),
    "max_num_batched_tokens": ("max_num_batched_tokens",),
    "kv_cache_dtype": ("kv_cache_dtype",),
    "enforce_eager": ("enforce_eager",),
    "enable_lora": ("enable_lora",),
    "max_loras": ("max_loras",),
    "max_lora_rank": ("max_lora_rank",),
    "block_size": ("block_size",),
    "cpu_offload_gb": ("cpu_offload_gb",),
    "kv_cache_memory_bytes": ("kv_cache_memory_bytes",),
}
_VALUE = r"('[^']{0,300}'|\"[^\"]{0,300}\"|[^\s,;)}|]{1,120})"
ARGUMENTS: dict[str, tuple[re.Pattern[str], ...]] = {
    name: tuple(
        re.compile(pattern)
        for spelling in spellings
        for pattern in (
            rf"(?<![\w.\-'\"])['\"]?{spelling}['\"]?\s?[=:]\s?{_VALUE}",
            rf"(?<!\w)--?{spelling.replace('_', '-')}[ =]{_VALUE}",
        )
    )
    for name, spellings in ARGUMENT_NAMES.items()
}
UTILIZATION = tuple(
    re.compile(pattern)
    for pattern in (
        r"gpu_memory_utilization \((0?\.\d{1,6}|1(?:\.0{1,6})?)\)",
        r"[Dd]esired GPU memory utilization (?:is )?\((0?\.\d{1,6}|1(?:\.0{1,6})?),",
        r"The current --gpu-memory-utilization=(0?\.\d{1,6}|1(?:\.0{1,6})?)",
    )
)
CONTEXTS = tuple(
    re.compile(pattern)
    for pattern in (
        r"Maximum concurrency for ([\d,]{1,15}) tokens per request",
        r"model(?:s?'s|'s) max seq len \((\d{1,12})\)",
        r"at least one request with max_seq_len \((\d{1,12})\)",
    )
)
CHUNKED = re.compile(r"Chunked prefill is enabled with max_num_batched_tokens=(\d{1,12})")
EAGER_SWITCH = re.compile(r"--enforce-eager(?![\w=-])")
LORA_SWITCH = re.compile(r"--enable-lora(?![\w=-])")
SERVED = re.compile(r"vllm serve ([^\s'\"-][^\s'\"]{0,300})")
STREAMED = re.compile(r"/model_streamer/\w+$")
"""Folder in which vLLM keeps the configuration of a model that it streams (transformers_utils/runai_utils.py): a hash
of the model's address, which only the arguments name."""
STARTING_MODEL = re.compile(r"Starting to load model ([^\s'\"]{1,300}?)\.\.\.")

ENDINGS: tuple[tuple[Outcome, re.Pattern[str]], ...] = (
    (Outcome.NOT_FREE, re.compile(r"less than desired GPU memory utilization")),
    (Outcome.CONTEXT_TOO_LONG, re.compile(r"max(?: seq |_seq_)len[ (].{0,60}larger than the maximum number of tokens")),
    (Outcome.CONTEXT_TOO_LONG, re.compile(r"To serve at least one request with")),
    (Outcome.NO_KV_CACHE, re.compile(r"No available memory for the cache blocks")),
    (Outcome.OUT_OF_MEMORY, re.compile(r"CUDA out of memory|OutOfMemoryError")),
)
STARTED = re.compile(
    r"Application startup complete|init engine \(profile, create kv cache"
    r"|Starting vLLM (?:API )?server|Uvicorn running on"
)

ANSI = re.compile(r"\x1b\[[0-9;?]{0,20}[ -/]?[@-~]")
PIPELINE_RANK = re.compile(r"Worker\w*?_PP(\d{1,4})")
GLOBAL_RANK = re.compile(r"Worker\w* rank=(\d{1,4})")
PROCESS = re.compile(r"\(([A-Za-z]\w{0,40}(?: rank=\d{1,4})?)[ ,]")
ABSENT = {"none", "null", "auto", "...", ""}


def parse_startup_log(lines: Iterable[str]) -> StartupLog:
    """Read a start-up log; raises `RefusedError` where nothing in it is vLLM's."""
    log = StartupLog()
    stated: dict[str, Any] = {}
    engines: set[str] = set()
    rank_of_process: list[tuple[int | None, int | None]] = []
    for line in _messages(lines):
        if found := ENGINE.search(line):
            process = found_process(line)
            if process in engines:
                # The container was restarted: what follows is another start-up.
                engines.clear()
                rank_of_process.clear()
                stated.clear()
                log = StartupLog(startups=log.startups)
            engines.add(process)
            log.startups += 1
            log.generation = found[1] or "V0"
        if "Using V2 Model Runner" in line:
            log.generation = "V2"
        log.offline = log.offline or is_offline(line)
        if (installed := flashinfer_by_wording(line)) is not None:
            log.flashinfer = installed
        _read_version(log, line)
        _read_arguments(stated, line)
        _read_figures(log, line, rank_of_process)
        _read_ending(log, line)
    if "model" not in stated and "served_model_name" in stated:
        stated["model"] = stated["served_model_name"]
    log.args = EngineArgs(**stated)
    if not log.readings and log.version is None and log.outcome is Outcome.UNKNOWN:
        raise RefusedError(
            "no line of a vLLM start-up was found; give the log from its first line on, such as "
            "`kubectl logs -n llama deploy/llama-vllm` for the platform llama"
        )
    _name_stages(log, rank_of_process)
    return log


def found_process(line: str) -> str:
    """The process that a line is of, such as `EngineCore_DP0`; empty where it does not say."""
    found = PROCESS.search(line)
    return found[1] if found else ""


def _messages(lines: Iterable[str]) -> Iterator[str]:
    """The lines without colours, and out of the JSON that container runtimes and vLLM's JSON format put around them."""
    for raw in lines:
        line = ANSI.sub("", raw[:MAX_LINE_CHARACTERS]).strip()
        if line.startswith("{") and line.endswith("}"):
            line = _unwrapped(line)
        yield from line.split("\n")


def _unwrapped(line: str) -> str:
    try:
        wrapped = json.loads(line)
    except (ValueError, RecursionError):
        return line
    for key in ("message", "log", "msg", "textPayload"):
        if isinstance(wrapped.get(key), str):
            process = wrapped.get("processName")
            text: str = ANSI.sub("", wrapped[key])
            return f"({process} pid) {text}" if isinstance(process, str) else text
    return line


def _read_version(log: StartupLog, line: str) -> None:
    if log.version is None:
        log.version = next((found[1] for each in VERSIONS if (found := each.search(line))), None)


def _read_arguments(stated: dict[str, Any], line: str) -> None:
    """Later lines are nearer to what the engine does: it prints what it made of its arguments."""
    if "=" in line or ":" in line or " -" in line:
        for name, patterns in ARGUMENTS.items():
            for pattern in patterns:
                if found := pattern.search(line):
                    _set(stated, name, found[1].strip("'\""))
                    break
    for pattern in UTILIZATION:
        if found := pattern.search(line):
            stated["gpu_memory_utilization"] = float(found[1])
    for pattern in CONTEXTS:
        if found := pattern.search(line):
            _set(stated, "max_model_len", found[1].replace(",", ""))
    if found := CHUNKED.search(line):
        _set(stated, "max_num_batched_tokens", found[1])
    if EAGER_SWITCH.search(line):
        stated["enforce_eager"] = True
    if LORA_SWITCH.search(line):
        stated["enable_lora"] = True
    if "model" not in stated and (found := SERVED.search(line) or STARTING_MODEL.search(line)):
        _set(stated, "model", found[1])


def _set(stated: dict[str, Any], name: str, text: str) -> None:
    """Numbers that make no sense are as good as absent: a log may hold anything."""
    if text.lower() in ABSENT or (name == "model" and STREAMED.search(text)):
        return
    match name:
        case "model" | "dtype" | "quantization" | "kv_cache_dtype":
            stated[name] = text.removeprefix("torch.")
        case "served_model_name":
            stated[name] = text.strip("[]'\"")
        case "enforce_eager" | "enable_lora":
            if text in {"True", "False"}:
                stated[name] = text == "True"
        case "gpu_memory_utilization" | "cpu_offload_gb":
            if re.fullmatch(r"\d{0,6}\.?\d{1,9}", text, re.ASCII):
                number = float(text)
                if name == "cpu_offload_gb" or 0 < number <= 1:
                    stated[name] = number
        case _:
            if re.fullmatch(r"\d{1,15}", text, re.ASCII) and int(text) > 0:
                stated[name] = int(text)


def _read_figures(log: StartupLog, line: str, ranks: list[tuple[int | None, int | None]]) -> None:
    if not any(character.isdigit() for character in line):
        return
    stage, rank = PIPELINE_RANK.search(line), GLOBAL_RANK.search(line)
    where = (int(stage[1]) if stage else None, int(rank[1]) if rank else None)
    for figure, pattern in WORDINGS:
        if found := pattern.search(line):
            digits = found[2] or ""
            value = float(found[1].replace(",", "") + digits)
            log.readings.append(Reading(figure, value, 10.0 ** -max(0, len(digits) - 1), None))
            ranks.append(where)
    if found := KV_CACHE_BYTES.search(line):
        log.readings.append(Reading(Figure.KV_CACHE, int(found[1]) / units.GIB, 1 / units.GIB, None))
        ranks.append(where)


def _name_stages(log: StartupLog, ranks: list[tuple[int | None, int | None]]) -> None:
    """Name the pipeline stage of each figure. Ranks count tensor parallelism first; without a pipeline all are one."""
    tensor, pipeline = log.args.tensor_parallel_size or 1, log.args.pipeline_parallel_size or 1
    for number, (reading, (stage, rank)) in enumerate(zip(log.readings, ranks, strict=True)):
        if pipeline == 1:
            stage = 0
        elif stage is None and rank is not None:
            stage = rank // tensor
        placed = stage if stage is not None and stage < pipeline else None
        log.readings[number] = Reading(reading.figure, reading.value, reading.step, placed)


def _read_ending(log: StartupLog, line: str) -> None:
    """Once up, it started, whatever comes later; of several errors the first is the cause."""
    if log.outcome is Outcome.STARTED:
        return
    if STARTED.search(line):
        log.outcome = Outcome.STARTED
    elif log.outcome is Outcome.UNKNOWN:
        log.outcome = next((outcome for outcome, pattern in ENDINGS if pattern.search(line)), Outcome.UNKNOWN)
