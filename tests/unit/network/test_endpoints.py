"""Policies of the endpoints. Who calls which is data; that AWS keeps to a policy is not proved here."""

import json
from typing import Any
from unittest import mock

import pytest

from paddock.catalog.endpoints import aws_image_accounts, interface_endpoints
from paddock.catalog.instances import regions
from paddock.common.account import Account
from paddock.common.inputs import ArgumentError
from paddock.network.endpoints import interface_policy, s3_policy
from paddock.network.private_network import PrivateNetwork
from tests.unit.components.cases import built_case
from tests.unit.components.recorder import ACCOUNT, Build, endpoint_service

OWN_ACCOUNT = Account(partition="aws", id=ACCOUNT, region="eu-central-1")
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
OWN = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT}}


def statements(policy: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


@pytest.mark.parametrize("endpoint", interface_endpoints(bastion=True), ids=lambda each: each.service)
def test_every_endpoint_names_its_actions_and_is_for_the_accounts_own_identities(endpoint: Any) -> None:
    for statement in statements(interface_policy(endpoint, OWN_ACCOUNT)):
        assert statement["Action"]
        assert not [action for action in statement["Action"] if "*" in action]
        assert statement["Condition"]["StringEquals"]["aws:PrincipalAccount"] == ACCOUNT


def test_only_images_of_aws_are_read_from_another_account() -> None:
    other = [
        (endpoint.service, statement)
        for endpoint in interface_endpoints(bastion=True)
        for statement in statements(interface_policy(endpoint, OWN_ACCOUNT))
        if statement["Condition"] != OWN
    ]
    assert {service for service, _ in other} == {"ecr.api", "ecr.dkr"}
    for _, statement in other:
        assert statement["Resource"] == [
            "arn:aws:ecr:eu-central-1:602401143452:repository/*",
            "arn:aws:ecr:eu-central-1:328549459982:repository/*",
        ]
        assert not [action for action in statement["Action"] if "Put" in action or "Upload" in action]
        assert "ecr:GetAuthorizationToken" not in statement["Action"], "of no repository, so it would say nothing"


def test_images_of_an_account_that_is_named_are_read_by_own_identities_and_nothing_else_of_it_is() -> None:
    for endpoint in interface_endpoints(bastion=True):
        other = [
            statement
            for statement in statements(interface_policy(endpoint, OWN_ACCOUNT, ["210987654321"]))
            if "210987654321" in str(statement)
        ]
        if not endpoint.service.startswith("ecr."):
            assert other == []
            continue
        (named,) = other
        assert named["Resource"] == ["arn:aws:ecr:eu-central-1:210987654321:repository/*"]
        assert named["Condition"] == {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
        assert {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"} <= set(named["Action"])
        assert not [action for action in named["Action"] if "Put" in action or "Upload" in action]


@pytest.mark.parametrize("region", sorted(regions()))
def test_every_region_with_gpus_has_both_registries_of_aws(region: str) -> None:
    assert len(aws_image_accounts(region)) == 2


def test_without_buckets_s3_lets_only_layers_of_images_through() -> None:
    (only,) = statements(s3_policy([], OWN_ACCOUNT))
    assert only["Action"] == ["s3:GetObject"]
    assert only["Resource"] == ["arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*"]


def test_named_buckets_are_read_and_written_by_the_account_alone() -> None:
    _, buckets = statements(s3_policy(["weights", "weights", "adapters"], OWN_ACCOUNT))
    assert buckets["Resource"] == [
        "arn:aws:s3:::adapters",
        "arn:aws:s3:::adapters/*",
        "arn:aws:s3:::weights",
        "arn:aws:s3:::weights/*",
    ]
    assert buckets["Condition"] == OWN
    assert not [action for action in buckets["Action"] if "*" in action]


def test_weights_commands_list_versions_through_the_gateway() -> None:
    _, buckets = statements(s3_policy(["weights"], OWN_ACCOUNT))
    assert "s3:ListBucketVersions" in buckets["Action"]


@pytest.mark.parametrize("name", ["*", "a", "we*ghts", "weights/*", "Weights", "arn:aws:s3:::x", "a b", ""])
def test_what_is_no_bucket_name_would_widen_the_policy_and_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match="bucket_names must be names of S3 buckets"):
        s3_policy(["weights", name], OWN_ACCOUNT)


def test_every_policy_is_complete_at_the_first_preview() -> None:
    """Built from names and account, so that the mocks, which make ARNs up, cannot show in them."""
    got = built_case("PrivateNetwork", every=True).of(ENDPOINT)
    assert all(ACCOUNT in each["policy"] and "mock" not in each["policy"] for each in got.values())


def test_a_service_that_takes_no_policy_gets_none_and_the_operator_is_told(built: Build) -> None:
    def answer(asked: Any) -> dict[str, Any]:
        return endpoint_service(asked) | {"vpcEndpointPolicySupported": "eks-auth" not in asked["serviceName"]}

    with mock.patch("pulumi.log.warn") as warned:
        got = built(
            lambda opts: PrivateNetwork("net", {}, opts),
            answers={"aws:ec2/getVpcEndpointService:getVpcEndpointService": answer},
        ).of(ENDPOINT)
    assert [name for name, each in got.items() if "policy" not in each] == ["net-eks-auth"]
    (said,) = [call.args[0] for call in warned.call_args_list]
    assert "takes no endpoint policy for com.amazonaws.us-east-1.eks-auth" in said


def test_the_tunnel_takes_two_more_endpoints_and_nothing_of_s3(built: Build) -> None:
    without, with_bastion = (
        built(lambda opts: PrivateNetwork("net", {"bastion": tunnel}, opts)).of(ENDPOINT)  # noqa: B023  # called at once
        for tunnel in (False, True)
    )
    assert set(with_bastion) - set(without) == {"net-ssm", "net-ssmmessages"}
    assert with_bastion["net-s3"] == without["net-s3"]


def test_one_zone_gives_every_interface_one_address_in_the_zone_of_the_gpus(built: Build) -> None:
    got = built(
        lambda opts: PrivateNetwork("net", {"endpoint_zones": "one", "instance_type": "p5en.48xlarge"}, opts),
        offering=["us-east-1c"],
    )
    interfaces = [each for each in got.of(ENDPOINT).values() if each["vpcEndpointType"] == "Interface"]
    assert {tuple(each["subnetIds"]) for each in interfaces} == {("net-endpoints-0-id",)}
    assert got.of("aws:ec2/subnet:Subnet")["net-endpoints-0"]["availabilityZone"] == "us-east-1c"


def test_an_added_service_is_limited_to_the_account_and_may_be_asked_for_by_name(built: Build) -> None:
    got = built(lambda opts: PrivateNetwork("net", {"services": ["kms", "sts"]}, opts))
    (kms,) = statements(got.of(ENDPOINT)["net-kms"]["policy"])
    assert (kms["Action"], kms["Condition"]) == (["*"], OWN)
    allowed = got.of("aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList")["net-dns-allowed"]
    assert "kms.us-east-1.amazonaws.com" in allowed["domains"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"endpoint_zones": "two"}, "endpoint_zones must be all or one, got 'two'"),
        ({"services": ["vpce-svc-1/x"]}, "services must be names of endpoints"),
        ({"dns_names": ["*"]}, "dns_names must be domain names"),
        ({"bucket_names": ["*"]}, "bucket_names must be names"),
        ({"image_accounts": ["*"]}, "image_accounts must be of 12 digits each, got '*'"),
    ],
)
def test_what_would_open_the_network_is_refused(args: Any, message: str, built: Build) -> None:
    with pytest.raises(ArgumentError, match=message.replace("*", r"\*")):
        built(lambda opts: PrivateNetwork("net", args, opts))


def test_a_region_where_nodes_could_not_join_is_refused(built: Build) -> None:
    with pytest.raises(ArgumentError, match="no interface endpoint of eks in ap-southeast-5"):
        built(lambda opts: PrivateNetwork("net", {}, opts), region="ap-southeast-5")
