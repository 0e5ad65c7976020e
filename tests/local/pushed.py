"""Checkpoints made up for pushes, and a proxy before S3 that counts and breaks."""

from __future__ import annotations

import json
import random
from pathlib import Path

MIB = 1 << 20


def safetensors(size_bytes: int, seed: int) -> bytes:
    """Bytes that begin as a safetensors file and go on at random."""
    header = json.dumps({"w": {"dtype": "U8", "shape": [size_bytes], "data_offsets": [0, size_bytes]}}).encode()
    start = len(header).to_bytes(8, "little") + header
    return start + random.Random(seed).randbytes(size_bytes - len(start))


def checkpoint(*shard_bytes: int, **more: bytes) -> dict[str, bytes]:
    """Files of a sharded checkpoint, with what is to be left behind beside it."""
    count = len(shard_bytes)
    shards = {
        f"model-{number:05}-of-{count:05}.safetensors": safetensors(size, number)
        for number, size in enumerate(shard_bytes, 1)
    }
    index = {"metadata": {}, "weight_map": {f"w{number}": name for number, name in enumerate(shards)}}
    return {
        "config.json": json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}).encode(),
        "generation_config.json": b"{}",
        "tokenizer.json": b'{"model": {}}' + b" " * 9000,
        "tokenizer_config.json": b"{}",
        "LICENSE.txt": b"LLAMA 3.2 COMMUNITY LICENSE AGREEMENT\n",
        "USE_POLICY.md": b"Acceptable use\n",
        "README.md": b"# A model\n",
        ".gitattributes": b"*.safetensors filter=lfs\n",
        "original/consolidated.00.pth": b"a pickle",
        "pytorch_model.bin": b"another",
        "model.safetensors.index.json": json.dumps(index).encode(),
        **shards,
        **more,
    }


def write(files: dict[str, bytes], folder: Path) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder
