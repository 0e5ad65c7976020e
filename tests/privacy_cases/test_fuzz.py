"""Stack with one value replaced: neither the proof nor the pack says private where the value carries the verdict.

A sample in the fast tier; all of them with PADDOCK_WHOLE_FUZZ=1, minutes.
"""

from __future__ import annotations

import os
import random
from fnmatch import fnmatchcase

from tests.privacy_cases.fuzz import Replaced, replacements, wrong
from tests.privacy_cases.program import Program
from tests.privacy_cases.verdict_values import HARMLESS, NEVER_NULL, REFERENCES, SAFE_AS_NULL

SAMPLE = 100
WHOLE = os.environ.get("PADDOCK_WHOLE_FUZZ") == "1"


def asked(program: Program) -> list[Replaced]:
    every = list(replacements(program))
    return every if WHOLE else random.Random(SAMPLE).sample(every, SAMPLE)  # noqa: S311 no secret


def test_no_value_that_carries_the_verdict_is_replaced_in_silence() -> None:
    program = Program()
    assert list(wrong(program, asked(program))) == []


def test_a_program_is_as_it_was_after_a_replacement() -> None:
    program = Program()
    assert program.data == Program().data
    next(replacements(program)).answers(program)
    assert program.data == Program().data


def test_every_value_that_is_called_harmless_is_in_the_recording() -> None:
    found = [each.value for each in replacements(Program())]
    values = {f"{kind} {path}" for kind, _, path in found}
    patterns = [*(pattern for patterns in HARMLESS.values() for pattern in patterns), *NEVER_NULL]
    named = {*values, *map(" ".join, found)}
    assert [each for each in patterns if not any(fnmatchcase(value, each) for value in named)] == []
    assert {*SAFE_AS_NULL, *REFERENCES} <= values
