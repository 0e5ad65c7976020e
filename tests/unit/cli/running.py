"""`paddock …` in this process, as a user runs it."""

from __future__ import annotations

import io
import sys
from functools import cache

import pytest
import typer.main

from paddock.cli import main

COLUMNS = 90
get_command = cache(typer.main.get_command)
"""Typer builds all commands anew at each call, a tenth of a second that a process of its own takes once."""


class Stdin(io.TextIOWrapper):
    """Text that is typed, or comes by a pipe."""

    def __init__(self, text: str, *, typed: bool) -> None:
        super().__init__(io.BytesIO(text.encode()))
        self._typed = typed

    def isatty(self) -> bool:
        return self._typed


class Ran:
    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


class Paddock:
    """Runs the command without colour, `columns` wide, with `stdin` where it is given, `typed` at a terminal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setattr("typer.main.get_command", get_command)

    def __call__(self, *words: str, columns: int = COLUMNS, stdin: str = "", typed: bool = False) -> Ran:
        self.monkeypatch.setenv("COLUMNS", str(columns))
        self.monkeypatch.setattr(sys, "argv", ["paddock", *words])
        self.monkeypatch.setattr(sys, "stdin", Stdin(stdin, typed=typed))
        try:
            main()
            status = 0
        except SystemExit as exited:
            status = exited.code if isinstance(exited.code, int) else int(exited.code is not None)
        captured = self.capsys.readouterr()
        return Ran(status, captured.out, captured.err)
