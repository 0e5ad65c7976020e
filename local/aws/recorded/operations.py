"""AWS's five operations on objects of any recorded type: create, read, list, update, delete."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from local.aws.recorded.kind import Kind, Operation, Record, picked

if TYPE_CHECKING:
    from local.aws.recorded.region import Region


def create(kind: Kind, region: Region, params: Record) -> Record:
    region.admit(kind, *kind.key_of(params))
    if kind.taken and kind.key_of(params) in region.of(kind):
        raise kind.conflict(kind.taken.format(**params))
    return _answer(kind, params, region.keep(kind, kind.make(region, params)))


def read(kind: Kind, region: Region, params: Record) -> Record:
    return _answer(kind, params, region.find(kind, *kind.key_of(params)))


def lists(kind: Kind, region: Region, params: Record) -> Record:
    region.admit(kind, *kind.key_of(params))
    wanted = {kind.key.get(name, name): value for name, value in params.items()}
    # Other parameters, of pages and the like, are no member of the objects.
    found = [
        each
        for each in region.of(kind).values()
        if all(each[name] == value for name, value in wanted.items() if name in each)
    ]
    return {**_repeated(kind, params), kind.listed: [each[kind.summary] if kind.summary else each for each in found]}


def update(kind: Kind, region: Region, params: Record) -> Record:
    record = region.find(kind, *kind.key_of(params))
    answer = kind.change(region, record, params) if kind.change is not None else None
    return _answer(kind, params, record) if answer is None else answer


def delete(kind: Kind, region: Region, params: Record) -> Record:
    record = region.find(kind, *kind.key_of(params))
    key = kind.own_key(record)
    if kind.protect is not None:
        kind.protect(region, record)
    for child, inner in region.within(kind, key):
        if child.blocks:
            names = ", ".join(sorted(each[-1] for each in inner))
            raise child.conflict(child.blocks.format(names=names, **params))
    if kind.release is not None:
        kind.release(region, record)
    region.drop(kind, key)
    return _answer(kind, params, {**record, "status": "DELETING"})


def operations(*kinds: Kind) -> dict[str, Operation]:
    """Every operation of these kinds, by AWS's name."""
    verbs = (create, read, lists, update, delete)
    return {name: partial(verb, kind) for kind in kinds for verb in verbs if (name := getattr(kind, verb.__name__))}


def _repeated(kind: Kind, params: Record) -> Record:
    """Parameters that AWS repeats in some answers; the service model says in which."""
    return picked(params, *kind.key)


def _answer(kind: Kind, params: Record, record: Record) -> Record:
    return {**_repeated(kind, params), kind.member: record}
