"""Licenses of the models: every one is known, and what its text asks for is there."""

from datetime import date

import pytest

from paddock import catalog
from paddock.catalog.licenses import license_names, license_terms, notice_of
from paddock.catalog.lookup import UnknownNameError


def test_every_model_comes_under_a_known_license_with_the_same_text() -> None:
    for model in catalog.all_models().values():
        assert license_terms(model.license).url == model.license_url, model.name


@pytest.mark.parametrize("name", ["llama3", "llama3.1", "llama3.2", "llama3.3", "llama4"])
def test_a_llama_since_3_is_shown_as_built_with_llama(name: str) -> None:
    terms = license_terms(name)
    assert terms.notice.startswith("Built with ")
    assert "All Rights Reserved" in terms.notice
    assert terms.monthly_users == 700_000_000
    assert terms.use_policy_url.startswith("https://")
    assert terms.derived_name_prefix is not None


def test_llama_2_asks_for_its_attribution_alone() -> None:
    assert license_terms("llama2").notice == license_terms("llama2").attribution


def test_multimodal_models_are_not_licensed_in_the_27_countries_of_the_european_union() -> None:
    left_out = {name for name in license_names() if license_terms(name).multimodal_not_in}
    assert left_out == {"llama3.2", "llama3.3", "llama4"}
    countries = license_terms("llama4").multimodal_not_in
    assert len(countries) == 27
    assert {"DE", "FR", "GR", "IE"} <= countries
    assert not {"CH", "GB", "NO", "US"} & countries


def test_release_dates_are_those_of_the_texts() -> None:
    assert license_terms("llama3.3").released == date(2024, 12, 6)
    assert license_terms("llama4").released == date(2025, 4, 5)


def test_an_unknown_license_is_refused_and_has_no_notice() -> None:
    with pytest.raises(UnknownNameError, match="llama5"):
        license_terms("llama5")
    assert notice_of("llama5") == ""
