"""Order of the tests: a renamed file keeps its place in it."""

from pathlib import Path

from tests import conftest
from tests.local import conftest as local_conftest

TESTS = Path(__file__).parents[1]


def test_each_file_that_goes_first_is_there() -> None:
    names = [*conftest.LONGEST_FIRST, *(f"local/test_{name}.py" for name in local_conftest.LONGEST_FIRST)]
    assert [name for name in names if not (TESTS / name).is_file()] == []
