"""`aws:` keys that decide who signs: carried into the kubeconfig, or refused with the way out."""

from __future__ import annotations

import json

import pytest

from paddock.settings import SettingsError, aws_identity, settings_of_stack

ROLE = "arn:aws:iam::123456789012:role/deploy"


@pytest.mark.parametrize(
    ("config", "made"),
    [
        ({}, {}),
        ({"aws:region": "us-east-1", "paddock:profile": "no"}, {}),
        ({"aws:profile": "llamas"}, {"aws_profile": "llamas"}),
        ({"aws:assumeRoles": [{"roleArn": ROLE}]}, {"aws_role_arn": ROLE}),
        ({"aws:assumeRoles": "[]"}, {}),
        (
            {"aws:profile": "llamas", "aws:assumeRoles": json.dumps([{"roleArn": ROLE, "sessionName": "ci"}])},
            {"aws_profile": "llamas", "aws_role_arn": ROLE},
        ),
    ],
)
def test_a_profile_and_one_role_are_carried(config: dict[str, object], made: dict[str, str]) -> None:
    assert aws_identity(config) == (made, [])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"aws:assumeRoles": [{"roleArn": ROLE}, {"roleArn": ROLE}]}, "names 2 roles"),
        ({"aws:assumeRoles": [{"roleArn": ROLE, "externalId": "x"}]}, "has externalId"),
        ({"aws:assumeRoles": ROLE}, "must be a list of roles"),
        ({"aws:assumeRoles": [ROLE]}, "must be a list of roles"),
        ({"aws:assumeRoles": [{"sessionName": "ci"}]}, "must be a list of roles"),
        ({"aws:profile": ["llamas"]}, "must be the name of a profile"),
        ({"aws:profile": "--debug"}, "does not begin with -"),
        ({"aws:profile": "a\nb"}, "on one line"),
        ({"aws:assumeRoles": [{"roleArn": "deploy"}]}, "has a roleArn that is no role's"),
        ({"aws:assumeRoles": [{"roleArn": ROLE.replace(":role/", ":user/")}]}, "has a roleArn that is no role's"),
        ({"aws:assumeRoles": [{"roleArn": ROLE.replace("aws:", "aws-cn:")}]}, "has a roleArn that is no role's"),
        ({"aws:assumeRoles": [{"roleArn": None}]}, "has a roleArn that is no role's"),
        ({"aws:assumeRoles": "[" * 100_000}, "must be a list of roles"),
        ({"aws:assumeRole": {"roleArn": ROLE}}, "write aws:assumeRoles"),
        ({"aws:accessKey": "AKIA", "aws:secretKey": "x"}, "put it into a profile"),
        ({"aws:token": "x"}, "put it into a profile"),
        ({"aws:assumeRoleWithWebIdentity": {}}, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        ({"aws:sharedConfigFiles": ["/x"]}, "AWS_CONFIG_FILE"),
        ({"aws:sharedCredentialsFiles": ["/x"]}, "AWS_SHARED_CREDENTIALS_FILE"),
    ],
)
def test_what_the_kubeconfig_cannot_carry_is_refused_with_the_way_out(config: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        settings_of_stack(config)


@pytest.mark.parametrize(
    ("config", "secrets"),
    [
        ({"aws:profile": "decrypted"}, ["aws:profile"]),
        ({"aws:profile": {"secure": "v1:abc"}}, []),
        ({"aws:assumeRoles": [{"roleArn": ROLE, "externalId": {"secure": "v1:abc"}}]}, []),
        ({"aws:assumeRoles": "decrypted"}, ["aws:assumeRoles"]),
    ],
)
def test_a_secret_is_not_put_where_the_kubeconfig_shows_it(config: dict[str, object], secrets: list[str]) -> None:
    made, (problem,) = aws_identity(config, secrets)
    assert made == {}
    assert "set it without --secret" in problem
    assert "decrypted" not in problem


@pytest.mark.parametrize(
    "config",
    [
        {"aws:assumeRoles": {"roleArn": ROLE, "externalId": "s3cr3t"}},
        {"aws:assumeRoles": json.dumps({"roleArn": ROLE, "externalId": "s3cr3t"})},
        {"aws:assumeRoles": [{"externalId": "s3cr3t"}]},
        {"aws:assumeRoles": [{"roleArn": "s3cr3t"}]},
        {"aws:assumeRoles": "s3cr3t"},
        {"aws:profile": ["s3cr3t"]},
        {"aws:profile": "-s3cr3t"},
    ],
)
def test_no_value_is_repeated_in_a_message(config: dict[str, object]) -> None:
    made, (problem,) = aws_identity(config)
    assert made == {}
    assert "s3cr3t" not in problem


def test_a_credential_is_not_repeated_in_the_message() -> None:
    with pytest.raises(SettingsError) as refused:
        settings_of_stack({"aws:secretKey": "wJalrXUtnFEMI"})
    assert "wJalr" not in str(refused.value)
