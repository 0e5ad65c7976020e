"""ServiceLoadBalancer: who is let in, where requests go, and what is made only when asked for."""

from functools import partial
from typing import Any

import pytest

from paddock.common.inputs import ArgumentError
from paddock.serving.load_balancer import NODE_PORT, ServiceLoadBalancer
from paddock.serving.vllm_service import manifest_values
from paddock.sizing.placement.shutdown import LEAD_AWAY_SECONDS
from tests.unit.components.cases import CASES, args_of, built_case
from tests.unit.components.recorder import Build, arn

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
PRINCIPAL = "arn:aws:iam::210987654321:root"
ARGS: Any = CASES["ServiceLoadBalancer"].required
AUTHORITY = ARGS["certificate_authority_arn"]
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


LEAST, EVERY = (partial(built_case, "ServiceLoadBalancer", every=every) for every in (False, True))


def test_it_lets_in_the_vpc_and_the_networks_named_and_nobody_else() -> None:
    rules = EVERY().of(INGRESS).values()
    into_balancer = [each for each in rules if each["securityGroupId"] == "llama-lb-id"]
    # Resources are registered at once, in no order.
    assert sorted(each["cidrIpv4"] for each in into_balancer) == ["10.0.0.0/16", "10.9.0.0/16", "172.16.0.0/20"]
    assert {(each["fromPort"], each["toPort"], each["ipProtocol"]) for each in into_balancer} == {(443, 443, "tcp")}


def test_the_nodes_let_in_the_load_balancer_at_the_node_port_and_it_reaches_nothing_else() -> None:
    got = EVERY()
    (out,) = got.of(EGRESS).values()
    assert (out["referencedSecurityGroupId"], out["fromPort"], out["toPort"]) == ("sg-nodes", 30001, 30001)
    (into_nodes,) = [each for each in got.of(INGRESS).values() if each["securityGroupId"] == "sg-nodes"]
    assert into_nodes["referencedSecurityGroupId"] == "llama-lb-id"
    assert (into_nodes["fromPort"], into_nodes["toPort"]) == (30001, 30001)
    assert got.one("aws:lb/targetGroup:TargetGroup")["port"] == 30001


def test_guard_silent_a_node_without_a_ready_pod_fails_the_check() -> None:
    """The service's traffic policy is Local: only the traffic port tells whether this node has a pod."""
    check = LEAST().one("aws:lb/targetGroup:TargetGroup")["healthCheck"]
    assert (check["port"], check["protocol"], check["path"]) == ("traffic-port", "HTTP", "/ready")


def test_guard_cut_off_a_pod_that_stops_may_finish_its_answers() -> None:
    targets = LEAST().one("aws:lb/targetGroup:TargetGroup")
    (state,) = targets["targetHealthStates"]
    assert state == {"enableUnhealthyConnectionTermination": False, "unhealthyDrainingInterval": 150}
    assert targets["deregistrationDelay"] == 150


def test_guard_refused_the_balancer_leaves_a_draining_pod_long_before_it_refuses_and_kube_proxy_drops_it() -> None:
    check = LEAST().one("aws:lb/targetGroup:TargetGroup")["healthCheck"]
    assert check["timeout"] < check["interval"]
    gone = check["interval"] * check["unhealthyThreshold"]
    assert gone + 15 <= LEAD_AWAY_SECONDS
    for period in (1, 5, 10):
        values = manifest_values("vllm", args_of("VllmService", node_port=30080, readiness_period_seconds=period))
        assert (values["readiness_failure_threshold"] - 1) * period >= gone + 10


def test_the_next_pod_leaves_only_when_the_balancer_has_taken_the_new_one_in() -> None:
    check = LEAST().one("aws:lb/targetGroup:TargetGroup")["healthCheck"]
    taken_in = check["interval"] * check["healthyThreshold"]
    assert manifest_values("vllm", args_of("VllmService", node_port=30080))["min_ready_seconds"] > taken_in
    assert manifest_values("vllm", args_of("VllmService"))["min_ready_seconds"] == 0


def test_guard_collision_the_targets_see_the_balancers_addresses_as_it_crosses_zones() -> None:
    assert LEAST().one("aws:lb/targetGroup:TargetGroup")["preserveClientIp"] == "false"


def test_the_ca_issues_the_certificate_for_the_name_that_clients_call() -> None:
    got = LEAST()
    certificate = got.one("aws:acm/certificate:Certificate")
    assert certificate["domainName"] == "llama.internal.example.com"
    assert certificate["certificateAuthorityArn"] == AUTHORITY
    assert got.one("aws:lb/listener:Listener")["certificateArn"].endswith(":certificate/llama-lb")


def test_a_certificate_that_is_given_is_used_and_none_is_made(built: Build) -> None:
    args: Any = {**ARGS, "certificate_arn": CERTIFICATE}
    del args["certificate_authority_arn"]
    got = built(lambda opts: ServiceLoadBalancer("llama", args, opts))
    assert got.of("aws:acm/certificate:Certificate") == {}
    assert got.one("aws:lb/listener:Listener")["certificateArn"] == CERTIFICATE


@pytest.mark.parametrize("certificates", [{}, {"certificate_arn": CERTIFICATE, "certificate_authority_arn": AUTHORITY}])
def test_none_or_two_certificates_are_refused_before_anything_is_made(
    certificates: dict[str, str], built: Build
) -> None:
    args: dict[str, Any] = {
        key: value for key, value in ARGS.items() if key != "certificate_authority_arn"
    } | certificates
    with pytest.raises(ArgumentError, match="exactly one"):
        built(lambda opts: ServiceLoadBalancer("llama", args, opts))  # type: ignore[arg-type]


def test_the_zone_is_of_the_name_itself_so_that_no_other_name_of_the_domain_is_hidden() -> None:
    got = LEAST()
    zone, record = got.one("aws:route53/zone:Zone"), got.one("aws:route53/record:Record")
    assert zone["name"] == record["name"] == "llama.internal.example.com"
    assert zone["vpcs"] == [{"vpcId": "vpc-1"}]
    assert record["type"] == "A"


def test_without_principals_nobody_can_ask_for_a_connection() -> None:
    got = LEAST()
    assert got.of("aws:ec2/vpcEndpointService:VpcEndpointService") == {}
    assert got.outputs["endpoint_service_name"] == ""
    balancer = got.one("aws:lb/loadBalancer:LoadBalancer")
    assert balancer["enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "on"


def test_principals_may_ask_and_each_connection_waits_for_a_person() -> None:
    got = EVERY()
    service = got.one("aws:ec2/vpcEndpointService:VpcEndpointService")
    assert service["acceptanceRequired"] is True
    assert service["allowedPrincipals"] == [PRINCIPAL]
    assert service["networkLoadBalancerArns"] == [arn("aws:lb/loadBalancer:LoadBalancer", "llama-lb")]
    balancer = got.one("aws:lb/loadBalancer:LoadBalancer")
    assert balancer["enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"


def test_the_node_port_is_one_that_kubernetes_gives_nobody_by_itself() -> None:
    band = min(max(16, 2768 // 32), 128)
    assert 30000 <= NODE_PORT < 30000 + band
