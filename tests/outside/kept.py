"""Findings that are kept on purpose: `kept.toml`, and how it is held against what a checker found."""

import tomllib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from tests.outside.checkers import Finding

FILE = Path(__file__).with_name("kept.toml")


class Comparison(NamedTuple):
    left: list[Finding]
    """Findings that no entry keeps."""
    unused: list[str]
    """Entries that kept nothing."""


def held(checker: str, found: Iterable[Finding]) -> Comparison:
    return match(tomllib.loads(FILE.read_text(encoding="utf-8")).get(checker, []), found)


def match(entries: list[dict[str, str]], found: Iterable[Finding]) -> Comparison:
    left, used = [], set()
    for finding in sorted(found):
        keeping = [i for i, entry in enumerate(entries) if _keeps(entry, finding)]
        used.update(keeping)
        if not keeping:
            left.append(finding)
    return Comparison(left, [f"{each['rule']} {each['where']}" for i, each in enumerate(entries) if i not in used])


def _keeps(entry: dict[str, str], finding: Finding) -> bool:
    return entry["rule"] == finding.rule and all(
        # Checkers print lists, whose brackets would be a set of characters.
        fnmatchcase(text, pattern.replace("[", "[[]"))
        for text, pattern in ((finding.where, entry["where"]), (finding.said, entry.get("said", "*")))
    )
