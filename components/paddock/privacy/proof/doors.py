"""Doors of a proof against those that a team declared: every other refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from paddock.privacy.declaration import EXPIRES, KEYS, LATER, NAMED_BY, declarations, lapse
from paddock.privacy.predicates.values import annotation
from paddock.privacy.proof.graph import Edge
from paddock.privacy.proof.inventory import Inventory
from paddock.privacy.proof.verdict import Answer, PrivacyVerdict, Proof

ANNOTATION = "paddock.dev/doors"
"""Annotation of a deployment: the doors that its stack declares, as JSON. A pack is not shown the program's
configuration, and an export has none."""
DECLARE_IT = "add it, with a reason, to paddock:doors of the stack file or to `doors` of this rule's configuration:"
QUESTION = "Is every door declared?"
Declared = Sequence[Mapping[str, object]]


def declared_in(inventory: Inventory) -> list[dict[str, str]]:
    """Doors that the stack's own deployments declare; raises `DeclarationError`."""
    found = []
    for each in inventory.of("kubernetes:apps/v1:Deployment"):
        text = annotation(each.values, ANNOTATION)
        found += declarations_of(text, f"{ANNOTATION} of {each.name}") if isinstance(text, str) else []
    return found


def declarations_of(text: str, where: str) -> list[dict[str, str]]:
    """Declared doors of a text in JSON; raises `DeclarationError`."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = text
    return declarations(found, where)


def pasted(door: Edge) -> str:
    """Declaration of a door to be copied into a list of YAML or JSON; the reason is for people to write."""
    return json.dumps(dict(zip(KEYS, (door.rule, door.resource_name, door.who, ""), strict=True)))


def undeclared(doors: Sequence[Edge], declared: Declared, today: date) -> Iterator[tuple[Edge, str]]:
    """Doors that no declaration accepts today, each with what is to be said of it, and with the way out."""
    for door, accepts, text in _answers(doors, declared, today):
        if not accepts:
            offer = "" if text.endswith(LATER) else f"; close it, or {DECLARE_IT} {pasted(door)}"
            yield door, f"{door.text}; {text}{offer}"


def with_declared(proof: Proof, declared: Declared, today: date) -> Proof:
    """Proof to which a door that nobody declared is a way out as any other, and whose doors say why they are there."""
    told: dict[bool, list[Edge]] = {True: [], False: []}
    for door, accepts, text in _answers(proof.doors, declared, today):
        told[accepts].append(replace(door, text=f"{door.text}; {text}"))
    verdict = PrivacyVerdict.NOT_PRIVATE if told[False] else PrivacyVerdict.PRIVATE
    return replace(
        proof,
        verdict=verdict if told[False] else proof.verdict,
        answers=(*proof.answers, Answer(QUESTION, verdict, tuple(told[False]), "no" if told[False] else "yes")),
        reasons=(*proof.reasons, *told[False]),
        doors=tuple(told[True]),
        remarks=(*proof.remarks, *_without_door(proof.doors, declared)),
    )


def _without_door(doors: Sequence[Edge], declared: Declared) -> Iterator[str]:
    """Remarks on declarations of doors that are not there, each with what differs from one that is."""
    there = dict.fromkeys((door.rule, door.resource_name, door.who) for door in doors)
    near = {(i, *key[:i], *key[i + 1 :]): key[i] for key in there for i in range(len(key))}
    for each in declared:
        key = tuple(str(each.get(name)) for name in NAMED_BY)
        if key not in there:
            others = [(name, near.get((i, *key[:i], *key[i + 1 :]))) for i, name in enumerate(NAMED_BY)]
            but = [f"; here its {name} is {other}" for name, other in others if other is not None]
            yield f"declared, but no such door here: {key[0]} of {key[1]} to {key[2]}{''.join(but)}"


def _answers(doors: Sequence[Edge], declared: Declared, today: date) -> Iterator[tuple[Edge, bool, str]]:
    """Each door, whether a declaration accepts it, and what is to be said of that; one line is for one resource."""
    lapses = [(lapse("declaration", each.get(EXPIRES, date.max), today), each) for each in declared]
    known: dict[tuple[str, ...], list[tuple[str, Mapping[str, object]]]] = {}
    # Of two declarations of one door, one that counts is taken first.
    for problem, each in sorted(lapses, key=lambda pair: not pair[0]):
        known.setdefault(tuple(str(each.get(key)) for key in NAMED_BY), []).append((problem, each))
    taken: dict[tuple[str, ...], tuple[str, Mapping[str, object]]] = {}
    for door in doors:
        key = door.rule, door.resource_name, door.who
        if (of_it := (*key, door.resource)) not in taken and known.get(key):
            taken[of_it] = known[key].pop()
        if of_it not in taken:
            yield door, False, f"no declared door of kind {door.rule} is to {door.who}"
        else:
            problem, found = taken[of_it]
            yield (
                door,
                not problem,
                f"{problem}; {LATER}" if problem else f"{found['reason']}, until {found.get(EXPIRES, 'it is closed')}",
            )
