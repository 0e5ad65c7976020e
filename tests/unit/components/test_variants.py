"""The variants that every document and object is collected from leave no setting at its default."""

import pytest

from paddock.platform_args import LlamaPlatformArgs
from paddock.settings import FIELDS, parse_settings
from paddock.settings.errors import API_KEY
from tests.unit.components.variants import BASE, VARIANTS, built_variants, by_key, variant_settings


def test_every_setting_is_on_in_some_variant() -> None:
    assert {key for args in VARIANTS.values() for key in args} | set(BASE) == FIELDS | {API_KEY}


def test_the_key_and_aws_own_configuration_are_the_arguments_of_the_platform_that_are_no_settings() -> None:
    others = {API_KEY, "aws_profile", "aws_role_arn"}
    assert LlamaPlatformArgs.__required_keys__ | LlamaPlatformArgs.__optional_keys__ == FIELDS | others


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_on_is_not_the_default(name: str) -> None:
    plain = by_key(parse_settings(BASE, region="us-east-1"))
    changed = by_key(parse_settings(variant_settings(name), region="us-east-1"))
    on = VARIANTS[name].keys() - {API_KEY}
    same = {key for key in on if plain[key] == changed[key]}
    assert same == set()


@pytest.mark.parametrize("name", VARIANTS)
def test_no_child_escapes_in_any_variant(name: str) -> None:
    assert built_variants()[name].loose == set()
