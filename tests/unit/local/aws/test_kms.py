"""Lockout check of KMS: no key policy that does not let its caller change it again; and signatures over a digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from local.aws.emulation import CALLER
from paddock.catalog.lookup import RefusedError
from paddock.operations.weights.signing import KmsSigner, kms_public_key, load_public_key
from tests.unit.local.aws.life import Life

KEY = "aws:kms/key:Key"
ACCOUNT, OTHER = "123456789012", "210987654321"
REFUSED = (
    r"\(MalformedPolicyDocumentException\) .*: "
    r"The new key policy will not allow you to update the key policy in the future\."
)


def root(account: str) -> dict[str, str]:
    return {"AWS": f"arn:aws:iam::{account}:root"}


def policy(*statements: dict[str, Any]) -> str:
    all_of_it = {"Effect": "Allow", "Principal": root(ACCOUNT), "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**all_of_it, **each} for each in statements]})


LOCKED_OUT = {
    "another account": policy({"Principal": root(OTHER)}),
    "no change of the policy": policy({"Action": ["kms:Decrypt", "kms:GetKeyPolicy"]}),
    "a service": policy({"Principal": {"Service": "logs.us-east-1.amazonaws.com"}}),
    "a condition that is not met": policy({"Condition": {"StringEquals": {"kms:CallerAccount": OTHER}}}),
    "a deny": policy({}, {"Effect": "Deny", "Principal": "*", "Action": "kms:Put*"}),
    "all but a change of the policy": policy({}).replace('"Action": "kms:*"', '"NotAction": "kms:PutKeyPolicy"'),
    "no statement": policy(),
}
LET_IN = {
    "the account": policy({}),
    "the account by its number": policy({"Principal": {"AWS": [OTHER, ACCOUNT]}}),
    "the caller": policy({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:{CALLER}"}}),
    "anyone of the account": policy({"Principal": "*", "Condition": {"StringEquals": {"kms:CallerAccount": ACCOUNT}}}),
    "all but a use of it": policy({}).replace('"Action": "kms:*"', '"NotAction": ["kms:Decrypt"]'),
    "changes of the policy": policy({"Action": ["kms:decrypt", "kms:Put*"]}),
}


@pytest.mark.parametrize("locked_out", LOCKED_OUT.values(), ids=LOCKED_OUT)
def test_a_policy_that_locks_its_caller_out_is_refused_unless_that_is_asked_for(locked_out: str, life: Life) -> None:
    with pytest.raises(ClientError, match=REFUSED):
        life.make(KEY, policy=locked_out)
    key = life.make(KEY, "later", policy=policy({}))
    with pytest.raises(ClientError, match=REFUSED):
        key.update(policy=locked_out)
    key.update(policy=locked_out, bypassPolicyLockoutSafetyCheck=True)
    assert life.make(KEY, "asked", policy=locked_out, bypassPolicyLockoutSafetyCheck=True).id


@pytest.mark.parametrize("let_in", LET_IN.values(), ids=LET_IN)
def test_a_policy_that_lets_its_caller_change_it_is_taken(let_in: str, life: Life) -> None:
    key = life.make(KEY, policy=let_in)
    key.update(policy=policy({}))
    key.update(policy=let_in)


MESSAGE = b"a manifest that is longer than KMS takes " * 200
SIGNING = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}


def test_a_signature_over_a_digest_verifies_with_the_exported_public_key(session: boto3.Session) -> None:
    kms = session.client("kms")
    key_id = kms.create_key(**SIGNING)["KeyMetadata"]["KeyId"]
    signer = KmsSigner.of(kms, key_id)
    signature = signer.sign(MESSAGE)
    load_public_key(kms_public_key(kms, key_id)).verify(signature, MESSAGE, ec.ECDSA(hashes.SHA256()))
    digest = hashlib.sha256(MESSAGE).digest()
    asked = {"KeyId": key_id, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256", "Signature": signature}
    assert kms.verify(**asked, Message=digest)["SignatureValid"]
    assert not kms.verify(**asked | {"MessageType": "RAW"}, Message=digest)["SignatureValid"], "hashed again"
    kms.schedule_key_deletion(KeyId=key_id)


def test_a_digest_of_another_length_and_a_message_that_is_too_long_are_refused(session: boto3.Session) -> None:
    kms = session.client("kms")
    asked = {"KeyId": kms.create_key(**SIGNING)["KeyMetadata"]["KeyId"], "SigningAlgorithm": "ECDSA_SHA_256"}
    with pytest.raises(ClientError, match=r"ValidationException.*Digest is invalid length for algorithm ECDSA_SHA_256"):
        kms.sign(**asked, MessageType="DIGEST", Message=MESSAGE[:64])
    with pytest.raises(ClientError, match=r"ValidationException.*less than or equal to 4096"):
        kms.sign(**asked, MessageType="RAW", Message=MESSAGE)
    assert kms.sign(**asked, Message=MESSAGE[:4096])["Signature"]
    kms.schedule_key_deletion(KeyId=asked["KeyId"])


def test_a_key_that_only_encrypts_is_refused_as_a_signing_key(session: boto3.Session) -> None:
    kms = session.client("kms")
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    with pytest.raises(RefusedError):
        KmsSigner.of(kms, key_id)
    kms.schedule_key_deletion(KeyId=key_id)
