"""Proof of a stack with one value replaced: never private where the value carries the verdict, never a traceback.

A sample in the fast tier; all of them with PADDOCK_WHOLE_FUZZ=1, minutes.
"""

from __future__ import annotations

import os
import random
from fnmatch import fnmatchcase

from tests.privacy_cases.fuzz import Replaced, replacements, wrong
from tests.privacy_cases.program import Program
from tests.privacy_cases.verdict_values import (
    HARMLESS,
    NEVER_NULL,
    REFERENCES,
    SAFE_AS_NULL,
    SILENT_YET,
    is_silent_yet,
)

SAMPLE = 150
WHOLE = os.environ.get("PADDOCK_WHOLE_FUZZ") == "1"


def asked(program: Program) -> list[Replaced]:
    every = list(replacements(program))
    return every if WHOLE else random.Random(SAMPLE).sample(every, SAMPLE)  # noqa: S311 no secret


def test_no_value_that_carries_the_verdict_is_replaced_in_silence() -> None:
    program = Program()
    found = list(wrong(program, asked(program)))
    silent = [each for each in found if is_silent_yet(each.value[0], each.value[2], each.by)]
    assert [str(each) for each in found if each not in silent] == []
    if WHOLE:  # what is mended leaves the list
        said = {f"{each.value[0]} {each.value[2]}" for each in silent}
        assert [value for value, _ in SILENT_YET if not any(fnmatchcase(each, value) for each in said)] == []


def test_a_program_is_as_it_was_after_a_replacement() -> None:
    program = Program()
    assert program.data == Program().data
    next(replacements(program)).answer(program)
    assert program.data == Program().data


def test_every_value_that_is_called_harmless_is_in_the_recording() -> None:
    found = [each.value for each in replacements(Program())]
    values = {f"{kind} {path}" for kind, _, path in found}
    patterns = [*(pattern for patterns in HARMLESS.values() for pattern in patterns), *NEVER_NULL]
    named = {*values, *map(" ".join, found)}
    assert [each for each in patterns if not any(fnmatchcase(value, each) for value in named)] == []
    assert {*SAFE_AS_NULL, *REFERENCES} <= values
