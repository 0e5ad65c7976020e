"""`paddock weights` on a store of moto's: what each command prints, in words and as JSON, and what it changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

from paddock.common.labels import STACK_TAG
from paddock.operations.weights.signing import to_pem
from paddock.operations.weights.store import Address, Store
from paddock.weights.revision import REVISION_FILE, REVOKED_FILE
from tests.unit.cli.account import ACCOUNT, REGION, client, empty_account, versioned_bucket, without_credentials
from tests.unit.cli.running import Paddock, Ran
from tests.unit.operations.weights.keys import KEY, OTHER_KEY, key_files
from tests.unit.operations.weights.pushed import ADDRESS, FILES, OTHER, push, put

BUCKET = "llama-store-1"
SHARD = "model-00001-of-00002.safetensors"
MODEL = ADDRESS.model
STACK = f"config:\n  aws:region: {REGION}\n  paddock:model: {MODEL}  # small\n"
Weights = Callable[..., Ran]


@pytest.fixture(scope="module", autouse=True)
def store() -> Iterator[Store]:
    """Two revisions that are good: OTHER lacks a file of ADDRESS, has another, and one that is larger."""
    with empty_account():
        made = Store.of(boto3.Session(region_name=REGION), versioned_bucket(BUCKET))
        push(made)
        kept = {name: content for name, content in FILES.items() if name != "tokenizer.json"}
        push(made, OTHER, kept | {SHARD: bytes(2 * 2**20), "tokenizer.model": b"1234"})
        yield made


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(STACK)
    return file


@pytest.fixture
def weights(
    store: Store, stack_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paddock: Paddock
) -> Weights:
    """`weights("list")` runs the command on the store, with a stack file of the test's own."""
    _, public = key_files(tmp_path)
    monkeypatch.chdir(tmp_path)

    def ran(*words: str, stdin: str = "", columns: int = 100) -> Ran:
        key = ("--public-key", str(public)) if words[0] in ("verify", "promote") and "--public-key" not in words else ()
        options = "--bucket", store.bucket, "--stack-file", str(stack_file)
        return paddock("weights", *words, *key, *options, columns=columns, stdin=stdin)

    return ran


def refused(ran: Ran, says: str) -> None:
    """One message, status 2, no traceback, and nothing else on stdout."""
    assert ran.status == 2
    assert says in " ".join(ran.err.split())
    assert ran.err.startswith("Error: ")
    assert ran.err.count("\n") == 1
    assert not ran.out


def test_list_has_a_line_for_each_revision_with_its_state_and_size(store: Store, weights: Weights) -> None:
    put(store, "models/llama-3.2-1b/by-hand/config.json", b"{}")
    listed = json.loads(weights("list", "--json").out)
    assert (listed["schema_version"], listed["bucket"]) == (1, BUCKET)
    by_name = {each["revision"]: each for each in listed["revisions"]}
    assert (by_name["by-hand"]["state"], by_name["by-hand"]["signed_on"]) == ("not signed", None)
    assert by_name[ADDRESS.name]["state"] == "signed"
    assert by_name[ADDRESS.name]["files"] == len(FILES)
    assert by_name[ADDRESS.name]["size_bytes"] == sum(map(len, FILES.values()))
    lines = weights("list").out.splitlines()
    (other,) = (line for line in lines if OTHER.name in line)
    assert other.split()[:5] == [str(OTHER), "signed", "4", "2.0", "MiB"]
    assert "served" not in other


def test_a_store_without_weights_says_what_brings_them(paddock: Paddock) -> None:
    empty = versioned_bucket("empty-store")
    assert "has no weights yet; `paddock weights push` brings them" in paddock("weights", "list", "--bucket", empty).out


