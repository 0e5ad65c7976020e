"""Signing key of a stack that was removed and made again."""

from __future__ import annotations

import boto3
import pytest

from paddock.catalog.lookup import RefusedError
from paddock.common.labels import STACK_TAG
from paddock.operations.leftovers.found import Owner
from paddock.operations.weights.find import find
from tests.unit.cli.account import REGION, client, empty_account

OWNER = Owner(stack="dev", project="paddock", name="llama", retain_weights=False)
TAGS = [{"TagKey": STACK_TAG, "TagValue": OWNER.tag}, {"TagKey": "Name", "TagValue": "llama-signing-key"}]


def test_a_key_that_waits_for_its_deletion_is_not_the_stacks() -> None:
    with empty_account():
        old, new = (client("kms").create_key(Tags=TAGS)["KeyMetadata"]["Arn"] for _ in range(2))
        with pytest.raises(RefusedError, match="name one by --public-key"):
            find(boto3.Session(region_name=REGION), OWNER)
        client("kms").schedule_key_deletion(KeyId=old.rpartition("/")[2])
        assert find(boto3.Session(region_name=REGION), OWNER).signing_key_arn == new
