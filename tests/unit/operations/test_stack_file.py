"""One key of a stack file is set as text; whatever else stands there stays, or the file is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paddock.catalog.lookup import RefusedError
from paddock.operations.stack_file import set_key, with_key

ROOT = Path(__file__).parents[3]
STACK = """# what this stack is for
config:
  aws:region: us-east-1
  paddock:model: llama-3.2-3b  # the small one
  # a comment that stays
  paddock:concurrent_requests: 4
"""
NAME = "bf16-0123456789ab"
PIN = "paddock:weights_revision"


def promoted(text: str, name: str, path: object) -> tuple[str, str | None]:
    return with_key(text, PIN, name, path)


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


def test_an_image_by_digest_stays_one_text() -> None:
    image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/a/b@sha256:{64 * '0'}"
    edited, _ = with_key(STACK, "paddock:vllm_image", image, "x")
    assert yaml.safe_load(edited)["config"]["paddock:vllm_image"] == image


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  paddock:model: x\n  paddock:tags:\n    paddock:weights_revision: mine\n",
        "config:\n  paddock:model: x\n  other:text: |\n    paddock:weights_revision: mine\n",
        'config:\n  paddock:model: x\n  "paddock:weights_revision": bf16-1\n',
    ],
    ids=["of another map", "in a text", "in quotes"],
)
def test_the_key_of_config_is_meant_and_no_line_that_looks_like_it(text: str) -> None:
    edited, _ = promoted(text, NAME, "x")
    before = yaml.safe_load(text)["config"]
    assert yaml.safe_load(edited)["config"] == before | {PIN: NAME}
    assert edited.count(PIN) == text.count(PIN) + (PIN not in before)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_is_written_with_the_ends_of_lines_and_the_rights_that_it_had(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_bytes(STACK.replace("\n", "\r\n").encode(encoding))
    file.chmod(0o640)
    assert set_key(file, PIN, NAME) is None
    assert set_key(file, PIN, "fp8-1") == NAME
    written = file.read_bytes()
    assert written.count(b"\r\n") == written.count(b"\n") == STACK.count("\n") + 1
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def test_a_link_stays_one_and_the_file_behind_it_is_written(tmp_path: Path) -> None:
    real, link = tmp_path / "kept.yaml", tmp_path / "Pulumi.dev.yaml"
    real.write_text(STACK)
    link.symlink_to(real)
    set_key(link, PIN, NAME)
    assert link.is_symlink()
    assert PIN in real.read_text()


@pytest.mark.parametrize("content", [b"config:\n  # \xe9\n  paddock:model: x\n", None])
def test_a_file_that_cannot_be_read_is_one_message(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RefusedError, match=r"is not UTF-8|cannot write"):
        set_key(file, PIN, NAME)
