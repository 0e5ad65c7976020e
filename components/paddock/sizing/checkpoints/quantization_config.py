"""Scheme that a checkpoint says it has, in the terms of each tool that makes one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shown

from paddock.catalog import Quantization
from paddock.catalog.lookup import RefusedError
from paddock.sizing.checkpoints.safetensors import read_object

Config = Mapping[str, object]

READS = "awq, bitsandbytes (4 bits), compressed-tensors, fbgemm_fp8, fp8, gptq and modelopt"


@dataclass(frozen=True, slots=True)
class Stated:
    quantization: Quantization
    group_size: int | None = None


def stated_quantization(folder: Path, config: Config) -> Stated:
    """From `quantization_config` of `config.json`, or ModelOpt's `hf_quant_config.json` beside it.

    Raises `RefusedError` for what is not modelled.
    """
    where, quantization = folder / "config.json", config.get("quantization_config")
    beside = folder / "hf_quant_config.json"
    if quantization is None and beside.is_file():
        where, quantization = beside, {"quant_method": "modelopt", **_object(read_object(beside), "quantization")}
    if quantization is None:
        return Stated(Quantization.BF16)
    if not isinstance(quantization, dict):
        raise RefusedError(f"{where}: quantization_config is {shown(quantization)}; it must be an object")
    method = quantization.get("quant_method")
    read = _READERS.get(method) if isinstance(method, str) else None
    stated = read(quantization) if read else None
    if stated is None:
        raise RefusedError(
            f"{where}: quantization_config {shown(quantization)} is not modelled; read are {READS}, "
            "in the layouts that `paddock models` lists"
        )
    if stated.group_size is not None and not 0 < stated.group_size <= MAX_GROUP_SIZE:
        raise RefusedError(f"{where}: group_size is {stated.group_size}; allowed are 1 to {MAX_GROUP_SIZE}")
    return stated


MAX_GROUP_SIZE = 1024


def _compressed_tensors(config: Config) -> Stated | None:
    groups = _object(config, "config_groups")
    group = next((each for each in groups.values() if isinstance(each, dict)), {})
    weights, activations = _object(group, "weights"), _object(group, "input_activations")
    kind, bits, strategy = weights.get("type"), weights.get("num_bits"), weights.get("strategy")
    size = _whole(weights.get("group_size"))
    match kind, bits, strategy:
        case "float", 8, "channel":
            return Stated(Quantization.FP8)
        case "float", 8, "tensor":
            return Stated(Quantization.FP8_STATIC)
        case "int", 8, "channel" if activations:
            return Stated(Quantization.INT8)
        case "int", 4, "group" if size and not activations:
            # Zero points take as many bits as in AWQ.
            return Stated(Quantization.AWQ if weights.get("symmetric") is False else Quantization.INT4, size)
        case "float", 4, "tensor_group":
            return Stated(Quantization.NVFP4)
    return None


def _fp8(config: Config) -> Stated | None:
    return None if config.get("weight_block_size") else Stated(Quantization.FP8_STATIC)


def _modelopt(config: Config) -> Stated | None:
    match config.get("quant_algo"):
        case "FP8":
            return Stated(Quantization.FP8_STATIC)
        case "NVFP4":
            return Stated(Quantization.NVFP4)
    return None


def _gptq(config: Config) -> Stated | None:
    size = _whole(config.get("group_size"))
    if config.get("bits") != 4 or not size or size < 0:
        return None
    return Stated(Quantization.GPTQ_ASYM if config.get("sym") is False else Quantization.GPTQ, size)


def _awq(config: Config) -> Stated | None:
    size = _whole(config.get("group_size", config.get("q_group_size")))
    return Stated(Quantization.AWQ, size) if config.get("bits", config.get("w_bit")) == 4 and size else None


def _bitsandbytes(config: Config) -> Stated | None:
    return Stated(Quantization.NF4) if config.get("load_in_4bit") is True else None


_READERS: Mapping[str, Callable[[Config], Stated | None]] = {
    "awq": _awq,
    "bitsandbytes": _bitsandbytes,
    "compressed-tensors": _compressed_tensors,
    "fbgemm_fp8": lambda _: Stated(Quantization.FP8_FBGEMM),
    "fp8": _fp8,
    "gptq": _gptq,
    "modelopt": _modelopt,
}


def _object(config: Config, key: str) -> dict[str, object]:
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> int | None:
    return value if type(value) is int else None
