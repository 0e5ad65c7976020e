"""Parsing of single options to numbers and names of the catalog, or to one message that says what is allowed."""

from __future__ import annotations

import re
from enum import StrEnum
from math import isfinite
from os.path import isdir, isfile
from typing import TypeVar

from paddock import catalog
from paddock.catalog import Engine, Gpu, Model, Quantization, Scheme, suggestion
from paddock.catalog.gpus import GIVEN_MEMORY, bare_gpu, gpu_names, gpu_of_text, said_beside
from paddock.catalog.lookup import RefusedError, UnknownNameError, shown
from paddock.catalog.models import model_names
from paddock.sizing.limits import LIMITS, Limit
from paddock.sizing.memory.engine_args import (
    DEFAULT_LORA,
    LORA_RANKS,
    Dtype,
    KvCacheDtype,
    LoraSlots,
    human_readable_int,
)
from paddock.units import MIB_PER_GIB

MAX_BATCH = 4096
MAX_SHOWN = 100
MAX_PARALLEL = 1024
MAX_NUM_SEQS = 65_536
MAX_BATCHED_TOKENS = 1 << 20
MAX_GPU_MEMORY_GIB = 1024
MIN_GPU_MEMORY_GIB = 1
MIN_UTILIZATION = 0.01
"""vLLM takes less, of which no GPU could give it anything."""
MAX_TRAINED_RANK = 1024

Choice = TypeVar("Choice", bound=StrEnum)


def is_folder(text: str) -> bool:
    """Existence of a file, also for a text that no file system takes as a path."""
    try:
        return isdir(text)  # noqa: PTH112  pathlib takes longer to load than an answer to find
    except ValueError:
        return False


THOUSANDS = {"": 1, "k": 1024, "m": 1024 * 1024}


def tokens(text: str, option: str = "--max-model-len", limit: Limit = LIMITS["input_tokens"]) -> int:
    """`8192`, `8,192` or `8k`, which is the same, or `1M`; raises `RefusedError`."""
    match = re.fullmatch(r"(\d{1,18}|\d{1,3}(?:[,_]\d{3}){1,5})([km]?)", text.strip().lower(), re.ASCII)
    if match is None:
        raise RefusedError(f"{option} must be a number of tokens such as 8192, 8k or 1M, got {shown(text)}")
    tokens = int(re.sub("[,_]", "", match[1])) * THOUSANDS[match[2]]
    limit.check(option, tokens)
    return tokens


def memory_bytes(text: str | None, option: str) -> int | None:
    """`25769803776`, `24G` (binary) or `24g` (decimal); raises `RefusedError`."""
    try:
        return None if text is None else human_readable_int(text)
    except ValueError as error:
        raise RefusedError(
            f"{option} must be a number of bytes such as 24G or 25769803776, got {shown(text)}: {error}"
        ) from None


def is_automatic(text: str) -> bool:
    """`auto` or `-1` as `--max-model-len`: as long as the KV cache holds."""
    return text.strip().lower() in {"auto", "-1"}


def limited(option: str, value: float | None, name: str) -> None:
    """Refuse a value outside the limits that a request has for the number of that name."""
    LIMITS[name].check(option, value)


def within(option: str, value: float, lowest: float, highest: float) -> None:
    if not (isfinite(value) and lowest <= value <= highest):
        raise RefusedError(f"{option} must be {lowest:,} to {highest:,}, got {value:,}")


def utilization(share: float) -> None:
    within("--gpu-memory-utilization", share, MIN_UTILIZATION, 1)


def choice(kind: str, text: str, known: type[Choice]) -> Choice:
    """The member of `known` that is spelt `text`, with dashes or underscores."""
    for each in known:
        if text.lower().replace("_", "-") == each.value.replace("_", "-"):
            return each
    names = [getattr(each, "option", each.value) for each in known]  # as help spells them
    raise UnknownNameError(f"unknown {kind} {shown(text)}; {suggestion(text, names)}")


def region(text: str) -> str:
    if text not in catalog.regions():
        raise UnknownNameError(f"unknown region {shown(text)}; {suggestion(text, catalog.regions())}")
    return text


def model_and_scheme(model: str, quantization: str | None) -> tuple[Model, Scheme]:
    """A catalog's name, a repository whose name says family and size, or a directory with a checkpoint.

    The checkpoint or the repository's name decides the quantization where none is given; else it is bf16.
    """
    asked = None if quantization is None else catalog.scheme(quantization_of_option(quantization))
    if model in model_names():
        return catalog.model(model), asked or catalog.scheme(Quantization.BF16)
    if is_folder(model):
        from pathlib import Path

        from paddock.sizing.checkpoints.checkpoint import read_checkpoint

        read = read_checkpoint(Path(model))
        if asked is not None and asked is not read.scheme and asked.files_of is not read.scheme.name:
            raise RefusedError(
                f"{model} holds {read.scheme.name} weights, but --quantization says {asked.name}; leave it out"
            )
        return read.model, asked or read.scheme
    _refuse_missing(model)
    from paddock.catalog.names import why_not_modelled

    if (reason := why_not_modelled(model)) is not None:
        raise RefusedError(f"{shown(model)} is not modelled: {reason}")
    found = catalog.model_of_repository(model)
    if found is None:
        from paddock.catalog.relatives import relatives

        names = [*model_names(), *(each.name for each in relatives())]
        # A repository is near to none of the names by its letters alone.
        way_out = f"known are {', '.join(sorted(names))}" if "/" in model else suggestion(model, names)
        raise UnknownNameError(f"unknown model {shown(model)}; {way_out}; or name a folder with its config.json")
    named = catalog.scheme_of_text(model)
    return found, asked or catalog.scheme(named or Quantization.BF16)


