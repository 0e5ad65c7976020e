"""Fixtures of all tests."""

import pytest
from hypothesis import is_hypothesis_test, settings

# The first example of a property fills the catalog's caches and takes a hundred times as long as the others.
settings.register_profile("paddock", deadline=None)
settings.load_profile("paddock")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files that tests compare with")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps coverage to examples: a property takes the same lines a hundred times, and Python 3.11 traces each."""
    for item in items:
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.function):
            item.add_marker(pytest.mark.no_cover)
