"""Every case gets the right answer of the policy pack and of the proof; those that do not are listed, each of them.

What is not shown: that the engine hands a pack the same (tests/local/test_mutated_programs.py), and AWS itself.
"""

from __future__ import annotations

import pytest

from paddock.privacy.proof import PrivacyVerdict, with_declared
from tests.privacy_cases.ask import ASKED, DOORS, TODAY, declared, is_right, pack_refusals, proof_of
from tests.privacy_cases.case import Case, Right, harmless
from tests.privacy_cases.corpus import CASES, FAMILIES
from tests.privacy_cases.known_misses import KNOWN_MISSES
from tests.privacy_cases.program import Program


def test_the_recordings_keep_every_rule_but_that_of_doors_where_they_have_some() -> None:
    assert [pack_refusals(Program(base)) for base in ("stack", "preview")] == [[], []]
    assert {each.partition(":")[0] for each in pack_refusals(Program("doors"))} == {DOORS}


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: str(case.says))
def test_the_pack_and_the_proof_answer_as_aws_behaves(case: Case) -> None:
    for who, ask in ASKED.items():
        heard, why = ask(case)
        known = case.says in KNOWN_MISSES[who]
        assert is_right(case, heard, who) is not known, (
            f"{who} says {heard}, right is {case.right}: {'its row of known_misses.py can go' if known else why}"
        )


@pytest.mark.parametrize("base", ["stack", "doors"])
def test_doors_let_pass_once_each_is_declared_and_not_before(base: str) -> None:
    found = [proof_of(case) for case in CASES.values() if case.right is Right.DOOR and case.base == base]
    named = [proof for proof in found if proof.verdict is PrivacyVerdict.PRIVATE]
    for proof in named or [proof_of(harmless("", base=base))]:
        doors = declared(proof.doors)
        assert with_declared(proof, doors, TODAY).verdict is PrivacyVerdict.PRIVATE
        others = [each for each in doors if each != doors[0]]
        assert with_declared(proof, others, TODAY).verdict is PrivacyVerdict.NOT_PRIVATE


def test_every_case_is_told_by_words_of_its_own_and_every_known_miss_is_a_case() -> None:
    assert len(CASES) == sum(len(cases) for cases in FAMILIES.values())
    assert {says for misses in KNOWN_MISSES.values() for says in misses} <= set(CASES)
