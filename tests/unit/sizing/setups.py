"""Setups for the tests, in a line."""

from __future__ import annotations

from typing import Any

from paddock import catalog
from paddock.catalog import Engine, Gpu, Model, Quantization, Scheme
from paddock.sizing import EngineArgs, LoraSlots, Parallelism, Setup

ONE_GPU = Parallelism()


def setup_of(
    model: Model | str,
    scheme: Scheme | str = "bf16",
    gpu: Gpu | str = "L4",
    engine: Engine | str = "0.33.0",
    split: Parallelism = ONE_GPU,
    *,
    max_model_len: int = 8192,
    lora: LoraSlots | None = None,
    others_mib: int = 0,
    **stated: Any,
) -> Setup:
    """By the catalog's names or its objects; `stated` by the names of `EngineArgs`."""
    return Setup.of(
        catalog.model(model) if isinstance(model, str) else model,
        catalog.scheme(Quantization(scheme)) if isinstance(scheme, str) else scheme,
        catalog.gpu(gpu) if isinstance(gpu, str) else gpu,
        catalog.engine(engine) if isinstance(engine, str) else engine,
        EngineArgs(
            tensor_parallel_size=split.tensor,
            pipeline_parallel_size=split.pipeline,
            max_model_len=max_model_len,
            enable_lora=lora is not None,
            max_loras=None if lora is None else lora.max_loras,
            max_lora_rank=None if lora is None else lora.max_lora_rank,
            **stated,
        ),
        others_mib=others_mib,
    )
