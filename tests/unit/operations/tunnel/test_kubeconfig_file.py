"""The tunnel's entry in a kubeconfig: added beside what is there, and taken out again."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from paddock.catalog.lookup import RefusedError
from paddock.operations.tunnel.kubeconfig_file import KubeconfigFile, entry_name
from paddock.operations.tunnel.target import Target

TARGET = Target(
    cluster="llama-dev",
    region="us-east-1",
    instance_id="i-1",
    endpoint="https://ABC.eks.amazonaws.com",
    certificate_authority="Q0E=",
)
OTHER = {
    "apiVersion": "v1",
    "kind": "Config",
    "preferences": {"colors": True},
    "clusters": [{"name": "theirs", "cluster": {"server": "https://theirs"}}],
    "users": [{"name": "theirs", "user": {"token": "secret"}}],
    "contexts": [{"name": "theirs", "context": {"cluster": "theirs", "user": "theirs"}}],
    "current-context": "theirs",
}


def written(path: Path) -> dict[str, object]:
    return dict(yaml.safe_load(path.read_text()))


def test_a_new_file_is_private_leads_through_the_tunnel_and_goes_again(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "config"
    file = KubeconfigFile(path)
    file.add(TARGET, 8443)
    got = yaml.safe_load(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert got["current-context"] == entry_name("llama-dev")
    assert got["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:8443"
    assert got["clusters"][0]["cluster"]["tls-server-name"] == "abc.eks.amazonaws.com"
    file.undo()
    assert not path.exists()
    assert list(path.parent.iterdir()) == []


def test_what_was_in_a_file_is_in_it_again_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(OTHER))
    file = KubeconfigFile(path)
    file.add(TARGET, 8443)
    assert [each["name"] for each in yaml.safe_load(path.read_text())["users"]] == ["theirs", "llama-dev-tunnel"]
    file.undo()
    assert written(path) == OTHER


def test_what_others_wrote_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "config"
    file = KubeconfigFile(path)
    file.add(TARGET, 8443)
    now = yaml.safe_load(path.read_text())
    now["clusters"].append(OTHER["clusters"][0])  # type: ignore[index]  # the constant above
    now["current-context"] = "theirs"
    path.write_text(yaml.safe_dump(now))
    file.undo()
    left = written(path)
    assert (left["clusters"], left["current-context"]) == (OTHER["clusters"], "theirs")


def test_an_entry_that_a_killed_tunnel_left_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "config"
    KubeconfigFile(path).add(TARGET, 8443)
    KubeconfigFile(path).add(TARGET, 9443)
    (cluster,) = yaml.safe_load(path.read_text())["clusters"]
    assert cluster["cluster"]["server"] == "https://127.0.0.1:9443"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text(yaml.safe_dump(OTHER))
    link = tmp_path / "config"
    link.symlink_to(tmp_path / "real")
    KubeconfigFile(link).add(TARGET, 8443)
    assert link.is_symlink()
    assert len(yaml.safe_load((tmp_path / "real").read_text())["clusters"]) == 2


@pytest.mark.parametrize("content", ["- a list", "clusters: [text]", "{: :", "\x00"])
def test_a_file_that_is_none_is_refused_untouched_and_not_quoted(content: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    with pytest.raises(RefusedError, match="name another file by --kubeconfig"):
        KubeconfigFile(path)
    assert path.read_text() == content


def test_nothing_is_undone_that_was_not_done(tmp_path: Path) -> None:
    path = tmp_path / "config"
    KubeconfigFile(path).undo()
    assert not path.exists()
