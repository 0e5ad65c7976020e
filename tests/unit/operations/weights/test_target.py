"""Answers of S3 to uploads that must not overwrite, by botocore's stub."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from paddock.catalog.lookup import RefusedError
from paddock.operations.weights.target import CONFLICT, CONFLICT_PAUSES_SECONDS, Put, StoredPart, Target

KEY = {"Bucket": "b", "Key": "models/m/r/a"}
PUT = {**KEY, "Body": ANY, "ChecksumSHA256": ANY, "IfNoneMatch": "*"}
COMPLETE = {**KEY, "UploadId": "u", "MultipartUpload": ANY, "IfNoneMatch": "*"}


def stubbed() -> tuple[Target, Stubber, list[float]]:
    client: Any = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    paused: list[float] = []
    return Target(client, "b", "models/m/r", sleep=paused.append), Stubber(client), paused


def test_a_put_that_another_request_crossed_is_tried_again() -> None:
    target, answers, paused = stubbed()
    for _ in range(2):
        answers.add_client_error("put_object", CONFLICT, http_status_code=409, expected_params=PUT)
    answers.add_response("put_object", {"VersionId": "v"}, PUT)
    with answers:
        assert target.put("a", b"x", b"digest") == Put("v", "ZGlnZXN0")
    answers.assert_no_pending_responses()
    assert paused == list(CONFLICT_PAUSES_SECONDS[:2])


def test_a_put_that_is_crossed_again_and_again_is_refused() -> None:
    target, answers, paused = stubbed()
    for _ in range(len(CONFLICT_PAUSES_SECONDS) + 1):
        answers.add_client_error("put_object", CONFLICT, http_status_code=409, expected_params=PUT)
    with answers, pytest.raises(RefusedError, match=CONFLICT):
        target.put("a", b"x", b"digest")
    answers.assert_no_pending_responses()
    assert paused == list(CONFLICT_PAUSES_SECONDS)


def test_an_upload_that_another_request_crossed_is_removed_so_that_the_next_run_begins_anew() -> None:
    target, answers, _ = stubbed()
    answers.add_client_error("complete_multipart_upload", CONFLICT, http_status_code=409, expected_params=COMPLETE)
    answers.add_response("abort_multipart_upload", {}, {**KEY, "UploadId": "u"})
    part = StoredPart(size_bytes=1, checksum="c", etag="e")
    with answers, pytest.raises(RefusedError, match="run the same command again, which uploads this file anew"):
        target.complete("a", "u", [part], "c-1")
    answers.assert_no_pending_responses()
