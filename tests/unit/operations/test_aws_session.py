"""Session of a stack: the profile and the role that its kubeconfig signs with."""

from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from paddock.catalog.lookup import RefusedError
from paddock.operations.aws_errors import aws_errors
from paddock.operations.aws_session import session_of, session_of_config
from paddock.settings import SettingsError

ROLE = "arn:aws:iam::123456789012:role/deployer"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile staging]\naws_access_key_id = AKIASTAGING\naws_secret_access_key = x\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def _arn(session: boto3.Session) -> str:
    return str(session.client("sts").get_caller_identity()["Arn"])


def test_the_profile_signs() -> None:
    session = session_of("staging", "us-west-2", None)
    credentials = session.get_credentials()
    assert credentials is not None
    assert (credentials.access_key, session.region_name) == ("AKIASTAGING", "us-west-2")


def test_a_role_is_assumed_by_the_profile() -> None:
    with mock_aws():
        session = session_of("staging", "us-west-2", ROLE)
        assert _arn(session) == "arn:aws:sts::123456789012:assumed-role/deployer/paddock"
        assert session.region_name == "us-west-2"
        assert session.client("ec2").meta.region_name == "us-west-2"


def test_a_stacks_keys_decide() -> None:
    config = {
        "aws:region": "us-east-1",
        "aws:profile": "staging",
        "aws:assumeRoles": [{"roleArn": ROLE}],
    }
    with mock_aws():
        assert ":assumed-role/deployer/" in _arn(session_of_config(config))
        assert "deployer" not in _arn(session_of_config({"aws:region": "us-east-1", "aws:profile": "staging"}))


def test_what_the_kubeconfig_cannot_carry_is_refused() -> None:
    with pytest.raises(SettingsError, match="aws:accessKey cannot reach kubectl"):
        session_of_config({"aws:region": "us-east-1", "aws:accessKey": "AKIA"})


def test_a_profile_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(RefusedError, match="ProfileNotFound"):
        session_of("nowhere", "us-east-1", None)


def test_without_credentials_a_call_says_so_with_a_role_too() -> None:
    session = session_of(None, "us-east-1", ROLE)
    with pytest.raises(RefusedError, match="none are found"), aws_errors("looking"):
        session.client("sts").get_caller_identity()
