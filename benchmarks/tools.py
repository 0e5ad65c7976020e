"""Paddock and its peers as commands: how each is asked, what its answer says, and what it cannot be asked."""

from __future__ import annotations

import json
import os
import re
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from benchmarks import checkpoints
from benchmarks.figures import PADDOCK, seconds
from benchmarks.questions import GIB, KIB, Question
from paddock.catalog import Quantization
from paddock.sizing import KvCacheDtype
from paddock.units import MIB_PER_GIB

ANSWERED = (0, 1)
"""Exit status 1 is paddock's no."""
HF_MEM_OFFLINE = Path(__file__).with_name("hf_mem_offline.py")


@dataclass(frozen=True, slots=True)
class NotAskable:
    """Reason why a tool has no words for a question."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer of one tool. Where it gives the weights of all GPUs together, each has its share of them."""

    weights_gib: float | NotAskable
    kv_kib_per_token: float | NotAskable
    """Over all GPUs."""
    kv_tokens: float | NotAskable
    starts: bool | NotAskable
    on_tokens: str = ""
    on_starts: str = ""


@dataclass(frozen=True, kw_only=True)
class Tool(ABC):
    """A command line. `bin` is the folder of the commands, `checkpoints` that of the files for those that read them."""

    name: ClassVar[str]
    bin: Path
    checkpoints: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @abstractmethod
    def command(self, asked: Question) -> list[str] | NotAskable:
        """The question in the tool's own words."""

    @abstractmethod
    def read(self, output: str, asked: Question) -> Answer: ...

    def ask(self, asked: Question) -> Answer:
        command = self.command(asked)
        if isinstance(command, NotAskable):
            return Answer(weights_gib=command, kv_kib_per_token=command, kv_tokens=command, starts=command)
        return self.read(self.run(command), asked)

    def run(self, command: Sequence[str]) -> str:
        """Raises with what the tool said where it neither answers nor says no."""
        ended = subprocess.run(command, capture_output=True, text=True, check=False, env=self._environment)
        if ended.returncode not in ANSWERED or not ended.stdout:
            raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}: {ended.stderr[-500:]}")
        return ended.stdout

    def seconds(self, command: Sequence[str]) -> float:
        """Peak memory of the whole process."""
        return seconds(command, environment=self._environment, allowed=ANSWERED)

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def checkpoint(self, asked: Question) -> Path | NotAskable:
        """The folder of the files to read, below `checkpoints`."""
        if asked.quantization not in checkpoints.WRITTEN:
            return NotAskable("reads what is stored, not what vLLM makes of it at load")
        return checkpoints.repository(asked.model, asked.quantization)


class Paddock(Tool):
    name = "paddock"

    def command(self, asked: Question) -> list[str]:
        command = [PADDOCK, "fit", asked.model.name, "--quantization", asked.quantization.value, "--gpu", asked.gpu]
        flags = {
            "--tensor-parallel-size": asked.tensor_parallel,
            "--pipeline-parallel-size": asked.pipeline_parallel,
            "--gpu-memory-utilization": asked.gpu_memory_utilization,
            "--max-model-len": asked.max_model_len,
            "--kv-cache-dtype": asked.kv_cache_dtype.value,
            "--vllm-version": asked.vllm_version,
            "--max-num-seqs": asked.max_num_seqs,
            "--max-num-batched-tokens": asked.max_num_batched_tokens,
            "--held-by-others-mib": asked.others_mib or None,
        }
        given = [part for flag, value in flags.items() if value is not None for part in (flag, str(value))]
        return [*command, *given, *([] if asked.flashinfer else ["--no-flashinfer"]), "--json"]

    def read(self, output: str, asked: Question) -> Answer:  # noqa: ARG002  others need the question
        found = json.loads(output)
        return Answer(
            weights_gib=found["memory"]["terms"]["weights"]["expected"] / MIB_PER_GIB,
            kv_kib_per_token=found["kv_cache"]["bytes_per_token"] / KIB,
            kv_tokens=found["kv_cache"]["tokens"]["expected"],
            starts=found["starts"],
            on_starts=found["reason"] or "",
        )


class HfMem(Tool):
    name = "hf-mem"

    def command(self, asked: Question) -> list[str] | NotAskable:
        repository = self.checkpoint(asked)
        if isinstance(repository, NotAskable):
            return repository
        return [
            str(self.bin / "python"),
            str(HF_MEM_OFFLINE),
            str(self.checkpoints),
            *("--model-id", str(repository), "--experimental", "--json-output"),
            *("--max-model-len", str(asked.max_model_len), "--kv-cache-dtype", asked.kv_cache_dtype.value),
        ]

    def read(self, output: str, asked: Question) -> Answer:
        found = json.loads(output)
        no_gpu = NotAskable("knows no GPU")
        return Answer(
            weights_gib=found["memory"] / GIB / asked.gpus,
            kv_kib_per_token=found["kv_cache"] / asked.max_model_len / KIB,
            kv_tokens=no_gpu,
            starts=no_gpu,
        )


