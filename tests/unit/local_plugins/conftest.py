from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from local.plugins.resource_kubernetes import kubeconfig, operations, settings, waiting
from local.plugins.resource_kubernetes.api import Api
from local.plugins.resource_kubernetes.operations import Operations
from tests.unit.local_plugins import fake_api
from tests.unit.local_plugins.fake_api import FakeApi


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with fake_api.running(FakeApi()) as running:
        yield running


@pytest.fixture
def cancelled() -> threading.Event:
    return threading.Event()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same waits, a hundred times faster."""
    monkeypatch.setattr(waiting, "_FIRST_PAUSE_SECONDS", 0.002)
    monkeypatch.setattr(operations, "_ARRIVAL_SECONDS", 0.3)
    monkeypatch.setattr(operations, "_ARRIVAL_PAUSE_SECONDS", 0.01)


@pytest.fixture
def opened(api: FakeApi, cancelled: threading.Event) -> Callable[..., Operations]:
    """Operations on the fake API server, with the settings that a test gives."""

    def open_with(**chosen: object) -> Operations:
        connection = kubeconfig.load(fake_api.kubeconfig(api.url))
        return Operations(Api(connection), settings.parse(chosen), connection.namespace, cancelled)

    return open_with
