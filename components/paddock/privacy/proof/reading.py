"""Reading of `pulumi preview --json` and `pulumi stack export` into one inventory: the resources as they will stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from sys import intern
from typing import Any

from paddock.catalog.lookup import RefusedError, shown
from paddock.privacy.json_parts import JsonParts
from paddock.privacy.predicates.values import UNKNOWN
from paddock.privacy.proof.inventory import Inventory
from paddock.privacy.resource import Resource

UNKNOWN_TEXT = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # text
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
        "[secret]",
    }
)
"""Texts that stand for a value which a preview cannot know, or does not tell. Source: rpc.go in
sdk/go/common/resource/plugin and json.go in pkg/backend/display of pulumi, read 2026-11-28."""

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Key by which the engine marks a secret, an output or an asset in JSON; what is inside is never read here."""

PREVIEW, EXPORT = "pulumi preview --json", "pulumi stack export"
GIVE = f"give `{PREVIEW}` or `{EXPORT}`"

LEAVES = frozenset({"delete", "discard"})
"""Steps after which a resource is not there; `discard` is of one that was only read."""

GONE = LEAVES | {"delete-replaced", "discard-replaced", "remove-pending-replace"}
"""Steps after which a resource is not there, or is there as another step says."""

STANDS = frozenset({"same", "refresh", "read", "import"})
"""Steps that leave a resource as the state has it."""

READS = frozenset({"read", "read-replacement"})
"""Steps that ask AWS what a resource is; a preview's new state does not tell the answer."""

MAKES = frozenset({"create", "update", "replace", "create-replacement", "import-replacement"})
STEPS = GONE | STANDS | READS | MAKES | {"diff", "extend-parameterize"}
"""Every step of the engine. Source: StepOps in pkg/resource/deploy/step.go of pulumi, read 2026-11-28."""

UNREAD = frozenset({"tags", "tagsAll", "timeouts", "__defaults"})
"""Values that no check asks for, and that are a large part of a state."""


class ProofInputError(RefusedError):
    """Input that is no preview and no stack export."""


def read_inventory(text: Iterable[str], beneath: Iterable[str] | None = None) -> Inventory:
    """Inventory of a preview or an export, or of a preview with the state beneath it; raises `ProofInputError`.

    A file may be given whole, or in parts as they are read.
    """
    data = _read(text)
    if isinstance(data.get("steps"), list):
        return _preview(data, None if beneath is None else _export(_read(beneath)))
    if beneath is not None and "deployment" in data:
        raise ProofInputError(f"both files are of `{EXPORT}`; give one alone, or `{PREVIEW}` over the state beneath it")
    return _export(data)


def _read(text: Iterable[str]) -> Mapping[str, Any]:
    try:
        parts = [text] if isinstance(text, str) else text
        data = JsonParts(parts, _plain).read({"resources": _resource, "steps": _step})
    except RecursionError:
        raise ProofInputError("this JSON is nested too deep to be Pulumi's") from None
    except ValueError as error:
        raise ProofInputError(f"this is not JSON ({error}); {GIVE}") from None
    if isinstance(data, Mapping):
        return data
    raise ProofInputError(f"this JSON is no object; {GIVE}")


def _plain(value: Any) -> Any:
    """JSON value as it is read, innermost first: `UNKNOWN` for what is not known or secret."""
    if isinstance(value, str):
        return UNKNOWN if value in UNKNOWN_TEXT else value
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        if SIGNATURE in value:
            return UNKNOWN
        return {intern(key): _plain(each) if isinstance(each, str | list) else each for key, each in value.items()}
    return value


def _export(data: Mapping[str, Any]) -> Inventory:
    deployment = data.get("deployment")
    if not isinstance(deployment, Mapping):
        raise ProofInputError(
            "this JSON has neither `steps` (of `pulumi preview --json`) nor `deployment` (of `pulumi stack export`); "
            "a preview needs `--json` and prints nothing else on standard output"
        )
    states = deployment.get("resources") or []
    if not isinstance(states, list):
        raise ProofInputError("`deployment.resources` is no list; it is not what `pulumi stack export` prints")
    pending = bool(deployment.get("pending_operations"))
    doubt = ("an update was interrupted, so what it made is not all listed",) if pending else ()
    return Inventory(tuple(states), doubt, EXPORT)


def _preview(data: Mapping[str, Any], beneath: Inventory | None) -> Inventory:
    """Resources after the update: the state beneath, with each step done to it."""
    left: list[Resource] = []
    found = {} if beneath is None else dict(beneath.by_urn)
    count, unread = 0, list[str]()
    for op, urn, stays, planned, is_unread in data["steps"]:
        left += [] if stays is None else [stays]
        count += op == "same"
        if planned is not None:
            if urn != planned.urn:  # it was called otherwise
                found.pop(urn, None)
            found[planned.urn] = planned
            unread += [planned.name] if is_unread else []
        elif op in LEAVES:
            found.pop(urn, None)
    source = PREVIEW if beneath is None else f"{PREVIEW} over {EXPORT}"
    inventory = Inventory((*left, *found.values()), tuple(_doubts(data, count, unread, beneath)), source)
    if beneath is not None and len(inventory.stacks) > 1:
        raise ProofInputError(f"the preview and the state are of two stacks: {' and '.join(inventory.stacks)}")
    return inventory


