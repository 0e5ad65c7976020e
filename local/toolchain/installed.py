"""Pulumi's own programs that are installed on this machine: where they are, they are used and nothing is built."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.state import STATE_VARIABLE, State, cache_folder

OLDEST_ENGINE = (3, 200, 0)
"""An installed `pulumi` is used from this version on. 3.259 is the one that the tests ran with."""


def installed_engine() -> tuple[str, str] | None:
    """Path and version of a usable `pulumi` on PATH."""
    path = shutil.which("pulumi")
    if path is None or _is_our_build(Path(path)):
        return None
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    said = subprocess.run([path, "version"], capture_output=True, text=True, check=False, env=environment)
    version = version_in(said.stdout)
    return (path, ".".join(map(str, version))) if version >= OLDEST_ENGINE else None


def official_plugin(name: str, base: Mapping[str, str] = os.environ, *, version: str | None = None) -> Path | None:
    """Pulumi's own plugin: on PATH, beside the installed `pulumi`, or of that very version in the plugin folder."""
    path = base.get("PATH", os.defpath)
    pulumi = shutil.which("pulumi", path=path)
    beside = [str(Path(pulumi).resolve().parent)] if pulumi else []
    found = shutil.which(name, path=os.pathsep.join([*beside, path]))
    if found and not _is_ours(Path(found)):
        return Path(found)
    wanted = f"{name.removeprefix('pulumi-')}-v{version}"
    return next((folder / name for folder in plugins_of_user(base) if folder.name == wanted), None)


def plugins_of_user(base: Mapping[str, str]) -> list[Path]:
    """Folders of the plugins that the user's own engine installed, whole ones."""
    home = base.get("PULUMI_HOME")
    if not home or STATE_VARIABLE in base:  # in `make shell` it is the local cloud's
        home = str(Path(base.get("HOME") or Path.home()) / ".pulumi")
    folders = sorted(each for each in Path(home, "plugins").glob("*-v*") if each.is_dir())
    return [each for each in folders if not each.with_name(f"{each.name}.partial").exists()]


def _is_ours(plugin: Path) -> bool:
    # `make up` inside `make shell` finds what we built, and the wrappers that we wrote.
    if cache_folder() in plugin.resolve().parents:
        return True
    with plugin.open("rb") as file:
        return b"-m local." in file.read(4096)


def _is_our_build(engine: Path) -> bool:
    return engine.parent == State.chosen().bin or cache_folder() in engine.parents


def version_in(text: str) -> tuple[int, int, int]:
    """The first `1.2` or `1.2.3` in a text, or zeros: `go version go1.26.8 linux/amd64` is (1, 26, 8)."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else (0, 0, 0)
