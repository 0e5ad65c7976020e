"""vLLM's engine arguments: what a command line, a log or a pod states of them, and back to a command line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any

from paddock.catalog.lookup import shown
from paddock.catalog.quantizations import Quantization, Scheme, scheme
from paddock.record import Record
from paddock.sizing.memory.parallelism import Parallelism

ASKED_FOR_KV_SCALES = frozenset(
    {Quantization.FP8, Quantization.FP8_STATIC, Quantization.FP8_RUNTIME, Quantization.NVFP4}
    | {Quantization.INT8, Quantization.INT4}
)
"""Weights from whose checkpoints vLLM reads scales of the KV cache, those of compressed-tensors whatever they hold:
"fp8_e5m2 kv-cache is not supported with fp8 checkpoints" (_init_kv_cache_quant of attention.py, read 2026-11-28)."""


class KvCacheDtype(StrEnum):
    """`--kv-cache-dtype`; `auto` is the model's own type."""

    AUTO = "auto"
    FP8 = "fp8"
    FP8_E4M3 = "fp8_e4m3"
    FP8_E5M2 = "fp8_e5m2"

    def element_bytes(self, model_bytes: int) -> int:
        return model_bytes if self is KvCacheDtype.AUTO else 1

    def refused_with(self, quantization: Quantization) -> str | None:
        """Reason why vLLM does not keep this KV cache beside weights of that quantization, or None."""
        if self is KvCacheDtype.FP8_E5M2 and quantization in ASKED_FOR_KV_SCALES:
            return f"vLLM keeps no fp8_e5m2 KV cache beside {quantization} weights; take --kv-cache-dtype fp8"
        return None


class Dtype(StrEnum):
    """`--dtype` (ModelDType of vllm/config/model.py, 0.33.0); `auto` is 16 bits, fp16 before Ampere."""

    AUTO = "auto"
    HALF = "half"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    FLOAT = "float"
    FLOAT32 = "float32"

    @property
    def is_32_bits(self) -> bool:
        return self in {Dtype.FLOAT, Dtype.FLOAT32}

    def of(self, found: Scheme) -> Scheme:
        """The scheme as this has it; raises `ValueError` where vLLM has no kernel of both."""
        if self is Dtype.AUTO:
            return found
        if self.is_32_bits:
            if found.name not in {Quantization.BF16, Quantization.FP32}:
                raise ValueError(
                    f"--dtype {self} is for unquantized weights: vLLM computes {found.name} in 16 bits; "
                    "leave it out, or take half or bfloat16"
                )
            return scheme(Quantization.FP32)
        if found.name is Quantization.FP32:
            raise ValueError(f"--quantization says 32 bits, --dtype {self} says 16; leave one of them out")
        return found.with_dtype("bfloat16" if self is Dtype.BFLOAT16 else "float16")


LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""Values of `--max-lora-rank`: MaxLoRARanks of vllm/config/lora.py, 0.33.0."""


class LoraSlots(Record):
    """Memory for adapters, taken at start-up whether used or not."""

    max_loras: int
    """Adapters in one step."""
    max_lora_rank: int
    max_cpu_loras: int | None = None
    """Adapters that each worker keeps in host memory; None: as many as in one step."""

    @property
    def held(self) -> int:
        """Adapters in host memory, by vLLM's default where it is not stated."""
        return self.max_loras if self.max_cpu_loras is None else self.max_cpu_loras


DEFAULT_LORA = LoraSlots(max_loras=1, max_lora_rank=16)
"""Slots that `--enable-lora` alone reserves (vllm/config/lora.py)."""
SHORT = {
    "-ac": "--attention-config",
    "-asc": "--api-server-count",
    "-cc": "--compilation-config",
    "-dcp": "--decode-context-parallel-size",
    "-dp": "--data-parallel-size",
    "-dpa": "--data-parallel-address",
    "-dpb": "--data-parallel-backend",
    "-dpe": "--data-parallel-external-lb",
    "-dph": "--data-parallel-hybrid-lb",
    "-dpl": "--data-parallel-size-local",
    "-dpm": "--data-parallel-multi-port-external-lb",
    "-dpn": "--data-parallel-rank",
    "-dpp": "--data-parallel-rpc-port",
    "-dpr": "--data-parallel-start-rank",
    "-ep": "--enable-expert-parallel",
    "-n": "--nnodes",
    "-pcp": "--prefill-context-parallel-size",
    "-pp": "--pipeline-parallel-size",
    "-q": "--quantization",
    "-r": "--node-rank",
    "-sc": "--speculative-config",
    "-tp": "--tensor-parallel-size",
}
"""Short flags of `vllm serve` (vllm/engine/arg_utils.py and entrypoints/openai/cli_args.py, read 2026-11-28)."""
SHORT_SWITCHES = ("-dpe", "-dph", "-dpm", "-ep")
"""Those that take no value."""