def _step(step: Any) -> tuple[str, str, Resource | None, Resource | None, bool]:
    """Step of a preview: its operation and URN, what stays though it leaves the program, what stands afterwards, and
    whether that is read without a word of what it is."""
    if not isinstance(step, Mapping) or not isinstance(step.get("op"), str):
        raise ProofInputError("a step of this preview has no `op`; it is not what `pulumi preview --json` prints")
    op, old, new = step["op"], step.get("oldState"), step.get("newState")
    if op not in STEPS:
        raise ProofInputError(f"a step of this preview has the `op` {shown(op)}, which this version does not know")
    # AWS keeps what Pulumi retains, or had only read.
    is_kept = isinstance(old, Mapping) and (old.get("retainOnDelete") is True or old.get("external") is True)
    stays = _resource(old) if is_kept and op in {*GONE, "replace"} else None
    planned = None if op in GONE else _planned(op, old, old if new is None else new)
    # A reference to a stack is read too, and carries nothing. What a program shows of it is checked as all values are.
    asks = op in READS and planned is not None and not planned.type.startswith("pulumi:pulumi:")
    shown_of_it = any(_part(_continued(op, old, new), part) for part in ("inputs", "outputs"))
    urn = (old if isinstance(old, Mapping) else step).get("urn")
    return op, str(urn), stays, planned, asks and not shown_of_it


def _continued(op: str, old: Any, new: Any) -> Any:
    """State whose outputs still hold after a step."""
    return new if old is None or op not in STANDS else old


def _planned(op: str, old: Any, new: Any) -> Resource:
    """Resource as a step leaves it; the preview's new state has inputs alone."""
    if op in STANDS or op in READS:
        before = _continued(op, old, new)
        return _resource(new, _part(before, "outputs"), before)
    if op == "update" and old is not None:
        asked, now = _part(old, "inputs"), _part(new, "inputs")
        # What AWS chose stays. Of what is asked for no longer some stays, such as a group's rules, and some is reset.
        left = {k: v for k, v in _part(old, "outputs").items() if k not in now}
        return _resource(new, {k: UNKNOWN if k in asked and v else v for k, v in left.items()}, old)
    return _resource(new, {})


def _doubts(data: Mapping[str, Any], count: int, unread: Sequence[str], beneath: Inventory | None) -> Iterator[str]:
    yield from () if beneath is None else beneath.doubts
    for name in unread:
        yield f"{name} is only read, and a first preview does not print what it is; prove the export after the update"
    told = data.get("diagnostics")
    if any(isinstance(each, Mapping) and each.get("severity") == "error" for each in _list(told)):
        yield "the preview failed, so resources may be missing"
    counts = data.get("changeSummary")
    same = counts.get("same") if isinstance(counts, Mapping) else None
    if isinstance(same, int) and same > count and beneath is None:
        yield (
            f"{same - count} resources that stay as they are are not in this preview; preview with --show-sames, or "
            "give the state beneath it too by --stack-export"
        )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _part(state: Any, key: str) -> dict[str, Any]:
    """Inputs or outputs of a state."""
    part = state.get(key) if isinstance(state, Mapping) else None
    if part is not None and not isinstance(part, dict):
        raise ProofInputError(f"the {key} of a resource are no object; it is not what Pulumi prints")
    return part or {}


def _resource(state: Any, outputs: Mapping[str, Any] | None = None, before: Any = None) -> Resource:
    """Resource of a state, whose outputs say more than its inputs; `before` is the state that it continues."""
    outputs = _part(state, "outputs") if outputs is None else outputs
    if not isinstance(state, Mapping) or not all(isinstance(state.get(key), str) for key in ("urn", "type")):
        raise ProofInputError("a resource of this file has no `urn` or no `type`; it is not what Pulumi prints")
    known = state.get("id") or (before.get("id") if isinstance(before, Mapping) else None)
    provider = state.get("provider")
    return Resource(
        urn=intern(state["urn"]),
        type=intern(state["type"]),
        values={key: value for key, value in {**_part(state, "inputs"), **outputs}.items() if key not in UNREAD},
        links={
            key: tuple(intern(each) for each in _list(urns) if isinstance(each, str))
            for key, urns in _part(state, "propertyDependencies").items()
        },
        id=known if isinstance(known, str) else "",
        custom=state.get("custom") is not False,
        provider=intern(provider.rpartition("::")[0]) if isinstance(provider, str) else "",
    )
