"""`paddock images` against real registry servers: what is copied, what is not sent twice, and what each failure says.

Not shown here: ECR itself, and registries with a token service. The registry that runs here keeps no list of referrers,
so they are found by the tag for that; the API for them is tested with made-up answers in tests/unit/operations/images.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from local.processes.process import LOOPBACK
from local.progress import Steps
from local.toolchain.build import REGISTRY, build
from paddock.catalog.lookup import RefusedError
from paddock.operations.images.credentials import Credentials
from paddock.operations.images.inventory import WantedImage
from paddock.operations.images.manifest import MEDIA_TYPES, referrers_tag
from paddock.operations.images.plan import CopyPlan, plan_copy
from paddock.operations.images.reference import Reference
from paddock.operations.images.registry import Endpoint, RegistryError
from paddock.operations.images.resolve import Tree, resolve
from paddock.operations.images.retry import Retry
from paddock.operations.images.sync import Copied, copy, look
from tests.local.registries import MadeUp, Proxy, certificate, start_registry
from tests.unit.cli.running import Paddock

BIG = bytes(range(256)) * 4096 * 3  # 3 MiB, three chunks
SHARED = b"a layer that both images have" * 1000
PASSWORD = "s3cret-token"
# bcrypt of PASSWORD
HTPASSWD = "AWS:$2b$05$abcdefghijklmnopqrstuurqlfNK1j3DPm23UErfIbGaYIPKJXOC2\n"


@pytest.fixture(scope="module")
def binary() -> Path:
    return build(REGISTRY, Steps()) / "registry"


@pytest.fixture
def hosts(binary: Path, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The source and the target."""
    source, source_host = start_registry(binary, tmp_path / "source", "source")
    target, target_host = start_registry(binary, tmp_path / "target", "target")
    yield source_host, target_host
    source.stop(["source"])
    target.stop(["target"])


@dataclass
class Published:
    """A multi-arch image with a cosign tag and an SBOM, as at its publisher."""

    host: str
    index: dict[str, Any]
    signature: dict[str, Any]
    sbom: dict[str, Any]

    @property
    def reference(self) -> str:
        return f"{self.host}/vllm/vllm-openai:v1"


@pytest.fixture
def published(hosts: tuple[str, str]) -> Published:
    made = MadeUp(hosts[0], "vllm/vllm-openai")
    index = made.index(made.image(BIG, SHARED), made.image(b"arm", SHARED), tag="v1")
    signature = made.image(b"signed", tag=f"{referrers_tag(index['digest'])}.sig")
    return Published(hosts[0], index, signature, made.refer(index, b"what is inside"))


