"""An AWS account in this process, for the commands that ask one: moto's, empty at first, with nobody's keys."""

from __future__ import annotations

import os
import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import moto
import pytest
from botocore.loaders import create_loader
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

REGION = "us-east-1"
ACCOUNT = "123456789012"
ENVIRONMENT = {
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    # A second of each account, for machine images that nobody starts here.
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
}


MOTO_EKS = runpy.run_path(str(Path(moto.__file__).with_name("eks") / "urls.py"), run_name="moto.eks.urls")["url_paths"]
"""Paths of moto's EKS: the local cloud, in a test beside these, puts its own in their place."""
loader = cache(create_loader)
"""Loader of all sessions: each would read the models of its services anew, a fifth of a second a service."""


@contextmanager
def empty_account() -> Iterator[None]:
    """Every client of AWS in this process asks moto until the block ends."""
    with pytest.MonkeyPatch.context() as patched, mock_aws():
        patched.setattr("botocore.session.create_loader", loader)
        patched.setattr(BotocoreStubber, "__call__", _answered)
        patched.setattr("moto.eks.urls.url_paths", MOTO_EKS)
        for name, value in ENVIRONMENT.items():
            patched.setenv(name, value)
        patched.delenv("AWS_PROFILE", raising=False)
        yield


def _answered(moto: BotocoreStubber, event_name: str, request: Any, **more: Any) -> Any:
    """moto's answer. It takes no `bytearray`, which botocore does, and in which a push holds its parts."""
    if isinstance(request.body, bytearray):
        request.body = bytes(request.body)
    return ANSWERED(moto, event_name, request, **more)


ANSWERED = BotocoreStubber.__call__


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


def versioned_bucket(name: str) -> str:
    """A bucket that is versioned, as a `WeightsBucket` is."""
    client("s3").create_bucket(Bucket=name)
    client("s3").put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@contextmanager
def without_credentials() -> Iterator[None]:
    """A machine where nobody signed in to AWS."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patched.delenv(name, raising=False)
        yield
