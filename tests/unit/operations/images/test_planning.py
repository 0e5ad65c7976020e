"""Copy plans of images, decided from references and manifests alone. tests/local/test_images.py has real registries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock import catalog
from paddock.catalog.eks import eks_addons
from paddock.catalog.images import platform_images
from paddock.catalog.lookup import RefusedError
from paddock.choices import NodeOs
from paddock.operations.images.inventory import WantedImage, wanted_images
from paddock.operations.images.manifest import (
    OCI_INDEX,
    OCI_MANIFEST,
    Manifest,
    ManifestError,
    digest_of,
    read_manifest,
    referrers_tag,
)
from paddock.operations.images.plan import Present, plan_copy
from paddock.operations.images.reference import Reference
from paddock.operations.images.resolve import Tree, resolve
from paddock.operations.images.retry import Retry, TransientError
from paddock.settings import KEYS

DIGEST = f"sha256:{'a' * 64}"
ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


def image(name: str = "vllm", target: str = "paddock/vllm") -> WantedImage:
    return WantedImage(name=name, why="to serve", source=Reference.parse(f"docker.io/vllm/{name}:v1"), target=target)


def manifest(data: Mapping[str, Any]) -> Manifest:
    return read_manifest(json.dumps(data).encode(), OCI_MANIFEST, wanted="v1", where="here")


def described(digest: str, size: int = 1) -> dict[str, Any]:
    return {"mediaType": OCI_MANIFEST, "digest": digest, "size": size}


def leaf(*layers: str, subject: str | None = None) -> Manifest:
    blobs = [described(digest_of(each.encode()), len(each)) for each in ("config", *layers)]
    data = {"schemaVersion": 2, "config": blobs[0], "layers": blobs[1:]}
    return manifest(data | ({"subject": described(subject)} if subject else {}))


class Made:
    """A registry that is a dictionary."""

    def __init__(
        self, *manifests: Manifest, tags: Mapping[str, Manifest], listed: Mapping[str, list[str]] | None
    ) -> None:
        self.known = {each.digest: each for each in manifests} | dict(tags)
        self.listed = listed

    def manifest(self, wanted: str) -> Manifest | None:
        return self.known.get(wanted)

    def referrers(self, digest: str) -> list[Mapping[str, Any]] | None:
        return None if self.listed is None else [described(each) for each in self.listed.get(digest, [])]


def tree(target: str, *manifests: Manifest, tags: Mapping[str, str] | None = None) -> Tree:
    own = image(target=target)
    return Tree(image=own, digest=manifests[-1].digest, manifests=manifests, tags=tags or {}, signatures=())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("docker.io/vllm/vllm-openai:v0.33.0", ("docker.io", "vllm/vllm-openai", "v0.33.0", None)),
        (f"{ECR}/a@{DIGEST}", (ECR, "a", None, DIGEST)),
        (f"127.0.0.1:5000/a/b:1@{DIGEST}", ("127.0.0.1:5000", "a/b", "1", DIGEST)),
        ("localhost/a:1", ("localhost", "a", "1", None)),
    ],
)
def test_a_full_name_is_taken_apart_and_put_together_again(text: str, parts: tuple[str | None, ...]) -> None:
    found = Reference.parse(text)
    assert (found.registry, found.repository, found.tag, found.digest) == parts
    assert str(found) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "vllm",
            "vllm/vllm-openai:v1",
            "docker.io/vllm",
            "docker.io/Vllm:1",
            "http://docker.io/a:1",
            "user@docker.io/a:1",
        ),
        *(
            "docker.io/../a:1",
            "docker.io/a:1 ",
            "docker.io/a:$(id)",
            "docker.io/a@sha256:12",
            "docker.io/a:1\n",
            "-o.io/-a:1",
        ),
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(RefusedError, match="is no image; write"):
        Reference.parse(text)


@given(st.text(max_size=600))
def test_whatever_is_written_is_a_name_that_comes_back_or_one_line(text: str) -> None:
    try:
        found = str(Reference.parse(text))
    except RefusedError as refused:
        found = str(refused)
    assert found == text or "\n" not in found


def wanted(**options: Any) -> tuple[WantedImage, ...]:
    given_options = {"vllm_version": "0.33.0", "named": {}, "sources": {}, "also": {}} | options
    return wanted_images(platform_images().of("bottlerocket"), **given_options)


def test_the_version_of_the_stack_is_the_tag_and_the_repository_keeps_its_name() -> None:
    (found,) = wanted()
    assert (str(found.source), found.target) == ("docker.io/vllm/vllm-openai:v0.33.0", "paddock/vllm/vllm-openai")


def test_the_digest_of_the_stack_is_asked_for_and_goes_where_the_stack_looks() -> None:
    (found,) = wanted(named={"vllm_image": f"{ECR}/my/vllm@{DIGEST}"})
    assert (str(found.source), found.target) == (f"docker.io/vllm/vllm-openai@{DIGEST}", "my/vllm")


def test_a_mirror_and_images_of_ones_own_are_named() -> None:
    found = wanted(sources={"vllm": "mirror.corp/v:1"}, also={"proxy": "ghcr.io/p/p:2"})
    assert [(each.name, str(each.source), each.target) for each in found] == [
        ("vllm", "mirror.corp/v:1", "paddock/v"),
        ("proxy", "ghcr.io/p/p:2", "paddock/p/p"),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sources": {"vlm": "a.b/c:1"}}, "did you mean 'vllm'"),
        ({"also": {"vllm": "a.b/c:1"}}, "copied anyway"),
        (
            {"sources": {"vllm": f"a.b/c@sha256:{'b' * 64}"}, "named": {"vllm_image": f"{ECR}/v@{DIGEST}"}},
            "must be the same",
        ),
    ],
)
def test_words_that_contradict_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        wanted(**options)


@pytest.mark.parametrize("node_os", list(NodeOs))
def test_every_image_of_the_list_has_a_reason_and_none_is_both_needed_and_excluded(node_os: NodeOs) -> None:
    facts = platform_images().of(node_os)
    assert all(each.why and each.stated_by for each in facts.needed)
    assert all(each.why and each.stated_by for each in facts.excluded)
    assert not {each.name for each in facts.needed} & {each.name for each in facts.excluded}
    for each in facts.needed:
        Reference.parse(each.source.format(vllm_version=catalog.newest_version()))
        assert each.setting in KEYS


def test_only_amazon_linux_needs_the_device_plugin() -> None:
    needed = {os: {each.name for each in platform_images().of(os).needed} for os in NodeOs}
    assert needed == {NodeOs.BOTTLEROCKET: {"vllm"}, NodeOs.AL2023: {"vllm", "nvidia-device-plugin"}}


def test_every_add_on_that_the_cluster_installs_is_on_the_list() -> None:
    installed = set().union(*eks_addons().versions.values())
    assert installed <= {each.name for each in platform_images().excluded}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"<html>", "is no image manifest"),
        (b"[]", "is no image manifest"),
        (b"[" * 100_000, "is no image manifest"),
        (b'{"mediaType": "text/html"}', "known are"),
        (b'{"config": {"digest": "sha256:../../etc", "size": 1}, "layers": []}', "is no image manifest"),
        (b'{"config": {"digest": "sha256:' + b"a" * 64 + b'", "size": -1}, "layers": []}', "is no image manifest"),
        (b" " * (4 * 1024**2 + 1), "at most 4,194,304"),
    ],
)
def test_what_is_no_manifest_is_refused_in_one_sentence(raw: bytes, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        read_manifest(raw, OCI_MANIFEST, wanted="v1", where="here")


def test_a_manifest_of_another_digest_than_was_asked_for_is_refused() -> None:
    with pytest.raises(ManifestError, match=r"answered sha256:a+ with bytes of"):
        read_manifest(leaf("x").raw, OCI_MANIFEST, wanted=DIGEST, where="here")


@pytest.mark.parametrize("api", [True, False], ids=["by the API", "by the tag"])
def test_an_index_its_children_and_all_that_speaks_about_them_are_found_in_the_order_of_need(api: bool) -> None:
    amd, arm, signature = leaf("amd"), leaf("arm"), leaf("signature")
    index = manifest({"mediaType": OCI_INDEX, "manifests": [described(amd.digest), described(arm.digest)]})
    sbom = leaf("sbom", subject=index.digest)
    signed_sbom = leaf("about the sbom", subject=sbom.digest)
    listed = {index.digest: [sbom.digest], sbom.digest: [signed_sbom.digest]}
    tags = {"v1": index, f"{referrers_tag(arm.digest)}.sig": signature}
    if not api:
        for subject, digests in listed.items():
            entries = [described(each) for each in digests]
            tags[referrers_tag(subject)] = manifest({"mediaType": OCI_INDEX, "manifests": entries})
    everything = (amd, arm, index, sbom, signed_sbom)
    found = resolve(image(), Made(*everything, tags=tags, listed=listed if api else None))
    names = [each.digest for each in found.manifests]
    assert names == [each.digest for each in (amd, arm, signature, index, sbom, signed_sbom)]
    assert found.tags == {"v1": index.digest, f"{referrers_tag(arm.digest)}.sig": signature.digest}
    assert set(found.signatures) == {signature.digest, sbom.digest, signed_sbom.digest}
    bare = resolve(image(), Made(*everything, tags=tags, listed=listed if api else None), signatures=False)
    assert [each.digest for each in bare.manifests] == [amd.digest, arm.digest, index.digest]


def test_an_image_with_a_part_missing_is_refused() -> None:
    index = manifest({"mediaType": OCI_INDEX, "manifests": [described(DIGEST)]})
    with pytest.raises(RefusedError, match="which its registry does not have"):
        resolve(image(), Made(tags={"v1": index}, listed={}))


def test_a_list_of_referrers_that_is_none_is_refused() -> None:
    class Lying(Made):
        def referrers(self, digest: str) -> list[Mapping[str, Any]] | None:
            return [{"digest": f"../{digest}", "size": 1}]

    with pytest.raises(RefusedError, match=r"lists referrers of .* that are none"):
        resolve(image(), Lying(tags={"v1": leaf("x")}, listed={}))


def test_each_blob_is_downloaded_once_and_mounted_elsewhere() -> None:
    one, two = tree("one", leaf("same", "first")), tree("two", leaf("same", "second"))
    plan = plan_copy([one, two], {})
    assert [(step.tree.image.target, step.blob.size, step.mount_from) for step in plan.blobs] == [
        ("one", len("config"), None),
        ("one", len("same"), None),
        ("one", len("first"), None),
        ("two", len("config"), "one"),
        ("two", len("same"), "one"),
        ("two", len("second"), None),
    ]
    assert (plan.download_bytes, plan.mount_bytes) == (21, 10)


def test_what_is_there_is_not_copied_and_a_tag_that_names_something_else_is_left_alone() -> None:
    own = leaf("x")
    there = Present(
        blobs=frozenset(blob.digest for blob in own.blobs),
        manifests=frozenset({own.digest}),
        tags={"kept": own.digest, "moved": DIGEST},
    )
    whole = tree("one", own, tags={"kept": own.digest, "moved": own.digest})
    plan = plan_copy([whole], {"one": there})
    assert plan.nothing_to_do
    assert [(each.tag, each.there) for each in plan.moved_tags] == [("moved", DIGEST)]
    lacking = plan_copy([whole], {"one": Present(blobs=there.blobs)})
    assert lacking.missing_of(whole) == [f"manifest {own.digest}", "tag kept", "tag moved"]


@given(st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4), min_size=1, max_size=4), st.data())
def test_after_any_plan_nothing_is_missing(layers: list[list[str]], data: st.DataObject) -> None:
    trees = [tree(f"t{number % 2}", leaf(*each)) for number, each in enumerate(layers)]
    every = sorted({blob.digest for each in trees for blob in each.blobs})
    present = {name: Present(blobs=data.draw(st.frozensets(st.sampled_from(every)))) for name in ("t0", "t1")}
    plan = plan_copy(trees, present)
    blobs = {name: set(has.blobs) for name, has in present.items()}
    for step in plan.blobs:
        assert step.mount_from is None or step.blob.digest in blobs[step.mount_from]
        assert step.blob.digest not in blobs[step.tree.image.target]
        blobs[step.tree.image.target].add(step.blob.digest)
    manifests = {name: {s.manifest.digest for s in plan.manifests if s.tree.image.target == name} for name in blobs}
    then = {name: Present(blobs=frozenset(blobs[name]), manifests=frozenset(manifests[name])) for name in blobs}
    assert plan_copy(trees, then).nothing_to_do


def test_pauses_double_up_to_a_limit_and_a_longer_wish_is_followed_within_reason() -> None:
    slept: list[float] = []
    retry = Retry(tries=7, longest_seconds=10, sleep=slept.append, jitter=lambda: 1.0)
    asked = iter([None, None, 20.0, None, None, None, None])

    def fail() -> None:
        raise TransientError(RefusedError("at last"), next(asked))

    with pytest.raises(RefusedError, match="at last"):
        retry(fail)
    assert slept == [1, 2, 20, 8, 10, 10]

    def long() -> None:
        raise TransientError(RefusedError("too long"), 3600)

    with pytest.raises(RefusedError, match="too long"):
        retry(long)
    assert len(slept) == 6
