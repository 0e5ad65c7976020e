"""Weights of a deployment: what the store's folder says, and what an earlier run left in the account."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from paddock.catalog.lookup import RefusedError
from paddock.operations.checkpoint.read import read_own
from paddock.operations.deploy.orphans import Orphans
from paddock.operations.deploy.weights import Copy, folder_of, found, signing_key_of
from paddock.operations.weights.sources.folder import FolderSource
from paddock.plan.plan import Plan, make_plan
from paddock.settings import parse_settings
from paddock.settings.own_checkpoint import as_settings
from tests.emulated import account
from tests.unit.sizing.checkpoints import plain_tensors, write_checkpoint

TAGS = {"Name": "llama-vpc", "paddock:stack": "paddock/dev"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with account() as url:
        yield url


@pytest.fixture
def emulated(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return boto3.Session(region_name="us-east-1")


def plan(**changes: Any) -> Plan:
    return make_plan(parse_settings({"model": "llama-3.1-8b", **changes}, region="us-east-1", to_deploy=False))


def test_a_signed_revision_is_done() -> None:
    pinned = plan(weights_revision="bf16-0a")
    assert folder_of(pinned) == "models/llama-3.1-8b/bf16-0a"
    look = found(pinned, "store", ["config.json", "model.sig"], 1.0, "file")
    assert look.done


@pytest.mark.parametrize("names", [[], ["config.json", "paddock-revision.json", "model.safetensors"]])
def test_half_a_revision_is_copied_on(names: list[str]) -> None:
    look = found(plan(weights_revision="bf16-0a"), "store", names, 0.35, "file")
    assert not look.done
    assert look.cost == "$0.35 a month for them in S3"


def test_weights_that_somebody_put_there_serve_on_and_are_called_unsigned() -> None:
    look = found(plan(), "store", ["config.json", "model.safetensors"], 1.0, "file")
    assert (look.done, "nobody signed" in look.text) == (True, True)
    assert not found(plan(), "store", ["config.json"], 1.0, "file").done


def test_a_revoked_revision_is_refused() -> None:
    with pytest.raises(RefusedError, match="is revoked and is not served"):
        found(plan(weights_revision="bf16-0a"), "store", ["model.sig", "revoked.json"], 1.0, "file")


def test_the_signing_key_is_the_stores_own() -> None:
    store = {"type": "paddock:index:WeightsBucket", "outputs": {"signing_key_arn": "arn:x"}}
    assert signing_key_of([{"type": "a:b:C"}, store]) == "arn:x"
    assert signing_key_of([]) is None


def test_a_checkpoint_of_ones_own_is_copied_from_its_address_under_its_own_license(
    emulated: boto3.Session, tmp_path: Path
) -> None:
    folder = write_checkpoint(tmp_path / "mine", plain_tensors())
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_text("{}")
    own = as_settings(read_own(FolderSource(folder), "ours-1.0"))
    values = {"model": "mine", "checkpoint": own, "max_model_len": 2048}
    accepted = {"license": {"license": "ours-1.0", "by": "someone", "on": "2026-11-24"}}
    s3, kms = emulated.client("s3"), emulated.client("kms")
    s3.create_bucket(Bucket="store")
    s3.put_bucket_versioning(Bucket="store", VersioningConfiguration={"Status": "Enabled"})
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]

    def copy(**more: Any) -> Copy:
        settings = parse_settings(values | more, region="us-east-1", to_deploy=False)
        return Copy.of(make_plan(settings), settings.model.entry, emulated, "store", key)

    assert copy().plan.model.checkpoint == f"file://{folder}"
    with pytest.raises(RefusedError, match=r"nobody accepted the license of mine, ours-1\.0"):
        copy().run(lambda _: None)
    revision = copy(**accepted).run(lambda _: None)
    names = copy(weights_revision=revision, **accepted).names()
    assert {"config.json", "model.sig"} <= set(names)


class Session:
    """An account with these tagged objects and roles."""

    def __init__(self, tagged: dict[str, dict[str, str]], roles: dict[str, str]) -> None:
        self.tagged, self.roles, self.asked = tagged, roles, 0

    def client(self, name: str) -> Any:
        assert name in ("resourcegroupstaggingapi", "iam")
        return self

    class exceptions:  # noqa: N801  boto3's name
        class NoSuchEntityException(Exception):  # noqa: N818  AWS's name
            pass

    def get_paginator(self, operation: str) -> Any:
        assert operation == "get_resources"
        return self

    def paginate(self, **_: Any) -> Any:
        self.asked += 1
        rows = [
            {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            for arn, tags in self.tagged.items()
        ]
        return [{"ResourceTagMappingList": rows}]

    def get_role(self, RoleName: str) -> Any:  # noqa: N803  AWS's name
        if RoleName not in self.roles:
            raise self.exceptions.NoSuchEntityException
        return {"Role": {"Tags": [{"Key": "paddock:stack", "Value": self.roles[RoleName]}]}}


def test_what_was_made_is_found_by_its_tags_and_only_where_it_is_sure() -> None:
    vpc = "arn:aws:ec2:us-east-1:1:vpc/vpc-"
    account = Session({f"{vpc}1": TAGS, f"{vpc}2": TAGS | {"Name": "other"}}, {})
    find = Orphans(account, "paddock/dev").find
    assert find("aws:ec2/vpc:Vpc", {"tags": TAGS}) == "vpc-1"
    assert find("aws:ec2/subnet:Subnet", {"tags": TAGS}) is None
    assert find("aws:ec2/route:Route", {}) is None
    assert account.asked == 1
    account = Session({f"{vpc}1": TAGS, f"{vpc}2": TAGS}, {})
    assert Orphans(account, "paddock/dev").find("aws:ec2/vpc:Vpc", {"tags": TAGS}) is None


def test_a_role_is_found_by_its_name_where_it_is_this_stacks() -> None:
    find = Orphans(Session({}, {"a": "paddock/dev", "b": "paddock/prod"}), "paddock/dev").find
    assert find("aws:iam/role:Role", {"name": "a"}) == "a"
    assert find("aws:iam/role:Role", {"name": "b"}) is None
    assert find("aws:iam/role:Role", {"name": "c"}) is None
    assert find("aws:iam/role:Role", {}) is None


def test_an_association_is_found_by_both_its_ends(emulated: boto3.Session) -> None:
    ec2 = emulated.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{i}.0/24")["Subnet"]["SubnetId"] for i in range(2)]
    table, other = (ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
    ec2.associate_route_table(SubnetId=subnets[0], RouteTableId=table)
    find, type_ = Orphans(emulated, "paddock/dev").find, "aws:ec2/routeTableAssociation:RouteTableAssociation"
    assert find(type_, {"subnetId": subnets[0], "routeTableId": table}) == f"{subnets[0]}/{table}"
    assert find(type_, {"subnetId": subnets[0], "routeTableId": other}) is None
    assert find(type_, {"subnetId": subnets[1], "routeTableId": table}) is None


def test_a_zone_is_found_by_its_name_and_tags(emulated: boto3.Session) -> None:
    route53 = emulated.client("route53")
    ids = [
        route53.create_hosted_zone(Name=name, CallerReference=str(i))["HostedZone"]["Id"].removeprefix("/hostedzone/")
        for i, name in enumerate(["llm.corp.example", "llm.corp.example", "other.corp.example"])
    ]
    for id_ in ids[1:]:
        tags = [{"Key": key, "Value": value} for key, value in TAGS.items()]
        route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=id_, AddTags=tags)
    find, type_ = Orphans(emulated, "paddock/dev").find, "aws:route53/zone:Zone"
    assert find(type_, {"name": "llm.corp.example", "tags": TAGS}) == ids[1]
    assert find(type_, {"name": "llm.corp.example", "tags": TAGS | {"Name": "other"}}) is None
    assert find(type_, {"name": "new.corp.example", "tags": TAGS}) is None


def test_objects_of_the_dns_firewall_are_found_by_name_and_by_both_their_ends(emulated: boto3.Session) -> None:
    resolver, find = emulated.client("route53resolver"), Orphans(emulated, "paddock/dev").find
    type_ = "aws:route53/resolverFirewall{0}:ResolverFirewall{0}".format
    vpc = emulated.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    lists = [
        resolver.create_firewall_domain_list(CreatorRequestId=name, Name=name)["FirewallDomainList"]["Id"]
        for name in ("llama-dns-allowed-1", "llama-dns-rest-1")
    ]
    group = resolver.create_firewall_rule_group(CreatorRequestId="g", Name="llama-dns-1")["FirewallRuleGroup"]["Id"]
    ends = {"firewallRuleGroupId": group, "firewallDomainListId": lists[0]}
    assert find(type_("DomainList"), {"name": "llama-dns-rest-1", "tags": TAGS}) == lists[1]
    assert find(type_("DomainList"), {"name": "llama-dns-rest-2", "tags": TAGS}) is None
    assert find(type_("RuleGroup"), {"name": "llama-dns-1", "tags": TAGS}) == group
    assert find(type_("Rule"), ends) is None
    rule = {"FirewallRuleGroupId": group, "FirewallDomainListId": lists[0]}
    resolver.create_firewall_rule(CreatorRequestId="r", Name="r", Priority=1, Action="ALLOW", **rule)
    assert find(type_("Rule"), ends) == f"{group}:{lists[0]}"
    assert find(type_("Rule"), {**ends, "firewallDomainListId": lists[1]}) is None
    association = {"firewallRuleGroupId": group, "vpcId": vpc, "tags": TAGS}
    assert find(type_("RuleGroupAssociation"), association) is None
    made = resolver.associate_firewall_rule_group(
        CreatorRequestId="a", FirewallRuleGroupId=group, VpcId=vpc, Priority=101, Name="a"
    )["FirewallRuleGroupAssociation"]["Id"]
    assert find(type_("RuleGroupAssociation"), association) == made
    assert find(type_("RuleGroupAssociation"), {**association, "vpcId": "vpc-0"}) is None


def test_a_policy_of_a_role_is_found_by_the_role_and_its_own_name(emulated: boto3.Session) -> None:
    iam, find = emulated.client("iam"), Orphans(emulated, "paddock/dev").find
    statement = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents"'
    trust = (
        statement.replace("logs:PutLogEvents", "sts:AssumeRole") + ', "Principal": {"Service": "a.amazonaws.com"}}]}'
    )
    iam.create_role(RoleName="llama-flows-1", AssumeRolePolicyDocument=trust)
    document = statement + ', "Resource": "*"}]}'
    iam.put_role_policy(RoleName="llama-flows-1", PolicyName="llama-flows-2", PolicyDocument=document)
    type_ = "aws:iam/rolePolicy:RolePolicy"
    assert find(type_, {"role": "llama-flows-1", "name": "llama-flows-2"}) == "llama-flows-1:llama-flows-2"
    assert find(type_, {"role": "llama-flows-1", "name": "llama-flows-3"}) is None
    assert find(type_, {"role": "gone", "name": "llama-flows-2"}) is None
