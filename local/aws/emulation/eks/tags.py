"""Tags of everything that EKS records, by ARN."""

from __future__ import annotations

from local.aws.emulation.eks.errors import InvalidParameter, NotFound
from local.aws.emulation.eks.region import Record, Region


def tag_resource(region: Region, params: Record) -> Record:
    reserved = [key for key in params["tags"] if key.lower().startswith("aws:")]
    if reserved:
        raise InvalidParameter(f"Tag keys must not begin with 'aws:': {reserved[0]}")
    _tagged(region, params)["tags"].update(params["tags"])
    return {}


def untag_resource(region: Region, params: Record) -> Record:
    tags = _tagged(region, params)["tags"]
    for key in params["tagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags_for_resource(region: Region, params: Record) -> Record:
    return {"tags": _tagged(region, params)["tags"]}


def _tagged(region: Region, params: Record) -> Record:
    for cluster in region.clusters.values():
        for arn, record in cluster.tagged():
            if arn == params["resourceArn"]:
                return record
    raise NotFound(f"Resource was not found: {params['resourceArn']}")


OPERATIONS = {
    "tag_resource": tag_resource,
    "untag_resource": untag_resource,
    "list_tags_for_resource": list_tags_for_resource,
}
