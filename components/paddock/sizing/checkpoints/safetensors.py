"""The headers of safetensors files: which tensors there are, without reading any.

A file is 8 bytes (the header's length, little endian), the header as JSON, then the data. Source: the format's page in
the documentation of safetensors, read 2026-11-24.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from reprlib import repr as shown
from typing import TypeGuard

from paddock.catalog.lookup import RefusedError

LENGTH_BYTES = 8
MAX_HEADER_BYTES = 100_000_000
"""The format's own limit."""
MAX_DIMENSIONS = 8
DTYPE_BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "I8", "U8", "BOOL"), 8),
    "F4": 4,
}

_FILE = re.compile(r"[A-Za-z0-9_.-]+\.safetensors")


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor of a checkpoint."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int


def read_headers(folder: Path) -> tuple[StoredTensor, ...]:
    """The tensors of the checkpoint in that folder, by name.

    Its files are those of `model.safetensors.index.json`, else every `*.safetensors`. Raises `RefusedError` for files
    that are missing, cut short or not safetensors, and for an index that disagrees with them.
    """
    index = folder / "model.safetensors.index.json"
    promised = _indexed(index) if index.is_file() else {}
    names = sorted(set(promised.values())) or sorted(path.name for path in folder.glob("*.safetensors"))
    if not names:
        raise RefusedError(f"{folder} has no *.safetensors files; give the folder of a checkpoint in that format")
    found: dict[str, StoredTensor] = {}
    for name in names:
        for tensor in read_header(folder / name):
            if tensor.name in found:
                raise RefusedError(
                    f"{folder / name} has {shown(tensor.name)}, which another file of the checkpoint has too"
                )
            found[tensor.name] = tensor
    if missing := sorted(set(promised) - set(found)):
        raise RefusedError(
            f"{index} lists {shown(missing[0])} and {len(missing) - 1} more that the files lack; download it again"
        )
    return tuple(found[name] for name in sorted(found))


def read_header(path: Path) -> tuple[StoredTensor, ...]:
    """The tensors of one file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            length = int.from_bytes(file.read(LENGTH_BYTES), "little")
            data_bytes = size - LENGTH_BYTES - length
            if size < LENGTH_BYTES or data_bytes < 0 or length > MAX_HEADER_BYTES:
                raise _not_safetensors(path, f"its header of {length} bytes does not fit in the file's {size}")
            text = file.read(length)
    except OSError as error:
        raise RefusedError(f"cannot read {path}: {error.strerror}; is the download complete?") from None
    header = parse_object(text, path)
    return tuple(_tensor(path, name, entry, data_bytes) for name, entry in header.items() if name != "__metadata__")


def _tensor(path: Path, name: str, entry: object, data_bytes: int) -> StoredTensor:
    if not isinstance(entry, dict):
        raise _not_safetensors(path, f"its header's entry {shown(name)} is no object")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in DTYPE_BITS:
        raise _not_safetensors(path, f"the type of {shown(name)} is {shown(dtype)}; known are {', '.join(DTYPE_BITS)}")
    if not _is_counts(shape, MAX_DIMENSIONS) or not _is_counts(offsets, 2) or len(offsets) != 2:
        raise _not_safetensors(path, f"the shape or the place of {shown(name)} is not a list of whole numbers")
    begin, end = offsets
    needed = -(-prod(shape) * DTYPE_BITS[dtype] // 8)
    if not (begin <= end <= data_bytes and end - begin == needed):
        raise _not_safetensors(
            path,
            f"{shown(name)} needs {needed} bytes and has {begin} to {end} of the file's {data_bytes}: is it cut short?",
        )
    return StoredTensor(name, dtype, tuple(shape), needed)


def _indexed(path: Path) -> dict[str, str]:
    files = read_object(path).get("weight_map")
    if not isinstance(files, dict) or not all(
        isinstance(file, str) and _FILE.fullmatch(file) for file in files.values()
    ):
        raise RefusedError(f"{path}: weight_map must name a *.safetensors file beside it for each tensor")
    return files


def read_object(path: Path) -> dict[str, object]:
    """The JSON object in that file; raises `RefusedError`."""
    try:
        text = path.read_bytes()
    except (OSError, ValueError) as error:
        # ValueError is a path that no file can have.
        why = error.strerror if isinstance(error, OSError) else error
        raise RefusedError(f"cannot read {shown(str(path))}: {why}; give the folder of a whole checkpoint") from None
    return parse_object(text, path)


def parse_object(text: bytes, path: Path) -> dict[str, object]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        # ValueError is wrong JSON, text that is no UTF-8, and a number of thousands of digits.
        raise RefusedError(f"{path} is not JSON where it should be; download it again") from None
    if not isinstance(parsed, dict):
        raise RefusedError(f"{path} must hold a JSON object, not a {type(parsed).__name__}; download it again")
    return parsed


def _is_counts(value: object, most: int) -> TypeGuard[list[int]]:
    return (
        isinstance(value, list)
        and len(value) <= most
        and all(type(each) is int and 0 <= each < 2**63 for each in value)
    )


def _not_safetensors(path: Path, why: str) -> RefusedError:
    return RefusedError(f"{path} is not a whole safetensors file: {why}")
