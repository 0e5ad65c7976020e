"""List of kept findings: every entry argues, and none can keep more than it names."""

import tomllib

import pytest

from tests.outside.checkers import Finding
from tests.outside.kept import FILE, match

CHECKERS = {
    "checkov": {"rule", "where", "reason", "source"},
    "parliament": {"rule", "where", "said", "reason", "source"},
}
ENTRY = {"rule": "R", "where": "Pod.a.*", "said": "[s: *]", "reason": "r", "source": "s"}


def test_every_entry_names_its_finding_its_reason_and_its_source() -> None:
    entries = tomllib.loads(FILE.read_text(encoding="utf-8"))
    assert entries
    assert set(entries) <= set(CHECKERS)
    for checker, listed in entries.items():
        for entry in listed:
            assert set(entry) == CHECKERS[checker]
            assert all(each.strip() for each in entry.values())


@pytest.mark.parametrize(
    ("finding", "kept"),
    [
        (Finding("R", "Pod.a.b", "[s: *]"), True),
        (Finding("R", "Pod.a.b", "s"), False),
        (Finding("R", "Pod.b.b", "[s: *]"), False),
        (Finding("Q", "Pod.a.b", "[s: *]"), False),
        (Finding("R", "Pod.a.b", "another"), False),
    ],
)
def test_an_entry_keeps_its_own_finding_only_and_says_when_it_keeps_none(finding: Finding, kept: bool) -> None:
    found = match([ENTRY], [finding])
    assert (found.left == [], found.unused == []) == (kept, kept)


def test_what_is_said_may_be_a_pattern() -> None:
    entry = {**ENTRY, "said": "key * unknown"}
    assert match([entry], [Finding("R", "Pod.a.b", "key k unknown")]).left == []
    assert match([entry], [Finding("R", "Pod.a.b", "key k known")]).unused
