"""`paddock weights push` from a hub, a folder and S3 into a store of moto's: what it says, puts there and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from paddock.cli.screens.weights_push import ProgressScreen
from paddock.common.labels import STACK_TAG
from paddock.operations.weights.signing import fingerprint, kms_public_key, load_public_key, to_pem, verify
from paddock.operations.weights.target import Target
from paddock.weights.revision import REVISION_FILE, SIGNATURE_FILE, Revision, from_json
from tests.hub import Hub, Repository
from tests.local.pushed import MIB, checkpoint, safetensors, write
from tests.unit.cli.account import REGION, client, empty_account, versioned_bucket, without_credentials
from tests.unit.cli.running import Paddock, Ran
from tests.unit.operations.weights.keys import KEY, key_files

REPOSITORY = "meta-llama/Llama-3.2-1B-Instruct"
SOURCE = f"hf://{REPOSITORY}@main"
MODEL = "llama-3.2-1b"
WITHOUT_LICENSE = f"config:\n  aws:region: {REGION}\n  paddock:model: {MODEL}\n"
STACK = WITHOUT_LICENSE + '  paddock:license: {license: llama3.2, by: Ada, "on": "2026-11-01"}\n'
FILES = checkpoint(MIB, 9000)
LEFT = {"README.md", ".gitattributes", "original/consolidated.00.pth", "pytorch_model.bin"}
TOTAL = sum(len(data) for name, data in FILES.items() if name not in LEFT)
COMMIT = Repository.commit
Push = Callable[..., Ran]


@pytest.fixture(scope="module", autouse=True)
def _account() -> Iterator[None]:
    with empty_account():
        yield


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with Hub({REPOSITORY: Repository(FILES, gated=True)}) as running:
        yield running


@pytest.fixture
def bucket(request: pytest.FixtureRequest) -> str:
    return versioned_bucket(f"store-{sha256(request.node.name.encode()).hexdigest()[:12]}")


@pytest.fixture
def push(bucket: str, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paddock: Paddock) -> Push:
    """`push(SOURCE)` runs the command with a key file, into a bucket of the test's own."""
    private, _ = key_files(tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK)
    for name, value in hub.environment("hf_goodToken").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def ran(*words: str, key: str = str(private), into: str = bucket, stdin: str = "") -> Ran:
        options = "--stack-file", "Pulumi.dev.yaml", "--bucket", into, "--signing-key", key
        return paddock("weights", "push", *words, *options, columns=100, stdin=stdin)

    return ran


def stored(bucket: str) -> dict[str, Any]:
    """Newest version by key, and no upload that was begun and left."""
    s3 = client("s3")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    return {each["Key"]: each for each in s3.list_object_versions(Bucket=bucket).get("Versions", ())}


def revision_in(bucket: str) -> Revision:
    """The one revision there, its signature and every byte held against what was signed."""
    keys = stored(bucket)
    folder = next(iter(keys)).rpartition("/")[0]

    def content(name: str) -> bytes:
        return bytes(client("s3").get_object(Bucket=bucket, Key=f"{folder}/{name}")["Body"].read())

    signed = verify(content(SIGNATURE_FILE), KEY.public_key)
    assert {f"{folder}/{name}" for name in signed.files} == keys.keys() - {f"{folder}/{SIGNATURE_FILE}"}
    assert {name: sha256(content(name)).hexdigest() for name in signed.files} == signed.files
    revision = from_json(content(REVISION_FILE))
    assert folder == f"models/{revision.model}/{revision.name}"
    assert {each.name: each.version_id for each in revision.files} == {
        each.name: keys[f"{folder}/{each.name}"]["VersionId"] for each in revision.files
    }
    return revision


def refused(ran: Ran, says: str) -> None:
    """One message at the end, status 2, no traceback."""
    assert ran.status == 2
    assert says in " ".join(ran.err.split())
    assert ran.err.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in ran.err
    assert not ran.out.strip(), "a prompt leaves a space there"


def test_a_repository_is_copied_signed_and_told_and_once_more_is_nothing(push: Push, bucket: str) -> None:
    ran = push("--from", SOURCE)
    assert ran.status == 0, ran.err
    said = " ".join(ran.out.split())
    assert f"pushed s3://{bucket}/models/{MODEL}/bf16-{COMMIT[:12]}" in said
    assert f"{len(FILES) - len(LEFT)} files, 2 of weights" in said
    assert "signed over every file, its SHA-256 and who accepted the license" in said
    assert f"asking {SOURCE} for its files …" in ran.err
    assert "1.0 MiB of 1.0 MiB" in ran.err
    assert "hf_goodToken" not in ran.out + ran.err
    revision = revision_in(bucket)
    assert {each.name for each in revision.files} == FILES.keys() - LEFT
    assert (revision.source, revision.source_commit) == (f"hf://{REPOSITORY}", COMMIT)
    assert revision.license is not None
    assert (revision.license.license, revision.license.by, revision.license.on) == ("llama3.2", "Ada", "2026-11-01")
    before = stored(bucket)
    again = push("--from", SOURCE)
    assert (again.status, "is complete and signed already; nothing was copied" in " ".join(again.out.split())) == (
        0,
        True,
    )
    assert stored(bucket) == before


