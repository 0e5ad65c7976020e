"""Disk that a build takes, said and looked for before it begins: compilers fail at their very end where it lacks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from local.progress import Steps, duration
from local.state import cache_folder

MIB = 2**20


class Built(Protocol):
    """A program as `local.toolchain.build` describes it."""

    @property
    def title(self) -> str: ...
    @property
    def expected_seconds(self) -> float: ...
    @property
    def installed(self) -> Path: ...


MIB_PER_SECOND = {"modules": 6.0, "objects": 5.5, "programs": 0.8}
"""Growth of Go's modules, of its objects and of our programs for each second of `expected_seconds`. All four programs
from nothing, on 2026-11-28: 4.0 GB, 3.6 GB and 0.5 GB in 660 s. Which program takes what was not measured."""


class NoDiskSpaceError(Exception):
    """Disk that a build needs, and what there is."""


def go_caches(base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Folders of Go's modules and objects: beside our cache, for `make clean` to find, unless the user names others."""
    ours = cache_folder().with_name("paddock-go")
    return {
        "GOMODCACHE": base.get("GOMODCACHE") or str(ours / "mod"),
        "GOCACHE": base.get("GOCACHE") or str(ours / "build"),
    }


def check_disk_space(tools: Iterable[Built], steps: Steps) -> None:
    """Says what the missing ones will take. Raises `NoDiskSpaceError` where a disk has less."""
    missing = [tool for tool in tools if not tool.installed.is_dir()]
    if not missing:
        return
    seconds = sum(tool.expected_seconds for tool in missing)
    caches = go_caches()
    folder_of = {"modules": caches["GOMODCACHE"], "objects": caches["GOCACHE"], "programs": str(cache_folder())}
    needed = {Path(folder): round(seconds * MIB_PER_SECOND[what]) for what, folder in folder_of.items()}
    steps.note(
        f"to build, once: {', '.join(tool.title for tool in missing)}; about {duration(seconds)} on two idle cores and "
        f"{sum(needed.values()) / 1000:.1f} GB of disk in {', '.join(map(str, needed))} (`make clean` gives it back)"
    )
    disks: dict[int, list[Path]] = {}
    for folder in needed:
        disks.setdefault(_existing(folder).stat().st_dev, []).append(folder)
    for folders in disks.values():
        wanted, free = sum(needed[each] for each in folders), shutil.disk_usage(_existing(folders[0])).free // MIB
        if free < wanted:
            raise NoDiskSpaceError(
                f"{', '.join(map(str, folders))} would take {wanted:,} MiB and the disk has {free:,} MiB free; make "
                "room, or name folders of another disk in GOMODCACHE, GOCACHE and XDG_CACHE_HOME"
            )


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())
