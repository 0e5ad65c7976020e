"""Virtual environments of tools that must not share ours: locked, made once, kept in the cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from local.state import cache_folder, file_lock

DONE = "installed"


def installed(requirements: Path) -> Path:
    """The folder of its commands, `~/.cache/paddock/<name>-…/bin`; a package index is needed the first time.

    Raises `RuntimeError` with what the installer said.
    """
    folder = folder_of(requirements)
    done = folder / DONE
    with file_lock(cache_folder() / "locks" / folder.name):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            _install(requirements, folder)
            done.touch()
    return folder / "bin"


def folder_of(requirements: Path) -> Path:
    """The folder in the cache, which has a file `installed` once it is whole."""
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    return cache_folder() / f"{requirements.stem}-{digest}"


def _install(requirements: Path, folder: Path) -> None:
    python = str(folder / "bin" / "python")
    uv = shutil.which("uv") or shutil.which("uv", path=str(cache_folder() / "bin"))
    # Hashes, where the file has them, are checked by both. A lock names all that its packages need: a look for more
    # would find what an override took out of it.
    whole = ("--no-deps",) if requirements.suffix == ".lock" else ()
    if uv:
        _run(uv, "venv", "--quiet", "--python", sys.executable, str(folder), of=requirements)
        options = ("--quiet", "--compile-bytecode", *whole, "--python", python)
        _run(uv, "pip", "install", *options, "-r", str(requirements), of=requirements)
    else:
        _run(sys.executable, "-m", "venv", str(folder), of=requirements)
        _run(python, "-m", "pip", "install", "--quiet", *whole, "-r", str(requirements), of=requirements)


def _run(*command: str, of: Path) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"what {of.name} names could not be installed:\n{ended.stderr.strip()}")
