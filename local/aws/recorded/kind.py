"""Declaration of a recorded type."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from local.aws.recorded.refusals import InUse, Refusal

Record: TypeAlias = dict[str, Any]
"""An object as the API describes it. Members that the service model does not have stay within the server."""
Operation: TypeAlias = Callable[[Any, Record], Record]
"""Region and parameters of a request to members of the answer."""


def now() -> datetime:
    return datetime.now(UTC)


def random_hex(characters: int) -> str:
    return secrets.token_hex(characters)[:characters]


def uuid_like() -> str:
    return "-".join(random_hex(length) for length in (8, 4, 4, 4, 12))


def picked(record: Record, *names: str) -> Record:
    """The members of these names that the record has."""
    return {name: record[name] for name in names if name in record}


@dataclass(frozen=True, kw_only=True, eq=False)
class Kind:
    service: str
    create: str = ""
    """Operations by AWS's names; empty where AWS has none, or where it is no plain one."""
    read: str = ""
    lists: str = ""
    update: str = ""
    delete: str = ""
    member: str
    """Member of an answer that is the object."""
    listed: str
    """Member of a list's answer that has the objects."""
    summary: str = ""
    """Member that stands for an object in lists, where they do not show whole objects."""
    key: Mapping[str, str]
    """Parameters that identify an object, and its own members that bear them; those of its parent first."""
    within: Kind | None = None
    """The parent, with which an object goes."""
    arn: str = ""
    """Member with the ARN by which an object is tagged."""
    make: Operation = lambda _, params: params
    """Refuses parameters, or makes an object of them."""
    change: Callable[[Any, Record, Record], Record | None] | None = None
    """Refuses parameters, or changes an object by them; returns the answer where that is not the object."""
    guard: Callable[[Any, str], None] | None = None
    """Refuses every operation on what is in one parent."""
    protect: Callable[[Any, Record], None] | None = None
    """Refuses deletion."""
    release: Callable[[Any, Record], None] | None = None
    """Lets go of what an object holds, before it is deleted."""
    conflict: type[Refusal] = InUse
    taken: str = ""
    """Refusal of a second object with the same key, with parameters in braces; without one it replaces the first."""
    missing: str
    blocks: str = ""
    """Refusal to delete the parent while an object is in it, with the objects' names in braces."""

    def key_of(self, params: Record) -> tuple[str, ...]:
        return tuple(params.get(parameter, "") for parameter in self.key)

    def own_key(self, record: Record) -> tuple[str, ...]:
        return tuple(record.get(member, "") for member in self.key.values())
