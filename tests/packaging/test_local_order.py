"""Order of the end-to-end tier: a renamed file keeps its place in it."""

from pathlib import Path

from tests.local.conftest import LONGEST_FIRST

LOCAL = Path(__file__).parents[1] / "local"


def test_each_file_that_goes_first_is_there() -> None:
    assert [name for name in LONGEST_FIRST if not (LOCAL / f"test_{name}.py").is_file()] == []
