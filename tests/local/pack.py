"""Previews under the policy pack: what each rule said, from the engine's own event log, and the preview's JSON."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.local.stack import ROOT, Stack

PACK = ROOT / "policy"


@dataclass(frozen=True)
class Said:
    """One violation; `message` starts with the rule's own description."""

    rule: str
    level: str
    urn: str
    message: str


@dataclass(frozen=True)
class Judged:
    """One preview under the pack."""

    passed: bool
    json: str
    """As `paddock prove` reads it."""
    said: tuple[Said, ...]
    printed: str

    def rules(self, level: str) -> set[str]:
        """Which rules were broken; what only the update will know is not a breach."""
        return {each.rule for each in self.said if each.level == level and "during preview:" not in each.message}


def judged_preview(stack: Stack, *flags: str) -> Judged:
    with tempfile.TemporaryDirectory(prefix="paddock-") as folder:
        log = Path(folder) / "events.json"
        done = stack.run("preview", "--json", "--policy-pack", str(PACK), "--event-log", str(log), *flags, check=False)
        events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    found = [each["policyEvent"] for each in events if "policyEvent" in each]
    return Judged(
        passed=done.returncode == 0,
        json=done.stdout,
        said=tuple(
            Said(each["policyName"], each["enforcementLevel"], each.get("resourceUrn", ""), each["message"])
            for each in found
        ),
        printed=done.stdout[-2000:] + done.stderr,
    )
