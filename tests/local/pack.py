"""Previews under the policy pack: what each rule said, from the engine's own event log, and the preview's JSON."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.local.stack import ROOT, Stack

PACK = ROOT / "policy"
NO_NEWS = re.compile(r"preview failed|exited prematurely").search
"""That the pack refused; and that a plugin ended with its engine, before it was told to."""


@dataclass(frozen=True)
class Said:
    """One violation; `message` starts with the rule's own description."""

    rule: str
    level: str
    urn: str
    message: str


@dataclass(frozen=True)
class Checked:
    """One preview under the pack."""

    passed: bool
    json: str
    """JSON of the preview, as `paddock prove` reads it."""
    said: tuple[Said, ...]
    errors: tuple[str, ...]
    """Errors of the engine, a provider or the program: a refusal by the pack alone is none."""

    def broken(self, level: str) -> set[tuple[str, str]]:
        """(rule, URN) of each breach; what only the update will know is none."""
        broken = (each for each in self.said if each.level == level and "during preview:" not in each.message)
        return {(each.rule, each.urn) for each in broken}

    def rules(self, level: str) -> set[str]:
        """Rules that were broken."""
        return {rule for rule, _ in self.broken(level)}


def checked_preview(stack: Stack, *flags: str) -> Checked:
    with tempfile.TemporaryDirectory(prefix="paddock-") as folder:
        log = Path(folder) / "events.json"
        done = stack.run("preview", "--json", "--policy-pack", str(PACK), "--event-log", str(log), *flags, check=False)
        events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    found = [each["policyEvent"] for each in events if "policyEvent" in each]
    told = [each["diagnosticEvent"] for each in events if "diagnosticEvent" in each]
    return Checked(
        passed=done.returncode == 0,
        json=done.stdout,
        said=tuple(
            Said(each["policyName"], each["enforcementLevel"], each.get("resourceUrn", ""), each["message"])
            for each in found
        ),
        errors=tuple(each["message"] for each in told if each["severity"] == "error" and not NO_NEWS(each["message"])),
    )
