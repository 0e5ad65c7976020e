"""Output of `paddock images`, for people and as data."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from paddock.cli.parsing.images import Asked
from paddock.operations.images.plan import CopyPlan
from paddock.operations.images.resolve import Tree
from paddock.operations.images.sync import Copied
from paddock.units import GIB

SCHEMA_VERSION = 1


class ProgressScreen:
    """Progress on stderr, so that --json stays alone on stdout: a bar where somebody watches, else a line an item."""

    def __init__(self, total_bytes: int) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bar: Progress | None = None
        self._what, self._total = "", total_bytes

    def __enter__(self) -> ProgressScreen:
        if self._console.is_terminal:
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
            )
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._task = self._bar.add_task("copying", total=self._total)
            self._bar.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, what: str, total_bytes: int) -> None:
        self._what = f"{what}, {_size(total_bytes)}" if total_bytes else what
        if self._bar is not None:
            self._bar.update(self._task, description=self._what)

    def moved(self, count: int) -> None:
        if self._bar is not None:
            self._bar.advance(self._task, count)

    def end(self, how: str) -> None:
        if self._bar is None:
            self._console.print(f"{self._what}: {how}", markup=False, soft_wrap=True)


def needed_screen(asked: Asked) -> RenderableType:
    """Images known without asking a registry, each with its reason, and those that are not copied."""
    facts = asked.facts
    parts = [part for image in asked.images for part in _rows(image.name, why=image.why, source=str(image.source))]
    parts.append(Text(f"Not copied, as of {facts.as_of}:", style="bold"))
    parts += [Text(f"  {each.name}: {each.why}") for each in facts.excluded]
    return Group(*parts, Text(""))


def list_screen(asked: Asked, trees: Sequence[Tree]) -> RenderableType:
    """Answers of the registries: size, digest and target of each image."""
    parts = [
        part
        for tree in trees
        for part in _rows(
            f"{tree.image.name}  {_size(tree.total_bytes)}, {_parts(tree)}",
            target=f"{asked.host}/{tree.image.target}",
            digest=tree.digest,
        )
    ]
    return Group(*parts)


def _rows(title: str, **values: str) -> list[RenderableType]:
    rows = Table.grid(padding=(0, 1))
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    for name, value in values.items():
        rows.add_row(f"  {name}", Text(value))
    return [Text(title, style="bold"), rows, Text("")]


def sync_screen(
    asked: Asked, trees: Sequence[Tree], plan: CopyPlan, copied: Copied, made: Sequence[str]
) -> RenderableType:
    lines = [f"made the repository {name}" for name in made]
    if plan.nothing_to_do:
        lines.append(f"{asked.host} has everything already")
    else:
        lines.append(
            f"copied {copied.downloaded_blobs} blobs ({_size(copied.downloaded_bytes)}), "
            f"mounted {copied.mounted_blobs}, stored {copied.manifests} manifests and {copied.tags} tags"
        )
    lines += _moved(plan)
    lines += [line for tree in trees for line in _named(asked, tree)]
    return Group(*(Text(line, overflow="fold") for line in lines))


def verify_screen(asked: Asked, trees: Sequence[Tree], plan: CopyPlan) -> RenderableType:
    lines: list[str] = []
    for tree in trees:
        missing = plan.missing_of(tree)
        lines += [f"{'✗' if missing else '✓'} {line}" if i == 0 else line for i, line in enumerate(_named(asked, tree))]
        lines += [f"    missing: {each}" for each in missing]
    lines += _moved(plan)
    if not plan.nothing_to_do:
        lines.append("run `paddock images sync` with the same options")
    return Group(*(Text(line, overflow="fold") for line in lines))


def list_data(asked: Asked, trees: Sequence[Tree]) -> dict[str, Any]:
    facts = asked.facts
    return {
        "schema_version": SCHEMA_VERSION,
        "as_of": facts.as_of.isoformat(),
        "registry": asked.host,
        "images": [_image_data(asked, tree) for tree in trees],
        "excluded": [
            {"name": each.name, "image": each.image, "why": each.why, "stated_by": each.stated_by}
            for each in facts.excluded
        ],
    }


def sync_data(
    asked: Asked, trees: Sequence[Tree], plan: CopyPlan, copied: Copied, made: Sequence[str]
) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "registry": asked.host,
        "images": [_image_data(asked, tree) for tree in trees],
        "repositories_created": list(made),
        "copied": {
            "downloaded_blobs": copied.downloaded_blobs,
            "downloaded_bytes": copied.downloaded_bytes,
            "mounted_blobs": copied.mounted_blobs,
            "manifests": copied.manifests,
            "tags": copied.tags,
        },
        "tags_left_alone": _moved_data(plan),
    }


def verify_data(asked: Asked, trees: Sequence[Tree], plan: CopyPlan) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "registry": asked.host,
        "complete": plan.nothing_to_do,
        "images": [_image_data(asked, tree) | {"missing": plan.missing_of(tree)} for tree in trees],
        "tags_left_alone": _moved_data(plan),
    }


def target_of(asked: Asked, tree: Tree) -> str:
    return f"{asked.host}/{tree.image.target}@{tree.digest}"


def to_configure(asked: Asked, trees: Sequence[Tree]) -> list[str]:
    """The command by which a stack runs what was copied."""
    return [
        f"pulumi config set paddock:{tree.image.setting} {target_of(asked, tree)}"
        for tree in trees
        if tree.image.setting
    ]


def _named(asked: Asked, tree: Tree) -> list[str]:
    return [f"{tree.image.name}  {asked.host}/{tree.image.target}", f"    {tree.digest}"]


def _image_data(asked: Asked, tree: Tree) -> dict[str, Any]:
    return {
        "name": tree.image.name,
        "why": tree.image.why,
        "source": str(tree.image.source),
        "target": target_of(asked, tree),
        "digest": tree.digest,
        "bytes": tree.total_bytes,
        "manifests": len(tree.manifests),
        "signatures": list(tree.signatures),
    }


def _moved_data(plan: CopyPlan) -> list[dict[str, str]]:
    return [
        {"repository": each.repository, "tag": each.tag, "target": each.there, "source": each.source}
        for each in plan.moved_tags
    ]


def _moved(plan: CopyPlan) -> list[str]:
    return [
        f"left alone: tag {each.tag} of {each.repository} names {each.there}, at the source {each.source}"
        for each in plan.moved_tags
    ]


def _parts(tree: Tree) -> str:
    count, signatures = len(tree.manifests), len(tree.signatures)
    return f"{count} manifest{'s' if count > 1 else ''}, of these {signatures} signatures and the like"


def _size(count: int) -> str:
    return f"{count / GIB:,.1f} GiB" if count >= GIB else f"{count / 1024**2:,.1f} MiB"
