"""`paddock images` from one registry to another, both in this process: what is said, copied, missing and refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from paddock.cli.screens.images import ProgressScreen
from paddock.operations.images.manifest import referrers_tag
from tests.local.registries import MadeUp
from tests.unit.cli.account import ACCOUNT, REGION, client, empty_account, without_credentials
from tests.unit.cli.registry import Registry, running_registry
from tests.unit.cli.running import Paddock, Ran

STACK = f"config:\n  aws:region: {REGION}\n  paddock:model: llama-3.1-8b\n"
REPOSITORY = "paddock/vllm/vllm-openai"
LAYER = b"a layer" * 1000
Images = Callable[..., Ran]


@dataclass
class Published:
    """Image for two architectures with a cosign tag and an SBOM, as at its publisher."""

    source: Registry
    digest: str
    signature: str
    sbom: str

    @property
    def reference(self) -> str:
        return f"{self.source.host}/vllm/vllm-openai:v1"


@pytest.fixture(scope="module")
def published() -> Iterator[Published]:
    with running_registry() as source:
        made = MadeUp(source.host, "vllm/vllm-openai")
        index = made.index(made.image(LAYER, b"amd"), made.image(LAYER, b"arm"), tag="v1")
        signature = made.image(b"signed", tag=f"{referrers_tag(index['digest'])}.sig")
        sbom = made.refer(index, b"what is inside")
        yield Published(source, index["digest"], signature["digest"], sbom["digest"])


@pytest.fixture
def target() -> Iterator[Registry]:
    with running_registry() as running:
        yield running


@pytest.fixture
def images(
    published: Published, target: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paddock: Paddock
) -> Images:
    """`images("sync")` runs the command from the publisher to the target, with a stack file of the test's own."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nobody"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(STACK)

    def ran(*words: str, registry: str | None = target.host, columns: int = 100) -> Ran:
        to = () if registry is None else ("--registry", registry)
        source = "--source", f"vllm={published.reference}", "--plain-http"
        return paddock("images", *words, "--stack-file", str(file), *source, *to, columns=columns)

    return ran


def refused(ran: Ran, says: str) -> None:
    assert ran.status == 2
    assert says in " ".join(ran.err.split())
    assert ran.err.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in ran.err


def data_of(ran: Ran) -> dict[str, Any]:
    assert not ran.err.startswith("Error"), ran.err
    data: dict[str, Any] = json.loads(ran.out)
    return data


def test_list_says_why_from_where_to_where_and_what_is_left_out(
    images: Images, published: Published, target: Registry
) -> None:
    listed = images("list")
    assert listed.status == 0, listed.err
    said = " ".join(listed.out.split())
    assert f"source {published.reference}" in said
    assert f"target {target.host}/{REPOSITORY}" in said
    assert f"digest {published.digest}" in said
    assert "5 manifests, of these 2 signatures and the like" in said
    assert "Not copied, as of" in said
    data = data_of(images("list", "--json"))
    (image,) = data["images"]
    assert (image["digest"], image["source"]) == (published.digest, published.reference)
    assert sorted(image["signatures"]) == sorted([published.signature, published.sbom])
    assert data["registry"] == target.host
    assert target.written == 0


def test_sync_copies_all_of_it_and_says_how_the_stack_runs_it(
    images: Images, published: Published, target: Registry
) -> None:
    ran = images("sync")
    assert ran.status == 0, ran.err
    said = " ".join(ran.out.split())
    assert "copied 9 blobs" in said
    assert "stored 5 manifests and 2 tags" in said
    command = f"pulumi config set paddock:vllm_image {target.host}/{REPOSITORY}@{published.digest}"
    assert f"\n  {command}\n" in ran.out, "in one line, to be copied"
    assert "vllm manifest " in ran.err
    for key, content in published.source.manifests.items():
        assert target.manifests[REPOSITORY, key[1]] == content
    assert {digest for _, digest in target.blobs} == {digest for _, digest in published.source.blobs}
    before = target.written
    again = images("sync")
    assert f"{target.host} has everything already" in " ".join(again.out.split())
    assert data_of(images("sync", "--json"))["copied"]["downloaded_blobs"] == 0
    assert target.written == before


def test_without_signatures_the_image_alone_is_copied(images: Images, published: Published, target: Registry) -> None:
    data = data_of(images("sync", "--no-signatures", "--json"))
    assert (data["copied"]["manifests"], data["copied"]["tags"]) == (3, 1)
    assert (REPOSITORY, published.signature) not in target.manifests


def test_an_image_of_ones_own_comes_too_and_shares_a_layer(
    images: Images, published: Published, target: Registry
) -> None:
    MadeUp(published.source.host, "mine/tools").image(LAYER, tag="1")
    target.mounts = True
    data = data_of(images("sync", "--also", f"tools={published.source.host}/mine/tools:1", "--json"))
    assert [each["name"] for each in data["images"]] == ["vllm", "tools"]
    assert data["images"][1]["why"] == "asked for by --also"
    assert data["copied"]["mounted_blobs"] == 1
    assert ("paddock/mine/tools", "1") in target.manifests


