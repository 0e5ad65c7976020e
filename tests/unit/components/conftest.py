"""The fixture that component tests start from."""

import pytest

from tests.unit.components.recorder import Build, build


@pytest.fixture
def built() -> Build:
    """`built(lambda opts: Component("name", {...}, opts))` builds under mocks and returns what was registered."""
    return build
