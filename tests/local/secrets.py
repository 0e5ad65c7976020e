"""Search for a secret in all that the engine keeps, logs and prints, and in the command lines of its processes."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psutil

from local.processes.cloud import LocalCloud

NOT_SEARCHED = ("etcd",)
"""Folder in which Kubernetes itself keeps its Secrets."""


def spellings(value: str) -> set[bytes]:
    """The value as it may be written: plain, in JSON, in a URL, and in base64 wherever it may begin in a text."""
    raw = value.encode()
    # Within a longer text the first and last characters mix with their neighbours'; those between are the value's own.
    encoded = [base64.b64encode(b"\0" * shift + raw)[shift and 4 : -4] for shift in range(3)]
    return {raw, json.dumps(value)[1:-1].encode(), quote(value, safe="").encode(), *encoded}


def files_of(value: str, files: Iterable[Path], texts: Mapping[str, str]) -> list[str]:
    wanted = spellings(value)
    found = [str(file) for file in files if any(each in file.read_bytes() for each in wanted)]
    return found + [name for name, text in texts.items() if any(each in text.encode() for each in wanted)]


def assert_nowhere(value: str, cloud: LocalCloud, program: Path, texts: Mapping[str, str], watch: Watch) -> None:
    """Asserts that it is not in the cloud's folder (state, backups, history, logs), the program's, `texts` or argv."""
    files = [
        file
        for folder in (cloud.state.folder, program)
        for file in folder.rglob("*")
        if file.is_file() and not file.is_symlink() and not set(file.relative_to(folder).parts) & set(NOT_SEARCHED)
    ]
    assert any(".pulumi" in file.parts for file in files), "the state was not searched"
    assert watch.seen, "no process was seen"
    lines = {f"a process: {line.split()[0]}": line for line in watch.seen}
    # No assert with the values in it: what it would print is the secret.
    if found := files_of(value, files, {**texts, **lines}):
        raise AssertionError(f"the secret is in {', '.join(found)}")


class Watch:
    """The command lines of this process's descendants, and of all others of the user, while something runs."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            for process in psutil.process_iter(["cmdline"]):
                if arguments := process.info["cmdline"]:
                    self.seen.add(" ".join(arguments))
