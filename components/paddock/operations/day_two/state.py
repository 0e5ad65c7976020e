"""State of a stack as Pulumi exports it: resources of the one platform in it. Secrets stay encrypted, unread."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paddock.catalog.lookup import RefusedError, shown

PLATFORM_TYPE = "paddock:index:LlamaPlatform"
SPECIAL = "4dabf18193072939515e22adb298388d"
"""Key by which Pulumi marks a value as special, a secret above all (sdk/go/common/resource/sig)."""
HOW = "give a stack's name, a file of `pulumi stack export`, or - for the standard input"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a state: what the program asked for, and what came of it."""

    type: str
    name: str
    parents: tuple[str, ...]
    """Types of the components around it, the outermost first."""
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]

    def now(self, key: str) -> Any:
        """Value as the provider read it last, else as it was asked for; raises `RefusedError` for a secret."""
        value = self.outputs.get(key, self.inputs.get(key))
        if isinstance(value, Mapping) and SPECIAL in value:
            raise RefusedError(f"{key} of {self.name} is a secret in the state, which no plan reads; make it none")
        return value


@dataclass(frozen=True, slots=True)
class State:
    """Resources of one platform."""

    platform: str
    """The name of the `LlamaPlatform`."""
    resources: tuple[Resource, ...]

    def all(self, type_: str, within: str = "") -> tuple[Resource, ...]:
        """Those of a type, only inside components of the type `within` where one is given."""
        return tuple(each for each in self.resources if each.type == type_ and (not within or within in each.parents))

    def one(self, type_: str, within: str = "") -> Resource | None:
        return next(iter(self.all(type_, within)), None)


def exported(stack: str) -> str:
    """Output of `pulumi stack export` for a stack; raises `RefusedError`."""
    # Never with --show-secrets: a secret of the state is no business of a plan.
    command = ["pulumi", "stack", "export", "--stack", stack, "--non-interactive", "--color", "never"]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    except FileNotFoundError:
        raise RefusedError(f"there is no `pulumi` on PATH to ask for the stack {shown(stack)}; {HOW}") from None
    except OSError as error:
        raise RefusedError(f"cannot run `pulumi`: {(error.strerror or str(error)).lower()}; {HOW}") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip() or f"it exited {done.returncode}"
        raise RefusedError(f"pulumi exports no stack {shown(stack)}: {said.removeprefix('error: ')}; {HOW}")
    return done.stdout


def read_state(text: str) -> State:
    """The platform in an exported state; raises `RefusedError` where there is none, or more than one."""
    try:
        content = json.loads(text)
        resources = content["deployment"].get("resources") or ()
        # One that only waits to be deleted stands no longer.
        found = [_resource(each) for each in resources if not each.get("delete")]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise RefusedError(f"what was given is no state of a Pulumi stack; {HOW}") from None
    platforms = [each.name for each in found if each.type == PLATFORM_TYPE]
    if len(platforms) != 1:
        have = "no LlamaPlatform" if not platforms else f"{len(platforms)} LlamaPlatforms ({', '.join(platforms)})"
        raise RefusedError(f"the state has {have}; a plan is compared with the one platform of a stack")
    return State(platforms[0], tuple(each for each in found if PLATFORM_TYPE in each.parents))


def _resource(raw: Mapping[str, Any]) -> Resource:
    *_, types, name = raw["urn"].split("::")
    *parents, type_ = types.split("$")
    inputs, outputs = raw.get("inputs") or {}, raw.get("outputs") or {}
    if not isinstance(inputs, dict) or not isinstance(outputs, dict):
        raise TypeError(name)
    return Resource(type_, name, tuple(parents), inputs, outputs)
