"""Tags of everything that EKS records, by ARN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.aws.recorded.kind import Operation, Record
from local.aws.recorded.refusals import BadRequest, NoSuchTagged

if TYPE_CHECKING:
    from local.aws.recorded.region import Region


def _tag(region: Region, params: Record) -> Record:
    reserved = [key for key in params["tags"] if key.lower().startswith("aws:")]
    if reserved:
        raise BadRequest(f"Tag keys must not begin with 'aws:': {reserved[0]}")
    _tags(region, params).update(params["tags"])
    return {}


def _untag(region: Region, params: Record) -> Record:
    tags = _tags(region, params)
    for key in params["tagKeys"]:
        tags.pop(key, None)
    return {}


def _tags(region: Region, params: Record) -> Record:
    for arn, record in region.tagged():
        if arn == params["resourceArn"]:
            tags: Record = record["tags"]
            return tags
    raise NoSuchTagged(f"Resource was not found: {params['resourceArn']}")


OPERATIONS: dict[str, Operation] = {
    "TagResource": _tag,
    "UntagResource": _untag,
    "ListTagsForResource": lambda region, params: {"tags": _tags(region, params)},
}
