"""docs/local-cloud.md lists exactly what is emulated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local.aws import table
from local.aws.resources import RESOURCES


def test_the_page_is_up_to_date() -> None:
    assert table.main(["--check"]) == 0


def test_every_type_is_listed_with_what_keeps_it() -> None:
    listed = re.findall(r"^- `(aws\.\S+)` \(([a-z ]+)\): ", table.table(), re.MULTILINE)
    kept = [(each.sdk.replace("pulumi_aws", "aws"), table._BACKING[each.backing]) for each in RESOURCES.values()]
    assert listed == sorted(kept)


def test_a_stale_page_is_noticed_and_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    monkeypatch.setattr(table, "PAGE", page)
    assert table.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().err
    assert table.main([]) == 0
    assert table.main(["--check"]) == 0
    assert page.read_text().startswith("before\n")
    assert page.read_text().endswith("after\n")
