"""Registry answers that the real one of tests/local never gives: the API for referrers, odd pages, long waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from paddock.operations.images.inventory import WantedImage
from paddock.operations.images.manifest import OCI_MANIFEST, read_manifest, referrers_tag
from paddock.operations.images.plan import plan_copy
from paddock.operations.images.reference import Reference
from paddock.operations.images.registry import Endpoint, RegistryError, Repository
from paddock.operations.images.resolve import Tree
from paddock.operations.images.retry import Retry
from paddock.operations.images.sync import copy
from tests.unit.cli.registry import answering

ABOUT = f"sha256:{'a' * 64}"


@dataclass
class Made:
    """Answers by method and path: status, headers, body."""

    answers: dict[tuple[str, str], list[tuple[int, dict[str, str], bytes]]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    host: str = ""

    def answer(self, method: str, path: str, status: int, body: Any = b"", **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.setdefault((method, f"/v2/r/{path}"), []).append((status, named, raw))

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(host=self.host, plain_http=True, retry=Retry(tries=3, sleep=self.slept.append))

    @property
    def repository(self) -> Repository:
        return self.endpoint.repository("r")


@pytest.fixture
def made() -> Iterator[Made]:
    made = Made()

    def answer(handler: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        made.asked.append((handler.command, handler.path))
        handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        left = made.answers.get((handler.command, handler.path), [])
        return (left.pop(0) if len(left) > 1 else left[0]) if left else (404, {}, b"")

    with answering(answer) as made.host:
        yield made


def test_referrers_are_read_page_by_page(made: Made) -> None:
    following = f"/v2/r/referrers/{ABOUT}?n=2"
    made.answer("GET", f"referrers/{ABOUT}", 200, {"manifests": [{"digest": "one"}]}, Link=f'<{following}>; rel="next"')
    made.answer("GET", f"referrers/{ABOUT}?n=2", 200, {"manifests": [{"digest": "two"}]})
    assert made.repository.referrers(ABOUT) == [{"digest": "one"}, {"digest": "two"}]


def test_a_page_on_another_host_is_not_followed(made: Made) -> None:
    made.answer("GET", f"referrers/{ABOUT}", 200, {"manifests": []}, Link='<http://127.0.0.1:9/x>; rel="next"')
    with pytest.raises(RegistryError, match="on another host; not followed"):
        made.repository.referrers(ABOUT)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"a": 1}'])
def test_what_is_no_list_means_that_there_is_no_api(body: bytes, made: Made) -> None:
    made.answer("GET", f"referrers/{ABOUT}", 200, body)
    assert made.repository.referrers(ABOUT) is None


@pytest.mark.parametrize("api", [True, False])
def test_the_list_of_referrers_is_written_only_where_the_registry_does_not_keep_it(
    api: bool, made: Made, tmp_path: Path
) -> None:
    data = {"config": {"digest": ABOUT, "size": 1}, "layers": [], "subject": {"digest": ABOUT, "size": 1}}
    manifest = read_manifest(json.dumps(data).encode(), OCI_MANIFEST, wanted="v1", where="here")
    kept = {"OCI_Subject": ABOUT} if api else {}
    made.answer("PUT", f"manifests/{manifest.digest}", 201, **kept)
    made.answer("PUT", f"manifests/{referrers_tag(ABOUT)}", 201)
    image = WantedImage(name="vllm", why="", source=Reference.parse(f"{made.host}/r:v1"), target="r")
    tree = Tree(image=image, digest=ABOUT, manifests=(manifest,), tags={}, signatures=(manifest.digest,))
    plan = plan_copy([tree], {})
    without_blobs = type(plan)(blobs=(), manifests=plan.manifests, tags=(), moved_tags=())

    class Silent:
        def begin(self, what: str, total_bytes: int) -> None: ...
        def moved(self, count: int) -> None: ...
        def end(self, how: str) -> None: ...

    copy(without_blobs, {}, made.endpoint, tmp_path, Silent())
    assert (("PUT", f"/v2/r/manifests/{referrers_tag(ABOUT)}") in made.asked) is not api


def test_the_pause_that_a_registry_asks_for_is_kept_and_a_long_one_is_reported_at_once(made: Made) -> None:
    made.answer("HEAD", f"blobs/{ABOUT}", 429, Retry_After="77")
    made.answer("HEAD", f"blobs/{ABOUT}", 200)
    assert made.repository.has_blob(ABOUT)
    assert made.slept == [77.0]
    made.answer("HEAD", "blobs/later", 429, Retry_After="3600")
    with pytest.raises(RegistryError, match="429 while"):
        made.repository.has_blob("later")
    assert made.slept == [77.0]


def test_every_pause_is_told_before_it_with_what_failed_and_which_try_comes(made: Made) -> None:
    made.answer("HEAD", f"blobs/{ABOUT}", 429, Retry_After="77")
    told: list[str] = []
    waiting = replace(made.endpoint, announce=lambda text: told.append(f"{len(made.slept)} before: {text}"))
    with pytest.raises(RegistryError, match="too many requests"):
        waiting.repository("r").has_blob(ABOUT)
    failed = f"{made.host}: looking for {ABOUT} failed"
    assert told == [f"0 before: {failed}; try 2 of 3 in 77 s", f"1 before: {failed}; try 3 of 3 in 77 s"]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "password over plain HTTP"),
        (403, "403 while .*may not do that"),
        (418, "418 while .*refuses it"),
        (503, "503 while .*has trouble, tried 3 times"),
    ],
)
def test_every_status_has_one_sentence(status: int, message: str, made: Made) -> None:
    made.answer("GET", "manifests/v1", status, WWW_Authenticate='Basic realm="x"')
    with pytest.raises(RegistryError, match=message) as refused:
        made.repository.manifest("v1")
    assert "\n" not in str(refused.value)
    assert refused.value.status == status


def test_a_registry_that_stores_something_else_is_found_out(made: Made) -> None:
    raw = b'{"config": {"digest": "%s", "size": 1}, "layers": []}' % ABOUT.encode()
    manifest = read_manifest(raw, OCI_MANIFEST, wanted="v1", where="here")
    made.answer("PUT", "manifests/v1", 201, Docker_Content_Digest=ABOUT)
    with pytest.raises(RegistryError, match="it changed what it was given"):
        made.repository.put_manifest(manifest, "v1")


def test_an_address_that_is_signed_is_in_no_message(made: Made) -> None:
    made.answer("GET", "blobs/x", 307, Location="http://127.0.0.1:9/layer?X-Amz-Signature=s3cret")
    with pytest.raises(RegistryError, match="cannot be reached") as refused:
        made.repository._tried("downloading", lambda: made.repository._dxf.ask("get", "blobs/x"))
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