def _refuse_missing(model: str) -> None:
    """Refuse what is plainly a path, so that it is never taken for a model by its name."""
    if model.startswith(("./", "../", "/", "~")) or model.endswith((".json", ".safetensors")):
        is_file = model.isprintable() and isfile(model)  # noqa: PTH113  as above
        raise RefusedError(
            f"{shown(model)} is a file; name its folder" if is_file else f"no such folder: {shown(model)}"
        )


def taken_as(text: str, model: Model) -> str | None:
    """Note on a name that is not the catalog's own: what it was taken for; None for the catalog's and for a folder."""
    if text in {model.name, model.hf_repo, *model.checkpoints.values()} or is_folder(text):
        return None
    return f"{shown(text)} is taken as {model.display_name} by its name."


DTYPES = {
    "half": Quantization.BF16,
    "fp16": Quantization.BF16,
    "float16": Quantization.BF16,
    "bfloat16": Quantization.BF16,
    "float": Quantization.FP32,
    "float32": Quantization.FP32,
}
"""Values of `--dtype`, by the quantization that stores as many bits."""


def quantization_of_option(text: str) -> Quantization:
    return DTYPES.get(text.lower()) or choice("quantization", text, Quantization)


def scheme_in_dtype(found: Scheme, text: str) -> Scheme:
    """The scheme as `--dtype` has it; raises `RefusedError` where vLLM has no kernel of both."""
    try:
        return choice("--dtype", text, Dtype).of(found)
    except ValueError as error:
        raise RefusedError(str(error)) from None


def gpu_of_options(name: str | None, memory_gib: float | None) -> Gpu:
    """`--gpu` is a card of the catalog, `--gpu-memory-gib` the total that torch reports; with both, the card has it."""
    if memory_gib is not None:
        within("--gpu-memory-gib", memory_gib, MIN_GPU_MEMORY_GIB, MAX_GPU_MEMORY_GIB)
    if name is None and memory_gib is None:
        raise RefusedError(f"name the card by --gpu ({', '.join(gpu_names())}) or give its memory by --gpu-memory-gib")
    if name is None:
        assert memory_gib is not None  # noqa: S101  one of them is there
        return bare_gpu(int(memory_gib * MIB_PER_GIB))
    card = gpu_named(name)
    return card if memory_gib is None else card.with_usable(int(memory_gib * MIB_PER_GIB), GIVEN_MEMORY)


def gpu_named(name: str) -> Gpu:
    """The GPU by the catalog's name in any case, as logs and drivers name it, or of that instance type."""
    for known in gpu_names():
        if name.lower() == known.lower():
            return catalog.gpu(known)
    from paddock.catalog.mig import slice_of_text

    # A slice first: one that is not known is refused, and never taken for the whole card.
    if (slice_ := slice_of_text(name)) is not None:
        return slice_
    if re.fullmatch(r"[a-z][a-z0-9-]*\.[a-z0-9-]+", name):
        if not name.startswith(("g", "p")):
            raise UnknownNameError(f"{name} has no NVIDIA GPU: the types of EC2 that have one begin with g or p")
        return catalog.instance(name).gpu
    found = gpu_of_text(name)
    if found is not None and (words := said_beside(found, name)):
        raise UnknownNameError(
            f"unknown GPU {shown(name)}; '{' '.join(words)}' is not of {found.name}; say {found.name} alone, or give "
            "its memory by --gpu-memory-gib"
        )
    if found is not None:
        return found
    sizes = [each for each in gpu_names() if each.lower().startswith(f"{name.lower()}-")]
    choices = f"say {' or '.join(sizes)}" if sizes else f"known are {', '.join(gpu_names())}"
    raise UnknownNameError(f"unknown GPU {shown(name)}; {choices}, or give its memory alone by --gpu-memory-gib")


def engine_of_option(version: str | None) -> Engine:
    return catalog.engine(version or catalog.newest_version())


def lora_of_options(max_loras: int | None, max_lora_rank: int | None, *, enabled: bool = False) -> LoraSlots | None:
    """LoRA slots: any of the options enables adapters; what is left out is vLLM's default."""
    if max_loras is None and max_lora_rank is None and not enabled:
        return None
    slots = DEFAULT_LORA.max_loras if max_loras is None else max_loras
    rank = DEFAULT_LORA.max_lora_rank if max_lora_rank is None else max_lora_rank
    limited("--max-loras", slots, "max_loras")
    if rank not in LORA_RANKS:
        allowed = ", ".join(map(str, LORA_RANKS))
        raise RefusedError(f"--max-lora-rank must be one of {allowed}, got {rank}; take the next larger one")
    return LoraSlots(max_loras=slots, max_lora_rank=rank)


def kv_cache_dtype(text: str) -> KvCacheDtype:
    return choice("--kv-cache-dtype", text, KvCacheDtype)
