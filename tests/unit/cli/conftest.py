"""`paddock` in these tests is the command, run in this process."""

from __future__ import annotations

import pytest

from tests.unit.cli.running import Paddock


@pytest.fixture
def paddock(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Paddock:
    return Paddock(monkeypatch, capsys)