class LlmSizer(Tool):
    name = "llm-sizer"
    quantizations: ClassVar = {
        Quantization.BF16: "bf16",
        Quantization.FP32: "fp32",
        Quantization.FP8: "q8",
        Quantization.FP8_RUNTIME: "q8",
        Quantization.INT8: "int8",
        Quantization.GPTQ: "int4",
    }

    def command(self, asked: Question) -> list[str]:
        return [
            str(self.bin / "llm-sizer"),
            *("-m", asked.model.name, "-q", self.quantizations[asked.quantization]),
            *("-c", str(asked.max_model_len), "-u", "1", "--json"),
        ]

    def read(self, output: str, asked: Question) -> Answer:
        found = json.loads(output)
        chosen = found["recommendation"]["instance"] if found["recommendation"]["fits_single_node"] else "no one node"
        return Answer(
            weights_gib=found["vram_gb"]["weights"] / asked.gpus,
            kv_kib_per_token=found["vram_gb"]["kv_cache"] * GIB / found["context_tokens"] / KIB,
            kv_tokens=NotAskable("takes no GPU"),
            starts=NotAskable(f"takes no GPU; recommends {chosen}"),
        )


class Modelinfo(Tool):
    name = "modelinfo"
    gpus: ClassVar = {"H100": "H100", "L4": "L4", "RTX-3090": "RTX3090", "RTX-PRO-6000": "96"}

    def command(self, asked: Question) -> list[str] | NotAskable:
        repository = self.checkpoint(asked)
        if isinstance(repository, NotAskable):
            return repository
        cards = self.gpus[asked.gpu] if asked.gpus == 1 else f"{asked.gpus}x {self.gpus[asked.gpu]}"
        return [
            str(self.bin / "modelinfo"),
            str(self.checkpoints / repository / checkpoints.FILE),
            *("--vllm", "--gpu", cards, "--gpu-util", str(asked.gpu_memory_utilization)),
            *("--context", str(asked.max_model_len), "--topology", "nvlink"),
            *("--strategy", "pp" if asked.pipeline_parallel > 1 else "tp"),
        ]

    def read(self, output: str, asked: Question) -> Answer:
        """It prints no JSON; its GB are GiB."""
        tokens = float(_found(r"Max Capacity:\s+~([\d,]+)", output))
        pool_gib = float(_found(r"Paged KV Pool:\s+= ([\d.]+) GB", output))
        weights_gib = float(_found(r"Static Weights:\s+-([\d.]+) GB", output))
        return Answer(
            weights_gib=weights_gib / asked.gpus,
            kv_kib_per_token=pool_gib * GIB / tokens / KIB if tokens else NotAskable("no pool, no answer"),
            kv_tokens=tokens,
            starts=_found(r"Hardware Fit:\s+\S+ (Yes|No)", output) == "Yes",
            on_tokens="has no fp8 KV cache" if asked.kv_cache_dtype is not KvCacheDtype.AUTO else "",
        )


class Ridgepoint(Tool):
    name = "ridgepoint"
    gpus: ClassVar = {"H100": "h100-80gb", "RTX-3090": "rtx3090-24gb"}
    models: ClassVar = {
        # Its own table has the 3 of each size, whose shapes 3.1 and 3.3 share.
        "llama-3.1-8b": "llama-3-8b",
        "llama-3.1-70b": "llama-3-70b",
        "llama-3.3-70b": "llama-3-70b",
    }
    dtypes: ClassVar = {
        Quantization.BF16: "bf16",
        Quantization.FP8: "fp8",
        Quantization.FP8_RUNTIME: "fp8",
        Quantization.INT8: "int8",
        Quantization.GPTQ: "gptq",
    }

    def command(self, asked: Question) -> list[str] | NotAskable:
        if asked.gpu not in self.gpus:
            return NotAskable(f"does not know the {asked.gpu}")
        if asked.quantization not in self.dtypes:
            return NotAskable(f"does not know {asked.quantization.value}")
        cache = "fp8" if asked.kv_cache_dtype is not KvCacheDtype.AUTO else "bf16"
        return [
            *(str(self.bin / "ridgepoint"), "fit", self.models[asked.model.name]),
            *("--gpu", f"{self.gpus[asked.gpu]}:{asked.gpus}", "--dtype", self.dtypes[asked.quantization]),
            *("--kv-cache-dtype", cache, "--ctx", str(asked.max_model_len), "--json"),
        ]

    def read(self, output: str, asked: Question) -> Answer:
        found: dict[str, Any] = json.loads(output)
        a_token = found["capacity"]["bytes_per_seq"] / found["capacity"]["ctx"]
        utilization = found["engine"]["util"]
        differs = utilization != asked.gpu_memory_utilization
        return Answer(
            weights_gib=found["memory"]["weights_bytes"]["best"] / GIB / asked.gpus,
            kv_kib_per_token=a_token / KIB,
            kv_tokens=found["memory"]["kv_pool_bytes"]["best"] / a_token,
            starts=found["verdict"]["serves"],
            on_tokens=f"at its own utilization of {utilization:g}, which cannot be set" if differs else "",
        )


def _found(pattern: str, output: str) -> str:
    match = re.search(pattern, output)
    if match is None:
        raise ValueError(f"the output no longer has '{pattern}':\n{output}")
    return match[1].replace(",", "")


TOOLS: tuple[type[Tool], ...] = (Paddock, HfMem, Ridgepoint, Modelinfo, LlmSizer)
