"""Private hosted zones, and the records in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from local.aws.calls import given, tag_list, tag_map
from local.aws.cloud import Cloud, GoneError
from local.aws.definition import Change, Resource, names
from local.aws.values import UNKNOWN, Values


def _vpc(cloud: Cloud, given_vpc: Values) -> dict[str, str]:
    return {"VPCId": given_vpc["vpcId"], "VPCRegion": given_vpc.get("vpcRegion", cloud.region)}


def _create_zone(cloud: Cloud, inputs: Values) -> str:
    made = cloud.route53.create_hosted_zone(
        Name=inputs["name"],
        CallerReference=str(uuid4()),
        VPC=_vpc(cloud, inputs["vpcs"][0]),
        HostedZoneConfig={"Comment": inputs["comment"], "PrivateZone": True},
    )
    return str(made["HostedZone"]["Id"].removeprefix("/hostedzone/"))


def _settle_zone(cloud: Cloud, id_: str, inputs: Values) -> None:
    for vpc in inputs["vpcs"][1:]:
        cloud.route53.associate_vpc_with_hosted_zone(HostedZoneId=id_, VPC=_vpc(cloud, vpc))
    if tags := inputs.get("tagsAll"):
        _retag_zone(cloud, id_, {}, tags, [])


def _read_zone(cloud: Cloud, id_: str, _: Values) -> Values:
    found = cloud.route53.get_hosted_zone(Id=id_)
    tags = cloud.route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=id_)["ResourceTagSet"]["Tags"]
    return {
        "arn": f"arn:aws:route53:::hostedzone/{id_}",
        "comment": found["HostedZone"]["Config"]["Comment"],
        "name": found["HostedZone"]["Name"].rstrip("."),
        "nameServers": [],
        "tagsAll": tag_map(tags),
        "vpcs": [{"vpcId": vpc["VPCId"], "vpcRegion": vpc["VPCRegion"]} for vpc in found.get("VPCs", [])],
        "zoneId": id_,
    }


def _update_zone(change: Change) -> None:
    if change.of("comment"):
        change.cloud.route53.update_hosted_zone_comment(Id=change.id, Comment=change.new["comment"])
    if change.of("vpcs"):
        before = {vpc["vpcId"]: vpc for vpc in change.state["vpcs"]}
        after = {vpc["vpcId"]: vpc for vpc in change.new["vpcs"]}
        for key in sorted(after.keys() - before.keys()):
            change.cloud.route53.associate_vpc_with_hosted_zone(
                HostedZoneId=change.id, VPC=_vpc(change.cloud, after[key])
            )
        for key in sorted(before.keys() - after.keys()):
            change.cloud.route53.disassociate_vpc_from_hosted_zone(
                HostedZoneId=change.id, VPC=_vpc(change.cloud, before[key])
            )


def _retag_zone(cloud: Cloud, id_: str, _: Values, put: dict[str, str], drop: list[str]) -> None:
    cloud.route53.change_tags_for_resource(
        ResourceType="hostedzone",
        ResourceId=id_,
        **given(AddTags=tag_list(put) or None, RemoveTagKeys=drop or None),
    )


def _validate_zone(inputs: Values) -> Iterator[tuple[str, str]]:
    if not inputs.get("vpcs"):
        yield "vpcs", "required by the local cloud: only private zones are emulated"


def _record_set(inputs: Values) -> dict[str, Any]:
    if "aliases" in inputs:
        alias = inputs["aliases"][0]
        target = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
        return {"Name": inputs["name"], "Type": inputs["type"], "AliasTarget": target}
    values = [{"Value": value} for value in inputs["records"]]
    return {"Name": inputs["name"], "Type": inputs["type"], "TTL": inputs["ttl"], "ResourceRecords": values}


def _change_record(cloud: Cloud, action: str, zone_id: str, record_set: dict[str, Any]) -> None:
    cloud.route53.change_resource_record_sets(
        HostedZoneId=zone_id, ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record_set}]}
    )


def _create_record(cloud: Cloud, inputs: Values) -> str:
    _change_record(cloud, "CREATE", inputs["zoneId"], _record_set(inputs))
    return f"{inputs['zoneId']}_{inputs['name']}_{inputs['type']}"


def _find_record(cloud: Cloud, id_: str) -> dict[str, Any]:
    zone_id, name, kind = id_.split("_")
    for each in cloud.route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]:
        if (each["Name"].rstrip("."), each["Type"]) == (name, kind):
            return dict(each)
    raise GoneError(id_)


def _read_record(cloud: Cloud, id_: str, _: Values) -> Values:
    record, zone_id = _find_record(cloud, id_), id_.split("_")[0]
    alias = record.get("AliasTarget")
    return {
        "aliases": alias
        and [
            {
                "name": alias["DNSName"].rstrip("."),
                "zoneId": alias["HostedZoneId"],
                "evaluateTargetHealth": alias["EvaluateTargetHealth"],
            }
        ],
        "fqdn": record["Name"].rstrip("."),
        "name": record["Name"].rstrip("."),
        "records": None if alias else [each["Value"] for each in record["ResourceRecords"]],
        "ttl": record.get("TTL"),
        "type": record["Type"],
        "zoneId": zone_id,
    }


def _delete_record(cloud: Cloud, id_: str, _: Values) -> None:
    _change_record(cloud, "DELETE", id_.split("_")[0], _find_record(cloud, id_))


def _validate_record(inputs: Values) -> Iterator[tuple[str, str]]:
    if ("aliases" in inputs) == ("records" in inputs):
        yield "aliases", "exactly one of aliases and records must be given"
    if ("records" in inputs) != ("ttl" in inputs):
        yield "ttl", "goes with records"
    aliases = inputs.get("aliases")
    if aliases is not UNKNOWN and aliases is not None and len(aliases) != 1:
        yield "aliases", "takes one"


RESOURCES = (
    Resource(
        pulumi_type="aws:route53/zone:Zone",
        operation=("route53", "CreateHostedZone"),
        arguments=names("name comment vpcs"),
        defaults={"comment": "Managed by Pulumi"},
        replace_on=names("name"),
        sets=names("vpcs"),
        create=_create_zone,
        settle=_settle_zone,
        read=_read_zone,
        update=_update_zone,
        delete=lambda cloud, id_, _: cloud.route53.delete_hosted_zone(Id=id_),
        retag=_retag_zone,
        validate=_validate_zone,
    ),
    Resource(
        pulumi_type="aws:route53/record:Record",
        operation=("route53", "ChangeResourceRecordSets"),
        arguments=names("zoneId name type aliases records ttl"),
        replace_on=names("zoneId name type"),
        identity=names("zoneId name type"),
        sets=names("records"),
        create=_create_record,
        read=_read_record,
        update=lambda change: _change_record(change.cloud, "UPSERT", change.new["zoneId"], _record_set(change.new)),
        delete=_delete_record,
        validate=_validate_record,
    ),
)
