"""One emulated AWS for all of these tests; each module leaves it as it found it, which a fixture checks."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection

import boto3
import pytest

from local.aws.leftovers import list_leftovers
from local.aws.lifecycle import Provider
from local.aws.recorded.region import RECORDED, ControlPlane
from local.aws.server import serving
from tests.unit.local.aws.life import REGION, Life
from tests.unit.local.aws.world import World

CONTROL_PLANE = ControlPlane("https://127.0.0.1:6443", "Q0E=")


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with serving(CONTROL_PLANE) as url:
        yield url


@pytest.fixture(scope="session")
def provider(endpoint: str) -> Provider:
    """One for all tests: it holds nothing but clients, which are slow to make."""
    with pytest.MonkeyPatch.context() as patch:
        _point_at(endpoint, patch)
        return Life.configured().provider


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    return boto3.Session(region_name=REGION, aws_access_key_id="local", aws_secret_access_key="local")


@pytest.fixture(scope="module", autouse=True)
def emptied(endpoint: str) -> Iterator[None]:
    """Points a module's tests at the emulation. What they made is gone at the end, or not seen by the next module."""
    with pytest.MonkeyPatch.context() as patch:
        _point_at(endpoint, patch)
        yield
    found = list_leftovers(endpoint, REGION)
    if found:
        _reset(endpoint)
    assert found == []


@pytest.fixture(scope="module")
def world(provider: Provider) -> Iterator[World]:
    """Things that a module's tests share; nobody changes them so that another could notice."""
    life = Life(provider)
    yield World(life)
    life.destroy()


@pytest.fixture
def life(provider: Provider) -> Iterator[Life]:
    """Things that one test makes, destroyed after it in reverse."""
    life = Life(provider)
    yield life
    life.destroy()


def _point_at(endpoint: str, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("AWS_ENDPOINT_URL", endpoint)
    patch.setenv("AWS_ACCESS_KEY_ID", "local")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    patch.setenv("AWS_DEFAULT_REGION", REGION)


def _reset(endpoint: str) -> None:
    connection = HTTPConnection(endpoint.removeprefix("http://"))
    connection.request("POST", "/moto-api/reset")
    assert connection.getresponse().status == 200
    connection.close()
    RECORDED.regions.clear()
