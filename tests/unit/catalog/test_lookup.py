"""Look-ups: a table that is read alone is the one that the whole file has."""

from __future__ import annotations

import pytest

from paddock.catalog import gpus, models, quantizations
from paddock.catalog.lookup import table, table_names, toml


@pytest.mark.parametrize("file", [gpus.FILE, models.FILE, quantizations.FILE])
def test_a_table_read_alone_is_that_of_the_whole_file(file: str) -> None:
    assert {**table(file), **{name: dict(table(file, name)) for name in table_names(file)}} == toml(file)
