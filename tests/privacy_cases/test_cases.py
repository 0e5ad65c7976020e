"""Every case gets the right answer of the policy pack and of the proof; those that do not are listed, each of them.

What is not shown: that the engine hands a pack the same (tests/local/test_mutated_programs.py), and AWS itself.
"""

from __future__ import annotations

import pytest

from tests.privacy_cases.ask import ASKED, is_right, pack_refusals
from tests.privacy_cases.case import Case
from tests.privacy_cases.corpus import CASES, FAMILIES
from tests.privacy_cases.known_misses import KNOWN_MISSES
from tests.privacy_cases.program import Program


def test_the_recordings_keep_every_rule_so_far_as_they_are_known() -> None:
    assert pack_refusals(Program("stack")) == pack_refusals(Program("doors")) == []
    assert {each.partition(":")[0] for each in pack_refusals(Program("preview"))} == {
        "paddock-model-require-fitting-pool"
    }


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: str(case.says))
def test_the_pack_and_the_proof_answer_as_aws_behaves(case: Case) -> None:
    for who, ask in ASKED.items():
        heard, why = ask(case)
        known = case.says in KNOWN_MISSES[who]
        assert is_right(case, heard, who) is not known, (
            f"{who} says {heard}, right is {case.right}: {'its row of known_misses.py can go' if known else why}"
        )


def test_every_case_is_told_by_words_of_its_own_and_every_known_miss_is_a_case() -> None:
    assert len(CASES) == sum(len(cases) for cases in FAMILIES.values())
    assert {says for misses in KNOWN_MISSES.values() for says in misses} <= set(CASES)
