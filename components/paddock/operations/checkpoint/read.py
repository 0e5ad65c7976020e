"""Figures of a checkpoint at its source: its configuration and the headers of its files are read, and no weights."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from paddock.catalog.lookup import RefusedError
from paddock.operations.weights.choose import ADAPTER_CONFIG, CONFIG, INDEX, choose
from paddock.operations.weights.sources.address import FolderAddress, HubAddress, parse_address
from paddock.operations.weights.sources.folder import FolderSource
from paddock.operations.weights.sources.hub import HubSource
from paddock.operations.weights.sources.s3 import S3Source
from paddock.operations.weights.sources.source import Announce, Listing, Opened, Source, SourceFile, read_small
from paddock.settings.own_checkpoint import OwnCheckpoint, own_checkpoint
from paddock.sizing.checkpoints.checkpoint import read_checkpoint
from paddock.sizing.checkpoints.quantization_config import stated_quantization
from paddock.sizing.checkpoints.safetensors import LENGTH_BYTES, MAX_HEADER_BYTES, read_object

if TYPE_CHECKING:
    from boto3.session import Session

BESIDE = (CONFIG, INDEX, "hf_quant_config.json")
WORKERS = 8
"""Headers that are read at once; each is one request of a few hundred KB."""


def source_of(
    address: str,
    session: Callable[[], Session],
    environment: Mapping[str, str] = os.environ,
    announce: Announce = lambda _: None,
) -> Source:
    """Source of an address; raises `RefusedError`. AWS is signed in to for S3 alone."""
    parsed = parse_address(address)
    if isinstance(parsed, HubAddress):
        return HubSource(parsed.repository, parsed.revision, environment=environment, announce=announce)
    if isinstance(parsed, FolderAddress):
        return FolderSource(parsed.folder)
    return S3Source(session().client("s3"), parsed.bucket, parsed.prefix, announce)


def read_own(source: Source, license_name: str | None = None) -> OwnCheckpoint:
    """Figures of the checkpoint for a stack file. Raises `RefusedError` for what is no whole Llama, or not planned.

    Without a license's name the source's own is taken.
    """
    listing = source.listing()
    named = {each.name for each in listing.files}
    if ADAPTER_CONFIG in named and CONFIG not in named:
        raise RefusedError(
            f"{listing.address} is a LoRA adapter; merge it into its model first (peft's merge_and_unload, then "
            "save_pretrained), and name the merged checkpoint"
        )
    found = license_name or listing.license
    if not found:
        raise RefusedError(
            f"{listing.address} names no license; say by --license under which it comes, such as llama3.1 for what was "
            "made with Llama 3.1"
        )
    chosen = choose(listing, lambda each: read_small(source, each))
    with TemporaryDirectory(prefix="paddock-") as folder:
        for each in chosen.files:
            if each.name in BESIDE:
                (Path(folder) / each.name).write_bytes(read_small(source, each))
        shards = [each for each in chosen.files if each.name.endswith(".safetensors")]
        with ThreadPoolExecutor(WORKERS) as pool:
            for _ in pool.map(lambda each: _hollow(source, each, Path(folder)), shards):
                pass
        try:
            checkpoint = read_checkpoint(folder)
            group_size = stated_quantization(Path(folder), read_object(Path(folder) / CONFIG)).group_size
        except RefusedError as refused:
            raise RefusedError(str(refused).replace(folder, listing.address)) from None
    return own_checkpoint(checkpoint.model, checkpoint.scheme, group_size, pinned(listing), found)


def pinned(listing: Listing) -> str:
    """Address of the listing, by commit where it has one: what is planned is what is pushed."""
    return f"{listing.address}@{listing.commit}" if listing.commit else listing.address


def _hollow(source: Source, file: SourceFile, folder: Path) -> None:
    """A file with that one's header and size, and holes in the place of its weights."""
    if file.size_bytes < LENGTH_BYTES:
        raise RefusedError(f"{file.name} has {file.size_bytes} bytes and is no safetensors file; upload it again")
    with Opened(source, file) as opened:
        length = bytearray(LENGTH_BYTES)
        opened.fill(memoryview(length))
        header_bytes = int.from_bytes(length, "little")
        if header_bytes > min(MAX_HEADER_BYTES, file.size_bytes - LENGTH_BYTES):
            raise RefusedError(f"{file.name} is no safetensors file: its header would be {header_bytes} bytes long")
        header = bytearray(header_bytes)
        opened.fill(memoryview(header))
    with (folder / file.name).open("wb") as out:
        out.write(length + header)
        out.truncate(file.size_bytes)
