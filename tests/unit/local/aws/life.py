"""A resource's life as the engine would lead it, without an engine: check, create, read, diff, update, delete."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.aws.lifecycle import Diff, Provider
from local.aws.schema import Failure
from local.aws.values import Values, reveal

REGION = "us-east-1"


class CheckFailed(Exception):  # noqa: N818  # named for what it tells
    def __init__(self, failures: list[Failure]) -> None:
        super().__init__("; ".join(f"{failure.path}: {failure.reason}" for failure in failures))
        self.failures = failures


@dataclass
class Made:
    """A resource in the state."""

    life: Life
    token: str
    name: str
    id: str
    inputs: Values
    outputs: Values

    def __getitem__(self, output: str) -> Any:
        return reveal(self.outputs)[output]

    def checked(self, **args: Any) -> Values:
        return self.life.check(self.token, self.name, args, olds=self.inputs)

    def diff(self, **args: Any) -> Diff:
        return self.life.provider.diff(self.token, self.inputs, self.checked(**args), self.outputs)

    def refresh(self) -> Diff:
        """Read the resource, as a refresh does; what differs from what the program says."""
        program = self.inputs
        self.id, self.inputs, self.outputs = self.life.provider.read(self.token, self.id, self.inputs, self.outputs)
        return self.life.provider.diff(self.token, self.inputs, program, self.outputs)

    def update(self, **args: Any) -> None:
        new = self.checked(**args)
        self.outputs = self.life.provider.update(self.token, self.id, self.inputs, self.outputs, new, preview=False)
        self.inputs = new

    def delete(self) -> None:
        self.life.provider.delete(self.token, self.id, self.outputs)
        self.life.made.remove(self)


@dataclass
class Life:
    provider: Provider = field(default_factory=Provider)
    made: list[Made] = field(default_factory=list)

    @classmethod
    def configured(cls, **config: Any) -> Life:
        life = cls()
        settings = {"region": REGION, **config}
        _, failures = life.provider.check_config(settings)
        assert not failures
        life.provider.configure(settings)
        return life

    def check(self, token: str, name: str, args: Mapping[str, Any], olds: Values | None = None) -> Values:
        seed = hashlib.sha256(f"{token}{name}".encode()).digest()
        inputs, failures = self.provider.check(token, name, olds or {}, dict(args), seed)
        if failures:
            raise CheckFailed(failures)
        return inputs

    def make(self, token: str, name: str = "it", /, **args: Any) -> Made:
        inputs = self.check(token, name, args)
        id_, outputs = self.provider.create(token, inputs, preview=False)
        self.made.append(Made(self, token, name, id_, inputs, outputs))
        return self.made[-1]

    def destroy(self) -> None:
        for made in reversed(list(self.made)):
            made.delete()
