"""Calls to AWS: tags, spelling of members, objects that may be gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from local.aws.cloud import Cloud, GoneError, is_gone
from local.aws.definition import Retag
from local.aws.values import Value, Values


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_map(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags or ()}


def ec2_tags(kind: str, inputs: Values) -> list[dict[str, Any]]:
    """The TagSpecifications of a create call."""
    tags = inputs.get("tagsAll")
    return [{"ResourceType": kind, "Tags": tag_list(tags)}] if tags else []


def retag_ec2(cloud: Cloud, id_: str, _: Values, put: dict[str, str], drop: list[str]) -> None:
    if drop:
        cloud.ec2.delete_tags(Resources=[id_], Tags=[{"Key": key} for key in drop])
    if put:
        cloud.ec2.create_tags(Resources=[id_], Tags=tag_list(put))


def retag_by(service: str, tag: str, untag: str, target: Callable[[str, Values], Values]) -> Retag:
    """Tagging by a pair of operations, whose target comes from a resource's id and state."""

    def retag(cloud: Cloud, id_: str, state: Values, put: dict[str, str], drop: list[str]) -> None:
        if drop:
            cloud.call(service, untag, {**target(id_, state), "tagKeys": drop})
        if put:
            cloud.call(service, tag, {**target(id_, state), "tags": put})

    return retag


def retag_by_arn(service: str, output: str = "arn") -> Retag:
    return retag_by(service, "TagResource", "UntagResource", lambda _, state: {"resourceArn": state[output]})


def create(cloud: Cloud, service: str, operation: str, inputs: Values, **members: Value) -> Any:
    """Call a creating operation with those of the inputs that it takes by their own names, and with these members."""
    return cloud.call(service, operation, {**inputs, "tags": inputs.get("tagsAll") or None, **members})


def given(**members: Value) -> dict[str, Value]:
    """The members that have a value: boto3 takes no None."""
    return {name: value for name, value in members.items() if value is not None}


def pascal(values: Values) -> dict[str, Any]:
    """Pulumi's member names as EC2 spells them, at any depth."""

    def convert(value: Value) -> Value:
        if isinstance(value, dict):
            return {name[0].upper() + name[1:]: convert(item) for name, item in value.items()}
        return [convert(item) for item in value] if isinstance(value, list) else value

    return {name[0].upper() + name[1:]: convert(item) for name, item in values.items()}


def camel(value: Value) -> Value:
    """EC2's member names as Pulumi spells them, at any depth."""
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: camel(item) for name, item in value.items()}
    return [camel(item) for item in value] if isinstance(value, list) else value


def one(call: Any, result: str, **arguments: Any) -> Any:
    """The object that a describe call is asked for."""
    for found in call(**arguments)[result]:
        return found
    raise GoneError(f"AWS has none of the {result} that were asked for")


def first(call: Any, result: str, **arguments: Any) -> Any:
    """The object that a describe call is asked for; None if it does not exist."""
    try:
        return one(call, result, **arguments)
    except Exception as error:
        if is_gone(error):
            return None
        raise


def timestamp(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def changed_items(old: Iterable[str] | None, new: Iterable[str] | None) -> tuple[list[str], list[str]]:
    """Gains and losses of a set."""
    before, after = set(old or ()), set(new or ())
    return sorted(after - before), sorted(before - after)
