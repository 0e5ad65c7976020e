"""`paddock …` in this process, as a user runs it."""

from __future__ import annotations

import io
import sys

import pytest

from paddock.cli import main

COLUMNS = 90


class Ran:
    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


class Paddock:
    """Runs the command without colour, `columns` wide, and with `stdin` where it is given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys
        monkeypatch.setenv("NO_COLOR", "1")

    def __call__(self, *words: str, columns: int = COLUMNS, stdin: str = "") -> Ran:
        self.monkeypatch.setenv("COLUMNS", str(columns))
        self.monkeypatch.setattr(sys, "argv", ["paddock", *words])
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        try:
            main()
            status = 0
        except SystemExit as exited:
            status = exited.code if isinstance(exited.code, int) else int(exited.code is not None)
        captured = self.capsys.readouterr()
        return Ran(status, captured.out, captured.err)
