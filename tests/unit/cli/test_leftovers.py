"""`paddock leftovers` in an account of moto's: what a stack left, what is kept, and whether it lives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto.ec2.models import ec2_backends

from paddock.common.labels import STACK_TAG
from tests.unit.cli.account import ACCOUNT, REGION, client, empty_account, without_credentials
from tests.unit.cli.running import Paddock, Ran

TAG = {"Key": STACK_TAG, "Value": "paddock/dev"}
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
Leftovers = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _account() -> Iterator[None]:
    with empty_account():
        yield


@pytest.fixture
def leftovers(paddock: Paddock, tmp_path: Path) -> Leftovers:
    """`leftovers()` asks what the stack `dev` left, whose file is the test's own."""
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(f"config:\n  aws:region: {REGION}\n")

    def ran(*words: str, **keys: str) -> Ran:
        if keys:
            file.write_text(file.read_text() + "".join(f"  paddock:{key}: {value}\n" for key, value in keys.items()))
        return paddock("leftovers", "--stack-file", str(file), *words, columns=100)

    return ran


def store_of_dev() -> str:
    """Bucket and key that outlive the stack; the key's id."""
    client("s3").create_bucket(Bucket="llama-store-1")
    tags = [TAG, {"Key": "Name", "Value": "llama-store"}]
    client("s3").put_bucket_tagging(Bucket="llama-store-1", Tagging={"TagSet": tags})
    made = client("kms").create_key(
        Tags=[{"TagKey": STACK_TAG, "TagValue": "paddock/dev"}, {"TagKey": "Name", "TagValue": "llama-key"}]
    )
    return str(made["KeyMetadata"]["KeyId"])


def vpc_of(stack: str) -> str:
    tags = [{"Key": STACK_TAG, "Value": stack}]
    made = client("ec2").create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])
    return str(made["Vpc"]["VpcId"])


def cluster_of(stack: str, name: str = "llama-dev") -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/eks"
    client("eks").create_cluster(name=name, roleArn=role, resourcesVpcConfig={}, tags={STACK_TAG: stack})


def test_an_account_with_nothing_of_the_stack_is_clean(leftovers: Leftovers) -> None:
    vpc_of("paddock/prod")
    ran = leftovers()
    assert (ran.status, ran.out.strip(), ran.err) == (0, f"nothing is left of paddock/dev in {REGION}", "")
    told = json.loads(leftovers("--json").out)
    assert (told["left"], told["kept"], told["living_cluster"], told["stack"]) == ([], [], None, "paddock/dev")


def test_the_weights_and_their_key_are_kept_unless_the_stack_says_otherwise(leftovers: Leftovers) -> None:
    key = store_of_dev()
    ran = leftovers()
    assert ran.status == 0
    assert "nothing is left of paddock/dev in us-east-1 but what is kept" in " ".join(ran.out.split())
    assert "kept on purpose (paddock:retain_weights)" in ran.out
    assert "llama-store-1" in ran.out
    kept = json.loads(leftovers("--json").out)["kept"]
    assert {each["id"] for each in kept} == {"llama-store-1", key}
    left = leftovers("--json", retain_weights="false")
    assert left.status == 1
    assert {each["id"] for each in json.loads(left.out)["left"]} == {"llama-store-1", key}


def test_what_is_left_comes_with_the_commands_that_delete_it_in_order(leftovers: Leftovers) -> None:
    vpc = vpc_of("paddock/dev")
    subnet = client("ec2").create_subnet(
        VpcId=vpc, CidrBlock="10.0.0.0/24", TagSpecifications=[{"ResourceType": "subnet", "Tags": [TAG]}]
    )["Subnet"]["SubnetId"]
    client("logs").create_log_group(logGroupName="/aws/eks/llama-dev/cluster")
    by_ec2 = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [by_ec2]})
    client("iam").create_role(RoleName="llama-nodes", AssumeRolePolicyDocument=trust, Tags=[TAG])
    client("iam").create_role(RoleName="somebody", AssumeRolePolicyDocument=trust)
    client("iam").create_instance_profile(InstanceProfileName="llama-nodes", Tags=[TAG])
    zone = client("route53").create_hosted_zone(Name="llama.internal", CallerReference="1")["HostedZone"]["Id"]
    client("route53").change_tags_for_resource(
        ResourceType="hostedzone", ResourceId=zone.rpartition("/")[2], AddTags=[TAG]
    )
    ran = leftovers()
    assert ran.status == 1
    assert "6 left of paddock/dev in us-east-1" in ran.out
    assert "to delete, in this order; nothing was deleted" in ran.out
    commands = [line.strip() for line in ran.out.splitlines() if line.startswith("  aws ")]
    assert commands == [
        f"aws route53 delete-hosted-zone --id {zone.rpartition('/')[2]} --region {REGION}  # its records go first",
        f"aws ec2 delete-subnet --subnet-id {subnet} --region {REGION}",
        f"aws ec2 delete-vpc --vpc-id {vpc} --region {REGION}",
        f"aws logs delete-log-group --log-group-name /aws/eks/llama-dev/cluster --region {REGION}",
        f"aws iam delete-role --role-name llama-nodes --region {REGION}  # its policies go first",
        f"aws iam delete-instance-profile --instance-profile-name llama-nodes --region {REGION}  # its role goes first",
    ]
    told = {each["kind"]: each for each in json.loads(leftovers("--json").out)["left"]}
    assert told["log group"]["why"] == "named after the cluster llama-dev"
    assert told["VPC"]["arn"] == f"{EC2}:vpc/{vpc}"
    assert client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"], "nothing was deleted"


