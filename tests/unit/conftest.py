"""Fixtures of tests of components, wherever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.components.recorder import Build


@pytest.fixture
def built() -> Build:
    """`built(lambda opts: Component("name", {...}, opts))` builds under mocks and returns what was registered."""
    # Loads Pulumi, which most unit tests do without.
    from tests.unit.components.recorder import build

    return build