def test_show_has_source_license_and_every_file_and_says_that_nothing_was_checked(weights: Weights) -> None:
    shown = weights("show", ADDRESS.name)
    assert "hf://meta-llama/Llama-3.2-1B-Instruct at 0123456789" in shown.out
    assert "llama3.2, accepted by Research, ticket 12 on 2026-11-29" in shown.out
    assert all(name in shown.out for name in FILES)
    assert "its signature was not checked" in shown.out
    data = json.loads(weights("show", str(ADDRESS), "--json").out)
    assert (data["license"]["by"], data["state"], data["bucket"]) == ("Research, ticket 12", "signed", BUCKET)


def test_verify_says_what_was_checked_and_ends_with_0_for_a_good_revision(weights: Weights) -> None:
    good = weights("verify", ADDRESS.name, "--read")
    assert (good.status, good.err) == (0, "")
    said = " ".join(good.out.split())
    assert "is what was signed, 4.1 KiB" in said
    assert "checked: signature, license, revocation, names, sizes, versions, S3 checksums, contents" in said
    quick = weights("verify", ADDRESS.name)
    assert "not seen from here: contents: not asked for" in quick.out


def test_verify_ends_with_1_and_names_the_file_that_was_changed(store: Store, weights: Weights) -> None:
    bad = Address(MODEL, "changed")
    push(store, bad)
    put(store, f"{bad.prefix}pytorch_model.bin", b"\x80pickle")
    put(store, bad.prefix + SHARD, bytes(9))
    ran = weights("verify", bad.name, "--json")
    told = json.loads(ran.out)
    assert (ran.status, told["good"]) == (1, False)
    assert {each["kind"] for each in told["problems"]} >= {"extra", "size", "version"}
    screen = weights("verify", bad.name)
    assert screen.status == 1
    assert "is refused" in screen.out
    assert "pytorch_model.bin" in screen.out


def test_of_many_problems_the_screen_shows_the_first_and_counts_the_others(store: Store, weights: Weights) -> None:
    bad = Address(MODEL, "crowded")
    push(store, bad)
    for number in range(25):
        put(store, f"{bad.prefix}extra-{number}.txt", b"")
    assert "and 5 more; --json has all" in weights("verify", bad.name).out
    assert len(json.loads(weights("verify", bad.name, "--json").out)["problems"]) == 25


def test_verify_with_the_key_of_somebody_else_is_refused(weights: Weights, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    _, public = key_files(folder, OTHER_KEY)
    ran = weights("verify", ADDRESS.name, "--public-key", str(public), "--json")
    assert (ran.status, json.loads(ran.out)["problems"][0]["kind"]) == (1, "wrong-key")


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"no key", "is no public key in PEM"), (None, "cannot read")],
)
def test_a_public_key_that_is_none_is_one_message(
    weights: Weights, tmp_path: Path, content: bytes | None, says: str
) -> None:
    file = tmp_path / "wrong.pem"
    if content is not None:
        file.write_bytes(content)
    refused(weights("verify", ADDRESS.name, "--public-key", str(file)), says)


def test_diff_says_which_files_came_went_and_changed(weights: Weights) -> None:
    told = json.loads(weights("diff", ADDRESS.name, OTHER.name, "--json").out)
    assert (told["before"], told["after"]) == (str(ADDRESS), str(OTHER))
    assert [(each["kind"], each["name"]) for each in told["files"]] == [
        ("changed", SHARD),
        ("removed", "tokenizer.json"),
        ("added", "tokenizer.model"),
    ]
    screen = weights("diff", ADDRESS.name, OTHER.name).out.splitlines()
    assert screen[0] == f"{ADDRESS} → {OTHER}"
    assert screen[-1] == "+2.0 MiB"
    assert weights("diff", OTHER.name, ADDRESS.name).out.splitlines()[-1] == "-2.0 MiB"
    assert "the same files" in weights("diff", ADDRESS.name, ADDRESS.name).out


