"""Step times from NVIDIA's measured operator tables: `aiconfigurator-core`, the optional extra `paddock[perf]`.

Its tables hold what each kernel of vLLM took on the GPU, by shape; it adds them up for one engine step. The scheduling
and the engine's own time are ours, the same as beside the roofline. Where the package is not installed, or has no table
for the GPU, the model's shape or the scheme, `best_estimate` uses the roofline, and its answer says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module, util
from math import ceil
from typing import Any

from paddock.catalog import Model
from paddock.catalog.performance import operator_tables
from paddock.sizing.memory.parallelism import Parallelism
from paddock.sizing.memory.setup import Setup
from paddock.sizing.performance.latency import Performance, estimate, served
from paddock.sizing.workload import Traffic

PACKAGE = "aiconfigurator_core"


@dataclass(frozen=True, slots=True)
class OperatorSteps:
    """One replica in the tables; the same question as `Roofline.step_ms`."""

    handle: Any
    """Its compiled engine; the package has no types."""
    source: str
    measured: bool = True

    def step_ms(self, decoding: float, context_tokens: float, prefill_tokens: float, prefill_context: float) -> float:
        """The roofline's question, of whole requests; raises `ValueError` or `RuntimeError` beyond the tables."""
        requests, tokens = ceil(decoding), ceil(prefill_tokens)
        inputs = max(1, round(2 * prefill_context))
        outputs = max(2, round(2 * (context_tokens - inputs)))
        if not tokens:
            return float(self.handle.decode_step_latency(requests, inputs, outputs))
        if not requests:
            before = max(0, round(prefill_context - tokens / 2))
            return float(self.handle.predict_prefill_latency(1, before + tokens, before))
        return float(self.handle.mixed_step_latency(tokens, requests, inputs, outputs))


def installed() -> bool:
    """True where the extra is there."""
    return util.find_spec(PACKAGE) is not None


def operator_steps(setup: Setup, *, nvlink: bool) -> OperatorSteps | None:
    """The tables for that replica, or None where they are not installed or do not cover it."""
    tables = operator_tables()
    model, scheme, gpu, split = setup.model, setup.scheme, setup.gpu, setup.split
    system, kernel = tables.systems.get(gpu.name), tables.kernels.get(scheme.name)
    name = next((name for name, shape in tables.models if _has_shape(model, shape)), None)
    if not (system and kernel and name and scheme.runs_natively_on(gpu)):
        return None
    if split.tensor > 1 and gpu.nvlink_gb_per_second and not nvlink:
        return None
    compile_engine = _compiler()
    if compile_engine is None:
        return None
    handle = compile_engine(name, system, kernel, "fp8" if setup.kv_value_bytes == 1 else "bfloat16", split)
    return None if handle is None else OperatorSteps(handle, f"aiconfigurator-core tables of {system}, {kernel}, vLLM")


def best_estimate(setup: Setup, traffic: Traffic, concurrency: int, *, nvlink: bool) -> Performance:
    """One replica by the measured tables where they cover it, else by the roofline: `Performance.method` says which.

    Slower than `estimate` (half a second the first time): for what is shown, not for a search.
    """
    steps = operator_steps(setup, nvlink=nvlink)
    if steps is not None:
        try:
            return served(steps, "aiconfigurator", setup, traffic, concurrency)
        except (ValueError, RuntimeError):
            # Its errors for a shape beyond the tables.
            pass
    return estimate(setup, traffic, concurrency, nvlink=nvlink)


def _has_shape(model: Model, shape: Any) -> bool:
    return all(getattr(model, dimension) == size for dimension, size in shape.items())


@cache
def _compiler() -> Callable[[str, str, str, str, Parallelism], Any] | None:
    """The function that compiles an engine, or None where the package is not installed."""
    if not installed():
        return None
    # On loading a GPU it warns of every table of other models that it has only from other engines.
    logging.getLogger(PACKAGE).setLevel(logging.ERROR)
    engines = import_module(f"{PACKAGE}.sdk").EngineHandle

    @cache
    def compile_engine(name: str, system: str, kernel: str, kv_cache: str, split: Parallelism) -> Any:
        try:
            return engines.compile(
                name,
                system,
                "vllm",
                tp_size=split.tensor,
                pp_size=split.pipeline,
                gemm_quant_mode=kernel,
                kvcache_quant_mode=kv_cache,
                fmha_quant_mode="bfloat16",
            )
        except (ValueError, RuntimeError):
            return None

    return compile_engine
