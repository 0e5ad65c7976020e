"""The peers' own virtual environment, made once and kept in the cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from local.state import cache_folder

REQUIREMENTS = Path(__file__).with_name("peers.txt")


def install() -> Path:
    """The folder of their commands, `~/.cache/paddock/peers-…/bin`; a package index is needed the first time.

    Raises `RuntimeError` with what the installer said.
    """
    digest = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = cache_folder() / f"peers-{digest}"
    done = folder / "installed"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        python = str(folder / "bin" / "python")
        uv = shutil.which("uv") or shutil.which("uv", path=str(cache_folder() / "bin"))
        if uv:
            _run(uv, "venv", "--quiet", "--python", sys.executable, str(folder))
            _run(uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, "-r", str(REQUIREMENTS))
        else:
            _run(sys.executable, "-m", "venv", str(folder))
            _run(python, "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS))
        done.touch()
    return folder / "bin"


def _run(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"the peers of {REQUIREMENTS.name} could not be installed:\n{ended.stderr.strip()}")
