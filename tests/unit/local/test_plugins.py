"""Plugins of the local cloud: where the engine expects them, and Pulumi's own where they are installed."""

from __future__ import annotations

import json
import os
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from local.processes.plugins import write_plugins
from local.state import STATE_VARIABLE, State, cache_folder
from local.toolchain.build import Tools
from local.toolchain.installed import installed_engine, official_plugin

KUBERNETES = "pulumi-resource-kubernetes"
AWS_FOLDER = f"resource-aws-v{metadata.version('pulumi-aws')}"
KUBERNETES_FOLDER = f"resource-kubernetes-v{metadata.version('pulumi-kubernetes')}"


def executable(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state")


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """Built programs, in a cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    built = cache_folder()
    engine = executable(built / "engine-3-0123456789ab" / "pulumi").parent
    provider = executable(built / "kubernetes-provider-4-0123456789ab" / KUBERNETES).parent
    return Tools(engine=engine, kubernetes_provider=provider, control_plane=built / "none", kwok=built / "none")


def written(state: State, tools: Tools, base: dict[str, str]) -> set[str]:
    write_plugins(state, tools, base)
    home = state.pulumi_home / "plugins"
    return {str(file.relative_to(home)) for file in home.rglob("pulumi-*")} | {
        file.name for file in state.bin.iterdir()
    }


def test_each_plugin_is_where_the_engine_looks_first_and_warns_of_nothing(state: State, tools: Tools) -> None:
    base = {"PATH": "", "HOME": "/nowhere"}
    assert written(state, tools, base) == {
        f"{AWS_FOLDER}/pulumi-resource-aws",
        f"{KUBERNETES_FOLDER}/{KUBERNETES}",
        "aws",
        "pulumi",
        "pulumi-language-python",
        "session-manager-plugin",
    }
    assert not (state.bin / "pulumi").is_symlink(), "the engine would look for its language host at the link's end"
    assert (
        state.pulumi_home / "plugins" / KUBERNETES_FOLDER / KUBERNETES
    ).resolve().parent == tools.kubernetes_provider


def test_written_again_nothing_changes_under_an_engine_at_work(state: State, tools: Tools) -> None:
    base = {"PATH": "", "HOME": "/nowhere"}
    written(state, tools, base)
    before = {file: file.lstat().st_ino for file in state.folder.rglob("*") if not file.is_dir()}
    written(state, tools, base)
    assert {file: file.lstat().st_ino for file in state.folder.rglob("*") if not file.is_dir()} == before


def test_official_plugins_stay_in_use_but_aws_is_always_emulated(state: State, tools: Tools, tmp_path: Path) -> None:
    executable(tmp_path / "bin" / "pulumi")
    executable(tmp_path / "bin" / "pulumi-language-python")
    executable(tmp_path / "bin" / "session-manager-plugin")
    mine = tmp_path / ".pulumi" / "plugins"
    executable(mine / "resource-aws-v7.0.0" / "pulumi-resource-aws")
    executable(mine / "resource-random-v4.0.0" / "pulumi-resource-random")
    executable(mine / "resource-tls-v4.0.0" / "pulumi-resource-tls")
    (mine / "resource-tls-v4.0.0.partial").touch()
    installed = Tools(engine=None, kubernetes_provider=None, control_plane=tools.control_plane, kwok=tools.kwok)
    assert written(state, installed, {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}) == {
        f"{AWS_FOLDER}/pulumi-resource-aws",
        "resource-random-v4.0.0/pulumi-resource-random",
        "aws",
        "session-manager-plugin",
    }


def test_an_installed_plugin_is_found_on_path_in_any_version_and_in_its_folder_in_the_very_one(tmp_path: Path) -> None:
    base = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}
    in_folder = executable(tmp_path / ".pulumi" / "plugins" / "resource-kubernetes-v4.34.2" / KUBERNETES)
    assert official_plugin(KUBERNETES, base, version="4.34.2") == in_folder
    assert official_plugin(KUBERNETES, base, version="4.35.0") is None
    on_path = executable(tmp_path / "bin" / KUBERNETES)
    assert official_plugin(KUBERNETES, base, version="4.35.0") == on_path


def test_in_its_own_shell_nothing_of_ours_is_taken_for_installed(
    state: State, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plugins(state, tools, {"PATH": "", "HOME": "/nowhere"})
    inside = {"PATH": str(state.bin), "HOME": "/nowhere", "PULUMI_HOME": str(state.pulumi_home)}
    inside[STATE_VARIABLE] = str(state.folder)
    assert official_plugin("pulumi-language-python", inside) is None
    assert official_plugin(KUBERNETES, inside, version=metadata.version("pulumi-kubernetes")) is None
    for name, value in inside.items():
        monkeypatch.setenv(name, value)
    assert installed_engine() is None


@pytest.mark.parametrize(
    "script", ["bin/pulumi-language-python", f"pulumi-home/plugins/{AWS_FOLDER}/pulumi-resource-aws"]
)
def test_a_plugin_is_a_program_that_runs_our_module(script: str, state: State, tools: Tools) -> None:
    write_plugins(state, tools, {"PATH": "", "HOME": "/nowhere"})
    subprocess.run(["sh", "-n", str(state.folder / script)], check=True)
    assert "-m local." in (state.folder / script).read_text()


def test_the_aws_cli_is_itself_with_and_without_a_fork_server(state: State, tools: Tools) -> None:
    write_plugins(state, tools, {"PATH": "", "HOME": "/nowhere"})
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}

    def said(*arguments: str) -> str:
        command = [str(state.bin / "aws"), *arguments]
        return subprocess.run(command, env=os.environ | keys, capture_output=True, text=True, check=True).stdout

    token = json.loads(said("eks", "get-token", "--cluster-name", "a b", "--region", "us-east-1", "--output", "json"))
    assert token["kind"] == "ExecCredential"
    assert said("--version").startswith("aws-cli/1.")
