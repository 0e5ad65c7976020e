"""Output of `paddock weights push`, for people and as data."""

from __future__ import annotations

import time
from collections import Counter
from threading import Lock
from types import TracebackType
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, DownloadColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from paddock.cli.console import printable
from paddock.cli.parsing.weights_push import Asked
from paddock.operations.weights.progress import Meter, Progress, duration
from paddock.operations.weights.push import Pushed, Wanted
from paddock.units import GIB

SCHEMA_VERSION = 1
LINE_SECONDS = 10.0
"""Between two lines where nobody watches."""
MIB = 1024**2


class ProgressScreen:
    """Progress on stderr: a bar where somebody watches, else a line now and then."""

    def __init__(self, total_bytes: int) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bar: Bar | None = None
        self._total, self._lock = total_bytes, Lock()

    def __enter__(self) -> ProgressScreen:
        self._begun = self._said = time.monotonic()
        self._meter = Meter(self._total, self._begun)
        if self._console.is_terminal:
            columns = TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(binary_units=True)
            self._bar = Bar(*columns, console=self._console, transient=True)
            self._task = self._bar.add_task("copying", total=self._total)
            self._bar.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def tell(self, count: int, is_new: bool) -> None:
        """Called by every thread that brought bytes."""
        with self._lock:
            now = time.monotonic()
            self._meter.add(count, is_new=is_new, now=now)
            progress = self._meter.at(now)
            if self._bar is not None:
                self._bar.update(self._task, completed=progress.done_bytes, description=_pace(progress) or "copying")
            elif now - self._said >= LINE_SECONDS or progress.done_bytes >= progress.total_bytes:
                self._said = now
                of = f"{_size(progress.done_bytes)} of {_size(progress.total_bytes)}"
                pace = _pace(progress)
                self._console.print(f"{of}{', ' * bool(pace)}{pace}", markup=False, soft_wrap=True)


def _pace(progress: Progress) -> str:
    left = progress.seconds_left
    return "" if left is None else f"{progress.bytes_per_second / MIB:,.0f} MiB/s, {duration(left)} left"


def plan_screen(asked: Asked, wanted: Wanted) -> RenderableType:
    files = Table.grid(padding=(0, 1))
    files.add_column(justify="right", no_wrap=True)
    files.add_column(overflow="fold")
    for each in wanted.selection.files:
        files.add_row(f"  {_size(each.size_bytes)}", printable(each.name))
    parts: list[RenderableType] = [
        Text(f"{wanted.listing.address} to {_where(asked.bucket, wanted)}", style="bold", overflow="fold"),
        Text(f"  commit {wanted.listing.commit}" if wanted.listing.commit else "  no commit: not of Hugging Face"),
        files,
        Text(f"{_size(wanted.selection.size_bytes)} in {len(wanted.selection.files)} files are copied."),
    ]
    if wanted.selection.skipped:
        parts.append(Text("Left behind:", style="bold"))
        parts += [
            printable(f"  {each.name} ({_size(each.size_bytes)}): {each.why}") for each in wanted.selection.skipped[:20]
        ]
        if len(wanted.selection.skipped) > 20:
            parts.append(Text(f"  and {len(wanted.selection.skipped) - 20} more; --json names all"))
    parts.append(printable(_license_line(asked, wanted)))
    return Group(*parts)


def _license_line(asked: Asked, wanted: Wanted) -> str:
    name = asked.license or wanted.listing.license or "a license that neither catalog nor source names"
    if asked.accepted is not None and asked.accepted.license == name:
        return f"License {name}: accepted by {asked.accepted.by} on {asked.accepted.on}."
    return f"License {name}: not accepted yet; read it, then say --accept-license {name}. {asked.license_url}"


def plan_data(asked: Asked, wanted: Wanted) -> dict[str, Any]:
    accepted = asked.accepted
    return {
        "schema_version": SCHEMA_VERSION,
        "model": wanted.model,
        "revision": wanted.revision,
        "quantization": wanted.quantization,
        "source": wanted.listing.address,
        "source_commit": wanted.listing.commit,
        "bucket": asked.bucket,
        "prefix": wanted.prefix,
        "size_bytes": wanted.selection.size_bytes,
        "files": [{"name": each.name, "size_bytes": each.size_bytes} for each in wanted.selection.files],
        "skipped": [
            {"name": each.name, "size_bytes": each.size_bytes, "why": each.why} for each in wanted.selection.skipped
        ],
        "license": asked.license or wanted.listing.license,
        "license_accepted": accepted is not None and accepted.license == (asked.license or wanted.listing.license),
    }


def pushed_screen(bucket: str, wanted: Wanted, pushed: Pushed, seconds: float) -> RenderableType:
    where = _where(bucket, wanted)
    if pushed.revision is None:
        lines = [f"{where} is complete and signed already; nothing was copied"]
    else:
        counts, kinds = pushed.counts, Counter(each.name.rpartition(".")[2] for each in pushed.revision.files)
        rate = f", {counts.sent_bytes / seconds / MIB:,.0f} MiB/s" if counts.sent_bytes > MIB else ""
        there = f", {_size(counts.there_bytes)} were there" if counts.there_bytes else ""
        files = len(pushed.revision.files)
        sent = f"{_size(counts.sent_bytes)} sent in {duration(seconds)}{rate}{there}"
        lines = [
            f"pushed {where}",
            f"  {files} files, {kinds['safetensors']} of weights: {sent}",
            "  signed over every file, its SHA-256 and who accepted the license",
        ]
    return Group(*(Text(line, overflow="fold") for line in lines))


def pushed_data(bucket: str, wanted: Wanted, pushed: Pushed, seconds: float) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "model": wanted.model,
        "revision": wanted.revision,
        "bucket": bucket,
        "prefix": wanted.prefix,
        "size_bytes": wanted.selection.size_bytes,
        "sent_bytes": pushed.counts.sent_bytes,
        "there_bytes": pushed.counts.there_bytes,
        "read_bytes": pushed.counts.read_bytes,
        "was_complete": pushed.was_complete,
        "seconds": round(seconds, 3),
    }


def _where(bucket: str | None, wanted: Wanted) -> str:
    return f"s3://{bucket or '<the store>'}/{wanted.prefix}"


def _size(count: int) -> str:
    if count >= GIB:
        return f"{count / GIB:,.1f} GiB"
    return f"{count / MIB:,.1f} MiB" if count >= MIB else f"{count / 1024:,.1f} KiB"
