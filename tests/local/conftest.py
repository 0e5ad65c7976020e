"""The end-to-end tier: the real engine, emulated AWS, a real control plane. Minutes, see tests/README.md."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.processes.cloud import LocalCloud
from tests.local.look import Look
from tests.local.shared import SharedCloud
from tests.local.stack import Stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.local)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedCloud]:
    made = SharedCloud(lambda: tmp_path_factory.mktemp("cloud"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def cloud(shared: SharedCloud) -> LocalCloud:
    """A local cloud with nothing in it, so that what one module leaves cannot help or hurt another."""
    return shared.emptied()


@pytest.fixture(scope="module")
def look(cloud: LocalCloud) -> Look:
    return Look(cloud)


@pytest.fixture
def llama(cloud: LocalCloud, tmp_path: Path) -> Callable[..., Stack]:
    """`llama("name", model=…)` makes a stack of the project's own program."""

    def make(name: str, **changes: Any) -> Stack:
        return Stack.of_llama(name, cloud.environment(), tmp_path / name, **changes)

    return make
