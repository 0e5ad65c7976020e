"""WeightsReadAccess: the least right to read one checkpoint, for one service account, through one endpoint."""

import json
from typing import Any

import pulumi
import pytest

from paddock.common.inputs import ArgumentError
from paddock.weights.read_access import (
    WeightsReadAccess,
    decrypt_policy,
    endpoint_policy,
    read_policy,
)
from tests.unit.components.cases import args_of, built_case
from tests.unit.components.recorder import ACCOUNT, Build, Built


def reader(built: Build, **changes: Any) -> Built:
    return built(lambda opts: WeightsReadAccess("w", args_of("WeightsReadAccess", **changes), opts))


def statements(document: str) -> list[dict[str, Any]]:
    return list(json.loads(document)["Statement"])


def test_it_may_read_its_own_checkpoint_and_nothing_else() -> None:
    read, listed = statements(read_policy("aws", "b", "models/m/bf16"))
    assert (read["Action"], read["Resource"]) == (["s3:GetObject"], ["arn:aws:s3:::b/models/m/bf16/*"])
    assert (listed["Action"], listed["Resource"]) == (["s3:ListBucket"], ["arn:aws:s3:::b"])
    assert listed["Condition"] == {"StringLike": {"s3:prefix": ["models/m/bf16/*", "models/m/bf16"]}}


def test_adapters_are_folders_beside_it_and_nothing_between_them() -> None:
    read, listed = statements(read_policy("aws", "b", "models/m/bf16", "models/m/lora-1", "models/tone/lora-2"))
    folders = ["models/m/bf16/*", "models/m/lora-1/*", "models/tone/lora-2/*"]
    assert read["Resource"] == [f"arn:aws:s3:::b/{each}" for each in folders]
    assert set(listed["Condition"]["StringLike"]["s3:prefix"]) == {*folders, "models/m/bf16"}


@pytest.mark.parametrize("wrong", ["models/*", "", "models/m/lora-1/", "models/${x}"])
def test_no_pattern_is_the_folder_of_an_adapter(built: Build, wrong: str) -> None:
    with pytest.raises(ArgumentError, match="adapter_prefixes must be a folder such as"):
        reader(built, adapter_prefixes=[wrong])


def test_it_may_decrypt_through_s3_alone() -> None:
    (statement,) = statements(decrypt_policy("arn:key", "eu-west-1"))
    assert (statement["Action"], statement["Resource"]) == (["kms:Decrypt"], ["arn:key"])
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}


def test_elsewhere_than_through_the_vpcs_endpoint_s3_refuses_it_and_kms_is_left_to_s3() -> None:
    (statement,) = statements(endpoint_policy("vpce-1"))
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Deny", "s3:*", "*")
    assert statement["Condition"] == {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}


def test_its_role_has_these_three_policies_and_without_an_endpoint_two() -> None:
    kind = "aws:iam/rolePolicy:RolePolicy"
    wanted = {
        "w-reader": read_policy("aws", "weights", "models/m/bf16", "models/m/lora-0a1b2c3d4e5f"),
        "w-reader-key": decrypt_policy(str(args_of("WeightsReadAccess")["key_arn"]), "us-east-1"),
        "w-reader-network": endpoint_policy("vpce-1"),
    }
    assert {
        name: each["policy"] for name, each in built_case("WeightsReadAccess", every=True).of(kind).items()
    } == wanted
    assert set(built_case("WeightsReadAccess").of(kind)) == {"w-reader", "w-reader-key"}


def test_only_the_serving_account_of_its_namespace_is_it_and_only_once_the_rights_are_there() -> None:
    got = built_case("WeightsReadAccess", every=True)
    tie = got.one("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    assert (tie["clusterName"], tie["namespace"], tie["serviceAccount"]) == ("llama", "field", "reader")
    assert {"w-reader-key", "w-reader-network"} <= got.after("w-reader")


def test_only_pod_identity_may_assume_its_role_and_only_for_its_service_account() -> None:
    """An association without these conditions could hand it to any pod of any cluster."""
    (trusted,) = statements(built_case("WeightsReadAccess", every=True).one("aws:iam/role:Role")["assumeRolePolicy"])
    assert trusted["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert trusted["Condition"]["StringEquals"] == {
        "aws:SourceAccount": ACCOUNT,
        "aws:RequestTag/eks-cluster-name": "llama",
        "aws:RequestTag/kubernetes-namespace": "field",
        "aws:RequestTag/kubernetes-service-account": "reader",
    }


WIDER = pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("bucket_name", "*"),
        ("bucket_name", "weights/*"),
        ("key_arn", "*"),
        ("key_arn", "arn:aws:kms:us-east-1:123456789012:key/*"),
        ("key_arn", "arn:aws:kms:us-east-1:123456789012:alias/k"),
        ("prefix", "*"),
        ("prefix", "models/m/b?16"),
        ("prefix", "${aws:username}"),
        ("prefix", "models/../secrets"),
        ("prefix", "models/"),
        ("s3_endpoint_id", "vpce-*"),
        ("s3_endpoint_id", ""),
    ],
)


@WIDER
def test_what_would_widen_a_policy_is_refused_at_once(built: Build, argument: str, value: str) -> None:
    with pytest.raises(ArgumentError, match=f"WeightsReadAccess: {argument} must be "):
        reader(built, **{argument: value})


@WIDER
def test_what_would_widen_a_policy_is_refused_when_it_is_known(built: Build, argument: str, value: str) -> None:
    """Pulumi wraps what is raised there in errors of its own."""
    with pytest.raises(ValueError, match=f"WeightsReadAccess: {argument} must be "):
        reader(built, **{argument: pulumi.Output.from_input(value)})
