"""Objects that are left over, kept or another stack's, and the text about each; no cloud here."""

import shlex

import pytest

from paddock.operations.leftovers.found import Found, Owner, left_over
from paddock.operations.leftovers.kinds import KINDS, recognize

OWNER = Owner(project="paddock", stack="dev", name="llama", retain_weights=True)
EC2 = "arn:aws:ec2:us-east-1:123456789012"


def ours(arn: str, name: str = "") -> Found:
    return Found(arn, {"paddock:stack": "paddock/dev", "Name": name}, "has the tag")


def clusters(arn: str, **tags: str) -> Found:
    return Found(arn, tags, "made for the cluster", by_cluster=True)


def test_leftovers_come_in_the_order_in_which_they_can_be_deleted() -> None:
    found = [
        ours(f"{EC2}:vpc/vpc-1"),
        ours(f"{EC2}:subnet/subnet-1"),
        ours("arn:aws:eks:us-east-1:123456789012:cluster/llama-dev"),
        ours(f"{EC2}:network-interface/eni-1"),
        ours("arn:aws:eks:us-east-1:123456789012:nodegroup/llama-dev/gpu/0a"),
        ours("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/llama/0a"),
        ours(f"{EC2}:vpc-endpoint/vpce-1"),
        ours(f"{EC2}:security-group/sg-1"),
    ]
    assert [each.kind for each in left_over(found, OWNER)] == [
        *("node group", "load balancer", "cluster", "VPC endpoint", "network interface"),
        *("security group", "subnet", "VPC"),
    ]


def test_the_weights_and_their_keys_are_kept_only_where_they_should_be_and_nothing_else_is() -> None:
    bucket, key = ours("arn:aws:s3:::llama-store-1", "llama-store"), ours("arn:aws:kms:r:1:key/k", "llama-key")
    signing = ours("arn:aws:kms:r:1:key/s", "llama-signing-key")
    impostor, other = ours(f"{EC2}:vpc/vpc-1", "llama-store"), ours("arn:aws:s3:::logs-1", "llama-logs")
    kept = {each.arn for each in left_over([bucket, key, signing, impostor, other], OWNER) if each.kept}
    assert kept == {bucket.arn, key.arn, signing.arn}
    careless = Owner(project="paddock", stack="dev", name="llama", retain_weights=False)
    assert not any(each.kept for each in left_over([bucket, key, signing], careless))


def test_what_another_stack_made_is_never_listed() -> None:
    theirs = {"paddock:stack": "paddock/prod"}
    assert left_over([Found(f"{EC2}:vpc/vpc-2", theirs, "")], OWNER) == []
    assert left_over([clusters(f"{EC2}:volume/vol-2", **theirs)], OWNER) == []


def test_what_bears_the_name_of_a_cluster_is_that_stacks_whose_the_cluster_is() -> None:
    volume = clusters(f"{EC2}:volume/vol-1")
    assert [each.id for each in left_over([volume], OWNER)] == ["vol-1"]
    assert [each.id for each in left_over([volume], OWNER, cluster_of="paddock/dev")] == ["vol-1"]
    assert left_over([volume], OWNER, cluster_of="another/dev") == []
    assert left_over([volume], OWNER, cluster_of="") == [], "a cluster that has no tag is not ours"


def test_an_object_that_was_found_twice_is_listed_once_by_its_tag() -> None:
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/eks/llama-dev/cluster"
    (only,) = left_over([ours(arn), clusters(arn)], OWNER)
    assert only.why == "has the tag"


@pytest.mark.parametrize(
    ("arn", "kind", "delete"),
    [
        (f"{EC2}:vpc/vpc-1", "VPC", "aws ec2 delete-vpc --vpc-id vpc-1"),
        (f"{EC2}:vpc-endpoint/vpce-1", "VPC endpoint", "aws ec2 delete-vpc-endpoints --vpc-endpoint-ids vpce-1"),
        (
            "arn:aws:eks:us-east-1:1:nodegroup/llama-dev/gpu/0a-1",
            "node group",
            "aws eks delete-nodegroup --cluster-name llama-dev --nodegroup-name gpu",
        ),
        (
            "arn:aws:logs:us-east-1:1:log-group:/aws/eks/llama-dev/cluster:*",
            "log group",
            "aws logs delete-log-group --log-group-name /aws/eks/llama-dev/cluster",
        ),
        ("arn:aws:iam::1:role/path/llama-reader", "role", "aws iam delete-role --role-name llama-reader"),
        ("arn:aws:s3:::llama-store-1", "bucket", "aws s3api delete-bucket --bucket llama-store-1"),
        (
            "arn:aws:autoscaling:r:1:autoScalingGroup:0a:autoScalingGroupName/eks-gpu",
            "Auto Scaling group",
            "aws autoscaling delete-auto-scaling-group --force-delete --auto-scaling-group-name eks-gpu",
        ),
        ("arn:aws:quantum:r:1:thing/t", "quantum:thing", ""),
    ],
)
def test_each_kind_has_its_command_and_an_unknown_kind_has_none(arn: str, kind: str, delete: str) -> None:
    known = recognize(arn)
    assert (known.kind.says, known.delete) == (kind, delete)


def test_a_name_with_a_shells_signs_stays_one_word_of_its_command() -> None:
    known = recognize("arn:aws:logs:r:1:log-group:/aws/eks/x; rm -rf ~")
    assert shlex.split(known.delete)[-1] == "/aws/eks/x; rm -rf ~"


def test_every_kind_says_what_it_bills_by_and_how_it_goes() -> None:
    assert all(kind.says and kind.bills and (kind.delete or kind.first) for kind in KINDS)
