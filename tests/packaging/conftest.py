"""The wheel, built once, offline."""

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True, scope="module")
def no_futures_left() -> Iterator[None]:
    """Garbage is collected once, before a file of tests, and not while it parses: one takes a second in a worker
    that ran thousands of tests, and there are a thousand here. Programs that other tests let fail leave futures, whose
    end runs code of asyncio. Python 3.11's `ast.parse` takes it amiss when that happens in the middle of it: "AST
    constructor recursion depth mismatch"."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """Made by the build backend itself, which is a development dependency, so nothing is fetched."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return ZipFile(built)
