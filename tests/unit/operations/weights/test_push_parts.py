"""Parts of an upload, sums that are taken up again, the journal, progress and addresses."""

from __future__ import annotations

import os
from base64 import b64encode
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.catalog.lookup import RefusedError
from paddock.operations.weights import hashing
from paddock.operations.weights.hashing import sha256_from
from paddock.operations.weights.journal import FileLine, PartLine, opened_journal
from paddock.operations.weights.parts import MAX_FILE_BYTES, MAX_PARTS, MIB, composite, cut
from paddock.operations.weights.progress import Meter, duration
from paddock.operations.weights.push import Acceptance, Wanted, refuse_license
from paddock.operations.weights.sources.address import FolderAddress, HubAddress, S3Address, parse_address
from paddock.operations.weights.sources.folder import POINTER, FolderSource
from paddock.operations.weights.sources.source import SourceError


@given(st.integers(0, MAX_FILE_BYTES))
def test_parts_follow_each_other_and_s3_takes_their_number_and_sizes(size_bytes: int) -> None:
    parts = cut("a", size_bytes)
    assert 1 <= len(parts) <= MAX_PARTS
    assert parts[0].offset == 0
    assert all(one.offset + one.size_bytes == other.offset for one, other in pairwise(parts))
    assert parts[-1].offset + parts[-1].size_bytes == size_bytes
    assert all(each.size_bytes >= 5 * MIB for each in parts[:-1])
    assert [each.number for each in parts] == list(range(1, len(parts) + 1))


def test_a_file_whose_parts_would_not_fit_in_memory_is_refused() -> None:
    with pytest.raises(RefusedError, match="in shards"):
        cut("a", MAX_FILE_BYTES + 1)


def test_the_checksum_of_parts_is_one_of_their_checksums() -> None:
    digests = [sha256(each).digest() for each in (b"a", b"b")]
    assert composite(digests) == b64encode(sha256(digests[0] + digests[1]).digest()).decode() + "-2"


@given(st.lists(st.integers(0, 40), max_size=6), st.binary(max_size=200))
def test_a_sum_that_is_taken_up_is_hashlibs(blocks: list[int], end: bytes) -> None:
    whole, read = sha256_from(), b""
    for count in blocks:
        piece = os.urandom(64 * count)
        read += piece
        whole.update(memoryview(bytearray(piece)))
        if state := whole.state():
            whole = sha256_from(state)
    whole.update(memoryview(bytearray(end)))
    assert whole.hexdigest() == sha256(read + end).hexdigest()


def test_here_openssl_is_reached_so_that_the_tests_of_kills_test_it() -> None:
    assert sha256_from().state()


def test_without_openssl_the_sum_is_hashlibs_and_has_no_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_openssl", lambda: None)
    whole = sha256_from()
    whole.update(memoryview(b"abc"))
    assert (whole.hexdigest(), whole.state()) == (sha256(b"abc").hexdigest(), "")
    with pytest.raises(ValueError, match="taken up"):
        sha256_from("00" * 40)


def test_a_journal_is_read_again_without_the_line_that_was_torn(tmp_path: Path) -> None:
    part = PartLine(file="a", identity="i", upload_id="u", number=3, sha256="0" * 64, state="1")
    file = FileLine(file="b", identity="i", size_bytes=1, sha256="2" * 64, s3_checksum="=")
    with opened_journal(tmp_path, "bucket", "models/m/r") as journal:
        journal.add(part)
        journal.add(file)
    with journal.path.open("ab") as torn:
        torn.write(b'{"part": {"file": "a", "ide')
    with opened_journal(tmp_path, "bucket", "models/m/r") as again:
        assert (again.parts, again.files) == ({("u", 3): part}, {"b": file})
        again.add(part)
        with (
            pytest.raises(RefusedError, match="another `paddock weights push`"),
            opened_journal(tmp_path, "bucket", "models/m/r"),
        ):
            pass
    with opened_journal(tmp_path, "bucket", "models/m/r") as third:
        assert third.parts


def test_the_rate_leaves_out_what_was_there_and_what_is_long_ago() -> None:
    meter = Meter(1000, now=0.0)
    meter.add(500, is_new=False, now=1.0)
    meter.add(100, is_new=True, now=10.0)
    assert meter.at(10.0).bytes_per_second == pytest.approx(10.0)
    assert meter.at(10.0).seconds_left == pytest.approx(40.0)
    for second in range(11, 100):
        meter.add(1, is_new=True, now=float(second))
    assert meter.at(99.0).bytes_per_second == pytest.approx(1.0, rel=0.05)
    assert meter.at(99.0).done_bytes == 689


def test_no_byte_yet_is_no_time_left() -> None:
    assert Meter(1000, now=0.0).at(5.0).seconds_left is None


@pytest.mark.parametrize(("seconds", "text"), [(3.2, "3 s"), (99, "99 s"), (600, "10 min"), (3780, "1 h 03 min")])
def test_durations_are_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("given_text", "address"),
    [
        ("hf://meta-llama/Llama-3.2-1B@main", HubAddress(repository="meta-llama/Llama-3.2-1B", revision="main")),
        ("hf://a/b", HubAddress(repository="a/b", revision="")),
        ("hf://a/b@refs/pr/1", HubAddress(repository="a/b", revision="refs/pr/1")),
        ("s3://bucket-1/some/model", S3Address(bucket="bucket-1", prefix="some/model")),
        ("s3://bucket-1", S3Address(bucket="bucket-1", prefix="")),
        ("file:///a/b%20c", FolderAddress(folder=Path("/a/b c"))),
    ],
)
def test_addresses_are_read(given_text: str, address: object) -> None:
    assert parse_address(given_text) == address


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "a/b",
        "hf://",
        "hf://a",
        "hf://a/b/c",
        "hf://a/b@",
        "hf://a/../b",
        "hf://a/b@../..",
        "s3://A_B",
        "file://",
        "http://a/b",
    ],
)
def test_other_addresses_are_refused_with_the_three_forms(wrong: str) -> None:
    with pytest.raises(RefusedError, match="hf://ORGANIZATION/REPOSITORY@REVISION"):
        parse_address(wrong)


def test_a_pointer_of_git_lfs_is_no_weights(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(POINTER + b"v1\noid sha256:0\nsize 1\n")
    with pytest.raises(SourceError, match="git lfs pull"):
        FolderSource(tmp_path).listing()


def test_a_license_is_accepted_by_its_own_name() -> None:
    wanted = Wanted.__new__(Wanted)
    object.__setattr__(wanted, "model", "llama-3.2-1b")
    good = Acceptance(license="llama3.2", by="Ada", on="2026-11-01")
    assert refuse_license(wanted, "llama3.2", good) is good
    for wrong in (
        None,
        Acceptance(license="llama3.1", by="Ada", on="2026-11-01"),
        Acceptance(license="llama3.2", by=" ", on=""),
    ):
        with pytest.raises(RefusedError):
            refuse_license(wanted, "llama3.2", wrong)