def test_what_aws_goes_on_listing_after_its_end_is_not_left(leftovers: Leftovers) -> None:
    key = store_of_dev()
    client("kms").schedule_key_deletion(KeyId=key)
    ec2 = client("ec2")
    vpc = vpc_of("paddock/dev")
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    image = ec2.register_image(Name="any", RootDeviceName="/dev/xvda")["ImageId"]
    # moto 5.2.5 drops the architecture that is given, and the local cloud's AWS asks for it.
    ec2_backends[ACCOUNT][REGION].amis[image].architecture = "x86_64"
    instances = ec2.run_instances(
        ImageId=image,
        MinCount=2,
        MaxCount=2,
        SubnetId=subnet,
        TagSpecifications=[{"ResourceType": "instance", "Tags": [TAG]}],
    )["Instances"]
    gone, alive = (each["InstanceId"] for each in instances)
    ec2.terminate_instances(InstanceIds=[gone])
    told = json.loads(leftovers("--json").out)
    left = {each["id"] for each in told["left"]}
    assert {alive, vpc} <= left
    assert gone not in left
    assert {each["id"] for each in told["kept"]} == {"llama-store-1"}


def test_a_stack_that_lives_gets_no_command_that_would_delete_it(leftovers: Leftovers) -> None:
    cluster_of("paddock/dev")
    vpc_of("paddock/dev")
    ran = leftovers()
    said = " ".join(ran.out.split())
    assert ran.status == 1
    assert "paddock/dev in us-east-1 lives: its cluster llama-dev is ACTIVE; `pulumi destroy` comes first" in said
    assert "aws ec2" not in said
    told = json.loads(leftovers("--json").out)
    assert told["living_cluster"] == "llama-dev"
    assert {each["delete"] for each in told["left"]} == {""}


def test_a_cluster_of_that_name_of_another_stack_is_not_ours(leftovers: Leftovers) -> None:
    cluster_of("company/dev")
    client("logs").create_log_group(logGroupName="/aws/eks/llama-dev/cluster")
    ran = leftovers("--json")
    assert (ran.status, json.loads(ran.out)["left"]) == (0, [])
    other = leftovers("--json", "--project", "company")
    assert (other.status, json.loads(other.out)["living_cluster"]) == (1, "llama-dev")
    assert json.loads(leftovers("--json", "--name", "other").out)["left"] == []


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "config.yaml",
            f"config:\n  aws:region: {REGION}\n",
            "does not say which stack; its name is Pulumi.<stack>.yaml",
        ),
        ("Pulumi.dev.yaml", "config:\n  aws:region: nowhere\n", "has no usable aws:region, got 'nowhere'"),
        ("Pulumi.dev.yaml", "config: [\n", "Pulumi.dev.yaml"),
        ("Pulumi.dev.yaml", None, "Pulumi.dev.yaml"),
    ],
)
def test_a_stack_file_that_is_wrong_is_one_message(
    paddock: Paddock, tmp_path: Path, name: str, text: str | None, says: str
) -> None:
    file = tmp_path / name
    if text is not None:
        file.write_text(text)
    ran = paddock("leftovers", "--stack-file", str(file), "--json")
    assert ran.status == 2
    assert says in json.loads(ran.out)["error"]
    assert "Traceback" not in ran.err


def test_without_credentials_it_says_how_to_sign_in(leftovers: Leftovers) -> None:
    with without_credentials():
        ran = leftovers()
    assert (ran.status, ran.out) == (2, "")
    assert "looking for leftovers takes AWS credentials, and none are found" in ran.err


def test_the_account_is_that_of_the_role_by_which_the_stack_is_made(leftovers: Leftovers, tmp_path: Path) -> None:
    vpc_of("paddock/dev")
    assert leftovers().status == 1
    file = tmp_path / "Pulumi.dev.yaml"
    role = "arn:aws:iam::210987654321:role/deployer"
    file.write_text(f"{file.read_text()}  aws:assumeRoles: [{{roleArn: '{role}'}}]\n")
    ran = leftovers()
    assert (ran.status, "nothing is left of paddock/dev" in ran.out) == (0, True)