def test_verify_ends_with_1_and_names_what_is_missing(images: Images, target: Registry) -> None:
    before = images("verify")
    assert before.status == 1
    assert f"✗ vllm  {target.host}/{REPOSITORY}" in before.out
    assert "run `paddock images sync` with the same options" in before.out
    assert data_of(images("verify", "--json"))["complete"] is False
    images("sync")
    after = images("verify")
    assert (after.status, f"✓ vllm  {target.host}/{REPOSITORY}" in after.out) == (0, True)
    lost = next(key for key, content in target.blobs.items() if content == LAYER)
    del target.blobs[lost]
    (image,) = data_of(images("verify", "--json"))["images"]
    assert [lost[1] in each for each in image["missing"]] == [True]
    assert "missing: " in images("verify").out


def test_a_tag_of_the_target_is_never_moved(images: Images, published: Published, target: Registry) -> None:
    mine = MadeUp(target.host, REPOSITORY).image(b"mine", tag="v1")["digest"]
    ran = images("sync")
    assert f"left alone: tag v1 of {REPOSITORY} names {mine}, at the source {published.digest}" in " ".join(
        ran.out.split()
    )
    (moved,) = data_of(images("verify", "--json"))["tags_left_alone"]
    assert moved == {"repository": REPOSITORY, "tag": "v1", "target": mine, "source": published.digest}
    assert target.manifests[REPOSITORY, "v1"] == target.manifests[REPOSITORY, mine]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--source", "other=docker.io/a/b:1"), "--source names 'other', which paddock does not run"),
        (("--source", "vllm"), "--source takes <name>=<image>, got 'vllm'"),
        (("--also", "a=docker.io/a:1", "--also", "a=docker.io/a:2"), "--also names 'a' twice"),
        (("--also", "vllm=docker.io/a:1"), "--also names 'vllm', which is copied anyway"),
    ],
)
def test_names_that_are_wrong_are_refused_before_anyone_is_asked(
    paddock: Paddock, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(STACK)
    ran = paddock("images", "list", "--stack-file", str(file), *words)
    refused(ran, says)
    assert not ran.out


@pytest.mark.parametrize(
    ("text", "words", "says"),
    [
        ("config: {}\n", (), "has no usable aws:region, got None; it says whose ECR is meant"),
        (STACK + "  paddock:vllm_image: docker.io/a/b:1\n", (), "paddock:vllm_image of"),
        (STACK, ("--plain-http",), "--plain-http is for registries on 127.0.0.1 or localhost"),
        (STACK, ("--registry", "http://a"), "http://a"),
        (None, (), "Pulumi.dev.yaml"),
    ],
)
def test_a_stack_file_that_is_wrong_is_one_message(
    paddock: Paddock, tmp_path: Path, text: str | None, words: tuple[str, ...], says: str
) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    if text is not None:
        file.write_text(text)
    refused(paddock("images", "sync", "--stack-file", str(file), *words), says)


def test_a_registry_of_the_stack_is_not_another_one(paddock: Paddock, tmp_path: Path) -> None:
    ecr = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(f"{STACK}  paddock:vllm_image: {ecr}/paddock/vllm@sha256:{64 * 'a'}\n")
    refused(
        paddock("images", "sync", "--stack-file", str(file), "--registry", "registry.example.com"),
        f"--registry is registry.example.com, and the stack pulls from {ecr}; leave one of them out",
    )


def test_an_image_that_is_not_there_is_named_with_the_way_out(images: Images, published: Published) -> None:
    refused(
        images("sync", "--also", f"gone={published.source.host}/none/such:1"),
        f"{published.source.host}/none/such:1 is not there, and gone is needed (asked for by --also)",
    )


def test_repositories_are_made_in_ecr_alone_only_when_asked_and_by_the_stacks_role(
    images: Images, tmp_path: Path
) -> None:
    refused(images("sync", "--create-repositories"), "--create-repositories is for ECR")
    with empty_account():
        client("ecr").create_repository(repositoryName="mine")
        ran = images("sync", registry=None)
        refused(ran, f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com has no repository {REPOSITORY}")
        role = "aws:assumeRoles: [{roleArn: 'arn:aws:iam::210987654321:role/deployer'}]"
        (tmp_path / "Pulumi.dev.yaml").write_text(f"{STACK}  {role}\n")
        refused(images("sync", registry=None), f"210987654321.dkr.ecr.{REGION}.amazonaws.com has no repository")
        with without_credentials():
            refused(images("sync", registry=None), "takes AWS credentials, and none are found")


def test_a_bar_is_shown_at_a_terminal_and_a_line_an_item_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressScreen(2**20) as watcher:
        watcher.begin("vllm 0123", 2**20)
        watcher.moved(2**20)
        watcher.end("copied")
        watcher.begin("vllm manifest 0123", 0)
        watcher.end("stored")
    assert capsys.readouterr().err.splitlines() == ["vllm 0123, 1.0 MiB: copied", "vllm manifest 0123: stored"]
