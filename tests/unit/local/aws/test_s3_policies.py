"""Conditions of bucket policies, by the policy of the store itself."""

import pytest
from moto.iam.access_control import PermissionResult

from local.aws.emulation.s3_policies import CREATES, meets, permission
from paddock.weights.bucket import bucket_policy

POLICY = bucket_policy("aws", "store", "123456789012")
OBJECT = "arn:aws:s3:::store/models/a/b/model.safetensors"
OUTSIDE = {"aws:SecureTransport": "true", CREATES: "true", "s3:If-None-Match": "*"}


@pytest.mark.parametrize(
    ("action", "keys", "refused"),
    [
        ("s3:PutObject", OUTSIDE, False),
        ("s3:DeleteObject", OUTSIDE, False),
        ("s3:GetObject", OUTSIDE, True),
        ("s3:GetObjectVersion", OUTSIDE, True),
        ("s3:GetObject", OUTSIDE | {"aws:VpceAccount": "123456789012"}, False),
        ("s3:GetObject", OUTSIDE | {"aws:VpceAccount": "999999999999"}, True),
        ("s3:PutObject", OUTSIDE | {"aws:SecureTransport": "false"}, True),
        ("s3:PutObject", OUTSIDE | {"s3:x-amz-server-side-encryption": "AES256"}, True),
        ("s3:PutObject", {key: value for key, value in OUTSIDE.items() if key != "s3:If-None-Match"}, True),
        ("s3:PutObject", {"aws:SecureTransport": "true", CREATES: "false"}, False),
    ],
)
def test_the_store_refuses_reading_from_outside_and_overwriting(
    action: str,
    keys: dict[str, str],
    refused: bool,
) -> None:
    assert (permission(POLICY, action, OBJECT, keys) is PermissionResult.DENIED) is refused


def test_papers_are_read_from_outside_too() -> None:
    paper = OBJECT.replace("model.safetensors", "model.sig")
    assert permission(POLICY, "s3:GetObject", paper, OUTSIDE) is not PermissionResult.DENIED


def test_an_operator_that_is_not_known_counts_as_met() -> None:
    assert meets({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {})
