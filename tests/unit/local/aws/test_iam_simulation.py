"""Decisions of the emulated SimulatePrincipalPolicy on statements with conditions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.aws.emulation.iam_simulation import decision

ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
KEYS = {"aws:requestedregion": ["eu-central-1"], "aws:securetransport": ["true"]}


@pytest.mark.parametrize(
    ("effect", "condition", "decided", "missing"),
    [
        ("Deny", {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}}, "allowed", []),
        ("Deny", {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1"]}}, "explicitDeny", []),
        ("Deny", {"StringNotLike": {"aws:RequestedRegion": "eu-*"}}, "allowed", []),
        ("Deny", {"Bool": {"aws:SecureTransport": "false"}}, "allowed", []),
        ("Deny", {"Bool": {"aws:SecureTransport": True}}, "explicitDeny", []),
        ("Deny", {"Bool": {"aws:MultiFactorAuthPresent": "false"}}, "allowed", ["aws:MultiFactorAuthPresent"]),
        (
            "Deny",
            {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
            "explicitDeny",
            ["aws:MultiFactorAuthPresent"],
        ),
        ("Deny", {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, "explicitDeny", ["aws:SourceVpc"]),
        ("Allow", {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}, "allowed", []),
        ("Allow", {"StringEquals": {"aws:SourceVpc": "vpc-1"}}, "implicitDeny", ["aws:SourceVpc"]),
    ],
)
def test_conditions_are_held_against_the_keys_that_are_given(
    effect: str, condition: dict[str, Any], decided: str, missing: list[str]
) -> None:
    statement = {"Effect": effect, "Action": "ec2:*", "Resource": "*", "Condition": condition}
    document = json.dumps({"Statement": [ALLOW, statement] if effect == "Deny" else [statement]})
    found = decision([document], "ec2:CreateVpc", "*", KEYS)
    assert (found["EvalDecision"], found["MissingContextValues"]) == (decided, missing)