def test_as_json_it_counts_the_bytes(push: Push, bucket: str, tmp_path: Path) -> None:
    source = f"file://{write(FILES, tmp_path / 'model')}"
    told = json.loads(push("--from", source, "--revision", "r1", "--json").out)
    assert told["sent_bytes"] == told["read_bytes"] == told["size_bytes"] == TOTAL
    assert (told["there_bytes"], told["was_complete"], told["bucket"], told["revision"]) == (0, False, bucket, "r1")
    assert json.loads(push("--from", source, "--revision", "r1", "--json").out)["was_complete"] is True
    assert revision_in(bucket).source == source


def test_a_prefix_of_another_bucket_is_a_source_too(push: Push, bucket: str) -> None:
    elsewhere = versioned_bucket("elsewhere")
    for name, data in FILES.items():
        client("s3").put_object(Bucket=elsewhere, Key=f"some/model/{name}", Body=data)
    ran = push("--from", f"s3://{elsewhere}/some/model", "--revision", "r1")
    assert ran.status == 0, ran.err
    revision = revision_in(bucket)
    assert (revision.source, revision.source_commit) == (f"s3://{elsewhere}/some/model", "")
    assert revision.size_bytes == TOTAL


def test_what_broke_off_goes_on_with_what_is_there(
    push: Push, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = {**FILES, "model-00001-of-00002.safetensors": safetensors(17 * MIB, 1)}
    source = f"file://{write(large, tmp_path / 'model')}"
    whole = Target.put

    def cut(self: Target, name: str, *rest: Any) -> Any:
        if name == "config.json":
            raise KeyboardInterrupt
        return whole(self, name, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(Target, "put", cut)
        stopped = push("--from", source, "--revision", "r1", "--workers", "1")
    assert (stopped.status, "Traceback" in stopped.err) == (130, False)
    assert SIGNATURE_FILE not in {key.rpartition("/")[2] for key in client_keys(bucket)}
    ran = push("--from", source, "--revision", "r1")
    assert ran.status == 0, ran.err
    assert "17.0 MiB were there" in " ".join(ran.out.split())
    (shard,) = (each for each in revision_in(bucket).files if each.name.startswith("model-00001"))
    assert shard.s3_checksum.endswith("-2")


def client_keys(bucket: str) -> list[str]:
    return [each["Key"] for each in client("s3").list_objects_v2(Bucket=bucket).get("Contents", ())]


def test_an_adapter_is_pushed_under_a_name_and_a_license_of_its_own(push: Push, bucket: str, tmp_path: Path) -> None:
    files = {
        "adapter_config.json": b'{"base_model_name_or_path": "meta-llama/Llama-3.2-1B-Instruct", "r": 16}',
        "adapter_model.safetensors": safetensors(9000, 1),
        "optimizer.pt": b"a pickle",
    }
    source = f"file://{write(files, tmp_path / 'adapter')}"
    refused(push("support-tone"), "is for llama-3.2-1b; say --from where the weights of 'support-tone' are")
    refused(push("support-tone", "--from", source), "nobody accepted the license of support-tone, which nobody names")
    ran = push("support-tone", "--from", source, "--accept-license", "own", "--accepted-by", "Grace")
    assert ran.status == 0, ran.err
    revision = revision_in(bucket)
    assert (revision.model, revision.quantization) == ("support-tone", "lora")
    assert revision.license is not None
    assert (revision.license.license, revision.license.by) == ("own", "Grace")


def test_a_dry_run_shows_what_is_copied_and_what_is_left_and_asks_no_aws(push: Push, bucket: str) -> None:
    with without_credentials():
        ran = push("--from", SOURCE, "--dry-run")
    assert ran.status == 0, ran.err
    said = " ".join(ran.out.split())
    assert f"hf://{REPOSITORY} to s3://{bucket}/models/{MODEL}/bf16-{COMMIT[:12]}" in said
    assert f"commit {COMMIT}" in said
    assert all(name in said for name in FILES)
    assert "pytorch_model.bin (0.0 KiB): a pickle, which runs code when it is opened" in said
    assert "License llama3.2: accepted by Ada on 2026-11-01." in said
    told = json.loads(push("--from", SOURCE, "--dry-run", "--json").out)
    assert (told["size_bytes"], told["license_accepted"]) == (TOTAL, True)
    assert {each["name"] for each in told["skipped"]} == LEFT
    assert all(each["why"] for each in told["skipped"])
    assert not stored(bucket)


def test_a_dry_run_says_that_nobody_accepted_yet_and_counts_what_does_not_fit(push: Push, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(WITHOUT_LICENSE)
    many = {**FILES, **{f"code_{number}.py": b"" for number in range(30)}}
    said = " ".join(push("--from", f"file://{write(many, tmp_path / 'model')}", "--dry-run").out.split())
    assert "no commit: not of Hugging Face" in said
    assert "and 14 more; --json names all" in said
    assert "License llama3.2: not accepted yet; read it, then say --accept-license llama3.2." in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "nobody accepted the license of llama-3.2-1b, llama3.2"),
        (("--accept-license", "llama3.1"), "accepted is 'llama3.1', but llama-3.2-1b comes under llama3.2"),
        (("--accept-license", "llama3.2", "--accepted-by", " "), "an acceptance needs a name; say --accepted-by NAME"),
    ],
)
def test_nothing_is_pushed_before_the_license_is_accepted(
    push: Push, bucket: str, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(WITHOUT_LICENSE)
    refused(push("--from", SOURCE, *words), says)
    assert not stored(bucket)


def test_at_a_terminal_the_license_is_accepted_by_typing_its_name(
    push: Push, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(WITHOUT_LICENSE)
    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr("paddock.cli.parsing.weights_push.sys", SimpleNamespace(stdin=terminal, stderr=terminal))
    monkeypatch.setenv("LOGNAME", "grace")
    refused(push("--from", SOURCE, stdin="yes\n"), "accepted is 'yes', but llama-3.2-1b comes under llama3.2")
    ran = push("--from", SOURCE, stdin="llama3.2\n")
    assert ran.status == 0, ran.err
    assert "llama-3.2-1b comes under llama3.2: https://" in ran.err
    license_ = revision_in(bucket).license
    assert license_ is not None
    assert (license_.license, license_.by) == ("llama3.2", "grace")


@pytest.mark.parametrize("token", ["", "hf_ofAnotherAccount"])
def test_a_gated_repository_says_where_to_accept(
    push: Push, bucket: str, hub: Hub, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    ran = push("--from", SOURCE)
    refused(ran, f"accept its license at {hub.endpoint}/{REPOSITORY}")
    assert not token or token not in ran.err
    assert not stored(bucket)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (f"hf://{REPOSITORY}@none-such", "none-such"),
        ("hf://no/body", "no/body"),
        ("gs://a/b", "it is hf://ORGANIZATION/REPOSITORY@REVISION, s3://BUCKET/PREFIX or file://FOLDER"),
        ("file:///none/such", "/none/such is no folder"),
        ("s3://no-such-bucket/prefix", "NoSuchBucket"),
    ],
)
def test_a_source_that_is_not_there_is_one_message(push: Push, bucket: str, source: str, says: str) -> None:
    refused(push("--from", source), says)
    assert not stored(bucket)


def test_what_is_no_checkpoint_or_no_revision_is_refused_before_a_byte_is_sent(
    push: Push, bucket: str, tmp_path: Path
) -> None:
    pickles = write({"config.json": b"{}", "pytorch_model.bin": b"a pickle"}, tmp_path / "pickles")
    refused(push("--from", f"file://{pickles}"), "has its weights only as pickles")
    page = write({"config.json": b"{}", "model.safetensors": b"<html>an error</html>"}, tmp_path / "page")
    refused(push("--from", f"file://{page}", "--revision", "r1"), "is no safetensors file")
    assert not any(key.endswith("safetensors") for key in client_keys(bucket))
    refused(push("--from", SOURCE, "--revision", "Not/One"), "the revision is 'Not/One'; allowed are")


def test_bytes_that_were_damaged_on_the_way_are_refused_by_name(push: Push, bucket: str, hub: Hub) -> None:
    name = "model-00001-of-00002.safetensors"
    damaged = FILES[name][:-9] + bytes(9)
    hub.repositories["a/b"] = Repository({**FILES, name: damaged})
    hub.repositories["a/b"].lies = {sha256(damaged).hexdigest(): sha256(FILES[name]).hexdigest()}
    refused(push("--from", "hf://a/b"), f"{name} has SHA-256 {sha256(damaged).hexdigest()}, but its source states")
    assert not any(key.endswith((name, SIGNATURE_FILE)) for key in client_keys(bucket))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot read"),
        (b"none", "has no private key that is understood"),
        (to_pem(KEY.public_key).encode(), "no private key"),
    ],
)
def test_a_signing_key_that_signs_nothing_is_refused_and_its_content_not_shown(
    push: Push, bucket: str, tmp_path: Path, content: bytes | None, says: str
) -> None:
    file = tmp_path / "wrong.pem"
    if content is not None:
        file.write_bytes(content)
    refused(push("--from", SOURCE, key=str(file)), says)
    assert not any(key.endswith(SIGNATURE_FILE) for key in client_keys(bucket))


