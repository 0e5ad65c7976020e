"""The environment of the local cloud points at itself, and at nothing of the user's."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from local.processes.environment import environment_of, write_plugins
from local.state import State, cache_folder
from local.toolchain.build import Tools, official_plugin

KUBERNETES = "pulumi-resource-kubernetes"
TOOLS = Tools(
    engine=Path("/cache/engine"),
    kubernetes_provider=Path("/cache/kubernetes-provider"),
    control_plane=Path("/cache/controlplane"),
    kwok=Path("/cache/kwok"),
)


def environment(base: dict[str, str], tmp_path: Path, tools: Tools = TOOLS) -> dict[str, str]:
    return environment_of(State(tmp_path / "state"), "http://127.0.0.1:5000", tools, base)


def test_nothing_of_a_real_account_reaches_a_command(tmp_path: Path) -> None:
    real = {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ENDPOINT_URL_S3": "https://s3.amazonaws.com",
        "AWS_CONFIG_FILE": "/home/me/.aws/config",
        "KUBECONFIG": "/home/me/.kube/config",
        "PULUMI_ACCESS_TOKEN": "pul-real",
        "PULUMI_BACKEND_URL": "https://api.pulumi.com",
        "PULUMI_CONFIG_PASSPHRASE_FILE": "/home/me/passphrase",
        "PATH": "/usr/bin",
    }
    made = environment(real, tmp_path)
    assert not {value for key, value in real.items() if key != "PATH"} & set(made.values())
    assert made["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5000"
    assert made["KUBECONFIG"] == str(tmp_path / "state" / "kubeconfig")
    assert made["PULUMI_BACKEND_URL"] == f"file://{tmp_path / 'state' / 'pulumi'}"


def test_what_has_nothing_to_do_with_accounts_is_kept(tmp_path: Path) -> None:
    made = environment(
        {"HOME": "/home/me", "PULUMI_HOME": "/home/me/p", "LANG": "C.UTF-8", "PATH": "/usr/bin"}, tmp_path
    )
    assert (made["HOME"], made["PULUMI_HOME"], made["LANG"]) == ("/home/me", "/home/me/p", "C.UTF-8")


def test_our_programs_come_first_on_path(tmp_path: Path) -> None:
    path = environment({"PATH": "/usr/bin:/bin"}, tmp_path)["PATH"].split(":")
    assert path[0] == str(tmp_path / "state" / "plugins")
    assert path[2:] == ["/cache/engine", "/cache/kubernetes-provider", "/cache/controlplane", "/usr/bin", "/bin"]


def test_what_is_installed_is_found_where_it_is(tmp_path: Path) -> None:
    tools = replace(TOOLS, engine=None, kubernetes_provider=None)
    path = environment({"PATH": "/opt/pulumi"}, tmp_path, tools)["PATH"].split(":")
    assert path[2:] == ["/cache/controlplane", "/opt/pulumi"]


def test_loopback_is_reached_without_the_users_proxy(tmp_path: Path) -> None:
    made = environment({"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "corp", "PATH": ""}, tmp_path)
    assert made["NO_PROXY"] == "127.0.0.1,localhost,corp"


def executable(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def plugins(tmp_path: Path, base: dict[str, str]) -> set[str]:
    state = State(tmp_path / "state")
    write_plugins(state, base)
    return {file.name for file in state.plugins.iterdir()}


def test_all_plugins_are_ours_where_there_are_no_official_ones(tmp_path: Path) -> None:
    base = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}
    assert plugins(tmp_path, base) == {
        "pulumi-resource-aws",
        "pulumi-language-python",
        "session-manager-plugin",
    }


def test_official_plugins_stay_in_use_but_aws_is_always_emulated(tmp_path: Path) -> None:
    executable(tmp_path / "bin" / "pulumi")
    executable(tmp_path / "bin" / "pulumi-language-python")
    executable(tmp_path / ".pulumi" / "plugins" / "resource-aws-v7.51.0" / "pulumi-resource-aws")
    executable(tmp_path / "bin" / "session-manager-plugin")
    base = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}
    assert plugins(tmp_path, base) == {"pulumi-resource-aws", "session-manager-plugin"}


@pytest.mark.parametrize("place", ["bin", ".pulumi/plugins/resource-kubernetes-v4.34.0"])
def test_an_installed_kubernetes_provider_is_found(place: str, tmp_path: Path) -> None:
    installed = executable(tmp_path / place / KUBERNETES)
    assert official_plugin(KUBERNETES, {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}) == installed


def test_our_own_plugins_on_path_are_not_taken_for_official(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    built = executable(cache_folder() / "kubernetes-provider-4.34.2-0123456789ab" / KUBERNETES)
    state = State(tmp_path / "state")
    write_plugins(state, {"PATH": "", "HOME": str(tmp_path)})
    inside = {"PATH": f"{state.plugins}:{built.parent}", "HOME": str(tmp_path)}
    assert official_plugin("pulumi-language-python", inside) is None
    assert official_plugin(KUBERNETES, inside) is None


@pytest.mark.parametrize("name", ["pulumi-resource-aws", "pulumi-language-python"])
def test_a_plugin_is_a_program_that_runs_our_module(name: str, tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    write_plugins(state, {"PATH": "", "HOME": str(tmp_path)})
    subprocess.run(["sh", "-n", str(state.plugins / name)], check=True)
    assert "-m local." in (state.plugins / name).read_text()
