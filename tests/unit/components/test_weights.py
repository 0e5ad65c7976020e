"""WeightsBucket: a fenced bucket, whose policy a first preview knows to the last word."""

import json
from typing import Any

import pulumi
import pytest

from paddock.privacy.predicates import BUCKET_POLICY, bucket_endpoint_findings, bucket_tls_findings
from paddock.weights.bucket import WeightsBucket, WeightsBucketArgs, bucket_policy
from tests.unit.components.recorder import Build

ARGS: WeightsBucketArgs = {"model": "llama-3.1-8b", "quantization": "bf16"}


def refusals() -> dict[str, dict[str, Any]]:
    statements = json.loads(bucket_policy("aws", "b", "123456789012"))["Statement"]
    assert {each["Effect"] for each in statements} == {"Deny"}
    assert {each["Principal"] for each in statements} == {"*"}
    return {each["Sid"]: each for each in statements}


def test_no_child_escapes_the_component(built: Build) -> None:
    assert built(lambda opts: WeightsBucket("w", ARGS, opts)).loose == set()


def test_nothing_in_the_bucket_can_be_public(built: Build) -> None:
    fence = built(lambda opts: WeightsBucket("w", ARGS, opts)).one(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    )
    assert [
        fence[key] for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    ] == [True] * 4


def test_weights_are_encrypted_with_a_key_of_the_account_and_versioned(built: Build) -> None:
    got = built(lambda opts: WeightsBucket("w", ARGS, opts))
    (rule,) = got.one("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
    assert got.one("aws:s3/bucketVersioning:BucketVersioning")["versioningConfiguration"] == {"status": "Enabled"}


def test_the_bucket_refuses_transport_without_tls() -> None:
    refused = refusals()["RefuseUnencryptedTransport"]
    assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert refused["Resource"] == ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]


def test_the_bucket_refuses_reading_but_through_an_endpoint_of_its_account() -> None:
    refused = refusals()["RefuseReadingFromOutsideTheAccountsNetworks"]
    assert (refused["Action"], refused["Resource"]) == ("s3:GetObject*", ["arn:aws:s3:::b/*"])
    assert refused["Condition"] == {"StringNotEquals": {"aws:VpceAccount": "123456789012"}}


def test_the_bucket_refuses_an_upload_that_names_another_encryption_and_takes_one_that_names_none() -> None:
    refused = refusals()["RefuseOtherEncryption"]
    assert refused["Action"] == "s3:PutObject"
    assert refused["Condition"] == {
        "Null": {"s3:x-amz-server-side-encryption": "false"},
        "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
    }


def test_operators_can_still_put_weights_there_and_change_the_policy_from_outside() -> None:
    """A Deny of everything would lock out whoever uploads, and Pulumi itself."""
    without_conditions_on_the_upload = [each for sid, each in refusals().items() if sid != "RefuseUnencryptedTransport"]
    assert [each["Action"] for each in without_conditions_on_the_upload] == ["s3:GetObject*", "s3:PutObject"]


def test_the_policy_pack_finds_no_fault_with_it() -> None:
    inputs = {"bucket": "b", "policy": bucket_policy("aws", "b", "123456789012")}
    assert bucket_tls_findings(BUCKET_POLICY, inputs) == []
    assert bucket_endpoint_findings(BUCKET_POLICY, inputs) == []


def test_the_bucket_policy_is_made_of_what_a_first_preview_knows(built: Build) -> None:
    """The recorder gives the bucket an ARN of its own, which a preview would not know: the policy is not made of it."""
    got = built(lambda opts: WeightsBucket("w", ARGS, opts))
    assert got.one(BUCKET_POLICY)["policy"] == bucket_policy("aws", "w-store", "123456789012")


def test_a_store_has_no_reader(built: Build) -> None:
    got = built(lambda opts: WeightsBucket("w", ARGS, opts))
    assert [token for token, _, _ in got.made if token.startswith(("aws:iam", "aws:eks"))] == []


def test_weights_that_are_not_kept_can_be_emptied_away(built: Build) -> None:
    def forced(keep: bool) -> object:
        args: WeightsBucketArgs = {**ARGS, "retain": keep}
        return built(lambda opts: WeightsBucket("w", args, opts)).one("aws:s3/bucket:Bucket").get("forceDestroy")

    assert (forced(keep=False), forced(keep=True)) == (True, False)


def test_its_outputs_name_bucket_folder_and_both(built: Build) -> None:
    outputs = built(lambda opts: WeightsBucket("w", ARGS, opts)).outputs
    assert (outputs["bucket_name"], outputs["prefix"]) == ("w-store", "models/llama-3.1-8b/bf16")
    assert outputs["uri"] == "s3://w-store/models/llama-3.1-8b/bf16"
    assert outputs["key_arn"].endswith("/w-key")


def test_an_argument_of_the_reader_is_refused_by_name(built: Build) -> None:
    args: Any = {**ARGS, "cluster_name": "llama"}
    with pytest.raises(pulumi.RunError, match="unknown argument 'cluster_name'"):
        built(lambda opts: WeightsBucket("w", args, opts))
