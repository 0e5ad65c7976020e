"""The names that are answered, and the two rules that say so."""

from fnmatch import fnmatchcase

import pytest

from paddock.catalog.endpoints import interface_endpoints
from paddock.common.inputs import ArgumentError
from paddock.network.dns_firewall import allowed_names, reverse_zone
from tests.unit.components.cases import built_case

RULE = "aws:route53/resolverFirewallRule:ResolverFirewallRule"
LIST = "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList"
ASSOCIATION = "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation"


def names(region: str = "eu-central-1", tunnel: bool = False) -> list[str]:
    return allowed_names(region, interface_endpoints(bastion=tunnel), ["10.7.0.0/16"], ["llama.internal.example.com"])


@pytest.mark.parametrize(
    "asked",
    [
        "0123ABCD.gr7.eu-central-1.eks.amazonaws.com",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        "api.ecr.eu-central-1.amazonaws.com",
        "ec2.eu-central-1.amazonaws.com",
        "eks-auth.eu-central-1.api.aws",
        "ip-10-7-0-4.eu-central-1.compute.internal",
        "prod-eu-central-1-starport-layer-bucket.s3.eu-central-1.amazonaws.com",
        "4.0.7.10.in-addr.arpa",
        "llama.internal.example.com",
    ],
)
def test_what_a_node_or_a_pod_needs_is_answered(asked: str) -> None:
    assert any(fnmatchcase(asked, name) for name in names())


@pytest.mark.parametrize(
    "asked",
    [
        "secret.attacker.example",
        "amazonaws.com.attacker.example",
        "x.example.com",
        "s3.us-west-2.amazonaws.com",
        "ssm.eu-central-1.amazonaws.com",
        "secret.4.3.2.1.in-addr.arpa",
        "huggingface.co",
        "x.execute-api.eu-central-1.amazonaws.com",
    ],
)
def test_what_leads_elsewhere_is_not(asked: str) -> None:
    assert not any(fnmatchcase(asked, name) for name in names())


def test_the_tunnel_is_asked_for_only_where_there_is_one() -> None:
    assert set(names(tunnel=True)) - set(names()) == {
        "ssm.eu-central-1.amazonaws.com",
        "ssmmessages.eu-central-1.amazonaws.com",
    }


def test_the_oldest_region_has_names_without_a_region() -> None:
    assert {"*.ec2.internal", "*.s3.amazonaws.com"} < set(names("us-east-1"))
    assert not {"*.ec2.internal", "*.s3.amazonaws.com"} & set(names())


@pytest.mark.parametrize(
    ("cidr", "zone"), [("10.7.0.0/16", "7.10"), ("10.7.16.0/22", "7.10"), ("172.20.0.0/20", "20.172")]
)
def test_reverse_names_of_the_vpc_alone(cidr: str, zone: str) -> None:
    assert reverse_zone(cidr) == f"*.{zone}.in-addr.arpa"


@pytest.mark.parametrize(
    "name", ["*", "*.", "com", "a b.example.com", "*.*.example.com", "x.example.com.", "-x.example.com", ""]
)
def test_what_is_no_domain_name_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match="dns_names must be domain names"):
        allowed_names("us-east-1", (), ["10.0.0.0/16"], [name])


def test_all_else_is_refused_for_every_type_of_query_and_after_the_allowed_names() -> None:
    got = built_case("PrivateNetwork", every=True)
    rules = got.of(RULE)
    allow, block = rules["net-dns-allowed"], rules["net-dns-others"]
    assert (allow["action"], block["action"], block["blockResponse"]) == ("ALLOW", "BLOCK", "NXDOMAIN")
    assert allow["priority"] < block["priority"]
    assert allow["firewallDomainRedirectionAction"] == "TRUST_REDIRECTION_DOMAIN"
    assert "qType" not in block
    assert got.of(LIST)["net-dns-others"]["domains"] == ["*"]
    assert "llama.internal.example.com" in got.of(LIST)["net-dns-allowed"]["domains"]


def test_it_is_in_force_only_when_complete_fails_closed_and_can_be_taken_off() -> None:
    got = built_case("PrivateNetwork")
    assert {"net-dns-allowed", "net-dns-others"} <= got.after("net-dns")
    assert got.one(ASSOCIATION)["mutationProtection"] == "DISABLED"
    assert got.one("aws:route53/resolverFirewallConfig:ResolverFirewallConfig")["firewallFailOpen"] == "DISABLED"
