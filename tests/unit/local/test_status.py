"""`make status`: where the logs are and how to read them, where there are any."""

from pathlib import Path

import pytest
import typer

from local.__main__ import status
from local.state import STATE_VARIABLE


@pytest.mark.parametrize("ran", [False, True])
def test_logs_are_named_where_there_are_any(
    ran: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    if ran:
        (tmp_path / "logs").mkdir()
    with pytest.raises(typer.Exit):
        status()
    assert (".venv/bin/python -m local logs" in " ".join(capsys.readouterr().out.split())) is ran
