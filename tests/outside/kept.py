"""Findings that are kept on purpose: `kept.toml`, and how it is held against what a judge found."""

import tomllib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from tests.outside.checkers import Finding

FILE = Path(__file__).with_name("kept.toml")


class Verdict(NamedTuple):
    left: list[Finding]
    """Found, and kept by no entry."""
    unused: list[str]
    """Entries that kept nothing."""


def held(judge: str, found: Iterable[Finding]) -> Verdict:
    return match(tomllib.loads(FILE.read_text(encoding="utf-8")).get(judge, []), found)


def match(entries: list[dict[str, str]], found: Iterable[Finding]) -> Verdict:
    left, used = [], set()
    for finding in sorted(found):
        keeping = [i for i, entry in enumerate(entries) if _keeps(entry, finding)]
        used.update(keeping)
        if not keeping:
            left.append(finding)
    return Verdict(left, [f"{each['rule']} {each['where']}" for i, each in enumerate(entries) if i not in used])


def _keeps(entry: dict[str, str], finding: Finding) -> bool:
    return entry["rule"] == finding.rule and all(
        # Judges print lists, whose brackets would be a set of characters.
        fnmatchcase(text, pattern.replace("[", "[[]"))
        for text, pattern in ((finding.where, entry["where"]), (finding.said, entry.get("said", "*")))
    )
