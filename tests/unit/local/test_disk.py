"""Disk of a build: announced and checked before, given back after."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from collections import namedtuple
from pathlib import Path

import pytest
from rich.console import Console

from local.progress import Steps
from local.state import cache_folder
from local.toolchain.build import ENGINE, KWOK
from local.toolchain.disk import MIB, NoDiskSpaceError, check_disk_space, go_caches

ROOT = Path(__file__).parents[3]
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GOCACHE", raising=False)
    monkeypatch.delenv("GOMODCACHE", raising=False)
    return io.StringIO()


def free(mib: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, mib * MIB))


def test_what_a_build_takes_is_said_before_it_begins(said: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    free(10_000, monkeypatch)
    check_disk_space([ENGINE, KWOK], Steps(Console(file=said, width=400)))
    assert "Pulumi engine, kwok, in place of kubelets; about 4 min 10 s" in said.getvalue()
    assert "3.1 GB of disk" in said.getvalue()
    assert "make clean" in said.getvalue()


def test_a_disk_without_that_room_is_refused_with_both_figures(
    said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(150, monkeypatch)
    with pytest.raises(NoDiskSpaceError, match=r"would take 3,075 MiB and the disk has 150 MiB free; make room"):
        check_disk_space([ENGINE, KWOK], Steps(Console(file=said)))


def test_what_is_built_takes_nothing_more(said: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    KWOK.installed.mkdir(parents=True)
    free(0, monkeypatch)
    check_disk_space([KWOK], Steps(Console(file=said)))
    assert said.getvalue() == ""


@pytest.mark.usefixtures("said")
def test_gos_own_folders_lie_where_clean_finds_them_unless_the_user_names_others() -> None:
    assert {Path(each).parent for each in go_caches({}).values()} == {cache_folder().with_name("paddock-go")}
    assert go_caches({"GOCACHE": "/big"})["GOCACHE"] == "/big"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "a folder"  # a path with a space is one path
    (folder / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "clean.sh", folder / "tools")
    for name in (".venv", "cache/paddock", "cache/paddock-go/mod", "cache/another"):
        (folder / name).mkdir(parents=True)
        (folder / name / "file").write_bytes(bytes(3 * 2**20))
    (folder / "cache" / "paddock-go" / "mod").chmod(0o555)
    return folder


def clean(checkout: Path, yes: str = "1") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(checkout / "cache"), "yes": yes}
    environment.pop("PADDOCK_LOCAL_STATE", None)
    command = ["sh", str(checkout / "tools" / "clean.sh")]
    return subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def test_clean_gives_back_what_was_built_and_nothing_else_and_says_how_much(checkout: Path) -> None:
    done = clean(checkout)
    assert done.returncode == 0, done.stderr
    each = [int(number) for number in re.findall(r"removed .*: (\d+) MiB", done.stdout)]
    (total,) = [int(number) for number in re.findall(r"(\d+) MiB given back", done.stdout)]
    assert (len(each), sum(each)) == (3, total)
    assert total >= 9
    assert sorted(each.name for each in (checkout / "cache").iterdir()) == ["another"]
    assert not (checkout / ".venv").exists()


def test_clean_leaves_what_other_checkouts_share_until_that_is_asked_for(checkout: Path) -> None:
    done = clean(checkout, yes="")
    assert done.returncode == 0, done.stderr
    assert sorted(each.name for each in (checkout / "cache").iterdir()) == ["another", "paddock", "paddock-go"]
    assert len(re.findall(r"cache/paddock(?:-go)?: \d+ MiB, shared by all checkouts", done.stdout)) == 2
    assert "`make clean yes=1` removes them too" in done.stdout
    assert not (checkout / ".venv").exists()


@pytest.mark.skipif(not Path("/proc/self/exe").exists(), reason="only Linux says which program a process runs")
def test_clean_leaves_the_programs_that_another_checkouts_cloud_runs(checkout: Path) -> None:
    program = checkout / "cache" / "paddock" / "sleep"
    shutil.copy(shutil.which("sleep") or "", program)
    with subprocess.Popen([program, "60"]) as running:
        done = clean(checkout)
        running.kill()
    assert done.returncode == 1
    assert f"process {running.pid} runs from" in done.stderr
    assert program.exists()


def test_clean_leaves_all_where_a_local_cloud_is(checkout: Path) -> None:
    (checkout / ".local" / "processes").mkdir(parents=True)
    done = clean(checkout)
    assert done.returncode == 1
    assert "`make down` removes it" in done.stderr
    assert (checkout / ".venv").exists()
