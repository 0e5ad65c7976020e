"""Removal asks which stack files serve a revision, and takes its signature first."""

from __future__ import annotations

import pytest

from paddock.operations.weights.remove import in_order, pinned_by
from paddock.operations.weights.store import Address

NAME = "bf16-0123456789ab"


def test_a_revision_is_served_by_the_stack_files_that_name_it_and_its_model() -> None:
    pin = {"paddock:model": "llama-3.2-1b", "paddock:weights_revision": NAME}
    other = {"paddock:model": "llama-3.2-3b", "paddock:weights_revision": NAME}
    files = {"b.yaml": pin, "a.yaml": pin, "c.yaml": other, "d.yaml": {"paddock:model": "llama-3.2-1b"}}
    assert pinned_by(Address("llama-3.2-1b", NAME), files) == ["a.yaml", "b.yaml"]


@pytest.mark.parametrize(
    ("more", "folder"),
    [
        ({}, "bf16"),
        ({"paddock:quantization": "fp8"}, "fp8"),
        ({"paddock:checkpoint": {"quantization": "int4"}}, "int4"),
        ({"paddock:weights_revision": ""}, "bf16"),
    ],
)
def test_without_a_revision_a_stack_file_serves_the_folder_of_its_quantization(
    more: dict[str, object], folder: str
) -> None:
    files = {"a.yaml": {"paddock:model": "llama-3.2-1b", **more}}
    assert pinned_by(Address("llama-3.2-1b", folder), files) == ["a.yaml"]
    assert pinned_by(Address("llama-3.2-1b", NAME), files) == []


def test_a_revision_is_pinned_by_every_stack_file_that_serves_it_as_an_adapter() -> None:
    beside = {"paddock:model": "llama-3.2-1b", "paddock:adapters": {"tone": "support-tone/lora-1", "sql": "lora-2"}}
    files: dict[str, dict[str, object]] = {"a.yaml": dict(beside), "b.yaml": {"paddock:adapters": "no map"}}
    for model, name in (("support-tone", "lora-1"), ("llama-3.2-1b", "lora-2")):
        assert pinned_by(Address(model, name), files) == ["a.yaml"]
    assert pinned_by(Address("llama-3.2-1b", "lora-1"), files) == []


def test_the_signature_goes_first_and_its_latest_version_last() -> None:
    versions = [
        {"Key": "p/a", "VersionId": "1", "IsLatest": True},
        {"Key": "p/model.sig", "VersionId": "3", "IsLatest": True},
        {"Key": "p/model.sig", "VersionId": "2", "IsLatest": False},
    ]
    first, others = in_order(versions, "p/")
    assert [each["VersionId"] for each in first] == ["2", "3"]
    assert [each["Key"] for each in others] == ["p/a"]
