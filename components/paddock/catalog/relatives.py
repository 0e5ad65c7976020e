"""Models of Llama's architecture that are sized by their repository's name, and no stack serves by a name of theirs."""

from __future__ import annotations

import re
from functools import cache
from types import MappingProxyType

from paddock.catalog.lookup import table, table_names
from paddock.catalog.models import Model
from paddock.catalog.quantizations import Quantization

FILE = "relatives.toml"
REFUSED = "refused"


def relative_of_repository(name: str) -> Model | None:
    """The model that a name in lower case with dashes has; None where it is none of them."""
    found = _named(name)
    return None if found is None or REFUSED in table(FILE, found) else relative(found)


def refused(name: str) -> str | None:
    """Reason why the model of that name, in lower case with dashes, is not modelled; None where none is known."""
    found = _named(name)
    return None if found is None else table(FILE, found).get(REFUSED)


def relatives() -> tuple[Model, ...]:
    return tuple(relative(each) for each in table_names(FILE) if REFUSED not in table(FILE, each))


def _named(name: str) -> str | None:
    return next((each for each in table_names(FILE) if re.search(table(FILE, each)["named"], name)), None)


@cache
def relative(name: str) -> Model:
    row = dict(table(FILE, name))
    while "shapes_of" in row:
        row = {**table(FILE, row.pop("shapes_of")), **row}
    del row["named"]
    repository: str = row.pop("repository")
    return Model(
        name=name,
        hf_repo=repository,
        revision=None,
        checkpoints=MappingProxyType({Quantization.BF16: repository}),
        no_tool_calls="it is sized only",
        as_of=table(FILE)["as_of"],
        **row,
    )
