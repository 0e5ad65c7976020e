"""Licenses of the models: the notice that users must see, who must ask Meta first, and whom a license leaves out."""

from __future__ import annotations

from datetime import date
from functools import cache

from paddock.catalog.lookup import known, table, table_names
from paddock.record import Entry

FILE = "licenses.toml"


class License(Entry):
    name: str
    """Name as `license` of a model and of a stack file has it, such as `llama3.1`."""
    title: str
    released: date
    url: str
    use_policy_url: str
    monthly_users: int
    """Monthly active users on the release date above which Meta must be asked for a license."""
    attribution: str
    built_with: str | None = None
    """Text that a website, user interface or documentation shows; None where the license asks for none."""
    derived_name_prefix: str | None = None
    """Beginning of the name of a model that was made with this one and is given to others."""
    multimodal_not_in: frozenset[str] = frozenset()
    """Countries, by ISO 3166-1 code, whose residents have no rights to the multimodal models; end users have."""

    @property
    def notice(self) -> str:
        """Text that a product with the model shows."""
        return f"{self.built_with}. {self.attribution}" if self.built_with else self.attribution


def license_names() -> tuple[str, ...]:
    return table_names(FILE)


@cache
def license_terms(name: str) -> License:
    """Terms of a license of the catalog; raises `UnknownNameError`."""
    row = dict(table(FILE, known("license", name, license_names())))
    left_out = frozenset(table(FILE)[row.pop("multimodal_not_in")]) if "multimodal_not_in" in row else frozenset()
    return License(name=name, multimodal_not_in=left_out, **row)


def notice_of(name: str) -> str:
    """The notice of a license; empty for one that the catalog does not have."""
    return license_terms(name).notice if name in license_names() else ""
