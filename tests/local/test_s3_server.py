"""Strictness of the S3 server that weights are tested against: what moto lets pass is refused."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import pytest
from botocore.exceptions import ClientError

from tests.s3_server import S3Server

PART = b"\x01" * (5 << 20)


def checksum(data: bytes) -> str:
    return b64encode(sha256(data).digest()).decode()


def refusal(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_wrong_checksum_is_refused_for_an_object_and_for_a_part(s3_server: S3Server) -> None:
    client, bucket = s3_server.client(), s3_server.bucket()
    with pytest.raises(ClientError) as refused:
        client.put_object(Bucket=bucket, Key="a", Body=b"one", ChecksumSHA256=checksum(b"two"))
    assert refusal(refused) == "BadDigest"
    upload = client.create_multipart_upload(Bucket=bucket, Key="a", ChecksumAlgorithm="SHA256")["UploadId"]
    with pytest.raises(ClientError) as refused:
        client.upload_part(
            Bucket=bucket, Key="a", UploadId=upload, PartNumber=1, Body=PART, ChecksumSHA256=checksum(b"two")
        )
    assert refusal(refused) == "BadDigest"
    client.abort_multipart_upload(Bucket=bucket, Key="a", UploadId=upload)


def test_an_object_of_parts_keeps_a_checksum_of_their_checksums_and_a_version(s3_server: S3Server) -> None:
    client, bucket = s3_server.client(), s3_server.bucket()
    upload = client.create_multipart_upload(Bucket=bucket, Key="m/a", ChecksumAlgorithm="SHA256")["UploadId"]
    sums = [checksum(PART), checksum(b"end")]
    parts = [
        client.upload_part(
            Bucket=bucket, Key="m/a", UploadId=upload, PartNumber=number, Body=data, ChecksumSHA256=checksum(data)
        )
        for number, data in ((1, PART), (2, b"end"))
    ]
    listed = client.list_parts(Bucket=bucket, Key="m/a", UploadId=upload)["Parts"]
    assert [each["ChecksumSHA256"] for each in listed] == sums
    done = client.complete_multipart_upload(
        Bucket=bucket,
        Key="m/a",
        UploadId=upload,
        IfNoneMatch="*",
        MultipartUpload={
            "Parts": [
                {"PartNumber": number, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}
                for number, part in enumerate(parts, 1)
            ]
        },
    )
    both = sha256(sha256(PART).digest() + sha256(b"end").digest()).digest()
    assert done["ChecksumSHA256"] == f"{b64encode(both).decode()}-2"
    (version,) = client.list_object_versions(Bucket=bucket, Prefix="m/")["Versions"]
    assert version["VersionId"] == done["VersionId"]
    with pytest.raises(ClientError) as refused:
        client.put_object(Bucket=bucket, Key="m/a", Body=b"other", IfNoneMatch="*")
    assert refusal(refused) == "PreconditionFailed"


def test_a_client_with_another_secret_is_refused(s3_server: S3Server) -> None:
    other = S3Server(s3_server.folder, s3_server.endpoint, s3_server.access_key, "another")
    with pytest.raises(ClientError) as refused:
        other.client().list_buckets()
    assert refusal(refused) == "SignatureDoesNotMatch"
