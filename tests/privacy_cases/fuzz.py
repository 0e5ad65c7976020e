"""Fuzz of the proof and of the pack: every value of every resource of a recording, replaced by what no check expects.

`python -m tests.privacy_cases.fuzz` asks all of them and prints those that are answered wrong.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from paddock.privacy.proof import PrivacyVerdict, prove, read_inventory
from tests.privacy_cases.ask import pack_refusals
from tests.privacy_cases.program import UNKNOWN, Program, secret
from tests.privacy_cases.values import FOREIGN
from tests.privacy_cases.verdict_values import carries_the_verdict

Path = tuple[str | int, ...]
DOCUMENTS = frozenset({"policy", "assumeRolePolicy", "configurationValues"})
"""Inputs that are JSON in a text: what is inside is replaced too."""
REPLACED_BY = ("null", "wrong type", "secret", "unknown", "foreign ARN")


@dataclass(frozen=True)
class Replaced:
    """One value of one resource, replaced."""

    urn: str
    type: str
    path: Path
    by: str

    @property
    def value(self) -> tuple[str, str, str]:
        """Kind and name of the resource, and the path of the value."""
        return self.type.rpartition(":")[2], self.urn.rpartition("::")[2], ".".join(map(str, self.path))

    def __str__(self) -> str:
        return f"{' '.join(self.value)} by {self.by}"

    def answers(self, program: Program) -> dict[str, str]:
        """Verdict of each check, `traceback` where there is none. The program is as it was afterwards."""
        state = next(each for each in program.resources if each["urn"] == self.urn)
        before = copy.deepcopy(state)
        for side in ("inputs", "outputs"):
            if isinstance(state.get(side), dict):
                state[side] = _with(state[side], self.path, self.by)
        try:
            return {who: ask(program) for who, ask in CHECKS.items()}
        finally:
            state.clear()
            state.update(before)


def _proof(program: Program) -> str:
    try:
        return str(prove(read_inventory(json.dumps(program.data))).verdict)
    except Exception as error:
        return f"traceback, {error!r}"


def _pack(program: Program) -> str:
    try:
        return "refused" if pack_refusals(program) else PRIVATE
    except Exception as error:
        return f"traceback, {error!r}"


CHECKS = {"proof": _proof, "pack": _pack}
PRIVATE = str(PrivacyVerdict.PRIVATE)


def replacements(program: Program) -> Iterator[Replaced]:
    for state in program.resources:
        if state.get("custom") is not False and not state["type"].startswith("pulumi:"):
            for path, inside_text in _paths(state.get("inputs") or {}):
                for by in REPLACED_BY:
                    if not (inside_text and by in ("secret", "unknown")):
                        yield Replaced(state["urn"], state["type"], path, by)


def _paths(value: Any, path: Path = (), inside_text: bool = False) -> Iterator[tuple[Path, bool]]:
    if path:
        yield path, inside_text
    if path and path[-1] in DOCUMENTS and isinstance(value, str):
        value, inside_text = json.loads(value), True
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        yield from _paths(each, (*path, key), inside_text)


def _with(container: Any, path: Path, by: str) -> Any:
    """Copy with the value at a path replaced; as it was where the path leads nowhere."""
    if isinstance(container, str):
        return json.dumps(_with(json.loads(container), path, by))
    key: Any = path[0]
    found = isinstance(container, dict) and key in container
    if not found and not (isinstance(container, list) and key < len(container)):
        return container
    changed = copy.copy(container)
    changed[key] = _with(changed[key], path[1:], by) if path[1:] else _other(changed[key], by)
    return changed


def _other(value: Any, by: str) -> Any:
    match by:
        case "null":
            return None
        case "wrong type":
            return {"x": 1} if isinstance(value, str | list) else "x"
        case "secret":
            return secret(value)
        case "unknown":
            return UNKNOWN
    return f"arn:aws:iam::{FOREIGN}:role/x"


def wrong(program: Program, asked: Iterator[Replaced] | list[Replaced]) -> Iterator[str]:
    """Replacements that a check passes over, or ends at in a traceback, each with the check and its answer."""
    for each in asked:
        for who, answer in each.answers(program).items():
            # A pack is handed what a secret hides, which is as it was.
            is_seen = who == "pack" and each.by == "secret"
            private = answer == PRIVATE and not is_seen and carries_the_verdict(*each.value, each.by)
            if private or answer.startswith("traceback"):
                yield f"{each}: {who} says {answer}"


if __name__ == "__main__":
    of = Program()
    sys.stdout.writelines(f"{each}\n" for each in wrong(of, replacements(of)))
