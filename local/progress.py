"""Progress of long steps: a live bar on a terminal, a plain line now and then where nobody watches."""

from __future__ import annotations

import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

PLAIN_LINE_EVERY_SECONDS = 15.0
WAITS_FOR_NEWS_SECONDS = 0.25
DETAIL_CHARACTERS = 56


def duration(seconds: float) -> str:
    """`4.2 s`, `48 s`, `3 min 20 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole_seconds = round(seconds)
    if whole_seconds < 60:
        return f"{whole_seconds} s"
    return f"{whole_seconds // 60} min {whole_seconds % 60} s"


@dataclass
class Step:
    """One step under way. Whoever works on it may set `detail`, the last thing that it did."""

    title: str
    expected_seconds: float | None
    detail: str = ""
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed_seconds(self) -> float:
        return time.monotonic() - self.started

    def line(self) -> str:
        expected = f" of about {duration(self.expected_seconds)}" if self.expected_seconds else ""
        detail = f" · {self.detail[:DETAIL_CHARACTERS]}" if self.detail else ""
        return f"{duration(self.elapsed_seconds)}{expected}{detail}"


class Steps:
    """Shows steps on one console. A step that fails leaves its mark and lets the error through."""

    def __init__(self, console: Console | None = None, *, plain_line_every_seconds: float = PLAIN_LINE_EVERY_SECONDS):
        self.console = console or Console(highlight=False)
        self._plain_line_every_seconds = plain_line_every_seconds

    def note(self, text: str) -> None:
        self.console.print(f"  {text}", style="dim", markup=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """A line of what a step is doing, above its bar."""
        self.console.print(textwrap.indent(text, "    "), markup=False, soft_wrap=True)

    @contextmanager
    def step(self, title: str, expected_seconds: float | None = None) -> Iterator[Step]:
        step = Step(title, expected_seconds)
        try:
            with self._live(step) if self.console.is_terminal else self._plain(step):
                yield step
        except BaseException:
            self._end("[red]✗[/]", step)
            raise
        self._end("[green]✓[/]", step)

    def _end(self, mark: str, step: Step) -> None:
        self.console.print(f"{mark} {escape(step.title)} [dim]{duration(step.elapsed_seconds)}[/]")

    @contextmanager
    def _plain(self, step: Step) -> Iterator[None]:
        ended = threading.Event()

        def tell() -> None:
            while not ended.wait(self._plain_line_every_seconds):
                self.console.print(f"  {step.title}: {step.line()}", markup=False, soft_wrap=True)

        teller = threading.Thread(target=tell, daemon=True)
        self.console.print(f"  {step.title} …", markup=False)
        teller.start()
        try:
            yield
        finally:
            ended.set()
            teller.join()

    @contextmanager
    def _live(self, step: Step) -> Iterator[None]:
        columns = [SpinnerColumn(), TextColumn("{task.description}", markup=False)]
        if step.expected_seconds:
            columns.append(BarColumn(bar_width=24))
        columns.append(TextColumn("[dim]{task.fields[line]}[/]"))
        with Progress(*columns, console=self.console, transient=True) as bar:
            task = bar.add_task(step.title, total=step.expected_seconds, line="")
            ended = threading.Event()
            shower = threading.Thread(target=self._follow, args=(bar, task, step, ended), daemon=True)
            shower.start()
            try:
                yield
            finally:
                ended.set()
                shower.join()

    @staticmethod
    def _follow(bar: Progress, task: TaskID, step: Step, ended: threading.Event) -> None:
        while not ended.wait(WAITS_FOR_NEWS_SECONDS):
            bar.update(task, completed=step.elapsed_seconds, line=escape(step.line()))
