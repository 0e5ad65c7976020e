"""The fixture and the option that component tests start from."""

import pytest

from tests.unit.components.recorder import Build, build


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files of what components register")


@pytest.fixture
def built() -> Build:
    """`built(lambda opts: Component("name", {...}, opts))` builds under mocks and returns what was registered."""
    return build
