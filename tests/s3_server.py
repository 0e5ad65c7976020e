"""S3 server on loopback, as strict as S3: it refuses a wrong checksum, a wrong signature, a part that is missing.

versitygw with its posix backend: a bucket is a folder, an object a file. Tests ask for `s3_server`; a module has one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from local.processes.process import LOOPBACK, Process, Processes, answers, release_ports, reserve_ports

NAME = "versitygw"
REGION = "us-east-1"
HEALTH = "/health"


@dataclass
class S3Server:
    """Running server, its only user, and what a client needs."""

    folder: Path
    """Its buckets, a folder each; `versions` beside it holds what was replaced."""
    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1), repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which any AWS client finds it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, endpoint: str = "") -> Any:
        """boto3's client, of the server or of a proxy before it."""
        import boto3
        from botocore.config import Config

        session = boto3.session.Session(
            aws_access_key_id=self.access_key, aws_secret_access_key=self.secret_key, region_name=REGION
        )
        config = Config(s3={"addressing_style": "path"})
        return session.client("s3", endpoint_url=endpoint or self.endpoint, config=config)

    def bucket(self, *, versioned: bool = True) -> str:
        """Name of a new bucket, versioned as a `WeightsBucket` is."""
        name = f"store-{next(self._numbers)}"
        client = self.client()
        client.create_bucket(Bucket=name)
        if versioned:
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name


@contextmanager
def running_s3_server(folder: Path) -> Iterator[S3Server]:
    """Server whose buckets lie in the folder, built if the cache lacks it, until the block ends."""
    from rich.console import Console

    from local.progress import Steps
    from local.toolchain.build import S3_SERVER, build

    binary = build(S3_SERVER, Steps(Console(stderr=True))) / S3_SERVER.commands[0]
    buckets, versions = folder / "buckets", folder / "versions"
    for made in (buckets, versions):
        made.mkdir(parents=True)
    held = reserve_ports([NAME], {})
    endpoint = f"http://{LOOPBACK}:{held[NAME].getsockname()[1]}"
    server = S3Server(buckets, endpoint, "test-access-key", token_hex(16))
    process = Process(
        name=NAME,
        argv=[
            *(str(binary), "--port", endpoint.removeprefix("http://"), "--region", REGION),
            *("--keep-alive", "--quiet", "--health", HEALTH, "posix", "--versioning-dir", str(versions), str(buckets)),
        ],
        # Not as arguments, which every process of the machine can read.
        environment={"ROOT_ACCESS_KEY": server.access_key, "ROOT_SECRET_KEY": server.secret_key},
        works=lambda: answers(endpoint + HEALTH),
    )
    processes = Processes(folder / "processes", folder / "logs")
    release_ports(held.values())
    try:
        processes.spawn(process)
        processes.wait(process)
        yield server
    finally:
        processes.stop([NAME])


@pytest.fixture(scope="module")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server
