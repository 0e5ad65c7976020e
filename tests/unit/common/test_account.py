"""The account and the region of a program: asked once of each provider."""

from __future__ import annotations

from collections import Counter

import pulumi
import pulumi_aws as aws

from paddock.common.account import Account
from tests.unit.components.recorder import ACCOUNT, build


def test_a_program_asks_once_of_each_provider_and_a_later_one_again() -> None:
    found: list[Account] = []

    def make(opts: pulumi.ResourceOptions) -> pulumi.Resource:
        other = aws.Provider("other", region="eu-west-1")
        ours = [pulumi.ComponentResource("x:y:Z", name, opts=opts) for name in ("a", "b")]
        theirs = pulumi.ComponentResource("x:y:Z", "c", opts=pulumi.ResourceOptions(providers=[other]))
        found[:] = [Account.of(each) for each in (*ours, theirs)]
        return theirs

    for region in ("us-east-1", "us-west-2"):
        built = build(make, region=region)
        assert found == [Account(partition="aws", id=ACCOUNT, region=region)] * 3
        counts = Counter(token.rpartition(":")[2] for token, _ in built.asked)
        assert counts == {"getPartition": 2, "getCallerIdentity": 2, "getRegion": 2}
