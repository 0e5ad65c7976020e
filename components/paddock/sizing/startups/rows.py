"""Real start-ups of vLLM as a CSV file states them: the columns of `vllm_startup.csv`."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

from paddock.catalog.lookup import RefusedError
from paddock.sizing.memory.draft import Draft, Drafting
from paddock.sizing.memory.engine_args import EngineArgs
from paddock.sizing.memory.kv_cache import BLOCK_TOKENS
from paddock.sizing.startups.startup import Startup
from paddock.sizing.startups.wordings import flashinfer_by_wording, is_offline, version_by_wording

COLUMNS = (
    "id",
    "vllm_version",
    "engine",
    "model_id",
    "family",
    "params_b",
    "quantization",
    "gpu",
    "gpu_mem_gib",
    "num_gpus",
    "tp",
    "pp",
    "gpu_memory_utilization",
    "max_model_len",
    "max_num_seqs",
    "max_num_batched_tokens",
    "enforce_eager",
    "kv_cache_dtype",
    "lora",
    "weights_gib_per_gpu",
    "kv_cache_gib_per_gpu",
    "kv_cache_tokens",
    "gpu_blocks",
    "block_size",
    "outcome",
)
"""The columns that are read, and `activation_peak_gib` and `quote` where they are there; others may follow."""

LACKS_MEMORY = re.compile(r"out of memory|\bOOM\b|KV cache|cache blocks|less than desired GPU memory", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartupRow:
    """One start-up, as far as it is stated. None is 'not stated'."""

    id: str
    version: str | None
    engine: str | None
    args: EngineArgs
    family: str
    params_b: float | None
    gpu: str
    gpu_mem_gib: float | None
    num_gpus: int | None
    weights_gib: float | None
    activation_gib: float | None
    kv_cache_gib: float | None
    kv_cache_tokens: int | None
    outcome: str
    quote: str
    """The lines themselves, where the file has them: they date a version that is not stated, and name the sampler."""

    @property
    def startup(self) -> Startup:
        """A version that is not stated goes by the wording of the lines."""
        return Startup(
            args=self.args,
            version=self.version or version_by_wording(self.quote),
            v0=self.engine == "V0",
            draft=self.draft,
            others_mib=self.others_mib,
            names_scheme=True,
            flashinfer=self.flashinfer is not False,
            offline=any(is_offline(each.strip()) for each in self.quote.split("|")),
        )

    @property
    def flashinfer(self) -> bool | None:
        """Whether FlashInfer samples, where the lines tell."""
        return flashinfer_by_wording(self.quote)

    @property
    def started(self) -> bool | None:
        """True where vLLM came up, False where it lacked memory; None where the outcome says neither."""
        if re.match(r"started|kv cache sized", self.outcome, re.IGNORECASE):
            return True
        return False if LACKS_MEMORY.search(self.outcome) else None

    @property
    def draft(self) -> Draft | None:
        """The head or model that drafts, where the outcome tells."""
        found = re.search(r"speculative decoding: (EAGLE(?:-?3)?) head", self.outcome)
        if found is None:
            return None
        return Draft(method=Drafting.EAGLE if found[1] == "EAGLE" else Drafting.EAGLE_3)

    @property
    def others_mib(self) -> int:
        """Memory of the GPU that other processes held, where the outcome tells."""
        found = re.search(r"other processes held ~?([\d,]+) MiB", self.outcome)
        return int(found[1].replace(",", "")) if found else 0


def read_rows(path: Path) -> list[StartupRow]:
    """The rows of a CSV file with `COLUMNS`; raises `RefusedError` naming the line and the column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
            if missing:
                raise RefusedError(f"{path} lacks the columns {', '.join(missing)}; see docs/sizing.md for all of them")
            return [_row(path, reader.line_num, row) for row in reader]
    except OSError as error:
        raise RefusedError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise RefusedError(f"{path} is not a CSV file: {error}") from None


def _lora(text: str) -> dict[str, Any]:
    """`max_loras=4, max_lora_rank=32`, or vLLM's defaults where adapters are only said to be enabled."""
    if not text or text.lower() in {"false", "none", "no", "disabled"}:
        return {}
    loras, rank = re.search(r"max_loras\D{0,3}(\d{1,4})", text), re.search(r"rank\D{0,3}(\d{1,4})", text)
    return {
        "enable_lora": True,
        "max_loras": int(loras[1]) if loras else None,
        "max_lora_rank": int(rank[1]) if rank else None,
    }


def _row(path: Path, line: int, row: dict[str, str | None]) -> StartupRow:
    def text(column: str) -> str:
        return (row[column] or "").strip()

    def number(column: str, highest: float = 1e9, lowest: float = 0) -> float | None:
        value = text(column)
        if not value:
            return None
        # "0.90 (default)": what follows in brackets is a remark.
        plain = re.fullmatch(r"(-?[\d.,]+)(?:\s*\(.*\))?", value)
        try:
            found = float(plain[1].replace(",", "")) if plain else nan
        except ValueError:
            found = nan
        if not lowest <= found <= highest:
            raise RefusedError(f"{path} line {line}: {column} must be a number of at least {lowest:g}, got '{value}'")
        return found

    def whole(column: str) -> int | None:
        found = number(column)
        return None if found is None else int(found)

    def gpus(column: str) -> int | None:
        # "2+" and the like leave the number open.
        return whole(column) if re.fullmatch(r"\d*", text(column)) else None

    blocks, tokens = whole("gpu_blocks"), whole("kv_cache_tokens")
    if tokens is None and blocks is not None:
        tokens = blocks * (whole("block_size") or BLOCK_TOKENS)
    offloaded = re.search(r"cpu_offload_gb=(\d{1,4}(?:\.\d{1,3})?)", text("outcome"))
    version = re.match(r"v?(\d+\.\d+)(\.\d+\S*)?", text("vllm_version"))
    return StartupRow(
        id=text("id"),
        version=version[1] + (version[2] or ".0") if version else None,
        engine=text("engine") or None,
        args=EngineArgs(
            model=text("model_id"),
            quantization=text("quantization"),
            # 0 states nothing.
            tensor_parallel_size=whole("tp") or None,
            pipeline_parallel_size=whole("pp") or None,
            gpu_memory_utilization=number("gpu_memory_utilization", 1),
            max_model_len=whole("max_model_len"),
            max_num_seqs=whole("max_num_seqs"),
            max_num_batched_tokens=whole("max_num_batched_tokens"),
            enforce_eager=text("enforce_eager").lower() == "true",
            kv_cache_dtype=text("kv_cache_dtype"),
            cpu_offload_gb=float(offloaded[1]) if offloaded else None,
            **_lora(text("lora")),
        ),
        family=text("family"),
        params_b=number("params_b"),
        gpu=text("gpu"),
        gpu_mem_gib=number("gpu_mem_gib", 4096),
        num_gpus=gpus("num_gpus"),
        weights_gib=number("weights_gib_per_gpu"),
        activation_gib=number("activation_peak_gib") if "activation_peak_gib" in row else None,
        # What is lacking is printed as less than nothing.
        kv_cache_gib=number("kv_cache_gib_per_gpu", lowest=-4096),
        kv_cache_tokens=tokens,
        outcome=text("outcome"),
        quote=(row.get("quote") or "").strip(),
    )
