"""Junk as settings: no input, however wild, gives anything but settings or a `SettingsError`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from paddock.settings import FIELDS, SettingsError, parse_settings, settings_of_stack

IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:{'a' * 64}"
RIGHT: Mapping[str, object] = {"model": "llama-3.1-8b", "vllm_image": IMAGE}

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)

keys = st.sampled_from(sorted(FIELDS)) | st.text(max_size=10)


@given(st.dictionaries(keys, junk, max_size=8), st.text(max_size=10) | st.just("us-east-1"))
def test_junk_gives_a_settings_error_and_never_another(values: dict[str, object], region: str) -> None:
    with suppress(SettingsError):
        parse_settings(values, region=region)


@given(st.dictionaries(keys, junk, max_size=4))
def test_junk_beside_what_is_right_gives_settings_or_a_settings_error(values: dict[str, object]) -> None:
    with suppress(SettingsError):
        assert parse_settings({**RIGHT, **values}, region="us-east-1").model.name


@given(st.dictionaries(st.text(max_size=30), junk, max_size=5))
def test_a_stack_of_junk_is_decoded_without_complaint(config: dict[str, object]) -> None:
    assert "region" in settings_of_stack(config)
