"""Pulumi resource of a recorded type: arguments and outputs are the members of AWS's model, but for case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from local.aws.calls import retag_by_arn, tag_map, timestamp
from local.aws.cloud import Cloud, GoneError
from local.aws.definition import Backing, Change, Resource
from local.aws.recorded.kind import Kind, Record
from local.aws.values import Value, Values

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def resource(
    kind: Kind,
    pulumi_type: str,
    *,
    arguments: frozenset[str],
    id_of: tuple[str, ...] = (),
    separator: str = ":",
    id_member: str = "",
    renames: Mapping[str, str] = _NOTHING,
    only: Mapping[str, str] = _NOTHING,
    cleared: Mapping[str, Value] = _NOTHING,
    shown: Callable[[Cloud, Values], Values] | None = None,
    **more: Any,
) -> Resource:
    """Define the resource, whose id is either arguments joined or a member of the object.

    `only` names the one operation that takes an argument, `cleared` the value of an argument that was taken away, and
    `shown` adds to AWS's answer what takes another call. The members of `more` go to the definition as they are.
    """
    shown_as = {member: name for name, member in renames.items() if name not in arguments}

    def call(cloud: Cloud, operation: str, values: Values) -> Any:
        taken = {name: value for name, value in values.items() if only.get(name, operation) == operation}
        return cloud.call(kind.service, operation, {renames.get(name, name): value for name, value in taken.items()})

    def create(cloud: Cloud, inputs: Values) -> str:
        made = call(cloud, kind.create, {**inputs, "tags": inputs.get("tagsAll") or None})
        return separator.join(inputs[name] for name in id_of) or str(made[kind.member][id_member])

    def key(id_: str, known: Values) -> Record:
        """Parameters that say which object is meant."""
        parts = dict(zip(id_of, id_.split(separator, len(id_of) - 1), strict=True)) if id_of else {}
        by_name = {name.lower(): value for name, value in {**known, **parts}.items()}
        by_id = {} if id_of else {list(kind.key)[-1]: id_}
        return {name: by_name.get(name.lower()) for name in kind.key} | by_id

    def find(cloud: Cloud, id_: str, wanted: Record) -> Record:
        if kind.read:
            return {**wanted, **call(cloud, kind.read, wanted)[kind.member]}
        answer = call(cloud, kind.lists, wanted)
        own = {kind.key[name]: value for name, value in wanted.items()} if id_of else {id_member: id_}
        for each in answer[kind.listed]:
            # Members that only the request has are not repeated in each object.
            if all(each.get(member) == value for member, value in own.items() if member not in answer):
                return {**wanted, **each}
        raise GoneError(f"{kind.listed} has no {id_}")

    def read(cloud: Cloud, id_: str, known: Values) -> Values:
        record = find(cloud, id_, key(id_, known))
        if shown is not None:
            record = shown(cloud, record)
        by_name = {name.lower(): name for name in made.schema.outputs}
        state = {by_name.get(shown_as.get(m, m).lower(), m): _plain(value) for m, value in record.items()}
        return {**state, "tagsAll": _tags(cloud, kind, record)} if kind.arn else state

    def update(change: Change) -> None:
        changed = {
            name: change.new.get(name, cleared.get(name)) for name in arguments - made.replace_on if change.of(name)
        }
        if any(value is not None for name, value in changed.items() if name not in only):
            given = {name: change.new.get(name) for name in only}
            call(change.cloud, kind.update, {**given, **changed, **key(change.id, change.new)})

    def delete(cloud: Cloud, id_: str, state: Values) -> None:
        call(cloud, kind.delete, {**{name: state.get(name) for name in only}, **key(id_, state)})

    functions = {"create": create, "read": read, "delete": delete, **({"update": update} if kind.update else {})}
    if kind.arn:
        arn = shown_as.get(kind.arn, kind.arn)
        functions["retag"] = retag_by_arn(kind.service, arn[0].lower() + arn[1:])
    made = Resource(
        pulumi_type=pulumi_type,
        backing=Backing.RECORDED,
        operation=(kind.service, kind.create),
        arguments=arguments,
        renames={name: member for name, member in renames.items() if name in arguments},
        **{**functions, **more},
    )
    return made


def _plain(value: Value) -> Value:
    return timestamp(value) if isinstance(value, datetime) else value


def _tags(cloud: Cloud, kind: Kind, record: Record) -> dict[str, str]:
    """EKS shows an object with its tags, Route 53 Resolver without."""
    if "tags" in record:
        return dict(record["tags"])
    return tag_map(cloud.call(kind.service, "ListTagsForResource", {"ResourceArn": record[kind.arn]})["Tags"])
