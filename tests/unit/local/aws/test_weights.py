"""`paddock weights` in the local cloud: bucket and signing key are found by the stack's tags, and KMS signs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from paddock.catalog.lookup import RefusedError
from paddock.operations.leftovers.found import Owner
from paddock.operations.weights.find import Found, chosen, find
from paddock.operations.weights.signing import KmsSigner
from paddock.operations.weights.store import Store
from tests.unit.cli.running import Paddock
from tests.unit.operations.weights.pushed import ADDRESS, push

OWNER = Owner(project="paddock", stack="dev", name="llama", retain_weights=True)
BUCKET = "llama-store-0a1b2c3"
STACK = "config:\n  aws:region: us-east-1\n  paddock:model: llama-3.2-1b\n"


@pytest.fixture
def key_arn(session: boto3.Session) -> Iterator[str]:
    """A stack's store and its signing key, as `WeightsBucket` tags them."""
    kms, s3 = session.client("kms"), session.client("s3")
    tags = {"paddock:stack": OWNER.tag}
    metadata = kms.create_key(
        KeySpec="ECC_NIST_P256",
        KeyUsage="SIGN_VERIFY",
        Tags=[{"TagKey": key, "TagValue": value} for key, value in {**tags, "Name": "llama-signing-key"}.items()],
    )["KeyMetadata"]
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    listed = [{"Key": key, "Value": value} for key, value in {**tags, "Name": "llama-store"}.items()]
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": listed})
    yield metadata["Arn"]
    store = Store(s3, BUCKET)
    for each in store.versions(ADDRESS):
        s3.delete_object(Bucket=BUCKET, Key=each["Key"], VersionId=each["VersionId"])
    s3.delete_bucket(Bucket=BUCKET)
    kms.schedule_key_deletion(KeyId=metadata["KeyId"])


def test_a_revision_that_kms_signed_is_verified_by_a_stack_file_alone(
    session: boto3.Session,
    key_arn: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert find(session, OWNER) == Found(BUCKET, key_arn)
    signer = KmsSigner.of(session.client("kms"), key_arn)
    push(Store.of(session, BUCKET), key=signer)
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(STACK)
    weights = Paddock(monkeypatch, capsys)
    ran = weights("weights", "verify", ADDRESS.name, "--stack-file", str(file), "--json")
    verdict = json.loads(ran.out)
    assert (ran.status, verdict["good"], verdict["problems"]) == (0, True, [])
    assert verdict["unseen"] == ["contents: not asked for"]
    revoked = weights("weights", "revoke", ADDRESS.name, "--why", "a finding", "--stack-file", str(file))
    assert revoked.status == 0, revoked.err
    told = weights("weights", "verify", ADDRESS.name, "--stack-file", str(file), columns=200)
    assert told.status == 1
    assert "was revoked by 'arn:aws:iam::123456789012:user/local'" in told.out


def test_two_stores_of_one_stack_have_to_be_told_apart_and_others_are_none_of_it() -> None:
    store, key = "arn:aws:s3:::a", "arn:aws:kms:us-east-1:1:key/k"
    named = {"Name": "llama-store"}
    assert chosen([(store, named), ("arn:aws:s3:::logs", {"Name": "llama-logs"})], "llama") == Found("a", None)
    assert chosen([(key, {"Name": "llama-key"})], "llama") == Found(None, None), "the key that encrypts"
    with pytest.raises(RefusedError, match="the stack has a, b; name one by --bucket"):
        chosen([("arn:aws:s3:::b", named), (store, named)], "llama")


def test_a_stack_without_a_store_is_told_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Pulumi.other.yaml"
    file.write_text(STACK)
    ran = Paddock(monkeypatch, capsys)("weights", "list", "--stack-file", str(file))
    assert ran.status == 2
    assert "`paddock deploy` makes it; or set paddock:weights_bucket, give --bucket" in " ".join(ran.err.split())
