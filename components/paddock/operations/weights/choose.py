"""Choice of a source's files: what vLLM reads is taken, and of weights safetensors alone.

A pickle runs code when it is opened, so it is never copied. What is left behind has a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from paddock.catalog.lookup import RefusedError, shown
from paddock.operations.weights.sources.source import Listing, SourceFile, is_left_behind
from paddock.weights.revision import strict_object

INDEX = "model.safetensors.index.json"
ADAPTER_CONFIG = "adapter_config.json"
ADAPTER = "adapter_model.safetensors"
CONFIG = "config.json"
PICKLES = (".bin", ".pth", ".pt", ".ckpt", ".pkl", ".pickle")
OTHER_FORMATS = (".gguf", ".ggml", ".onnx", ".h5", ".msgpack", ".ot", ".tflite", ".mlmodel", ".npz")
READ = (".json", ".jinja", ".model", ".txt", ".tiktoken")
"""Endings of what configurations, tokenizers, processors and chat templates are made of."""
FOLDERS_READ = ("additional_chat_templates/",)
LICENSE = re.compile(r"(license|licence|copying|use_policy|notice)([._-].*)?", re.IGNORECASE)
SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.safetensors")

ReadText = Callable[[SourceFile], bytes]


@dataclass(frozen=True, slots=True)
class Skipped:
    """File that is left behind."""

    name: str
    size_bytes: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Files of a source that are copied, and those that are not."""

    files: tuple[SourceFile, ...]
    skipped: tuple[Skipped, ...]
    is_adapter: bool

    @property
    def size_bytes(self) -> int:
        return sum(each.size_bytes for each in self.files)


def choose(listing: Listing, read: ReadText) -> Selection:
    """Files to copy. Raises `RefusedError` for a checkpoint that is not whole or has no safetensors.

    `read` gives the content of a small file, and is asked for the index alone.
    """
    by_name = {each.name: each for each in listing.files}
    is_adapter = ADAPTER_CONFIG in by_name and CONFIG not in by_name
    weights = _weights(listing, by_name, read, is_adapter=is_adapter)
    taken: list[SourceFile] = []
    skipped: list[Skipped] = []
    for each in listing.files:
        why = None if each.name in weights else _why_not(each.name)
        if why is None:
            taken.append(each)
        else:
            skipped.append(Skipped(each.name, each.size_bytes, why))
    needed = ADAPTER_CONFIG if is_adapter else CONFIG
    if needed not in by_name:
        raise RefusedError(
            f"{listing.address} has no {needed}, without which vLLM loads nothing; name a whole checkpoint"
        )
    return Selection(files=tuple(taken), skipped=tuple(skipped), is_adapter=is_adapter)


def _weights(listing: Listing, by_name: Mapping[str, SourceFile], read: ReadText, *, is_adapter: bool) -> set[str]:
    tops = [name for name in by_name if name.endswith(".safetensors") and "/" not in name]
    stored = [name for name in tops if not name.startswith("consolidated")]
    if is_adapter:
        stored = [name for name in stored if name == ADAPTER]
    if not stored:
        pickles = sorted(
            name for name in by_name if name.lower().endswith(PICKLES) and not name.startswith("original/")
        )
        if pickles:
            raise RefusedError(
                f"{listing.address} has its weights only as pickles, such as {pickles[0]}, which run code when "
                f"they are opened; take one with *.safetensors, or convert them by transformers' save_pretrained"
            )
        raise RefusedError(f"{listing.address} has no {ADAPTER if is_adapter else '*.safetensors'}; nothing is to copy")
    if is_adapter:
        return set(stored)
    if INDEX in by_name:
        named = _indexed(listing, read(by_name[INDEX]))
        if lacking := sorted(named - set(by_name)):
            raise RefusedError(
                f"{listing.address} lacks {len(lacking)} of the {len(named)} files that {INDEX} names, such as "
                f"{lacking[0]}; wait for its upload to end, or name a revision that is whole"
            )
        return named
    for name in stored:
        _refuse_missing_shards(listing, name, by_name)
    if any(by_name[name].size_bytes == 0 for name in stored):
        raise RefusedError(f"{listing.address} has an empty *.safetensors; name a revision that is whole")
    return set(stored)


def _indexed(listing: Listing, text: bytes) -> set[str]:
    try:
        found: Any = strict_object(text)["weight_map"].values()
        names = set(found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RefusedError(f"{INDEX} of {listing.address} is not understood: {shown(str(error))}") from None
    if not names or any(
        not isinstance(name, str) or "/" in name or not name.endswith(".safetensors") for name in names
    ):
        raise RefusedError(f"{INDEX} of {listing.address} names other files than *.safetensors beside it")
    return names


def _refuse_missing_shards(listing: Listing, name: str, names: Iterable[str]) -> None:
    if found := SHARD.fullmatch(name):
        count = int(found["count"])
        shards = (f"{found['stem']}-{number:05}-of-{count:05}.safetensors" for number in range(1, count + 1))
        for shard in shards:
            if shard not in names:
                raise RefusedError(f"{listing.address} lacks {shard} of {count} shards; name a revision that is whole")


def _why_not(name: str) -> str | None:
    """Reason why a file that is no weights of this checkpoint is left behind; None where it is taken."""
    lower, base = name.lower(), name.rpartition("/")[2]
    if is_left_behind(name) or base.startswith("."):
        return "of git's or hidden, or written by paddock itself"
    if name.startswith("original/") or base.startswith("consolidated"):
        return "the same weights once more, in the publisher's own layout"
    if lower.endswith(PICKLES):
        return "a pickle, which runs code when it is opened; the same is in *.safetensors"
    if lower.endswith(OTHER_FORMATS):
        return "the same weights in another format"
    if lower.endswith(".safetensors"):
        return "not of the checkpoint that vLLM loads"
    if LICENSE.fullmatch(base) and "/" not in name:
        return None
    if "/" in name and not name.startswith(FOLDERS_READ):
        return "in a folder that vLLM does not read"
    if lower.endswith(READ):
        return None
    return "code, which is never run from a checkpoint" if lower.endswith(".py") else "not read by vLLM"
