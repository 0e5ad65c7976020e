"""Results of SimulatePrincipalPolicy, as IAM gives them for an action and for its resources."""

from __future__ import annotations

from paddock.operations.preflight.account import missing_keys


def test_keys_that_are_missing_are_read_of_the_action_and_of_its_resources() -> None:
    of_resource = {"EvalResourceName": "*", "EvalResourceDecision": "explicitDeny", "MissingContextValues": ["aws:b"]}
    assert missing_keys({"MissingContextValues": ["aws:a"], "ResourceSpecificResults": [of_resource]}) == {
        "aws:a",
        "aws:b",
    }
    assert missing_keys({"EvalDecision": "explicitDeny"}) == set()
