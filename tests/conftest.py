"""Fixtures of all tests."""

import pytest
from hypothesis import settings

# The first example of a property fills the catalog's caches and takes a hundred times as long as the others.
settings.register_profile("paddock", deadline=None)
settings.load_profile("paddock")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files that tests compare with")
