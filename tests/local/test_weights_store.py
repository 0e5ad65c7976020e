"""`paddock weights` against a strict S3: what it lists, shows, compares, promotes, revokes and removes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from paddock.catalog.lookup import RefusedError
from paddock.operations.weights.remove import in_order, remove
from paddock.operations.weights.store import RANGE_BYTES, Address, Store
from paddock.operations.weights.verify import judge
from paddock.weights.revision import REVISION_FILE, REVOKED_FILE, SIGNATURE_FILE
from tests.s3_server import S3Server
from tests.unit.cli.running import Paddock, Ran
from tests.unit.operations.weights.keys import KEY, key_files
from tests.unit.operations.weights.pushed import ADDRESS, FILES, OTHER, PART_BYTES, push, put, store_of

SHARD = "model-00001-of-00002.safetensors"
Weights = Callable[..., Ran]


@pytest.fixture
def store(s3_server: S3Server) -> Store:
    return store_of(s3_server, s3_server.bucket())


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text("config:\n  aws:region: us-east-1\n  paddock:model: llama-3.2-1b  # small\n")
    return file


@pytest.fixture
def weights(
    store: Store,
    s3_server: S3Server,
    stack_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Weights:
    """`weights("list")` runs the command on the bucket of the test, with a stack file of its own."""
    _, public = key_files(tmp_path)
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    run = Paddock(monkeypatch, capsys)

    def ran(*words: str, stdin: str = "") -> Ran:
        key = ("--public-key", str(public)) if words[0] in ("verify", "promote") else ()
        options = "--bucket", store.bucket, "--stack-file", str(stack_file)
        return run("weights", *words, *key, *options, columns=120, stdin=stdin)

    return ran


class Outside:
    """The bucket as its policy shows it outside the VPC: no contents and no HEAD but of the papers."""

    def __init__(self, s3: Any) -> None:
        self.s3 = s3

    def __getattr__(self, name: str) -> Any:
        return getattr(self.s3, name)

    def get_object(self, **asked: Any) -> Any:
        if asked["Key"].rpartition("/")[2] in (REVISION_FILE, SIGNATURE_FILE, REVOKED_FILE):
            return self.s3.get_object(**asked)
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

    def head_object(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": "403"}}, "HeadObject")


def test_from_outside_a_good_revision_is_good_and_what_was_not_seen_is_said(store: Store) -> None:
    push(store)
    outside = Store(Outside(store.s3), store.bucket)
    verdict = judge(outside.look(ADDRESS, read=True), KEY.public_key)
    assert verdict.good
    assert verdict.unseen == (
        "S3 checksums: S3 answers 403 to HEAD",
        "contents: S3 answers AccessDenied to GetObject",
    )
    put(store, ADDRESS.prefix + SHARD, FILES[SHARD])
    assert [each.kind for each in judge(outside.look(ADDRESS), KEY.public_key).problems] == ["version"]


def test_a_file_of_several_parts_and_ranges_is_verified_by_its_composite_checksum_and_its_bytes(store: Store) -> None:
    large = bytes(range(256)) * ((2 * RANGE_BYTES + PART_BYTES) // 256) + b"end"
    pushed = push(store, files=FILES | {SHARD: large})
    heard: list[int] = []
    seen = store.look(ADDRESS, read=True, told=heard.append)
    verdict = judge(seen, KEY.public_key)
    assert (verdict.problems, verdict.unseen) == ((), ())
    assert str(seen.files[SHARD].s3_checksum).endswith("-5")
    assert sum(heard) == pushed.revision.size_bytes


def test_a_file_that_is_replaced_while_it_is_looked_at_is_not_taken_for_what_was_listed(store: Store) -> None:
    push(store)
    seen = store.look(ADDRESS)
    put(store, ADDRESS.prefix + SHARD, FILES[SHARD] + b"more")
    with pytest.raises(RefusedError, match="replaced while it was looked at"):
        store._headed(seen, SHARD)


def test_list_and_show_say_what_is_there(store: Store, weights: Weights) -> None:
    assert "has no weights yet" in weights("list").out
    push(store)
    put(store, "models/llama-3.2-1b/bf16/config.json", b"{}")
    listed = json.loads(weights("list", "--json").out)
    assert [(each["revision"], each["state"], each["files"]) for each in listed["revisions"]] == [
        ("bf16", "not signed", 1),
        (ADDRESS.name, "signed", len(FILES)),
    ]
    assert listed["revisions"][1]["size_bytes"] == sum(map(len, FILES.values()))
    screen = weights("list").out
    assert f"llama-3.2-1b/{ADDRESS.name}" in screen
    shown = weights("show", ADDRESS.name)
    assert "hf://meta-llama/Llama-3.2-1B-Instruct at 0123456789" in shown.out
    assert "llama3.2, accepted by Research, ticket 12 on 2026-11-29" in shown.out
    assert json.loads(weights("show", str(ADDRESS), "--json").out)["license"]["by"] == "Research, ticket 12"
    assert weights("show", "llama-3.2-1b/none").status == 2


def test_verify_ends_with_1_and_names_the_file_of_a_revision_that_was_changed(store: Store, weights: Weights) -> None:
    push(store)
    good = weights("verify", ADDRESS.name, "--read")
    assert (good.status, good.err) == (0, "")
    assert "checked: signature, license, revocation, names, sizes, versions, S3 checksums, contents" in good.out
    put(store, f"{ADDRESS.prefix}pytorch_model.bin", b"\x80pickle")
    bad = weights("verify", ADDRESS.name, "--json")
    assert (bad.status, json.loads(bad.out)["problems"][0]["file"]) == (1, "pytorch_model.bin")
    assert "pytorch_model.bin" in weights("verify", ADDRESS.name).out


def test_diff_says_which_files_came_went_and_changed(store: Store, weights: Weights) -> None:
    push(store)
    files = {name: content for name, content in FILES.items() if name != "tokenizer.json"}
    push(store, OTHER, files | {SHARD: bytes(2304), "tokenizer.model": b"1234"})
    found = json.loads(weights("diff", ADDRESS.name, OTHER.name, "--json").out)["files"]
    assert [(each["kind"], each["name"]) for each in found] == [
        ("changed", SHARD),
        ("removed", "tokenizer.json"),
        ("added", "tokenizer.model"),
    ]
    assert "-9 B" in weights("diff", ADDRESS.name, OTHER.name).out
    assert "the same files" in weights("diff", ADDRESS.name, ADDRESS.name).out


def test_promote_pins_a_good_revision_and_a_rollback_is_the_line_that_it_prints(
    store: Store, weights: Weights, stack_file: Path
) -> None:
    push(store)
    push(store, OTHER)
    before = stack_file.read_text()
    first = weights("promote", ADDRESS.name)
    assert first.status == 0, first.err
    assert stack_file.read_text() == before + f'  paddock:weights_revision: "{ADDRESS.name}"\n'
    second = weights("promote", str(OTHER))
    assert f"to roll back: paddock weights promote {ADDRESS} --stack-file {stack_file}" in second.out
    assert "served" in weights("list").out
    assert weights("verify").status == 0, "the one of the stack file"
    put(store, f"{ADDRESS.prefix}extra.py", b"")
    refused = weights("promote", str(ADDRESS))
    assert refused.status == 2
    assert "is not promoted: 'extra.py' is there" in refused.err
    assert OTHER.name in stack_file.read_text()
    assert "serves llama-3.2-1b, not llama-3.2-3b" in weights("promote", f"llama-3.2-3b/{OTHER.name}").err


def test_a_revoked_revision_is_refused_everywhere_until_it_is_taken_back(store: Store, weights: Weights) -> None:
    push(store)
    assert "give --why" in weights("revoke", ADDRESS.name, "--by", "Research").err
    assert weights("revoke", ADDRESS.name, "--by", "Research", "--why", "wrong tokenizer").status == 0
    refused = weights("verify", ADDRESS.name)
    assert refused.status == 1
    assert "was revoked by 'Research'" in refused.out.replace("\n", " ")
    assert weights("promote", ADDRESS.name).status == 2
    assert json.loads(weights("list", "--json").out)["revisions"][0]["state"] == "revoked"
    assert "revoked already" in weights("revoke", ADDRESS.name, "--by", "x", "--why", "again").err
    assert weights("revoke", ADDRESS.name, "--undo").status == 0
    assert weights("verify", ADDRESS.name).status == 0
    assert "is not revoked" in weights("revoke", ADDRESS.name, "--undo").err
    assert "has no" in weights("revoke", "llama-3.2-1b/none", "--by", "x", "--why", "y").err


def test_rm_asks_refuses_what_a_stack_file_serves_and_leaves_no_version(
    store: Store, weights: Weights, tmp_path: Path
) -> None:
    push(store)
    push(store, OTHER)
    put(store, ADDRESS.prefix + SHARD, b"a second version")
    store.s3.delete_object(Bucket=store.bucket, Key=f"{ADDRESS.prefix}config.json")
    other = tmp_path / "Pulumi.prod.yaml"
    other.write_text(f"config:\n  paddock:model: llama-3.2-1b\n  paddock:weights_revision: {ADDRESS.name}\n")
    assert f"is served by {other}" in weights("rm", ADDRESS.name, "--yes").err
    other.unlink()
    declined = weights("rm", ADDRESS.name, stdin="n\n")
    assert declined.status == 1
    assert len(store.files(ADDRESS)) == len(FILES) + 1
    done = weights("rm", ADDRESS.name, "--json", stdin="y\n")
    assert (done.status, json.loads(done.out)["versions"]) == (0, len(FILES) + 4)
    assert store.versions(ADDRESS) == []
    assert judge(store.look(OTHER, read=True), KEY.public_key).good
    assert weights("rm", ADDRESS.name, "--yes").status == 2


def test_a_removal_that_is_cut_off_leaves_no_revision_and_is_ended_by_the_next(store: Store) -> None:
    push(store)

    class CutOff(Outside):
        deleted = 0

        def delete_objects(self, **asked: Any) -> Any:
            CutOff.deleted += 1
            if CutOff.deleted > 1:
                raise KeyboardInterrupt
            return self.s3.delete_objects(**asked)

    with pytest.raises(KeyboardInterrupt):
        remove(Store(CutOff(store.s3), store.bucket), ADDRESS)
    assert SIGNATURE_FILE not in store.files(ADDRESS)
    assert [each.kind for each in judge(store.look(ADDRESS), KEY.public_key).problems] == ["not-signed"]
    remove(store, ADDRESS)
    assert store.versions(ADDRESS) == []


def test_what_object_lock_holds_stays_whole(s3_server: S3Server) -> None:
    plain = store_of(s3_server, "locked-store")
    plain.s3.create_bucket(Bucket=plain.bucket, ObjectLockEnabledForBucket=True)
    plain.s3.put_bucket_versioning(Bucket=plain.bucket, VersioningConfiguration={"Status": "Enabled"})
    push(plain)
    (signature,), _ = in_order(plain.versions(ADDRESS), ADDRESS.prefix)
    plain.s3.put_object_retention(
        Bucket=plain.bucket,
        Key=signature["Key"],
        VersionId=signature["VersionId"],
        Retention={"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(days=1)},
    )
    with pytest.raises(RefusedError, match=r"S3 keeps model\.sig of .*, so nothing was removed"):
        remove(plain, ADDRESS)
    assert judge(plain.look(ADDRESS, read=True), KEY.public_key).good


def test_an_address_is_a_model_and_a_revision_and_nothing_that_leaves_the_store() -> None:
    assert Address.parse("models/llama-3.2-1b/bf16/").prefix == "models/llama-3.2-1b/bf16/"
    assert Address.parse("bf16", "llama-3.2-1b") == Address("llama-3.2-1b", "bf16")
    for wrong in ("", "a/b/c", "../a", "a/..", "A/b", "a/*", "bf16"):
        with pytest.raises(RefusedError):
            Address.parse(wrong)


def test_a_manifest_that_names_nothing_good_is_refused_by_show_and_diff(store: Store, weights: Weights) -> None:
    made = push(store)
    put(store, ADDRESS.prefix + REVISION_FILE, made.manifest.replace(b'"format": 1', b'"format": 9'))
    for words in (("show", ADDRESS.name), ("diff", ADDRESS.name, ADDRESS.name)):
        assert "its format is not 1" in weights(*words).err
    assert replace(made.revision, name="x").address == "llama-3.2-1b/x"