@pytest.fixture
def arguments(
    hosts: tuple[str, str], published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Options that every command takes here."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nobody"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    stack = tmp_path / "Pulumi.test.yaml"
    stack.write_text("config:\n  aws:region: us-east-1\n  paddock:model: llama-3.1-8b\n")
    target = ["--registry", hosts[1], "--plain-http"]
    return ["--stack-file", str(stack), "--source", f"vllm={published.reference}", *target]


@pytest.fixture
def paddock(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Paddock:
    return Paddock(monkeypatch, capsys)


def wanted(reference: str, target: str = "paddock/vllm") -> WantedImage:
    return WantedImage(name="vllm", why="to serve", source=Reference.parse(reference), target=target)


def plain(host: str, *, tries: int = 6, slept: list[float] | None = None) -> Endpoint:
    pauses = slept if slept is not None else []
    return Endpoint(host=host, plain_http=True, retry=Retry(tries=tries, sleep=pauses.append, jitter=lambda: 1.0))


def tree_at(host: str, image: WantedImage) -> Tree:
    return resolve(image, plain(host).repository(image.source.repository))


@dataclass
class Watched:
    bytes: int = 0

    def begin(self, what: str, total_bytes: int) -> None: ...

    def moved(self, count: int) -> None:
        self.bytes += count

    def end(self, how: str) -> None: ...


def synced(
    trees: list[Tree], source: Endpoint, target: Endpoint, folder: Path, watched: Watched | None = None
) -> tuple[CopyPlan, Copied]:
    plan = plan_copy(trees, look(trees, target))
    return plan, copy(
        plan, {each.image.source.api_host: source for each in trees}, target, folder, watched or Watched()
    )


def raw(host: str, repository: str, wanted_manifest: str) -> bytes:
    answer = requests.get(
        f"http://{host}/v2/{repository}/manifests/{wanted_manifest}",
        headers={"Accept": ", ".join(MEDIA_TYPES)},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    return answer.content


def test_a_multi_arch_image_with_signature_and_sbom_is_the_same_in_the_target(
    paddock: Paddock, arguments: list[str], hosts: tuple[str, str], published: Published
) -> None:
    before = paddock("images", "verify", *arguments, "--json")
    assert before.status == 1
    assert not json.loads(before.out)["complete"]
    ran = paddock("images", "sync", *arguments, "--json")
    assert ran.status == 0, ran.err
    data = json.loads(ran.out)
    digest = published.index["digest"]
    repository = "paddock/vllm/vllm-openai"
    assert data["images"][0]["target"] == f"{hosts[1]}/{repository}@{digest}"
    assert data["images"][0]["manifests"] == 5
    tag = referrers_tag(digest)
    for each in (digest, "v1", f"{tag}.sig", published.sbom["digest"]):
        assert raw(hosts[1], repository, each) == raw(hosts[0], "vllm/vllm-openai", each)
    listed = json.loads(raw(hosts[1], repository, tag))["manifests"]
    assert [(each["digest"], each["artifactType"], each["annotations"]) for each in listed] == [
        (published.sbom["digest"], "application/spdx+json", {"by": "us"})
    ]
    after = paddock("images", "verify", *arguments, "--json")
    assert after.status == 0
    assert json.loads(after.out)["complete"]


def test_a_second_sync_sends_nothing(paddock: Paddock, arguments: list[str]) -> None:
    assert paddock("images", "sync", *arguments).status == 0
    data = json.loads(paddock("images", "sync", *arguments, "--json").out)
    assert set(data["copied"].values()) == {0}
    assert "has everything already" in paddock("images", "sync", *arguments).out


def test_the_screens_say_why_from_where_to_where_and_what_is_missing(
    paddock: Paddock, arguments: list[str], published: Published
) -> None:
    listed = paddock("images", "list", *arguments, columns=200)
    for shown in ("serves the model", published.reference, published.index["digest"], "coredns: EKS add-on"):
        assert shown in listed.out
    missing = paddock("images", "verify", *arguments, columns=200)
    assert missing.status == 1
    assert f"missing: manifest {published.index['digest']}" in missing.out
    done = paddock("images", "sync", *arguments, columns=200)
    assert f"pulumi config set paddock:vllm_image {arguments[5]}/" in done.out
    assert "copied" in done.err  # a line an item, as nobody watches


def test_without_signatures_only_the_image_is_copied(paddock: Paddock, arguments: list[str]) -> None:
    data = json.loads(paddock("images", "sync", *arguments, "--no-signatures", "--json").out)
    assert (data["images"][0]["manifests"], data["images"][0]["signatures"]) == (3, [])


def test_a_layer_of_two_repositories_is_downloaded_once_and_mounted(hosts: tuple[str, str], tmp_path: Path) -> None:
    MadeUp(hosts[0], "one").image(SHARED, tag="v1")
    MadeUp(hosts[0], "two").image(SHARED, b"more", tag="v1")
    trees = [tree_at(hosts[0], wanted(f"{hosts[0]}/{name}:v1", f"paddock/{name}")) for name in ("one", "two")]
    with Proxy(hosts[0]) as source:
        plan, copied = synced(trees, plain(source.host), plain(hosts[1]), tmp_path / "work")
        # the plan was made with the source's own name; reads go through the proxy
        assert copied.mounted_blobs == 1
        assert plan.mount_bytes == len(SHARED)
        gets = [path for method, path, _ in source.asked if method == "GET" and "/blobs/" in path]
        assert len(gets) == len(set(gets)) == 4
    assert plan_copy(trees, look(trees, plain(hosts[1]))).nothing_to_do


def test_a_download_that_is_cut_goes_on_where_it_stopped(
    hosts: tuple[str, str], published: Published, tmp_path: Path
) -> None:
    cut: list[str] = []

    def once(method: str, path: str) -> str | None:
        if method == "GET" and "/blobs/" in path and not cut:
            cut.append(path)
            return "cut"
        return None

    tree = tree_at(hosts[0], wanted(published.reference))
    big = max(tree.blobs, key=lambda blob: blob.size)
    with Proxy(hosts[0], lambda method, path: once(method, path) if big.digest in path else None) as source:
        _, copied = synced([tree], plain(source.host), plain(hosts[1]), tmp_path / "work")
        ranges = [headers.get("Range") for method, path, headers in source.asked if path.endswith(big.digest)]
    assert copied.downloaded_blobs == len(tree.blobs)
    assert ranges[0] is None
    assert ranges[1] is not None
    assert 0 < int(ranges[1].removeprefix("bytes=").removesuffix("-")) <= big.size // 2
    assert len(ranges) == 2


def test_a_sync_that_failed_half_way_leaves_little_to_the_next(
    hosts: tuple[str, str], published: Published, tmp_path: Path
) -> None:
    tree = tree_at(hosts[0], wanted(published.reference))
    last = tree.blobs[-1]
    with (
        Proxy(hosts[0], lambda _method, path: "500" if path.endswith(last.digest) else None) as source,
        pytest.raises(RegistryError, match="500 while downloading"),
    ):
        synced([tree], plain(source.host, tries=2), plain(hosts[1]), tmp_path / "work")
    plan, copied = synced([tree], plain(hosts[0]), plain(hosts[1]), tmp_path / "work")
    assert [step.blob.digest for step in plan.blobs] == [last.digest]
    assert copied.downloaded_blobs == 1


def test_too_many_requests_are_waited_for_and_at_last_reported(hosts: tuple[str, str], published: Published) -> None:
    left = ["429", "429", "503"]
    slept: list[float] = []
    with Proxy(hosts[0], lambda _method, _path: left.pop() if left else None) as source:
        assert plain(source.host, slept=slept).repository("vllm/vllm-openai").manifest("v1") is not None
        assert slept == [1.0, 2.0, 4.0]
        source.fault = lambda _method, _path: "429"
        with pytest.raises(RegistryError, match="429 while reading v1: too many requests, tried 3 times"):
            plain(source.host, tries=3).repository("vllm/vllm-openai").manifest("v1")
    assert published.index["digest"]


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("/blobs/", "answered sha256:[0-9a-f]{64} with other bytes"),
        ("/manifests/sha256:", "answered sha256:[0-9a-f]{64} with bytes of sha256:"),
    ],
)
def test_other_bytes_than_the_digest_says_never_reach_the_target(
    what: str, message: str, hosts: tuple[str, str], published: Published, tmp_path: Path
) -> None:
    image = wanted(f"{hosts[0]}/vllm/vllm-openai@{published.index['digest']}")

    def fault(method: str, path: str) -> str | None:
        return "other bytes" if method == "GET" and what in path else None

    def read_and_copy(source: Endpoint) -> None:
        synced([resolve(image, source.repository(image.source.repository))], source, plain(hosts[1]), tmp_path / "work")

    with Proxy(hosts[0], fault) as source, pytest.raises(RefusedError, match=message):
        read_and_copy(plain(source.host))
    assert requests.get(f"http://{hosts[1]}/v2/_catalog", timeout=10).json()["repositories"] == []
    assert not list((tmp_path / "work").glob("*.part"))


def test_what_is_not_there_and_who_is_not_there_have_one_message_each(
    paddock: Paddock, arguments: list[str], published: Published
) -> None:
    absent = [word.replace(":v1", ":v2") for word in arguments]
    ran = paddock("images", "list", *absent)
    asking, message = ran.err.splitlines()
    assert (ran.status, asking) == (2, f"asking {published.host} for digests …")
    assert "is not there, and vllm is needed" in message
    with pytest.raises(RegistryError, match=r"cannot be reached, it refuses .*outside the VPC"):
        plain(f"{LOOPBACK}:9", tries=2).repository("a").manifest("v1")
    assert published.index["digest"]


def test_a_tag_of_the_target_is_never_moved(
    paddock: Paddock, arguments: list[str], hosts: tuple[str, str], published: Published
) -> None:
    MadeUp(hosts[1], "paddock/vllm/vllm-openai").image(b"older", tag="v1")
    there = raw(hosts[1], "paddock/vllm/vllm-openai", "v1")
    data = json.loads(paddock("images", "sync", *arguments, "--json").out)
    assert [each["tag"] for each in data["tags_left_alone"]] == ["v1"]
    assert raw(hosts[1], "paddock/vllm/vllm-openai", "v1") == there
    assert raw(hosts[1], "paddock/vllm/vllm-openai", published.index["digest"])


def test_a_blob_that_is_lost_in_the_target_is_seen_and_brought_again(
    paddock: Paddock, arguments: list[str], hosts: tuple[str, str], published: Published, tmp_path: Path
) -> None:
    assert paddock("images", "sync", *arguments).status == 0
    lost = max(tree_at(hosts[0], wanted(published.reference)).blobs, key=lambda blob: blob.size).digest
    name = "paddock/vllm/vllm-openai"
    link = tmp_path / "target/data/docker/registry/v2/repositories" / name / "_layers/sha256" / lost[7:] / "link"
    link.unlink()
    ran = paddock("images", "verify", *arguments, columns=200)
    assert ran.status == 1
    assert f"missing: blob {lost}" in ran.out
    assert paddock("images", "sync", *arguments).status == 0
    assert paddock("images", "verify", *arguments).status == 0


def test_two_copies_do_not_share_a_work_folder(paddock: Paddock, arguments: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "busy"
    folder.mkdir()
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = paddock("images", "sync", *arguments, "--work-folder", str(folder))
    assert (ran.status, ran.err.count("\n")) == (2, 1)
    assert "another `paddock images sync` works in" in ran.err
    assert paddock("images", "sync", *arguments, "--work-folder", str(folder)).status == 0


def test_a_registry_with_password_and_tls_takes_the_right_one_and_no_message_shows_it(
    binary: Path, hosts: tuple[str, str], published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crt, key = certificate(tmp_path)
    users = tmp_path / "htpasswd"
    users.write_text(HTPASSWD)
    tls = {"tls": {"certificate": str(crt), "key": str(key)}}
    auth = {"htpasswd": {"realm": "here", "path": str(users)}}
    processes, host = start_registry(binary, tmp_path / "closed", "closed", http_options=tls, auth=auth)
    try:
        tree = tree_at(hosts[0], wanted(published.reference))
        right = Endpoint(host=host, credentials=Credentials("AWS", PASSWORD))
        with pytest.raises(RegistryError, match=r"certificate .* is not trusted here"):
            look([tree], right)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(crt))
        with pytest.raises(RegistryError, match=r"401 while .*it wants to know who asks"):
            look([tree], Endpoint(host=host))
        with pytest.raises(RegistryError, match=r"401 while .*the credentials are refused") as refused:
            look([tree], Endpoint(host=host, credentials=Credentials("AWS", "no-" + PASSWORD)))
        assert PASSWORD not in f"{refused.value}{refused.value.__cause__}{right!r}"
        synced([tree], plain(hosts[0]), right, tmp_path / "work")
        assert plan_copy([tree], look([tree], right)).nothing_to_do
    finally:
        processes.stop(["closed"])


def test_a_password_is_not_sent_without_tls(binary: Path, tmp_path: Path) -> None:
    users = tmp_path / "htpasswd"
    users.write_text(HTPASSWD)
    auth = {"htpasswd": {"realm": "here", "path": str(users)}}
    processes, host = start_registry(binary, tmp_path / "closed", "closed", http_options={"headers": {}}, auth=auth)
    try:
        with Proxy(host) as between, pytest.raises(RegistryError, match="password over plain HTTP; it is not sent"):
            Endpoint(host=between.host, plain_http=True, credentials=Credentials("AWS", PASSWORD)).repository(
                "a"
            ).manifest("v1")
        assert not any("Authorization" in headers for _, _, headers in between.asked)
    finally:
        processes.stop(["closed"])