class EngineArgs(Record):
    """Arguments of `vllm serve` by vLLM's own names, in the order in which `to_args` writes them; None is not stated.

    `Setup` fills in vLLM's defaults.
    """

    model: str | None = None
    served_model_name: str | None = None
    max_model_len: int | None = None
    tensor_parallel_size: int | None = None
    pipeline_parallel_size: int | None = None
    gpu_memory_utilization: float | None = None
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    dtype: str | None = None
    kv_cache_dtype: str | None = None
    quantization: str | None = None
    load_format: str | None = None
    shutdown_timeout: int | None = None
    disable_access_log_for_endpoints: str | None = None
    enable_auto_tool_choice: bool | None = None
    tool_call_parser: str | None = None
    chat_template: str | None = None
    max_loras: int | None = None
    max_lora_rank: int | None = None
    max_cpu_loras: int | None = None
    nnodes: int | None = None
    distributed_executor_backend: str | None = None
    enable_lora: bool | None = None
    enforce_eager: bool | None = None
    block_size: int | None = None
    cpu_offload_gb: float | None = None
    kv_cache_memory_bytes: int | None = None

    @property
    def split(self) -> Parallelism:
        tensor, pipeline = self.tensor_parallel_size, self.pipeline_parallel_size
        return Parallelism(1 if tensor is None else tensor, 1 if pipeline is None else pipeline)

    @property
    def lora(self) -> LoraSlots | None:
        """Slots for adapters where they are enabled, with vLLM's defaults."""
        if not self.enable_lora:
            return None
        return LoraSlots(
            max_loras=DEFAULT_LORA.max_loras if self.max_loras is None else self.max_loras,
            max_lora_rank=DEFAULT_LORA.max_lora_rank if self.max_lora_rank is None else self.max_lora_rank,
            max_cpu_loras=self.max_cpu_loras,
        )

    def to_args(self) -> tuple[str, ...]:
        """Command line of `vllm serve`: the model first, then every argument that is stated."""
        written: list[str] = [] if self.model is None else [self.model]
        for name in TYPES:
            value = getattr(self, name)
            flag = name.replace("_", "-")
            if value is None or name == "model":
                continue
            if isinstance(value, bool):
                written.append(f"--{flag}" if value else f"--no-{flag}")
            else:
                written += [f"--{flag}", str(value)]
        return tuple(written)

    @classmethod
    def from_texts(cls, stated: Mapping[str, str]) -> EngineArgs:
        """Values by name, as `texts` reads them; a switch is on whatever its text. Raises `ValueError`.

        With `texts` it is the inverse of `to_args`; names without a field here are passed over.
        """
        values: dict[str, Any] = {}
        for name, read in TYPES.items():
            if name in stated:
                try:
                    values[name] = True if read is bool else read(stated[name])
                except ValueError:
                    text = f"--{name.replace('_', '-')} is {shown(stated[name])}; say a number"
                    raise ValueError(text) from None
            elif read is bool and f"no_{name}" in stated:
                values[name] = False
        return cls(**values)


MULTIPLES = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
NUMBER = re.compile(r"(\d{1,18})(\.\d{1,18})?([kKmMgGtT]?)", re.ASCII)


def human_readable_int(text: str) -> int:
    """`25769803776`, `24G` (binary) or `24.5g` (decimal); raises `ValueError` for what vLLM's function of that name
    refuses (vllm/utils/argparse_utils.py, 0.33.0), such as `24GiB`."""
    found = NUMBER.fullmatch(text.strip())
    if found is None:
        raise ValueError("not a whole number, or one with k, m, g, t (thousands) or K, M, G, T (1,024s)")
    whole, fraction, suffix = found.groups()
    if fraction is None:
        return int(whole) * MULTIPLES.get(suffix, 1)
    if not suffix.islower():
        raise ValueError(f"vLLM takes no fraction before {suffix}" if suffix else "vLLM takes no fraction")
    return int(float(whole + fraction) * MULTIPLES[suffix])


def _name_of(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


TYPES: dict[str, Callable[[str], object]] = {
    name: {"int": int, "float": float, "bool": bool, "str": str}[text.removesuffix(" | None")]
    for name, text in EngineArgs.__annotations__.items()
}
"""The arguments in order, each with its type."""


SWITCHES = frozenset(
    {name for name, read in TYPES.items() if read is bool} | {_name_of(SHORT[flag]) for flag in SHORT_SWITCHES}
)
KNOWN = frozenset({*TYPES, *(f"no_{name}" for name in SWITCHES), *map(_name_of, SHORT.values())})


def _in_full(name: str) -> str:
    """Name that a beginning of it stands for, as argparse has it. One of a flag not known here stays as it is."""
    meant = {name} if name in KNOWN else {known for known in KNOWN if known.startswith(name)}
    if len(meant) > 1:
        flags = ", ".join(sorted(f"--{each.replace('_', '-')}" for each in meant))
        raise ValueError(f"--{name.replace('_', '-')} may be {flags}; write the one that is meant in full")
    return next(iter(meant), name)


def texts(arguments: Iterable[str]) -> dict[str, str]:
    """`--name value` and `--name=value` by name; a switch has an empty text, and the last one counts.

    Raises `ValueError` for a beginning of several names.
    """
    found: dict[str, str] = {}
    name = "model"
    for text in arguments:
        flag, given, value = text.partition("=")
        if text.startswith("--") or flag in SHORT:
            name = _in_full(_name_of(SHORT.get(flag, flag)))
            found.pop(f"no_{name}", None)
            found.pop(name.removeprefix("no_"), None)
            found[name] = value
            if given or name.removeprefix("no_") in SWITCHES:
                name = "" if "model" in found else "model"
        elif name:
            found[name], name = text, "" if "model" in found or name == "model" else "model"
    return found