def test_files_of_somebody_else_in_the_folder_are_named_and_left_alone(push: Push, bucket: str, tmp_path: Path) -> None:
    source = f"file://{write(FILES, tmp_path / 'model')}"
    client("s3").put_object(Bucket=bucket, Key=f"models/{MODEL}/r1/notes.txt", Body=b"mine")
    refused(push("--from", source, "--revision", "r1"), "has 'notes.txt', which is no file of file://")
    client("s3").put_object(Bucket=bucket, Key=f"models/{MODEL}/r2/config.json", Body=b"{}")
    refused(push("--from", source, "--revision", "r2"), "nothing is overwritten, so push to another --revision")
    assert not any(key.endswith(SIGNATURE_FILE) for key in client_keys(bucket))


@pytest.mark.usefixtures("push")
def test_store_and_key_are_found_by_tags_and_kms_signs(paddock: Paddock, bucket: str, tmp_path: Path) -> None:
    source = "--from", f"file://{write(FILES, tmp_path / 'model')}", "--revision", "r1"
    of_stack = "--stack-file", "Pulumi.dev.yaml"
    refused(paddock("weights", "push", *source, *of_stack), "Pulumi.dev.yaml has no store yet that its tags would name")
    refused(paddock("weights", "push", *source, *of_stack, "--bucket", bucket), "has no key for signing yet")
    tags = {STACK_TAG: "paddock/dev", "Name": "llama-store"}
    client("s3").put_bucket_tagging(
        Bucket=bucket, Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}
    )
    made = client("kms").create_key(
        KeyUsage="SIGN_VERIFY",
        KeySpec="ECC_NIST_P256",
        Tags=[{"TagKey": STACK_TAG, "TagValue": "paddock/dev"}, {"TagKey": "Name", "TagValue": "llama-signing-key"}],
    )["KeyMetadata"]["KeyId"]
    ran = paddock("weights", "push", *source, *of_stack)
    assert ran.status == 0, ran.err
    bundle = json.load(client("s3").get_object(Bucket=bucket, Key=f"models/{MODEL}/r1/{SIGNATURE_FILE}")["Body"])
    public = load_public_key(kms_public_key(client("kms"), made))
    # The signature itself is tested elsewhere: moto hashes a digest once more.
    assert bundle["verificationMaterial"]["publicKey"]["hint"] == fingerprint(public)


