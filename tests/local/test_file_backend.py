"""The real engine on a backend in files, one of which is cut short as a kill does it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local.progress import Steps
from local.toolchain.build import built_tools
from paddock.catalog.lookup import RefusedError
from paddock.operations.deploy import engine as engines
from paddock.operations.deploy.engine import StackEngine


def test_a_state_whose_attributes_were_cut_short_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, home, project = (tmp_path / each for each in ("backend", "home", "project"))
    told = list[str]()
    for folder in (backend, home, project):
        folder.mkdir()
    monkeypatch.setenv("PATH", f"{built_tools(Steps()).engine}:{os.environ['PATH']}")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{backend}")
    monkeypatch.setenv("PULUMI_HOME", str(home))
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "of a test")
    (project / "Pulumi.yaml").write_text("name: paddock\nruntime: python\n")
    assert StackEngine("dev", project, told.append).state()["manifest"]
    (attributes,) = backend.rglob("dev.json.attrs")
    attributes.write_text("")
    with monkeypatch.context() as unmended:
        unmended.setattr(engines, "mend_attributes", lambda _: [])
        with pytest.raises(RefusedError, match="failed to load checkpoint"):
            StackEngine("dev", project, told.append).state()
    assert told == []
    assert StackEngine("dev", project, told.append).state()["manifest"]
    assert told == ["an earlier pulumi was killed while it wrote dev.json.attrs: removed, the state is whole"]
