"""One run of the engine, told as it goes: what was done to which resource, and what program and providers said.

Reads the engine's own event log. pulumi's interactive view is meant for someone who watches each resource; here one
line a resource is enough, and the same lines are readable in a CI log.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from local.processes.cloud import CloudError
from local.progress import Step, Steps, duration
from paddock.operations.deploy.pending import name_of

READ_EVERY_SECONDS = 0.2
TAIL_LINES = 20
WAITS_LONG_SECONDS = 30.0
"""Time after which an operation's wait is explained, if anybody knows why."""
EXPLAIN_EVERY_SECONDS = 5.0

PAST_TENSE = {
    "create": "made",
    "create-replacement": "made anew",
    "update": "changed",
    "delete": "removed",
    "delete-replaced": "removed the old",
    "discard-replaced": "forgot the old",
    "import": "took over",
    "refresh": "read",
}
"""Past tense of each operation of the engine. Others (same, read, replace) say nothing of their own."""

_COLOUR = re.compile(r"<\{%[^%]*%\}>")


class PulumiError(CloudError):
    """`pulumi` ended with an error, which was shown or is in the message."""


@dataclass
class Account:
    """Sum of the events so far."""

    started: dict[str, int] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    """Number of objects by operation; groups of objects are not counted."""
    errors: set[str] = field(default_factory=set)
    """Messages that were told as errors."""

    def lines(self, event: Mapping[str, Any]) -> Iterator[str]:
        """Line about one event, if there is anything to say."""
        timestamp = event.get("timestamp", 0)
        if pre := event.get("resourcePreEvent"):
            if _is_object(pre["metadata"]):
                self.started[pre["metadata"]["urn"]] = timestamp
        elif outputs := event.get("resOutputsEvent"):
            metadata = outputs["metadata"]
            took_seconds = timestamp - self.started.pop(metadata["urn"], timestamp)
            if not _is_object(metadata):
                return
            self.done[metadata["op"]] += 1
            if metadata["op"] in PAST_TENSE and metadata["op"] != "refresh":  # one for each object, of no interest
                took = f" ({duration(took_seconds)})" if took_seconds > 1 else ""  # whole seconds only
                yield f"{PAST_TENSE[metadata['op']]} {name_of(metadata['urn'])}{took}"
        elif failed := event.get("resOpFailedEvent"):
            self.started.pop(failed["metadata"]["urn"], None)
            yield f"failed: {failed['metadata']['op']} of {name_of(failed['metadata']['urn'])}"
        elif diagnostic := event.get("diagnosticEvent"):
            yield from self._said(diagnostic)

    def _said(self, diagnostic: Mapping[str, Any]) -> Iterator[str]:
        message = _COLOUR.sub("", diagnostic["message"]).rstrip()
        severity = diagnostic["severity"].removesuffix("#err")
        if not message or severity == "debug" or diagnostic.get("ephemeral"):
            return
        if severity == "error":
            self.errors.update(message.splitlines())
        about = f"{name_of(diagnostic['urn'])}: " if diagnostic.get("urn") else ""
        yield f"{severity}: {about}{message}" if severity in ("error", "warning") else message

    @property
    def detail(self) -> str:
        """Operations under way."""
        finished = sum(self.done.values())
        working = ", ".join(name_of(urn).rpartition(" ")[2] for urn in self.started)
        return f"{finished} resources" + (f" · {working}" if working else "")

    def summary(self) -> str:
        """`12 made, 3 changed, 40 as they were`."""
        counts = [f"{count} {PAST_TENSE[op]}" for op, count in sorted(self.done.items()) if op in PAST_TENSE]
        if same := self.done["same"]:
            counts.append(f"{same} as they were")
        return ", ".join(counts) or "nothing was there"


def _is_object(metadata: Mapping[str, Any]) -> bool:
    """Components and the stack are groups; what is in them says enough."""
    state = metadata.get("new") or metadata.get("old") or {}
    return bool(state.get("custom")) and not metadata["type"].startswith("pulumi:")


def run_engine(
    argv: Sequence[str],
    *,
    title: str,
    steps: Steps,
    folder: Path,
    environment: Mapping[str, str],
    explain: Callable[[], Sequence[str]] = tuple,
) -> None:
    """Runs pulumi, telling what it does; raises `PulumiError` if it fails.

    `explain` is asked why an operation takes long.
    """
    account = Account()
    with tempfile.TemporaryDirectory(prefix="paddock-") as temporary:
        events, screen, errors = (Path(temporary) / name for name in ("events.json", "screen", "errors"))
        events.touch()
        with screen.open("w") as stdout, errors.open("w") as stderr, steps.step(title) as step:
            engine = subprocess.Popen(
                [*argv, "--event-log", str(events), "--color", "never"],
                cwd=folder,
                # Pulumi's own Automation API reads the event log in the same way; the flag is hidden without this.
                env={**environment, "PULUMI_DEBUG_COMMANDS": "true"},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
            try:
                with events.open() as log:
                    waits = Waits(account, steps, explain)
                    while engine.poll() is None:
                        _tell(log, account, steps, step)
                        waits.look()
                        with suppress(subprocess.TimeoutExpired):
                            engine.wait(READ_EVERY_SECONDS)
                    _tell(log, account, steps, step)
            except KeyboardInterrupt:
                # Ctrl-C reached the engine too: it stops at the end of what it is doing and keeps its state whole.
                engine.wait()
                raise
            except BaseException:
                engine.send_signal(signal.SIGINT)
                engine.wait()
                raise
            if engine.returncode != 0:
                for line in _unsaid(errors, screen, account):
                    steps.say(line)
                raise PulumiError(f"`{' '.join(argv[:2])}` {how_it_ended(engine.returncode)}")
    steps.note(account.summary())


def how_it_ended(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name} before it was done"
    return f"failed with status {status}; what it said is above"


def _unsaid(errors: Path, screen: Path, account: Account) -> list[str]:
    """Errors that the engine printed beside its events, all of them; its last screen where there are none."""
    printed = [line for line in errors.read_text(errors="replace").splitlines() if line.strip()]
    if printed or account.errors:
        return [line for line in printed if line.removeprefix("error: ").strip() not in account.errors]
    return screen.read_text(errors="replace").splitlines()[-TAIL_LINES:]


@dataclass
class Waits:
    """Operations that take long, and why, each reason told once."""

    account: Account
    steps: Steps
    explain: Callable[[], Sequence[str]]
    told: set[str] = field(default_factory=set)
    looked: float = 0.0

    def look(self) -> None:
        now = time.time()
        longest_seconds = now - min(self.account.started.values(), default=now)
        if longest_seconds > WAITS_LONG_SECONDS and now - self.looked > EXPLAIN_EVERY_SECONDS:
            self.looked = now
            for reason in self.explain():
                if reason not in self.told:
                    self.told.add(reason)
                    self.steps.say(f"waiting: {reason}")


def _tell(log: TextIO, account: Account, steps: Steps, step: Step) -> None:
    while True:
        offset = log.tell()
        line = log.readline()
        if not line.endswith("\n"):
            log.seek(offset)  # not wholly written yet
            break
        for text in account.lines(json.loads(line)):
            steps.say(text)
    step.detail = account.detail
