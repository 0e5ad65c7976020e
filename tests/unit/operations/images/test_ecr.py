"""ECR as moto has it: the account's host, a token, repositories; and what Docker's file says of other registries."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from paddock.catalog.lookup import RefusedError
from paddock.operations.images.credentials import Credentials, docker_credentials
from paddock.operations.images.ecr import AccountRegistry

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield


def test_the_registry_is_that_of_the_account_and_its_token_is_not_shown() -> None:
    endpoint = AccountRegistry(boto3.Session(region_name="us-east-1")).endpoint()
    assert endpoint.host == HOST
    assert endpoint.credentials is not None
    assert endpoint.credentials.username == "AWS"
    assert endpoint.credentials.password
    assert endpoint.credentials.password not in repr(endpoint)


def test_missing_repositories_are_made_immutable_scanned_and_encrypted_and_others_are_left_alone() -> None:
    ecr = boto3.client("ecr", region_name="us-east-1")
    ecr.create_repository(repositoryName="there")
    registry = AccountRegistry(boto3.Session(region_name="us-east-1"))
    assert registry.missing(["there", "paddock/vllm"]) == ["paddock/vllm"]
    assert registry.create(["there", "paddock/vllm"], "arn:aws:kms:us-east-1:123456789012:key/k") == ["paddock/vllm"]
    made = ecr.describe_repositories(repositoryNames=["paddock/vllm"])["repositories"][0]
    assert made["imageTagMutability"] == "IMMUTABLE"
    assert made["imageScanningConfiguration"] == {"scanOnPush": True}
    assert made["encryptionConfiguration"] == {
        "encryptionType": "KMS",
        "kmsKey": "arn:aws:kms:us-east-1:123456789012:key/k",
    }
    there = ecr.describe_repositories(repositoryNames=["there"])["repositories"][0]
    assert there["imageTagMutability"] == "MUTABLE"
    assert registry.create(["there", "paddock/vllm"], None) == []


@pytest.mark.parametrize("host", ["docker.io", HOST.replace("us-east-1", "eu-west-1")])
def test_a_host_of_no_or_another_region_is_refused(host: str) -> None:
    with pytest.raises(RefusedError, match="is no ECR registry of us-east-1"):
        AccountRegistry(boto3.Session(region_name="us-east-1"), host)


def test_without_aws_credentials_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(RefusedError, match="takes AWS credentials, and none are found"):
        AccountRegistry(boto3.Session(region_name="us-east-1"))


def test_what_docker_login_stored_is_used_for_its_registry_alone(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    token = base64.b64encode(b"me:pass:word").decode()
    file.write_text(json.dumps({"auths": {"https://index.docker.io/v1/": {"auth": token}, "quay.io": {}}}))
    assert docker_credentials("registry-1.docker.io", file) == Credentials("me", "pass:word")
    assert docker_credentials("quay.io", file) is None
    assert docker_credentials("ghcr.io", file) is None
    assert docker_credentials("ghcr.io", tmp_path / "absent") is None
    assert "word" not in repr(docker_credentials("registry-1.docker.io", file))


@pytest.mark.parametrize("content", ["[]", "{", '{"auths": {"ghcr.io": {"auth": "s3cret"}}}', '{"auths": 3}'])
def test_a_broken_file_is_named_and_not_quoted(content: str, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(content)
    with pytest.raises(RefusedError, match="is not what `docker login` writes") as refused:
        docker_credentials("ghcr.io", file)
    assert "s3cret" not in str(refused.value)
