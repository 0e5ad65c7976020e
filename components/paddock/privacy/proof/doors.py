"""Declared doors: which of those that a proof finds a team accepts, to whom, why and until when."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from paddock.privacy.proof.graph import Edge
from paddock.privacy.proof.reading import ProofInputError
from paddock.privacy.proof.verdict import Answer, PrivacyVerdict, Proof

KEYS = ("kind", "resource", "who", "reason")
"""Keys of a declaration; `expires` may be there too."""
QUESTION = "Is every door declared?"


def undeclared(doors: Sequence[Edge], declared: Sequence[Mapping[str, Any]], today: date) -> Iterator[tuple[Edge, str]]:
    """Doors that no declaration accepts today, each with what is to be said of it."""
    by_key = {tuple(str(each.get(key)) for key in KEYS[:3]): each for each in declared}
    for door in doors:
        found = by_key.get((door.rule, door.resource_name, door.who))
        if found is None:
            yield door, f"{door.text}; no declared door of kind {door.rule} is to {door.who}"
        elif problem := _lapsed(found, today):
            yield door, f"{door.text}; {problem}"


def _lapsed(declaration: Mapping[str, Any], today: date) -> str:
    if not str(declaration.get("reason") or "").strip():
        return "its declaration has no reason"
    return lapse("declaration", declaration.get("expires", "9999-12-31"), today)


def lapse(kind: str, expires: object, today: date, advice: str = "") -> str:
    """Reason for which what a team accepted no longer counts: its last day is over, or none. Empty where it counts."""
    try:
        ends = date.fromisoformat(str(expires))
    except ValueError:
        return f"its {kind} expires on no day ({expires}); write YYYY-MM-DD"
    return f"its {kind} expired on {ends}{advice}" if today > ends else ""


def with_declared(proof: Proof, declared: Sequence[Mapping[str, Any]], today: date) -> Proof:
    """Proof to which a door that nobody declared is a way out as any other."""
    refused = {door: replace(door, text=text) for door, text in undeclared(proof.doors, declared, today)}
    answer = Answer(
        QUESTION, PrivacyVerdict.NOT_PRIVATE if refused else PrivacyVerdict.PRIVATE, tuple(refused.values())
    )
    return replace(
        proof,
        verdict=answer.verdict if refused else proof.verdict,
        answers=(*proof.answers, answer),
        reasons=(*proof.reasons, *refused.values()),
        doors=tuple(each for each in proof.doors if each not in refused),
    )


def read_doors(text: str) -> list[Mapping[str, Any]]:
    """Declared doors of a file: a list of objects; raises `ProofInputError`."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ProofInputError("the declared doors are not JSON") from None
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise ProofInputError(f"declared doors are a list of objects with {', '.join(KEYS)} and, if wanted, expires")
    for each in found:
        if missing := [key for key in KEYS if not isinstance(each.get(key), str)]:
            raise ProofInputError(f"a declared door lacks {', '.join(missing)}; each has {', '.join(KEYS)}")
        if unknown := sorted(set(each) - {*KEYS, "expires"}):
            raise ProofInputError(f"a declared door has no {', '.join(unknown)}; it may have expires")
    return found
