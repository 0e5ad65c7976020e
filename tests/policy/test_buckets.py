"""S3: blocks without a gap, no public ACL or grant, and a block for every bucket of the stack.

Not checked: bucket policies, which a whole block makes harmless.
"""

from typing import Any

import pytest

from paddock.policy import every_bucket_has_a_block, no_public_bucket_access
from tests.policy.check import LATER, blamed, check, resource

BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ACCOUNT_BLOCK = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
ACCESS_POINT = "aws:s3/accessPoint:AccessPoint"
BUCKET = "aws:s3/bucket:Bucket"
ACL = "aws:s3/bucketAcl:BucketAcl"
WHOLE = dict.fromkeys(["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"], True)
EVERYONE = "http://acs.amazonaws.com/groups/global/AllUsers"
LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"


@pytest.mark.parametrize("block", [BLOCK, ACCOUNT_BLOCK])
def test_a_whole_block_passes_and_each_gap_is_refused_by_name(block: str) -> None:
    assert check(no_public_bucket_access, block, bucket=LATER, **WHOLE).passes
    for flag in WHOLE:
        assert check(no_public_bucket_access, block, **{**WHOLE, flag: False}).paths == [flag]
        absent = {key: value for key, value in WHOLE.items() if key != flag}
        (problem,) = check(no_public_bucket_access, block, **absent).problems
        assert problem.startswith(f"{flag}: not set; ")
        assert problem.endswith("set it to true")


def test_an_unknown_flag_is_left_to_the_update_while_a_known_gap_is_refused() -> None:
    result = check(no_public_bucket_access, BLOCK, **{**WHOLE, "blockPublicAcls": LATER, "ignorePublicAcls": False})
    assert result.paths == ["ignorePublicAcls"]
    assert ".blockPublicAcls " in result.undecided


def test_an_access_point_is_private_unless_it_says_otherwise() -> None:
    assert check(no_public_bucket_access, ACCESS_POINT, bucket=LATER).passes
    assert check(no_public_bucket_access, ACCESS_POINT, publicAccessBlockConfiguration=WHOLE).passes
    opened = check(no_public_bucket_access, ACCESS_POINT, publicAccessBlockConfiguration={"blockPublicPolicy": False})
    assert opened.paths == ["publicAccessBlockConfiguration.blockPublicPolicy"]
    assert check(no_public_bucket_access, ACCESS_POINT, publicAccessBlockConfiguration=LATER).undecided


@pytest.mark.parametrize(
    "resource_type",
    [
        ACL,
        BUCKET,
        "aws:s3/bucketAclV2:BucketAclV2",
        "aws:s3/bucketObject:BucketObject",
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "aws:s3/bucketV2:BucketV2",
        "aws:s3/objectCopy:ObjectCopy",
    ],
)
def test_public_acls_are_refused_private_ones_pass_and_unknown_ones_wait(resource_type: str) -> None:
    for public in ("public-read", "public-read-write", "authenticated-read"):
        (problem,) = check(no_public_bucket_access, resource_type, acl=public).problems
        assert problem.startswith(f"acl: got '{public}'")
    assert check(no_public_bucket_access, resource_type, bucket=LATER).passes
    assert check(no_public_bucket_access, resource_type, acl="private").passes
    assert ".acl " in check(no_public_bucket_access, resource_type, acl=LATER).undecided


@pytest.mark.parametrize(
    ("resource_type", "grants", "path"),
    [
        (ACL, lambda uri: {"accessControlPolicy": {"grants": [{"grantee": {"uri": uri}}]}}, "accessControlPolicy."),
        (BUCKET, lambda uri: {"grants": [{"uri": uri}]}, ""),
        ("aws:s3/objectCopy:ObjectCopy", lambda uri: {"grants": [{"uri": uri}]}, ""),
    ],
)
def test_grants_to_everyone_are_refused(resource_type: str, grants: Any, path: str) -> None:
    refused = check(no_public_bucket_access, resource_type, **grants(EVERYONE))
    assert refused.paths[0].startswith(f"{path}grants[0].")
    assert check(no_public_bucket_access, resource_type, **grants(LOG_DELIVERY)).passes
    assert check(no_public_bucket_access, resource_type, **grants(LATER)).undecided


def test_every_bucket_needs_its_own_block() -> None:
    covered = resource(BUCKET, "covered", {"bucket": "covered-1"})
    open_one = resource(BUCKET, "open", {"bucket": "open-1"})
    block = resource(BLOCK, "block", {"bucket": "covered-1", **WHOLE}, takes_bucket_from=covered)
    assert blamed(every_bucket_has_a_block, covered, open_one, block) == ["open"]
    assert blamed(every_bucket_has_a_block, covered, block) == []
    assert blamed(every_bucket_has_a_block) == []


def test_before_the_names_are_known_a_block_counts_for_the_bucket_that_it_depends_on() -> None:
    covered = resource(BUCKET, "covered", {"bucket": LATER})
    open_one = resource(BUCKET, "open", {})
    for outputs in ({"bucket": LATER, **WHOLE}, dict(WHOLE)):
        block = resource(BLOCK, "block", outputs, takes_bucket_from=covered)
        assert blamed(every_bucket_has_a_block, block, covered, open_one) == ["open"]


def test_a_block_that_turns_out_to_guard_another_bucket_does_not_count() -> None:
    bucket = resource(BUCKET, "bucket", {"bucket": "bucket-1"})
    block = resource(BLOCK, "block", {"bucket": "another", **WHOLE}, takes_bucket_from=bucket)
    assert blamed(every_bucket_has_a_block, bucket, block) == ["bucket"]