@pytest.mark.usefixtures("push")
def test_a_stack_file_without_a_stack_in_its_name_or_that_is_not_there_is_one_message(
    paddock: Paddock, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(STACK)
    refused(
        paddock("weights", "push", "--from", SOURCE, "--stack-file", "config.yaml"),
        "config.yaml does not say which stack; its name is Pulumi.<stack>.yaml, or give --bucket and --signing-key",
    )
    refused(paddock("weights", "push", "--from", SOURCE), "stacks/Pulumi.dev.yaml")


def test_without_credentials_and_without_a_bucket_it_says_what_aws_says(push: Push) -> None:
    refused(push("--from", SOURCE, into="no-such-store"), "AWS answers NoSuchBucket")
    with without_credentials():
        refused(push("--from", SOURCE), "takes AWS credentials, and none are found")


def test_the_bar_of_a_terminal_and_the_lines_of_a_log_say_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = iter([0.0, 4.0, 12.0, 20.0])
    monkeypatch.setattr("paddock.cli.screens.weights_push.time", SimpleNamespace(monotonic=lambda: next(now)))
    with ProgressScreen(400 * MIB) as screen:
        screen.tell(40 * MIB, True)
        screen.tell(40 * MIB, True)
        screen.tell(320 * MIB, False)
    assert capsys.readouterr().err.splitlines() == [
        "80.0 MiB of 400.0 MiB, 7 MiB/s, 48 s left",
        "400.0 MiB of 400.0 MiB, 4 MiB/s, 0 s left",
    ]
