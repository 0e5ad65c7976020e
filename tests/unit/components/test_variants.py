"""The variants that every document and object is collected from leave no setting at its default."""

import pytest

from paddock.settings import FIELDS, Settings
from tests.unit.components.variants import BASE, VARIANTS, built_variants


def test_every_setting_is_on_in_some_variant() -> None:
    assert {key for args in VARIANTS.values() for key in args} | set(BASE) == FIELDS


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_on_is_not_the_default(name: str) -> None:
    plain = Settings.parse(BASE, region="us-east-1")
    changed = Settings.parse({**BASE, **VARIANTS[name]}, region="us-east-1")
    same = {key for key in VARIANTS[name] if getattr(plain, key) == getattr(changed, key)}
    assert same == set()


@pytest.mark.parametrize("name", VARIANTS)
def test_no_child_escapes_in_any_variant(name: str) -> None:
    assert built_variants()[name].loose == set()
