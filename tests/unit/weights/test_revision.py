"""`paddock-revision.json`: what is written is read back, and what anybody else could have written is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.weights.revision import (
    AcceptedLicense,
    Revision,
    WeightFile,
    from_json,
    name_problem,
    single_checksum,
    to_json,
)

DIGEST = "ab" * 32


def weight_file(name: str, **changed: Any) -> WeightFile:
    given: dict[str, Any] = {
        "size_bytes": 7,
        "sha256": DIGEST,
        "s3_checksum": single_checksum(DIGEST),
        "version_id": "v1",
    }
    return WeightFile(name=name, **given | changed)


REVISION = Revision(
    model="llama-3.2-1b",
    name="bf16-0123456789ab",
    quantization="bf16",
    source="hf://meta-llama/Llama-3.2-1B-Instruct",
    source_commit="0123456789" * 4,
    license=AcceptedLicense(license="llama3.2", text_sha256=DIGEST, by="Research, ticket 12", on="2026-11-29"),
    files=(weight_file("config.json"), weight_file("model.safetensors", s3_checksum=single_checksum(DIGEST) + "-3")),
)


def changed(*path: str | int, to: Any) -> bytes:
    read = json.loads(to_json(REVISION))
    inner = read
    for each in path[:-1]:
        inner = inner[each]
    inner[path[-1]] = to
    return json.dumps(read).encode()


def test_a_revision_is_read_back_as_it_was_written_and_written_the_same_each_time() -> None:
    assert from_json(to_json(REVISION)) == REVISION
    assert to_json(from_json(to_json(REVISION))) == to_json(REVISION)


def test_a_revision_without_license_commit_or_checkpoint_details_is_one_too() -> None:
    read = json.loads(to_json(REVISION)) | {"license": None, "source_commit": "", "source": "file:///weights"}
    del read["details"], read["derived_from"]
    assert from_json(json.dumps(read)).license is None


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "/etc/passwd",
            "../other/model.safetensors",
            "a/../b",
            "a//b",
            "./a",
            "a/",
            "..",
            "a\\b",
            "C:\\a",
            "a\nb",
            "a\x1b[2J",
        ),
        *("model.sig", "paddock-revision.json", "revoked.json", ".gitattributes", ".git/config", "é" * 500, "\ud800"),
    ],
)
def test_a_name_that_leaves_the_folder_or_is_paddocks_own_is_refused(name: str) -> None:
    assert name_problem(name)
    with pytest.raises(ValueError, match=r"paddock-revision\.json"):
        from_json(changed("files", 0, "name", to=name))


@pytest.mark.parametrize(
    "name", ["config.json", "a/b.json", "..a", "original/.hidden", "model-00001-of-00002.safetensors"]
)
def test_a_plain_name_is_taken(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("files", 0, "name"), "model.safetensors", "twice"),
        (("files", 0, "name"), "model.safetensors/a", "a file and a folder"),
        (("files", 0, "size_bytes"), -1, "size_bytes"),
        (("files", 0, "size_bytes"), 1.5, "size_bytes"),
        (("files", 0, "size_bytes"), True, "size_bytes"),
        (("files", 0, "size_bytes"), "7", "size_bytes"),
        (("files", 0, "sha256"), "AB" * 32, "sha256"),
        (("files", 0, "sha256"), "ab", "sha256"),
        (("files", 0, "s3_checksum"), "abc=", "s3_checksum"),
        (("files", 0, "s3_checksum"), single_checksum(DIGEST) + "-0", "s3_checksum"),
        (("files", 0, "version_id"), None, "version_id"),
        (("files", 0, "extra"), 1, "unknown 'extra'"),
        (("files", 0), [], "WeightFile is no object"),
        (("files",), [], "1 to 20000 files"),
        (("files",), {}, "1 to 20000 files"),
        (("model",), "llama/../other", "model is"),
        (("model",), "*", "model is"),
        (("name",), "", "'name'"),
        (("name",), ["bf16"], "'name' is no text"),
        (("quantization",), "${aws:username}", "quantization is"),
        (("source_commit",), "main", "source_commit"),
        (("license",), "llama3.2", "AcceptedLicense is no object"),
        (("license", "by"), "", "'by'"),
        (("license", "on"), "yesterday", "isoformat"),
        (("license", "on"), "20261129", "license.on"),
        (("details",), {"a": 1}, "'a' is no text"),
        (("details",), [], "details"),
        (("format",), 2, "format"),
        (("format",), True, "format"),
        (("other",), 2, "unknown 'other'"),
    ],
)
def test_a_manifest_with_a_wrong_value_is_refused_and_the_value_named(path: Any, value: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        from_json(changed(*path, to=value))


def test_a_key_that_stands_twice_is_refused_since_two_readers_could_take_another() -> None:
    text = to_json(REVISION).replace(b'"model": ', b'"model": "other", "model": ')
    with pytest.raises(ValueError, match="a key stands in it twice"):
        from_json(text)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format": NaN}', b" " * (16 * 2**20 + 1)]
)
def test_what_is_no_manifest_is_refused_by_a_value_error_alone(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"it is no paddock-revision\.json"):
        from_json(text)


def test_a_revision_that_nobody_could_read_is_not_written() -> None:
    with pytest.raises(ValueError, match="a file is named"):
        to_json(
            Revision(
                **{each: getattr(REVISION, each) for each in REVISION.__slots__} | {"files": (weight_file("../a"),)}
            )
        )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(json.loads(to_json(REVISION)))), JSON)
def test_a_manifest_with_any_value_in_any_place_is_read_or_refused_by_a_value_error(key: str, value: Any) -> None:
    try:
        from_json(changed(key, to=value))
    except ValueError:
        return
