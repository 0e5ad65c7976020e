"""Verdict on what was seen of a revision: each thing that differs is named, and what was not seen is said. No S3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from paddock.operations.weights.signing import sign
from paddock.operations.weights.store import Address, Seen, StoredFile
from paddock.operations.weights.verify import Verdict, differences, judge, missing_shards
from paddock.weights.revision import REVISION_FILE, REVOKED_FILE, SIGNATURE_FILE, Revision, WeightFile, single_checksum
from tests.unit.operations.weights.keys import KEY, OTHER_KEY, digests
from tests.unit.operations.weights.pushed import ADDRESS, FILES, LICENSE, OTHER, papers

PUBLIC = KEY.public_key
SHARD = "model-00001-of-00002.safetensors"
DIGESTS = digests(FILES)
REVISION = Revision(
    model=ADDRESS.model,
    name=ADDRESS.name,
    quantization="bf16",
    source="file:///weights",
    source_commit="",
    license=LICENSE,
    files=tuple(
        WeightFile(
            name=name,
            size_bytes=len(content),
            sha256=DIGESTS[name],
            s3_checksum=single_checksum(DIGESTS[name]),
            version_id=f"v-{name}",
        )
        for name, content in FILES.items()
    ),
)


def seen(revision: Revision = REVISION, *, address: Address = ADDRESS, **changed: Any) -> Seen:
    """A revision as it was signed, read in the VPC to the last byte."""
    made = papers(revision)
    files = {
        each.name: StoredFile(
            size_bytes=each.size_bytes,
            version_id=each.version_id,
            etag="",
            s3_checksum=each.s3_checksum,
            sha256=each.sha256,
        )
        for each in revision.files
    } | {name: StoredFile(size_bytes=1, version_id="v", etag="") for name in (REVISION_FILE, SIGNATURE_FILE)}
    known = {REVISION_FILE: made.manifest, SIGNATURE_FILE: made.bundle}
    return replace(Seen(address=address, files=files, papers=known, no_contents=None), **changed)


def with_file(name: str, **changed: Any) -> Seen:
    good = seen()
    return replace(good, files={**good.files, name: replace(good.files[name], **changed)})


def with_paper(name: str, text: bytes, of: Seen | None = None) -> Seen:
    good = of or seen()
    files: Mapping[str, StoredFile] = {name: StoredFile(size_bytes=1, version_id="v", etag=""), **good.files}
    return replace(good, files=files, papers={**good.papers, name: text})


def told(verdict: Verdict) -> list[tuple[str, str]]:
    return [(each.kind, each.file) for each in verdict.problems]


def test_what_was_signed_is_good_and_nothing_is_left_unsaid() -> None:
    verdict = judge(seen(), PUBLIC, "llama3.2")
    assert (verdict.good, verdict.problems, verdict.unseen, verdict.revision) == (True, (), (), REVISION)


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"size_bytes": 1}, "size"),
        ({"s3_checksum": single_checksum("00" * 32)}, "checksum"),
        ({"version_id": "v2"}, "version"),
        ({"sha256": "00" * 32}, "content"),
    ],
)
def test_each_thing_that_differs_in_a_file_is_named_by_itself(changed: dict[str, Any], kind: str) -> None:
    assert told(judge(with_file(SHARD, **changed), PUBLIC)) == [(kind, SHARD)]


def test_a_composite_checksum_is_compared_as_s3_keeps_it() -> None:
    composite = single_checksum("12" * 32) + "-3"
    files = tuple(replace(each, s3_checksum=composite) for each in REVISION.files)
    good = seen(replace(REVISION, files=files))
    assert judge(good, PUBLIC).good
    other = replace(good.files[SHARD], s3_checksum=composite.replace("-3", "-4"))
    assert told(judge(replace(good, files={**good.files, SHARD: other}), PUBLIC)) == [("checksum", SHARD)]


def test_from_outside_what_could_not_be_seen_is_said_and_not_taken_as_checked() -> None:
    good = seen(no_checksums="S3 answers 403 to HEAD", no_contents="not asked for")
    verdict = judge(good, PUBLIC)
    assert verdict.good
    assert verdict.unseen == ("S3 checksums: S3 answers 403 to HEAD", "contents: not asked for")
    assert not {"S3 checksums", "contents"} & set(verdict.checked)


@pytest.mark.parametrize("paper", [SIGNATURE_FILE, REVISION_FILE])
def test_papers_that_cannot_be_read_are_no_reason_to_believe_anything(paper: str) -> None:
    good = seen()
    left = {name: text for name, text in good.papers.items() if name != paper}
    verdict = judge(replace(good, papers=left, unread={paper: "AccessDenied"}), PUBLIC)
    assert told(verdict) == [("unread", paper)]
    assert "AccessDenied" in verdict.problems[0].says


def test_a_revocation_is_told_with_its_reason_even_where_it_cannot_be_read() -> None:
    text = b'{"format": 1, "by": "Research", "on": "2026-11-29", "why": "wrong tokenizer"}'
    (problem,) = judge(with_paper(REVOKED_FILE, text), PUBLIC).problems
    assert problem.kind == "revoked"
    assert "by 'Research'" in problem.says
    assert "'wrong tokenizer'" in problem.says
    for unreadable in (b"", b"[]", b'{"by": 7}', b"\xff"):
        assert told(judge(with_paper(REVOKED_FILE, unreadable), PUBLIC)) == [("revoked", REVOKED_FILE)]


def test_the_papers_of_another_revision_are_named_as_such() -> None:
    other = papers(replace(REVISION, name=OTHER.name))
    swapped = with_paper(SIGNATURE_FILE, other.bundle)
    (problem,) = judge(swapped, PUBLIC).problems
    assert (problem.kind, problem.file) == ("other-revision", SIGNATURE_FILE)
    assert str(OTHER) in problem.says
    assert told(judge(seen(address=OTHER), PUBLIC)) == [("other-revision", REVISION_FILE)], "a copied folder"


def test_a_signature_that_leaves_a_file_out_is_refused() -> None:
    less = papers(replace(REVISION, files=REVISION.files[1:]))
    assert judge(with_paper(SIGNATURE_FILE, less.bundle), PUBLIC).problems[0].kind == "manifest"
    assert told(judge(with_paper(SIGNATURE_FILE, papers(REVISION, OTHER_KEY).bundle), PUBLIC)) == [
        ("wrong-key", SIGNATURE_FILE)
    ]


def test_a_signature_over_the_right_manifest_and_other_files_is_refused() -> None:
    made = papers(REVISION)
    signed = dict(DIGESTS) | digests({REVISION_FILE: made.manifest})
    less = {name: digest for name, digest in signed.items() if name != SHARD}
    for files in (less, signed | {SHARD: "00" * 32}, signed | {"more": "00" * 32}):
        (problem,) = judge(with_paper(SIGNATURE_FILE, sign(files, str(ADDRESS), KEY)), PUBLIC).problems
        assert problem.kind == "manifest"
        assert problem.file in (SHARD, "more")


def test_a_file_that_nobody_signed_is_named_wherever_it_lies() -> None:
    good = seen()
    for name in ("pytorch_model.bin", "", "a/model.sig", "Model.sig"):
        more = {**good.files, name: StoredFile(size_bytes=0, version_id="v", etag="")}
        assert told(judge(replace(good, files=more), PUBLIC)) == [("extra", name)]


def test_a_license_that_the_stack_or_the_catalog_does_not_mean_is_refused() -> None:
    assert [each.kind for each in judge(seen(), PUBLIC, "llama3.1").problems] == ["license"]
    assert [each.kind for each in judge(seen(replace(REVISION, license=None)), PUBLIC).problems] == ["license"]
    apache = replace(LICENSE, license="apache-2.0")
    assert [each.kind for each in judge(seen(replace(REVISION, license=apache)), PUBLIC).problems] == ["license"]
    own = replace(REVISION, model="our-own-llama", license=apache)
    assert judge(seen(own, address=Address("our-own-llama", own.name)), PUBLIC).good, "no model of the catalog"


def test_shards_that_nobody_signed_are_found_by_the_names_of_the_others() -> None:
    names = {"model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors", "config.json"}
    assert missing_shards(names) == ["model-00002-of-00003.safetensors"]
    assert missing_shards({"model.safetensors", "a-00001-of-99999.safetensors"}) == []


def test_differences_say_what_came_what_went_and_what_changed() -> None:
    before = {"same": (1, "a"), "gone": (2, "b"), "other": (3, "c")}
    after = {"same": (1, "a"), "new": (5, "d"), "other": (3, "e")}
    found = [(each.name, each.kind, each.before_bytes, each.after_bytes) for each in differences(before, after)]
    assert found == [("gone", "removed", 2, 0), ("new", "added", 0, 5), ("other", "changed", 3, 3)]
    assert differences(before, before) == []
