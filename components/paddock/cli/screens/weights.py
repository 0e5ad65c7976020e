"""Output of `paddock weights`, for people and as data."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from paddock.cli.console import bullets, indented, printable, section
from paddock.operations.weights.remove import Removed
from paddock.operations.weights.store import Address, Listed, State
from paddock.operations.weights.verify import Difference, Verdict
from paddock.weights.revision import Revision

SCHEMA_VERSION = 1
KINDS_SHOWN = 20
STYLES = {State.SIGNED: "green", State.REVOKED: "red", State.UNSIGNED: "yellow"}


def size_text(size_bytes: int) -> str:
    for unit, bytes_in_it in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if abs(size_bytes) >= bytes_in_it:
            return f"{size_bytes / bytes_in_it:.1f} {unit}"
    return f"{size_bytes} B"


def _of(bucket: str, **more: Any) -> dict[str, Any]:
    return {"schema_version": SCHEMA_VERSION, "bucket": bucket, **more}


def list_data(bucket: str, listed: Sequence[Listed], served: Collection[Address]) -> dict[str, Any]:
    return _of(
        bucket,
        revisions=[
            {
                "model": each.address.model,
                "revision": each.address.name,
                "state": each.state.value,
                "files": each.files,
                "size_bytes": each.size_bytes,
                "signed_on": each.signed_on.isoformat() if each.signed_on else None,
                "pinned": each.address in served,
            }
            for each in listed
        ],
    )


def list_screen(bucket: str, listed: Sequence[Listed], served: Collection[Address]) -> RenderableType:
    if not listed:
        return Text(f"s3://{bucket} has no weights yet; `paddock weights push` brings them")
    table = Table(box=None, pad_edge=False)
    for name, how in (
        ("revision", "left"),
        ("state", "left"),
        ("files", "right"),
        ("size", "right"),
        ("signed", "left"),
    ):
        # A name is copied into the next command, so it stays whole while another column can give way.
        whole = name == "revision"
        table.add_column(name, justify=how, overflow="fold", no_wrap=whole)  # type: ignore[arg-type]  # two of rich's four words
    table.add_column("")
    for each in listed:
        table.add_row(
            printable(str(each.address)),
            Text(each.state.value, style=STYLES[each.state]),
            str(each.files),
            size_text(each.size_bytes),
            f"{each.signed_on:%Y-%m-%d %H:%M}" if each.signed_on else "",
            "served" if each.address in served else "",
        )
    return Group(Text(f"s3://{bucket}", style="bold"), indented(table))


def show_data(bucket: str, revision: Revision, state: State) -> dict[str, Any]:
    return _of(bucket, state=state.value, size_bytes=revision.size_bytes, **asdict(revision))


def show_screen(bucket: str, revision: Revision, state: State) -> RenderableType:
    """The manifest's own words; whether they are true `verify` says."""
    accepted = revision.license
    facts = {
        "state": state.value,
        "quantization": revision.quantization,
        "source": revision.source + (f" at {revision.source_commit}" if revision.source_commit else ""),
        "derived from": revision.derived_from,
        "license": f"{accepted.license}, accepted by {accepted.by} on {accepted.on}"
        if accepted
        else "nobody accepted it",
        "size": f"{size_text(revision.size_bytes)} in {len(revision.files)} files",
        **revision.details,
    }
    about = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        if value:
            about.add_row(printable(name), printable(value))
    files = Table(box=None, pad_edge=False)
    files.add_column("file", overflow="fold")
    files.add_column("size", justify="right", no_wrap=True)
    files.add_column("SHA-256", no_wrap=True)
    for each in revision.files:
        files.add_row(printable(each.name), size_text(each.size_bytes), each.sha256[:16])
    title = Text(f"s3://{bucket}/models/{revision.address}", style="bold")
    unchecked = Text("its signature was not checked; `paddock weights verify` does", style="dim")
    return Group(title, indented(about), section("files"), indented(files), unchecked)


def verify_data(bucket: str, verdict: Verdict) -> dict[str, Any]:
    return _of(
        bucket,
        revision=verdict.address,
        good=verdict.good,
        problems=[asdict(each) for each in verdict.problems],
        checked=list(verdict.checked),
        unseen=list(verdict.unseen),
    )


def verify_screen(bucket: str, verdict: Verdict) -> RenderableType:
    parts: list[RenderableType] = []
    if verdict.good:
        size = size_text(verdict.revision.size_bytes) if verdict.revision else ""
        parts.append(Text(f"s3://{bucket}/models/{verdict.address} is what was signed, {size}", style="bold green"))
    else:
        parts.append(Text(f"s3://{bucket}/models/{verdict.address} is refused", style="bold red"))
        shown = [printable(each.says) for each in verdict.problems[:KINDS_SHOWN]]
        more = len(verdict.problems) - len(shown)
        parts.append(indented(bullets([*shown, *([f"and {more} more; --json has all"] if more else [])])))
    if verdict.checked:
        parts.append(Text(f"checked: {', '.join(verdict.checked)}"))
    parts += [printable(f"not seen from here: {each}") for each in verdict.unseen]
    return Group(*parts)


def diff_data(bucket: str, before: Address, after: Address, found: Sequence[Difference]) -> dict[str, Any]:
    return _of(bucket, before=str(before), after=str(after), files=[asdict(each) for each in found])


def diff_screen(before: Address, after: Address, found: Sequence[Difference], note: str | None) -> RenderableType:
    parts: list[RenderableType] = [Text(f"{before} → {after}", style="bold")]
    if not found:
        parts.append(Text("the same files"))
    else:
        table = Table(box=None, pad_edge=False)
        for name in ("", "file", "before", "after"):
            table.add_column(name, overflow="fold", justify="right" if name in ("before", "after") else "left")
        for each in found:
            sizes = (
                "" if each.kind == "added" else size_text(each.before_bytes),
                "" if each.kind == "removed" else size_text(each.after_bytes),
            )
            table.add_row(each.kind, printable(each.name), *sizes)
        grown = sum(each.after_bytes - each.before_bytes for each in found)
        parts += [indented(table), Text(f"{'+' if grown >= 0 else '-'}{size_text(abs(grown))}")]
    if note:
        parts.append(printable(note))
    return Group(*parts)


def removed_data(bucket: str, address: Address, removed: Removed) -> dict[str, Any]:
    return _of(
        bucket,
        revision=str(address),
        versions=removed.versions,
        size_bytes=removed.size_bytes,
        kept=[{"file": name, "says": says} for name, says in removed.kept],
    )


def removed_screen(address: Address, removed: Removed) -> RenderableType:
    done = Text(f"removed {address}: {removed.versions} versions, {size_text(removed.size_bytes)}")
    if not removed.kept:
        return done
    kept = [printable(f"{name}: {says}") for name, says in removed.kept[:KINDS_SHOWN]]
    return Group(done, Text(f"S3 kept {len(removed.kept)}", style="bold red"), indented(bullets(kept)))
