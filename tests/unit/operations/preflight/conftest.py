"""The local cloud's emulated AWS for a module of tests that read an account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from paddock.operations.preflight import reading
from tests.emulated import account
from tests.unit.operations.preflight.stacks import REGION, Kept


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with account() as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", url)
        patch.setattr(reading, "ATTEMPTS", 1)
        yield url


@pytest.fixture(scope="module")
def session(endpoint: str) -> Kept:  # noqa: ARG001  the account must be there
    return Kept(region_name=REGION, aws_access_key_id="local", aws_secret_access_key="local")
