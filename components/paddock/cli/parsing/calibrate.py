"""Parsing of `paddock calibrate`: the log, and the facts that are known better than the log."""

from __future__ import annotations

import sys
from pathlib import Path

from paddock import catalog
from paddock.catalog import Quantization
from paddock.catalog.lookup import RefusedError
from paddock.cli.parsing import values
from paddock.sizing.memory.engine_args import EngineArgs
from paddock.sizing.startups.calibration import Overrides

STANDARD_INPUT = "-"
MAX_LOG_BYTES = 256 * 2**20


def log_lines(name: str) -> list[str]:
    """The lines of a file, or of standard input; bytes that are no text are read as question marks."""
    try:
        if name == STANDARD_INPUT:
            raw = sys.stdin.buffer.read(MAX_LOG_BYTES)
        else:
            with Path(name).open("rb") as file:
                raw = file.read(MAX_LOG_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RefusedError(
            f"cannot read {name}: {reason.lower()}; name a log by --from-logs, or - to pipe one"
        ) from None
    return raw.decode("utf-8", errors="replace").splitlines()


def overrides(
    *,
    model: str | None,
    quantization: str | None,
    gpu: str | None,
    gpu_memory_gib: float | None,
    tensor_parallel_size: int | None,
    pipeline_parallel_size: int | None,
    gpu_memory_utilization: float | None,
    vllm_version: str | None,
) -> Overrides:
    """Raises `RefusedError`."""
    found = None if model is None else values.model_and_scheme(model, quantization)
    scheme = None
    if quantization is not None:
        scheme = catalog.scheme(values.choice("quantization", quantization, Quantization))
    elif found is not None and values.is_folder(model or ""):
        scheme = found[1]
    for option, value in (
        ("--tensor-parallel-size", tensor_parallel_size),
        ("--pipeline-parallel-size", pipeline_parallel_size),
    ):
        if value is not None:
            values.within(option, value, 1, values.MAX_PARALLEL)
    if gpu_memory_utilization is not None:
        values.utilization(gpu_memory_utilization)
    if vllm_version is not None:
        values.engine_of_option(vllm_version)
    return Overrides(
        model=None if found is None else found[0],
        scheme=scheme,
        gpu=None if gpu is None and gpu_memory_gib is None else values.gpu_of_options(gpu, gpu_memory_gib),
        vllm_version=vllm_version,
        args=EngineArgs(
            tensor_parallel_size=tensor_parallel_size,
            pipeline_parallel_size=pipeline_parallel_size,
            gpu_memory_utilization=gpu_memory_utilization,
        ),
    )
