"""Definition of an emulated resource type: a table row with functions. `resources/` and `recorded/` hold one a type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from local.aws.compare import same
from local.aws.values import Values

if TYPE_CHECKING:
    from local.aws.cloud import Cloud
    from local.aws.schema import ClassSchema


DEFAULTS = "__defaults"
"""The key in checked inputs, hidden from users, that lists the arguments which the provider filled in."""


class Backing(StrEnum):
    MOTO = "moto"
    """moto keeps it and checks what it refers to."""
    RECORDED = "recorded"
    """Our own record, validated; moto knows nothing of it."""


@dataclass(frozen=True, kw_only=True)
class Naming:
    """Physical name of a resource whose program gives none: the logical name and seven random hex digits."""

    argument: str = "name"
    prefix_argument: str | None = "namePrefix"
    max_length: int
    lower: bool = False


@dataclass(frozen=True)
class Change:
    """An update under way."""

    cloud: Cloud
    id: str
    old: Values
    new: Values
    state: Values

    def of(self, *arguments: str) -> bool:
        return any(not same(self.old.get(name), self.new.get(name)) for name in arguments)


Create: TypeAlias = "Callable[[Cloud, Values], str]"
"""Makes the object from its arguments and returns its id."""
Read: TypeAlias = "Callable[[Cloud, str, Values], Values]"
"""Reads, by an id and what is known of the object, everything that AWS knows now; raises what `is_gone` tells."""
Delete: TypeAlias = "Callable[[Cloud, str, Values], None]"
Retag: TypeAlias = "Callable[[Cloud, str, Values, dict[str, str], list[str]], None]"
"""Sets these tags and removes those keys, by an id and state."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    pulumi_type: str
    backing: Backing = Backing.MOTO
    operation: tuple[str, ...]
    """Service, operation that creates it, and perhaps a member of its input: the model against which arguments are held
    as early as a preview."""
    arguments: frozenset[str]
    """The arguments that are emulated; any other that the class has is refused."""
    create: Create
    read: Read
    delete: Delete
    settle: Callable[[Cloud, str, Values], None] | None = None
    """Calls after the one that creates; if they fail, the new object is deleted again."""
    update: Callable[[Change], None] | None = None
    retag: Retag | None = None
    required: frozenset[str] = frozenset()
    """Arguments that AWS requires, and the class does not."""
    replace_on: frozenset[str] = frozenset()
    """Arguments, or paths within them, that AWS cannot change in place."""
    identity: frozenset[str] = frozenset()
    """Arguments that AWS keeps unique: with the same ones, the old object must go before its replacement comes."""
    naming: Naming | None = None
    defaults: Mapping[str, object] = field(default_factory=dict)
    renames: Mapping[str, str] = field(default_factory=dict)
    """Argument to member of the operation's input, where they differ by more than case."""
    documents: frozenset[str] = frozenset()
    """Arguments that hold a JSON document."""
    sets: frozenset[str] = frozenset()
    """Arguments, or paths within them, that are lists without order."""
    provider_only: frozenset[str] = frozenset()
    """Arguments that steer the provider, or that AWS does not give back."""
    computed: frozenset[str] = frozenset()
    """Arguments that AWS decides where the program does not: what it has stays when the program stops giving one, and
    is no change when the program gives the same."""
    changing: frozenset[str] = frozenset()
    """Outputs that an update changes, so that a preview of one must not promise the old value."""
    failure: Callable[[Cloud, str], str | None] | None = None
    """Reason why a new object that AWS keeps is of no use, by its id; None where it is. Pulumi keeps it too, as
    failed."""
    importable: bool = True
    """False if the id alone is not enough to read it by."""
    secret_outputs: frozenset[str] = frozenset()
    validate: Callable[[Values], Iterator[tuple[str, str]]] | None = None
    """Refusals that the models cannot say: yields argument and reason. Values may be UNKNOWN."""

    @property
    def sdk(self) -> str:
        """The pulumi_aws class, which says what arguments and outputs there are."""
        _, module, name = self.pulumi_type.split(":")
        return f"pulumi_aws.{module.partition('/')[0]}.{name}"

    @property
    def emulated(self) -> frozenset[str]:
        """`arguments`, and those that every type has, or every one with tags."""
        return self.arguments | {"region"} | ({"tags"} if self.retag is not None else set())

    @property
    def schema(self) -> ClassSchema:
        from local.aws.schema import class_schema

        return class_schema(self.sdk)


def arguments_of(inputs: Values) -> Values:
    """Checked inputs without what the provider keeps there for itself."""
    return {name: value for name, value in inputs.items() if name != DEFAULTS}


def names(text: str) -> frozenset[str]:
    """A set of argument names, written as one string."""
    return frozenset(text.split())
