"""WeightsBucket: a fenced bucket, whose policy a first preview knows to the last word."""

import json
from typing import Any

import pulumi
import pytest

from paddock.privacy.predicates.bucket_policies import bucket_endpoint_findings, bucket_tls_findings
from paddock.privacy.predicates.types import BUCKET_POLICY
from paddock.weights.bucket import WeightsBucket, bucket_policy
from tests.unit.components.cases import CASES, built_case
from tests.unit.components.recorder import Build

LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
ARGS: Any = CASES["WeightsBucket"].required


def refusals() -> dict[str, dict[str, Any]]:
    statements = json.loads(bucket_policy("aws", "b", "123456789012"))["Statement"]
    assert {each["Effect"] for each in statements} == {"Deny"}
    assert {each["Principal"] for each in statements} == {"*"}
    return {each["Sid"]: each for each in statements}


def test_the_bucket_refuses_transport_without_tls() -> None:
    refused = refusals()["RefuseUnencryptedTransport"]
    assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert refused["Resource"] == ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]


def test_the_bucket_refuses_reading_but_through_an_endpoint_of_its_account() -> None:
    refused = refusals()["RefuseReadingFromOutsideTheAccountsNetworks"]
    assert (refused["Action"], refused["Resource"]) == ("s3:GetObject*", ["arn:aws:s3:::b/*"])
    assert refused["Condition"] == {"StringNotEquals": {"aws:VpceAccount": "123456789012"}}


def test_the_bucket_refuses_an_upload_that_names_any_encryption_and_takes_one_that_names_none() -> None:
    """`aws:kms` alone would be AWS's own key, and with a key any key: pods could read neither."""
    conditions = {each["Sid"]: each["Condition"] for each in refusals().values() if each["Action"] == "s3:PutObject"}
    assert conditions == {
        "RefuseNamedEncryption": {"Null": {"s3:x-amz-server-side-encryption": "false"}},
        "RefuseEncryptionWithAKeyOfTheUploader": {
            "Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}
        },
    }


def test_what_nobody_finished_or_wants_stops_to_bill() -> None:
    (rule,) = built_case("WeightsBucket").one(LIFECYCLE)["rules"]
    assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert (rule["status"], rule["filter"]) == ("Enabled", {})


def test_operators_can_still_put_weights_there_and_change_the_policy_from_outside() -> None:
    """A Deny of everything would lock out whoever uploads, and Pulumi itself."""
    without_conditions_on_the_upload = [each for sid, each in refusals().items() if sid != "RefuseUnencryptedTransport"]
    assert [each["Action"] for each in without_conditions_on_the_upload] == ["s3:GetObject*", *2 * ["s3:PutObject"]]


def test_the_policy_pack_finds_no_fault_with_it() -> None:
    inputs = {"bucket": "b", "policy": bucket_policy("aws", "b", "123456789012")}
    assert bucket_tls_findings(BUCKET_POLICY, inputs) == []
    assert bucket_endpoint_findings(BUCKET_POLICY, inputs) == []


def test_the_bucket_policy_is_made_of_what_a_first_preview_knows() -> None:
    """The recorder gives the bucket an ARN of its own, which a preview would not know: the policy is not made of it."""
    got = built_case("WeightsBucket")
    assert got.one(BUCKET_POLICY)["policy"] == bucket_policy("aws", "w-store", "123456789012")


def test_a_store_has_no_reader() -> None:
    got = built_case("WeightsBucket")
    assert [token for token, _, _ in got.made if token.startswith(("aws:iam", "aws:eks"))] == []


def test_weights_that_are_not_kept_can_be_emptied_away() -> None:
    forced = [
        built_case("WeightsBucket", every=every).one("aws:s3/bucket:Bucket")["forceDestroy"] for every in (True, False)
    ]
    assert forced == [True, False]


def test_an_argument_of_the_reader_is_refused_by_name(built: Build) -> None:
    args: Any = {**ARGS, "cluster_name": "llama"}
    with pytest.raises(pulumi.RunError, match="unknown argument 'cluster_name'"):
        built(lambda opts: WeightsBucket("w", args, opts))
