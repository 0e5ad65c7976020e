"""hf-mem as it is, with its HTTP client answered from a folder of checkpoints; runs in the peers' environment.

    python hf_mem_offline.py FOLDER --model-id org/name …      FOLDER/org/name/ holds config.json and model.safetensors

hf-mem takes no other address than the one written into it, so a machine without it could not ask at all.
"""

from __future__ import annotations

import importlib
import re
import runpy
import sys
from pathlib import Path
from typing import Any

folder = Path(sys.argv.pop(1))
http: Any = importlib.import_module("httpx2")  # a dependency of hf-mem, not of ours


def answer(request: Any) -> Any:
    """The two addresses that hf-mem asks for: the list of a repository's files, and a file or a range of it."""
    listing = re.fullmatch(r"/api/models/(.+)/tree/main", request.url.path)
    if listing:
        names = sorted(path.name for path in (folder / listing[1]).iterdir())
        return http.Response(200, json=[{"type": "file", "path": name} for name in names])
    repository, name = request.url.path[1:].split("/resolve/main/")
    with (folder / repository / name).open("rb") as file:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("Range", ""))
        if not wanted:
            return http.Response(200, content=file.read())
        first, last = int(wanted[1]), int(wanted[2])
        file.seek(first)
        return http.Response(206, content=file.read(last - first + 1))


class OfflineClient(http.AsyncClient):  # type: ignore[misc]  # the base is Any, see above
    def __init__(self, **settings: Any) -> None:
        super().__init__(transport=http.MockTransport(answer), **settings)


http.AsyncClient = OfflineClient
runpy.run_module("hf_mem.cli", run_name="hf_mem.cli")["main"]()