def test_promote_pins_a_revision_and_prints_the_way_back(weights: Weights, stack_file: Path) -> None:
    first = weights("promote", ADDRESS.name)
    assert first.status == 0, first.err
    assert f"{stack_file} serves {ADDRESS}; `paddock deploy` of that stack, or `pulumi up`, brings it" in first.out
    assert "to roll back" not in first.out
    assert stack_file.read_text() == STACK + f'  paddock:weights_revision: "{ADDRESS.name}"\n'
    second = weights("promote", str(OTHER))
    assert f"to roll back: paddock weights promote {ADDRESS} --stack-file {stack_file}" in second.out
    told = json.loads(weights("promote", ADDRESS.name, "--json").out)
    assert (told["before"], told["after"], told["stack_file"]) == (OTHER.name, ADDRESS.name, str(stack_file))
    assert weights("verify").status == 0, "the one of the stack file"
    listed = json.loads(weights("list", "--json").out)["revisions"]
    assert [each["revision"] for each in listed if each["pinned"]] == [ADDRESS.name]
    screen = weights("list", columns=80).out.splitlines()
    (line,) = (each for each in screen if f"  {ADDRESS} " in each)
    assert line.rstrip().endswith("served"), "a line each, as names are copied"


def test_an_adapter_is_served_by_its_own_key_and_neither_promoted_nor_removed(
    store: Store, weights: Weights, stack_file: Path
) -> None:
    adapter = Address(MODEL, "lora-0123456789ab")
    push(store, adapter, {"adapter_config.json": b"{}"}, quantization="lora")
    refused(weights("promote", adapter.name), f"{adapter} is a LoRA adapter; name it in paddock:adapters")
    stack_file.write_text(f"{STACK}  paddock:adapters:\n    sql: {adapter.name}\n")
    listed = json.loads(weights("list", "--json").out)["revisions"]
    assert [each["revision"] for each in listed if each["pinned"]] == [adapter.name]
    refused(weights("rm", adapter.name, "--yes"), "promote another revision there first, or take it out of paddock:ad")
    assert store.files(adapter)


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_what_does_not_verify_is_not_promoted(
    store: Store, weights: Weights, stack_file: Path, as_json: tuple[str, ...]
) -> None:
    bad = Address(MODEL, f"not-to-promote{len(as_json)}")
    push(store, bad, key=OTHER_KEY)
    ran = weights("promote", bad.name, *as_json)
    assert ran.status == 2
    assert f"Error: {bad} is not promoted: model.sig was signed with another key" in ran.err
    assert ("is refused" in ran.out) is not bool(as_json)
    assert stack_file.read_text() == STACK


