"""WeightsBucket: a fenced bucket, whose policy a first preview knows to the last word."""

import json
from typing import Any

import pulumi
import pytest

from paddock.common.inputs import ArgumentError
from paddock.privacy.predicates.bucket_policies import bucket_endpoint_findings, bucket_tls_findings
from paddock.privacy.predicates.types import BUCKET_POLICY
from paddock.weights.bucket import WeightsBucket, bucket_policy, weights_prefix
from tests.unit.components.cases import CASES, built_case
from tests.unit.components.recorder import Build

LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
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
    assert refused["Action"] == "s3:GetObject*"
    assert "Resource" not in refused
    assert set(refused["NotResource"]) == {
        "arn:aws:s3:::b/models/*/config.json",
        "arn:aws:s3:::b/models/*/model.sig",
        "arn:aws:s3:::b/models/*/paddock-revision.json",
        "arn:aws:s3:::b/models/*/revoked.json",
    }
    assert refused["Condition"] == {"StringNotEquals": {"aws:VpceAccount": "123456789012"}}


def test_the_bucket_refuses_an_upload_that_names_any_encryption_and_takes_one_that_names_none() -> None:
    """`aws:kms` alone would be AWS's own key, and with a key any key: pods could read neither."""
    conditions = {each["Sid"]: each["Condition"] for each in refusals().values() if each["Action"] == "s3:PutObject"}
    assert conditions == {
        "RefuseNamedEncryption": {"Null": {"s3:x-amz-server-side-encryption": "false"}},
        "RefuseEncryptionWithAKeyOfTheUploader": {
            "Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}
        },
        "RefuseOverwriting": {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
    }


def test_nothing_is_overwritten_by_anybody() -> None:
    """Neither by one call nor by parts; the calls of a multipart upload that know no `If-None-Match` are spared."""
    refused = refusals()["RefuseOverwriting"]
    assert (refused["Action"], refused["Resource"]) == ("s3:PutObject", ["arn:aws:s3:::b/*"])


def test_the_key_that_signs_is_of_the_kind_that_pods_check_and_stays_with_the_weights() -> None:
    got = built_case("WeightsBucket")
    key = got.of("aws:kms/key:Key")["w-signing-key"]
    assert (key["keyUsage"], key["customerMasterKeySpec"]) == ("SIGN_VERIFY", "ECC_NIST_P256")
    assert "enableKeyRotation" not in key
    kept = {name for (_, name), options in got.options.items() if options.get("retain_on_delete")}
    assert {"w-key", "w-signing-key", "w-store"} <= kept


def test_a_revision_names_the_folder_in_the_place_of_the_quantization(built: Build) -> None:
    assert weights_prefix("m", "bf16-0a") == "models/m/bf16-0a"
    for wrong in ("", "*", "../a", "A", "a/b", "-a", 129 * "a"):
        args: Any = {**ARGS, "revision": wrong}
        with pytest.raises(ArgumentError, match="revision must be lower-case letters"):
            built(lambda opts, args=args: WeightsBucket("w", args, opts))


def test_a_lock_is_governance_of_a_bucket_that_need_not_be_new_and_none_is_the_default(built: Build) -> None:
    got = built(lambda opts: WeightsBucket("w", ARGS | {"object_lock_days": 90}, opts))
    assert got.one(LOCK)["rule"] == {"defaultRetention": {"mode": "GOVERNANCE", "days": 90}}
    assert "objectLockEnabled" not in got.one("aws:s3/bucket:Bucket")
    assert built_case("WeightsBucket").of(LOCK) == {}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"object_lock_days": 0}, "object_lock_days must be 1 to 36,500, got 0"),
        ({"object_lock_days": 36_501}, "object_lock_days must be 1 to 36,500"),
    ],
)
def test_a_lock_that_s3_would_refuse_is_refused(built: Build, changes: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        built(lambda opts: WeightsBucket("w", ARGS | changes, opts))


def test_what_nobody_finished_or_wants_stops_to_bill() -> None:
    (rule,) = built_case("WeightsBucket").one(LIFECYCLE)["rules"]
    assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert (rule["status"], rule["filter"]) == ("Enabled", {})


def test_operators_can_still_put_weights_there_and_change_the_policy_from_outside() -> None:
    """A Deny of everything would lock out whoever uploads, and Pulumi itself."""
    without_conditions_on_the_upload = [each for sid, each in refusals().items() if sid != "RefuseUnencryptedTransport"]
    assert [each["Action"] for each in without_conditions_on_the_upload] == ["s3:GetObject*", *3 * ["s3:PutObject"]]


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
