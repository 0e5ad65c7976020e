"""One emulated AWS for all of these tests; each test leaves it as it found it, which the fixture checks."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection

import boto3
import pytest

from local.aws.emulation.eks.region import ControlPlane
from local.aws.emulation.eks.service import EKS
from local.aws.leftovers import list_leftovers
from local.aws.lifecycle import Provider
from local.aws.server import serving
from tests.unit.local_aws.life import REGION, Life

CONTROL_PLANE = ControlPlane("https://127.0.0.1:6443", "Q0E=")


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with serving(CONTROL_PLANE) as url:
        yield url


@pytest.fixture(scope="module", autouse=True)
def environment(endpoint: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        _point_at(endpoint, patch)
        yield


def reset(endpoint: str) -> None:
    """Empty the emulated AWS."""
    connection = HTTPConnection(endpoint.removeprefix("http://"))
    connection.request("POST", "/moto-api/reset")
    assert connection.getresponse().status == 200
    connection.close()
    EKS.regions.clear()


def _point_at(endpoint: str, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("AWS_ENDPOINT_URL", endpoint)
    patch.setenv("AWS_ACCESS_KEY_ID", "local")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    patch.setenv("AWS_DEFAULT_REGION", REGION)


@pytest.fixture(scope="session")
def provider(endpoint: str) -> Provider:
    """One for all tests: it holds nothing but clients, which are slow to make."""
    with pytest.MonkeyPatch.context() as patch:
        _point_at(endpoint, patch)
        return Life.configured().provider


@pytest.fixture
def life(endpoint: str, provider: Provider) -> Iterator[Life]:
    """What a test made is destroyed in reverse, and nothing may be left; if something is, later tests do not see it."""
    life = Life(provider)
    yield life
    try:
        life.destroy()
        assert list_leftovers(endpoint, REGION) == []
    except BaseException:
        reset(endpoint)
        raise


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    return boto3.Session(region_name=REGION, aws_access_key_id="local", aws_secret_access_key="local")
