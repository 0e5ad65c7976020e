"""Network Load Balancers, their target groups and listeners."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.aws.calls import create, given, one, retag_by, tag_map
from local.aws.cloud import Cloud
from local.aws.definition import Change, Naming, Resource, names
from local.aws.values import UNKNOWN, Values

_CROSS_ZONE = "load_balancing.cross_zone.enabled"
_PROTECTION = "deletion_protection.enabled"
_DELAY = "deregistration_delay.timeout_seconds"
_CLIENT_IP = "preserve_client_ip.enabled"
_CUT_OFF = "target_health_state.unhealthy.connection_termination.enabled"
_DRAINING = "target_health_state.unhealthy.draining_interval_seconds"


_retag = retag_by("elbv2", "AddTags", "RemoveTags", lambda arn, _: {"ResourceArns": [arn]})


def _tags(cloud: Cloud, arn: str) -> dict[str, str]:
    return tag_map(cloud.elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


def _known(inputs: Values, name: str) -> list[Values]:
    """The objects of a list that are known yet."""
    value = inputs.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _switch(value: bool) -> str:
    return "true" if value else "false"


# Load balancers


def _create_balancer(cloud: Cloud, inputs: Values) -> str:
    scheme = "internal" if inputs.get("internal") else "internet-facing"
    kind = inputs["loadBalancerType"]
    made = create(cloud, "elbv2", "CreateLoadBalancer", inputs, Type=kind, Scheme=scheme)
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def _settle_balancer(cloud: Cloud, arn: str, inputs: Values) -> None:
    attributes = {
        _CROSS_ZONE: inputs.get("enableCrossZoneLoadBalancing", False),
        _PROTECTION: inputs.get("enableDeletionProtection", False),
    }
    cloud.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": _switch(value)} for key, value in attributes.items()]
    )
    enforced = inputs.get("enforceSecurityGroupInboundRulesOnPrivateLinkTraffic")
    if enforced is not None:
        _set_groups(cloud, arn, inputs)


def _set_groups(cloud: Cloud, arn: str, inputs: Values) -> None:
    cloud.elbv2.set_security_groups(
        LoadBalancerArn=arn,
        SecurityGroups=inputs.get("securityGroups", []),
        **given(
            EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic=inputs.get(
                "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
            )
        ),
    )


def _read_balancer(cloud: Cloud, arn: str, _: Values) -> Values:
    balancer = one(cloud.elbv2.describe_load_balancers, "LoadBalancers", LoadBalancerArns=[arn])
    attributes = tag_map(cloud.elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"])
    return {
        "arn": arn,
        "arnSuffix": arn.split(":loadbalancer/")[1],
        "dnsName": balancer["DNSName"],
        "enableCrossZoneLoadBalancing": attributes[_CROSS_ZONE] == "true",
        "enableDeletionProtection": attributes[_PROTECTION] == "true",
        "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic": balancer.get(
            "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", ""
        ),
        "internal": balancer["Scheme"] == "internal",
        "ipAddressType": balancer["IpAddressType"],
        "loadBalancerType": balancer["Type"],
        "name": balancer["LoadBalancerName"],
        "securityGroups": balancer.get("SecurityGroups", []),
        "subnetMappings": [{"subnetId": zone["SubnetId"]} for zone in balancer["AvailabilityZones"]],
        "subnets": [zone["SubnetId"] for zone in balancer["AvailabilityZones"]],
        "tagsAll": _tags(cloud, arn),
        "vpcId": balancer["VpcId"],
        "zoneId": balancer["CanonicalHostedZoneId"],
    }


def _update_balancer(change: Change) -> None:
    if change.of("enableCrossZoneLoadBalancing", "enableDeletionProtection"):
        _settle_balancer(change.cloud, change.id, change.new)
    if change.of("securityGroups", "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"):
        _set_groups(change.cloud, change.id, change.new)


def _validate_balancer(inputs: Values) -> Iterator[tuple[str, str]]:
    kind = inputs["loadBalancerType"]
    if kind != "network" and kind is not UNKNOWN:
        yield "loadBalancerType", f"{kind} is not emulated by the local cloud; emulated: network"


# Target groups

_HEALTH_CHECK = {
    "protocol": "HealthCheckProtocol",
    "port": "HealthCheckPort",
    "path": "HealthCheckPath",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "healthyThreshold": "HealthyThresholdCount",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}


def _health_check(inputs: Values) -> dict[str, Any]:
    check = inputs.get("healthCheck", {})
    matcher = {"Matcher": {"HttpCode": check["matcher"]}} if "matcher" in check else {}
    return {member: check[name] for name, member in _HEALTH_CHECK.items() if name in check} | matcher


def _create_group(cloud: Cloud, inputs: Values) -> str:
    made = create(cloud, "elbv2", "CreateTargetGroup", inputs, **_health_check(inputs))
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def _settle_group(cloud: Cloud, arn: str, inputs: Values) -> None:
    health: Values = next(iter(inputs.get("targetHealthStates", ())), {})
    cut_off = health.get("enableUnhealthyConnectionTermination", True)
    attributes = {
        _DELAY: str(inputs.get("deregistrationDelay", 300)),
        _CLIENT_IP: inputs.get("preserveClientIp", "true"),
        _CUT_OFF: _switch(cut_off),
        _DRAINING: str(health.get("unhealthyDrainingInterval", 0)),
    }
    cloud.elbv2.modify_target_group_attributes(
        TargetGroupArn=arn, Attributes=[{"Key": key, "Value": value} for key, value in attributes.items()]
    )


def _read_group(cloud: Cloud, arn: str, _: Values) -> Values:
    group = one(cloud.elbv2.describe_target_groups, "TargetGroups", TargetGroupArns=[arn])
    attributes = tag_map(cloud.elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"])
    check = {name: group[member] for name, member in _HEALTH_CHECK.items() if group.get(member) is not None}
    return {
        "arn": arn,
        "arnSuffix": arn.rsplit(":", 1)[1],
        "deregistrationDelay": int(attributes[_DELAY]),
        "healthCheck": {
            **check,
            "enabled": group["HealthCheckEnabled"],
            **given(matcher=group.get("Matcher", {}).get("HttpCode")),
        },
        "ipAddressType": group.get("IpAddressType", "ipv4"),
        "loadBalancerArns": group.get("LoadBalancerArns", []),
        "name": group["TargetGroupName"],
        "port": group["Port"],
        "preserveClientIp": attributes[_CLIENT_IP],
        "protocol": group["Protocol"],
        "tagsAll": _tags(cloud, arn),
        "targetHealthStates": [
            {
                "enableUnhealthyConnectionTermination": attributes[_CUT_OFF] == "true",
                "unhealthyDrainingInterval": int(attributes[_DRAINING]),
            }
        ],
        "targetType": group["TargetType"],
        "vpcId": group["VpcId"],
    }


def _update_group(change: Change) -> None:
    if change.of("healthCheck"):
        change.cloud.elbv2.modify_target_group(TargetGroupArn=change.id, **_health_check(change.new))
    if change.of("deregistrationDelay", "preserveClientIp", "targetHealthStates"):
        _settle_group(change.cloud, change.id, change.new)


def _validate_group(inputs: Values) -> Iterator[tuple[str, str]]:
    check = inputs.get("healthCheck")
    if isinstance(check, dict) and check.get("protocol", inputs.get("protocol")) == "TCP":
        for name in {"path", "matcher"} & check.keys():
            yield f"healthCheck.{name}", "is not for a health check over TCP"
    for state in _known(inputs, "targetHealthStates"):
        if state.get("enableUnhealthyConnectionTermination") is True and state.get("unhealthyDrainingInterval"):
            yield "targetHealthStates", "a draining interval needs enableUnhealthyConnectionTermination false"
    if inputs.get("preserveClientIp") not in (None, "true", "false", UNKNOWN):
        yield "preserveClientIp", f"is {inputs['preserveClientIp']!r}; allowed: 'true', 'false'"


# Listeners


def _actions(inputs: Values) -> list[dict[str, Any]]:
    return [{"Type": each["type"], "TargetGroupArn": each["targetGroupArn"]} for each in inputs["defaultActions"]]


def _listener(inputs: Values) -> dict[str, Any]:
    certificate = inputs.get("certificateArn")
    return {
        "Port": inputs["port"],
        "Protocol": inputs["protocol"],
        "DefaultActions": _actions(inputs),
        **given(
            SslPolicy=inputs.get("sslPolicy"),
            Certificates=[{"CertificateArn": certificate}] if certificate else None,
        ),
    }


def _create_listener(cloud: Cloud, inputs: Values) -> str:
    tags = inputs.get("tagsAll") or None
    arn = inputs["loadBalancerArn"]
    made = cloud.call("elbv2", "CreateListener", {"loadBalancerArn": arn, **_listener(inputs), "tags": tags})
    return str(made["Listeners"][0]["ListenerArn"])


def _read_listener(cloud: Cloud, arn: str, _: Values) -> Values:
    listener = one(cloud.elbv2.describe_listeners, "Listeners", ListenerArns=[arn])
    certificates = listener.get("Certificates", [])
    return {
        "arn": arn,
        "certificateArn": certificates[0]["CertificateArn"] if certificates else None,
        "defaultActions": [
            {"type": each["Type"], "targetGroupArn": each["TargetGroupArn"], "order": each.get("Order", 1)}
            for each in listener["DefaultActions"]
        ],
        "loadBalancerArn": listener["LoadBalancerArn"],
        "port": listener["Port"],
        "protocol": listener["Protocol"],
        "sslPolicy": listener.get("SslPolicy", "") if certificates else "",
        "tagsAll": _tags(cloud, arn),
    }


def _update_listener(change: Change) -> None:
    if change.of("port", "protocol", "sslPolicy", "certificateArn", "defaultActions"):
        change.cloud.elbv2.modify_listener(ListenerArn=change.id, **_listener(change.new))


def _validate_listener(inputs: Values) -> Iterator[tuple[str, str]]:
    protocol = inputs.get("protocol")
    if protocol not in ("TLS", "TCP", None, UNKNOWN):
        yield "protocol", f"{protocol} is not emulated by the local cloud; emulated: TCP, TLS"
    if protocol == "TLS" and "certificateArn" not in inputs:
        yield "certificateArn", "required with protocol TLS, but not given"
    if protocol == "TCP" and {"certificateArn", "sslPolicy"} & inputs.keys():
        yield "certificateArn", "certificateArn and sslPolicy are not for protocol TCP"
    for index, action in enumerate(_known(inputs, "defaultActions")):
        if not ({"type", "targetGroupArn"} <= action.keys() and len(action) == 2):
            yield f"defaultActions[{index}]", "is not emulated: only type forward with targetGroupArn is"


RESOURCES = (
    Resource(
        pulumi_type="aws:lb/loadBalancer:LoadBalancer",
        operation=("elbv2", "CreateLoadBalancer"),
        arguments=names(
            "name internal loadBalancerType subnets securityGroups enableCrossZoneLoadBalancing "
            "enableDeletionProtection enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
        ),
        renames={"loadBalancerType": "Type"},
        naming=Naming(max_length=32),
        defaults={"loadBalancerType": "application"},
        required=names("subnets"),
        # A Network Load Balancer may gain subnets in place; the official provider replaces it where it loses one.
        replace_on=names("name internal loadBalancerType subnets"),
        identity=names("name"),
        sets=names("subnets securityGroups"),
        create=_create_balancer,
        settle=_settle_balancer,
        read=_read_balancer,
        update=_update_balancer,
        delete=lambda cloud, arn, _: cloud.elbv2.delete_load_balancer(LoadBalancerArn=arn),
        retag=_retag,
        validate=_validate_balancer,
    ),
    Resource(
        pulumi_type="aws:lb/targetGroup:TargetGroup",
        operation=("elbv2", "CreateTargetGroup"),
        arguments=names(
            "name vpcId targetType protocol port healthCheck deregistrationDelay preserveClientIp targetHealthStates"
        ),
        naming=Naming(max_length=32),
        defaults={"targetType": "instance"},
        required=names("vpcId protocol port"),
        replace_on=names("name vpcId targetType protocol port"),
        identity=names("name"),
        create=_create_group,
        settle=_settle_group,
        read=_read_group,
        update=_update_group,
        delete=lambda cloud, arn, _: cloud.elbv2.delete_target_group(TargetGroupArn=arn),
        retag=_retag,
        validate=_validate_group,
    ),
    Resource(
        pulumi_type="aws:lb/listener:Listener",
        operation=("elbv2", "CreateListener"),
        arguments=names("loadBalancerArn port protocol sslPolicy certificateArn defaultActions"),
        required=names("port protocol"),
        replace_on=names("loadBalancerArn"),
        identity=names("loadBalancerArn port"),
        create=_create_listener,
        read=_read_listener,
        update=_update_listener,
        delete=lambda cloud, arn, _: cloud.elbv2.delete_listener(ListenerArn=arn),
        retag=_retag,
        validate=_validate_listener,
    ),
)
