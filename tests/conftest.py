"""Fixtures of all tests."""

import gc
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test, settings

# The first example of a property fills the catalog's caches and takes a hundred times as long as the others.
settings.register_profile("paddock", deadline=None)
settings.load_profile("paddock")


pytest_plugins = ["tests.s3_server"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files that tests compare with")


WITHOUT_COVERAGE = [
    Path(__file__).parent / name
    for name in ("accuracy", "packaging", "privacy_cases", "unit/benchmarks", "unit/hostile", "unit/local")
]
"""Tests of what is around the package, and rows by the hundred of what others test line by line."""

LONGEST_FIRST = (
    "unit/cli/test_fuzz.py",
    "privacy_cases/test_fuzz.py",
    "packaging/test_pages.py",
    "unit/test_platform.py",
    "local/test_mutated_programs.py",
    "local/test_killed_deployment.py",
    "local/test_deploy_ingest.py",
    "local/test_deploy.py",
    "local/test_weights_push.py",
    "local/test_upgrades.py",
    "local/test_killed_engine.py",
    "local/test_bad_config.py",
    "local/test_first_llama.py",
    "local/test_make_up.py",
    "local/test_service_load_balancer.py",
    "local/test_too_few_gpus.py",
)
"""Long files first: of two workers neither then has one left when the other has none."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Orders the tests, and keeps coverage to examples of the package. Python 3.11 takes twice as long while it is
    traced, and a property takes the same lines a hundred times."""
    ranks = {Path(__file__).parent / name: rank for rank, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))
    for item in items:
        is_property = isinstance(item, pytest.Function) and is_hypothesis_test(item.function)
        if is_property or any(item.path.is_relative_to(each) for each in WITHOUT_COVERAGE):
            item.add_marker(pytest.mark.no_cover)


def pytest_collection_finish() -> None:
    """Keeps what was imported and collected out of garbage collection: a gigabyte that lives as long as the tests."""
    gc.collect()
    gc.freeze()
