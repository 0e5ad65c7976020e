"""The environment of the local cloud points at itself, and at nothing of the user's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from local.processes.environment import environment_of
from local.state import State
from local.toolchain.build import Tools

TOOLS = Tools(
    engine=Path("/cache/engine"),
    kubernetes_provider=Path("/cache/kubernetes-provider"),
    control_plane=Path("/cache/controlplane"),
    kwok=Path("/cache/kwok"),
)


def environment(base: dict[str, str], tmp_path: Path, tools: Tools = TOOLS) -> dict[str, str]:
    return environment_of(State(tmp_path / "state"), "http://127.0.0.1:5000", "http://127.0.0.1:5001", tools, base)


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
        "PULUMI_HOME": "/home/me/.pulumi",
        "PATH": "/usr/bin",
    }
    made = environment(real, tmp_path)
    assert not {value for key, value in real.items() if key != "PATH"} & set(made.values())
    assert made["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5000"
    assert made["KUBECONFIG"] == str(tmp_path / "state" / "kubeconfig")
    assert made["PULUMI_BACKEND_URL"] == f"file://{tmp_path / 'state' / 'pulumi'}"


def test_what_has_nothing_to_do_with_accounts_is_kept(tmp_path: Path) -> None:
    made = environment({"HOME": "/home/me", "LANG": "C.UTF-8", "PATH": "/usr/bin"}, tmp_path)
    assert (made["HOME"], made["LANG"]) == ("/home/me", "C.UTF-8")


def test_our_programs_come_first_on_path(tmp_path: Path) -> None:
    path = environment({"PATH": "/usr/bin:/bin"}, tmp_path)["PATH"].split(":")
    assert path[0] == str(tmp_path / "state" / "bin")
    assert path[2:] == ["/cache/engine", "/cache/controlplane", "/usr/bin", "/bin"]


def test_what_is_installed_is_found_where_it_is(tmp_path: Path) -> None:
    tools = replace(TOOLS, engine=None, kubernetes_provider=None)
    path = environment({"PATH": "/opt/pulumi"}, tmp_path, tools)["PATH"].split(":")
    assert path[2:] == ["/cache/controlplane", "/opt/pulumi"]


def test_loopback_is_reached_without_the_users_proxy(tmp_path: Path) -> None:
    made = environment({"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "corp", "PATH": ""}, tmp_path)
    assert made["NO_PROXY"] == "127.0.0.1,localhost,corp"
