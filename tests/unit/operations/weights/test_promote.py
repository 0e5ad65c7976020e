"""Promotion edits one line of a stack file, and removal asks which stack files name a revision."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paddock.catalog.lookup import RefusedError
from paddock.operations.weights.promote import promoted
from paddock.operations.weights.remove import in_order, pinned_by
from paddock.operations.weights.store import Address

ROOT = Path(__file__).parents[4]
STACK = """# what this stack is for
config:
  aws:region: us-east-1
  paddock:model: llama-3.2-3b  # the small one
  # a comment that stays
  paddock:concurrent_requests: 4
"""
NAME = "bf16-0123456789ab"


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    old, new = before.splitlines(), after.splitlines()
    return [each for each in old if each not in new], [each for each in new if each not in old]


def test_a_first_promotion_adds_a_line_below_the_model_and_a_later_one_changes_only_that() -> None:
    first, before = promoted(STACK, NAME, "Pulumi.dev.yaml")
    assert before is None
    assert changed_lines(STACK, first) == ([], [f'  paddock:weights_revision: "{NAME}"'])
    assert first.splitlines()[4] == f'  paddock:weights_revision: "{NAME}"'
    second, before = promoted(first.replace(f'"{NAME}"', f"{NAME}  # why"), "fp8-1", "Pulumi.dev.yaml")
    assert before == NAME
    assert '  paddock:weights_revision: "fp8-1"  # why\n' in second
    back, _ = promoted(second, NAME, "Pulumi.dev.yaml")
    assert len(changed_lines(second, back)[1]) == 1, "a rollback is one line"


@pytest.mark.parametrize("name", ["1", "1e3", "0x1f", "null", "true", "1.0", "2026-11-29", "0123"])
def test_a_name_that_yaml_would_take_for_something_else_stays_text(name: str) -> None:
    text, _ = promoted(STACK, name, "x")
    assert yaml.safe_load(text)["config"]["paddock:weights_revision"] == name


@pytest.mark.parametrize("value", ["", " ", " old", ' "old"', " 'old' # c", " !!str old", " ~"])
def test_a_value_is_changed_however_it_is_written(value: str) -> None:
    text = STACK + f"  paddock:weights_revision:{value}\n  paddock:replicas: 1\n"
    edited, before = promoted(text, NAME, "x")
    assert yaml.safe_load(edited)["config"] == yaml.safe_load(text)["config"] | {"paddock:weights_revision": NAME}
    assert before in (None, "old", "~")
    assert ("# c" in value) == ("# c\n" in edited)


def test_ends_of_lines_and_a_missing_last_one_stay() -> None:
    windows, _ = promoted(STACK.replace("\n", "\r\n"), NAME, "x")
    assert windows.count("\r\n") == windows.count("\n") == STACK.count("\n") + 1
    short, _ = promoted("config:\n  paddock:model: llama-3.2-1b", NAME, "x")
    assert yaml.safe_load(short)["config"] == {"paddock:model": "llama-3.2-1b", "paddock:weights_revision": NAME}
    other, _ = promoted("config:\n    aws:region: us-east-1\n", NAME, "x")
    assert other.startswith(f'config:\n    paddock:weights_revision: "{NAME}"\n')


@pytest.mark.parametrize(
    "text",
    [
        *("", "- a", "config:", "config: {paddock:model: llama-3.2-1b}", "config: [", "encryptionsalt: v1:\n"),
        "config:\n  paddock:weights_revision: |\n    old\n",
        "config:\n  paddock:weights_revision: [a]\n",
        "config:\n  paddock:weights_revision: a\n  paddock:weights_revision: b\n",
        "config:\n  paddock:model: |\n    llama-3.2-1b\n",
        "config:\n  paddock:weights_revision: &name old\n  paddock:other: *name\n",
    ],
)
def test_a_file_that_cannot_be_edited_safely_is_refused_and_the_line_named(text: str) -> None:
    with pytest.raises(RefusedError, match=r"Pulumi\.dev\.yaml (is|has)"):
        promoted(text, NAME, "Pulumi.dev.yaml")


@pytest.mark.parametrize("file", sorted((ROOT / "stacks").glob("Pulumi.*.yaml")), ids=lambda each: each.name)
def test_the_stack_files_of_this_repository_are_edited_by_a_line(file: Path) -> None:
    text = file.read_text()
    edited, _ = promoted(text, NAME, file)
    assert len(edited.splitlines()) == len(text.splitlines()) + 1


@given(st.text(alphabet="abc:#'\"|>&*!-[]{} \n\t", max_size=60))
def test_any_file_is_edited_in_that_key_alone_or_refused(tail: str) -> None:
    text = STACK + tail
    try:
        edited, _ = promoted(text, NAME, "x")
    except RefusedError:
        return
    expected = yaml.load(text, yaml.BaseLoader)  # noqa: S506  texts, lists and maps alone
    expected["config"]["paddock:weights_revision"] = NAME
    assert yaml.load(edited, yaml.BaseLoader) == expected  # noqa: S506  texts, lists and maps alone


def test_a_revision_is_served_by_the_stack_files_that_name_it_and_its_model() -> None:
    pin = {"paddock:model": "llama-3.2-1b", "paddock:weights_revision": NAME}
    other = {"paddock:model": "llama-3.2-3b", "paddock:weights_revision": NAME}
    files = {"b.yaml": pin, "a.yaml": pin, "c.yaml": other, "d.yaml": {"paddock:model": "llama-3.2-1b"}}
    assert pinned_by(Address("llama-3.2-1b", NAME), files) == ["a.yaml", "b.yaml"]


def test_a_revision_is_pinned_by_every_stack_file_that_serves_it_as_an_adapter() -> None:
    adapters = {"tone": "support-tone/lora-1", "sql": "lora-2"}
    beside: dict[str, object] = {"paddock:model": "llama-3.2-1b", "paddock:adapters": adapters}
    files: dict[str, dict[str, object]] = {"a.yaml": beside, "b.yaml": {"paddock:adapters": "no map"}}
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
