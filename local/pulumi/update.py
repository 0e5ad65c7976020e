"""One run of the engine, told as it goes: what was done to which resource, and what program and providers said.

Reads the engine's own event log. pulumi's interactive view is meant for someone who watches each resource; here one
line a resource is enough, and the same lines are readable in a CI log.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from local.processes.cloud import CloudError
from local.progress import Step, Steps, duration
from local.pulumi.recovery import name_of

READ_EVERY_SECONDS = 0.2
TAIL_LINES = 20

DONE_WORDS = {
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
    heard: bool = False
    """True once the engine came as far as a first event."""

    def lines(self, event: Mapping[str, Any]) -> Iterator[str]:
        """Line about one event, if there is anything to say."""
        self.heard = True
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
            if metadata["op"] in DONE_WORDS:
                took = f" ({duration(took_seconds)})" if took_seconds > 1 else ""  # whole seconds only
                yield f"{DONE_WORDS[metadata['op']]} {name_of(metadata['urn'])}{took}"
        elif failed := event.get("resOpFailedEvent"):
            self.started.pop(failed["metadata"]["urn"], None)
            yield f"failed: {failed['metadata']['op']} of {name_of(failed['metadata']['urn'])}"
        elif diagnostic := event.get("diagnosticEvent"):
            yield from self._said(diagnostic)

    @staticmethod
    def _said(diagnostic: Mapping[str, Any]) -> Iterator[str]:
        message = _COLOUR.sub("", diagnostic["message"]).rstrip()
        severity = diagnostic["severity"].removesuffix("#err")
        if not message or severity == "debug" or diagnostic.get("ephemeral"):
            return
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
        counts = [f"{count} {DONE_WORDS[op]}" for op, count in sorted(self.done.items()) if op in DONE_WORDS]
        if same := self.done["same"]:
            counts.append(f"{same} as they were")
        return ", ".join(counts) or "nothing was there"


def _is_object(metadata: Mapping[str, Any]) -> bool:
    """Components and the stack are groups; what is in them says enough."""
    state = metadata.get("new") or metadata.get("old") or {}
    return bool(state.get("custom")) and not metadata["type"].startswith("pulumi:")


def run_engine(argv: Sequence[str], *, title: str, steps: Steps, folder: Path, environment: Mapping[str, str]) -> None:
    """Runs pulumi, telling what it does; raises `PulumiError` if it fails."""
    account = Account()
    with tempfile.TemporaryDirectory(prefix="paddock-") as temporary:
        events, output = Path(temporary) / "events.json", Path(temporary) / "output"
        events.touch()
        with output.open("w") as sink, steps.step(title) as step:
            engine = subprocess.Popen(
                [*argv, "--event-log", str(events), "--color", "never"],
                cwd=folder,
                # Pulumi's own Automation API reads the event log in the same way; the flag is hidden without this.
                env={**environment, "PULUMI_DEBUG_COMMANDS": "true"},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
            try:
                with events.open() as log:
                    while engine.poll() is None:
                        _tell(log, account, steps, step)
                        with suppress(subprocess.TimeoutExpired):
                            engine.wait(READ_EVERY_SECONDS)
                    _tell(log, account, steps, step)
            except BaseException:
                # Ctrl-C reached the engine too: it stops at the end of what it is doing and keeps its state whole.
                engine.wait()
                raise
            if engine.returncode != 0:
                if not account.heard:
                    steps.say("\n".join(output.read_text(errors="replace").splitlines()[-TAIL_LINES:]))
                raise PulumiError(f"`{' '.join(argv[:2])}` failed; what it said is above")
    steps.note(account.summary())


def _tell(log: TextIO, account: Account, steps: Steps, step: Step) -> None:
    while True:
        place = log.tell()
        line = log.readline()
        if not line.endswith("\n"):
            log.seek(place)  # not wholly written yet
            break
        for text in account.lines(json.loads(line)):
            steps.say(text)
    step.detail = account.detail