def test_promote_refuses_another_model_and_a_file_that_it_may_not_write(
    weights: Weights, stack_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(weights("promote", f"llama-3.2-3b/{OTHER.name}"), "serves llama-3.2-1b, not llama-3.2-3b")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    refused(weights("promote", ADDRESS.name), f"cannot write {stack_file}: no space left on device")
    assert stack_file.read_text() == STACK
    assert stack_file.read_text() == STACK


def test_a_license_that_is_not_the_stacks_refuses_a_revision(weights: Weights, stack_file: Path) -> None:
    license_ = '  paddock:license: {license: llama3.1, by: Ada, "on": "2026-11-01"}\n'
    stack_file.write_text(STACK + license_)
    ran = weights("verify", ADDRESS.name, "--json")
    assert (ran.status, json.loads(ran.out)["problems"][0]["kind"]) == (1, "license")


def test_a_revoked_revision_is_refused_until_that_is_taken_back(store: Store, weights: Weights) -> None:
    address = Address(MODEL, "revoked")
    push(store, address)
    refused(weights("revoke", address.name, "--by", "Research"), "a revocation says why; give --why")
    refused(weights("revoke", address.name, "--by", " ", "--why", "wrong tokenizer"), "give one line of text")
    done = weights("revoke", address.name, "--why", "wrong tokenizer")
    assert (done.status, f"{address} is revoked" in done.out) == (0, True)
    record = json.loads(store.s3.get_object(Bucket=BUCKET, Key=address.prefix + REVOKED_FILE)["Body"].read())
    assert (record["why"], ACCOUNT in record["by"]) == ("wrong tokenizer", True)
    ran = weights("verify", address.name)
    assert (ran.status, "was revoked" in ran.out) == (1, True)
    refused(weights("revoke", address.name, "--by", "x", "--why", "again"), "is revoked already")
    assert "is no longer revoked" in weights("revoke", address.name, "--undo").out
    assert weights("verify", address.name).status == 0
    refused(weights("revoke", address.name, "--undo"), "is not revoked")


def test_rm_asks_and_leaves_no_version(store: Store, weights: Weights) -> None:
    address = Address(MODEL, "to-remove")
    push(store, address)
    put(store, address.prefix + SHARD, b"a second version")
    store.s3.delete_object(Bucket=BUCKET, Key=f"{address.prefix}config.json")
    declined = weights("rm", address.name, stdin="n\n")
    assert declined.status == 1
    assert f"Remove {address}, 5 files" in declined.err
    assert store.files(address)
    done = weights("rm", address.name, "--json", stdin="y\n")
    assert (done.status, json.loads(done.out)["versions"]) == (0, len(FILES) + 4)
    assert store.versions(address) == []
    push(store, address)
    assert f"removed {address}: 6 versions" in weights("rm", address.name, "--yes").out
    refused(weights("rm", address.name, "--yes"), f"s3://{BUCKET} has no {address}")


@pytest.mark.parametrize(
    ("planned", "pushed", "fits"),
    [("bf16", "fp8", False), ("fp8", "bf16", False), ("fp8-runtime", "bf16", True), ("bf16", "fp32", True)],
)
def test_promote_refuses_weights_of_another_size_than_the_stack_plans(
    store: Store, weights: Weights, stack_file: Path, planned: str, pushed: str, *, fits: bool
) -> None:
    address = Address(MODEL, f"{pushed}-for-{planned}")
    push(store, address, quantization=pushed)
    stack_file.write_text(f"{STACK}  paddock:quantization: {planned}\n")
    ran = weights("promote", address.name)
    if fits:
        assert ran.status == 0
    else:
        refused(ran, f"plans memory and instances for {planned}, and {address} is {pushed}; set paddock:quantization")
        assert "weights_revision" not in stack_file.read_text()


def test_rm_refuses_what_a_stack_file_beside_serves(store: Store, weights: Weights, tmp_path: Path) -> None:
    other = tmp_path / "Pulumi.prod.yaml"
    other.write_text(f"config:\n  paddock:model: {MODEL}\n  paddock:weights_revision: {ADDRESS.name}\n")
    refused(weights("rm", ADDRESS.name, "--yes"), f"is served by {other}; promote another revision there first")
    assert store.files(ADDRESS)


def test_rm_ends_with_1_and_names_what_s3_keeps(
    store: Store, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = Address(MODEL, "locked")
    push(store, address)
    monkeypatch.setattr(
        "paddock.operations.weights.remove._deleted",
        lambda _, versions: [
            (each["Key"], "AccessDenied: object lock") for each in versions if each["Key"].endswith(SHARD)
        ],
    )
    ran = weights("rm", address.name, "--yes")
    assert (ran.status, f"{SHARD}: AccessDenied: object lock" in ran.out) == (1, True)
    told = json.loads(weights("rm", address.name, "--yes", "--json").out)
    assert told["kept"] == [{"file": SHARD, "says": "AccessDenied: object lock"}]


@pytest.mark.parametrize("words", [("show", "none"), ("verify", "none"), ("diff", "none", "none"), ("rm", "none")])
def test_a_revision_that_is_not_there_is_one_message(weights: Weights, words: tuple[str, ...]) -> None:
    ran = weights(*words)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "llama-3.2-1b/none" in ran.err


@pytest.mark.parametrize("command", ["show", "diff"])
def test_a_manifest_that_names_nothing_good_is_one_message(store: Store, weights: Weights, command: str) -> None:
    address = Address(MODEL, f"other-format-{command}")
    made = push(store, address)
    put(store, address.prefix + REVISION_FILE, made.manifest.replace(b'"format": 1', b'"format": 9'))
    words = (address.name,) if command == "show" else (address.name, address.name)
    refused(weights(command, *words), "its format is not 1")


def test_without_a_revision_and_without_a_pin_it_says_how_to_name_one(weights: Weights, paddock: Paddock) -> None:
    refused(weights("show"), "name a revision, as <model>/<revision>")
    refused(weights("show", "A/../b"), "is no revision; write <model>/<revision>")
    refused(paddock("weights", "show", "bf16", "--bucket", BUCKET), "'bf16' names no model")


def test_a_bucket_alone_takes_a_whole_address_and_no_stack_file(paddock: Paddock, tmp_path: Path) -> None:
    _, public = key_files(tmp_path)
    ran = paddock("weights", "verify", str(ADDRESS), "--bucket", BUCKET, "--public-key", str(public))
    assert ran.status == 0, ran.err
    refused(
        paddock("weights", "verify", str(ADDRESS), "--bucket", BUCKET),
        "there is no key to verify with; give --public-key",
    )


def test_a_stack_file_that_is_not_there_or_names_no_stack_is_one_message(
    paddock: Paddock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(paddock("weights", "list"), "stacks/Pulumi.dev.yaml")
    nameless = tmp_path / "config.yaml"
    nameless.write_text(STACK)
    refused(paddock("weights", "list", "--stack-file", str(nameless)), "does not say which stack")


def test_store_and_key_are_found_by_the_stacks_tags(
    paddock: Paddock, stack_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(
        paddock("weights", "list", "--stack-file", str(stack_file)),
        "has no store yet that its tags would name: `paddock deploy` makes it; or set paddock:weights_bucket, give "
        "--bucket, or name another stack by --stack-file",
    )
    tags = [{"Key": STACK_TAG, "Value": "paddock/dev"}, {"Key": "Name", "Value": "llama-store"}]
    client("s3").put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": tags})
    made = client("kms").create_key(
        KeyUsage="SIGN_VERIFY",
        KeySpec="ECC_NIST_P256",
        Tags=[{"TagKey": STACK_TAG, "TagValue": "paddock/dev"}, {"TagKey": "Name", "TagValue": "llama-signing-key"}],
    )["KeyMetadata"]["Arn"]
    listed = paddock("weights", "list", "--stack-file", str(stack_file), "--json")
    assert json.loads(listed.out)["bucket"] == BUCKET, listed.err
    by_kms = paddock("weights", "verify", ADDRESS.name, "--stack-file", str(stack_file), "--json")
    assert json.loads(by_kms.out)["problems"][0]["kind"] == "wrong-key", "found, and not the one that signed"
    assert paddock("weights", "verify", ADDRESS.name, "--public-key", made, "--stack-file", str(stack_file)).status == 1


def test_the_public_key_of_the_stack_file_verifies(paddock: Paddock, stack_file: Path) -> None:
    pem = to_pem(KEY.public_key).replace("\n", "\\n")
    stack_file.write_text(f'{STACK}  paddock:weights_public_key: "{pem}"\n  paddock:weights_bucket: {BUCKET}\n')
    assert paddock("weights", "verify", ADDRESS.name, "--stack-file", str(stack_file)).status == 0
    stack_file.write_text(f"{STACK}  paddock:weights_public_key: none\n  paddock:weights_bucket: {BUCKET}\n")
    refused(
        paddock("weights", "verify", ADDRESS.name, "--stack-file", str(stack_file)), "paddock:weights_public_key of"
    )


def test_without_credentials_it_says_how_to_sign_in(weights: Weights) -> None:
    with without_credentials():
        refused(weights("list"), "takes AWS credentials, and none are found; run `aws configure sso`")


def test_a_bucket_that_is_not_there_is_what_aws_answers(paddock: Paddock) -> None:
    refused(paddock("weights", "list", "--bucket", "no-such-store"), "AWS answers NoSuchBucket")
