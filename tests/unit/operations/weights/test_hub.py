"""Hugging Face's API over loopback: commit, digests, pages, redirects, gates, faults."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import pytest

from paddock.catalog.lookup import RefusedError
from paddock.operations.images.retry import Retry
from paddock.operations.weights.sources.hub import HubSource, hub_endpoint, hub_token
from paddock.operations.weights.sources.source import Opened, SourceError, read_small
from tests.hub import Hub, Repository

LARGE = bytes(range(256)) * 1000
FILES = {**{f"config-{number}.json": b"{}" for number in range(9)}, "model.safetensors": LARGE, "a b/ü.json": b"[]"}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub({"a/open": Repository(FILES), "a/gated": Repository(FILES, gated=True)}) as running:
        running.repositories["a/private"] = Repository(FILES, private=True)
        yield running


def source(hub: Hub, repository: str = "a/open", revision: str = "", token: str = "") -> HubSource:
    quick = Retry(tries=8, first_seconds=0.0)
    return HubSource(repository, revision, environment=hub.environment(token), retry=quick)


def test_the_listing_has_the_commit_and_every_page_with_digests(hub: Hub) -> None:
    listing = source(hub).listing()
    assert listing.commit == hub.repositories["a/open"].commit
    assert {each.name: each.size_bytes for each in listing.files} == {name: len(data) for name, data in FILES.items()}
    large, small = listing.named("model.safetensors"), listing.named("config-1.json")
    assert large is not None
    assert small is not None
    assert large.sha256 == sha256(LARGE).hexdigest()
    assert (small.sha256, len(small.git_sha1)) == ("", 40)


@pytest.mark.parametrize(
    ("card", "license_name"),
    [
        ({"license": "llama3.2"}, "llama3.2"),
        ({"license": "other", "license_name": "acme-1.0"}, "acme-1.0"),
        ({"license": "llama3.2", "license_name": "acme-1.0"}, "llama3.2"),
        ({"license": "other", "license_name": " "}, "other"),
        ({"license": "other"}, "other"),
        ({}, ""),
    ],
)
def test_a_license_of_ones_own_is_called_by_its_name(hub: Hub, card: dict[str, str], license_name: str) -> None:
    hub.repositories["a/open"].card = card
    assert source(hub).listing().license == license_name


def test_every_file_is_read_at_the_commit_and_held_against_its_digest(hub: Hub) -> None:
    made = source(hub)
    for each in made.listing().files:
        assert read_small(made, each) == FILES[each.name]
    assert all(hub.repositories["a/open"].commit in path for path, _ in hub.requests("hub", "/resolve/"))


@pytest.mark.parametrize("name", ["model.safetensors", "config-1.json"])
def test_other_bytes_than_the_digest_says_are_refused(hub: Hub, name: str) -> None:
    made = source(hub)
    file = made.listing().named(name)
    assert file is not None
    hub.fault = lambda _server, path: (
        "other bytes" if "/xet-bridge/" in path or (name in path and "json" in name) else None
    )
    with pytest.raises(SourceError, match=name):
        read_small(made, file)


def test_a_large_file_is_read_from_any_byte(hub: Hub) -> None:
    made = source(hub)
    file = made.listing().named("model.safetensors")
    assert file is not None
    buffer = bytearray(1000)
    with Opened(made, file, 12_345) as opened:
        opened.fill(memoryview(buffer))
    assert buffer == LARGE[12_345:13_345]


def test_a_stream_that_breaks_goes_on_at_the_same_byte(hub: Hub) -> None:
    made = source(hub)
    file = made.listing().named("model.safetensors")
    assert file is not None
    broken = iter(["cut", None, "503", "cut", "reset"])
    hub.fault = lambda server, _path: next(broken, None) if server == "cdn" else None
    assert read_small(made, file) == LARGE
    starts = [headers.get("Range", "") for _, headers in hub.requests("cdn")]
    assert starts[0] == ""
    assert starts[1].startswith("bytes=1")


def test_the_token_goes_to_the_hub_and_never_to_the_host_that_it_redirects_to(hub: Hub) -> None:
    made = source(hub, "a/gated", token="hf_goodToken")
    for each in made.listing().files:
        read_small(made, each)
    assert {headers.get("Authorization") for _, headers in hub.requests("hub")} == {"Bearer hf_goodToken"}
    assert {headers.get("Authorization") for _, headers in hub.requests("cdn")} == {None}


@pytest.mark.parametrize(("token", "says"), [("", "no token is set"), ("hf_other", "the token in use has no access")])
def test_a_gate_is_a_message_with_the_page_where_the_license_is_accepted(hub: Hub, token: str, says: str) -> None:
    made = source(hub, "a/gated", token=token)
    file = made.listing().named("config-1.json")
    assert file is not None
    with pytest.raises(SourceError) as refused:
        read_small(made, file)
    assert says in str(refused.value)
    assert f"accept its license at {hub.endpoint}/a/gated" in str(refused.value)
    assert "hf_" not in str(refused.value)


@pytest.mark.parametrize(
    ("repository", "revision", "says"),
    [
        ("a/none", "", "shows us no a/none"),
        ("a/private", "", "shows us no a/private"),
        ("a/open", "v9", "has no revision 'v9'"),
    ],
)
def test_what_is_not_there_is_named(hub: Hub, repository: str, revision: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        source(hub, repository, revision).listing()


def test_a_hub_that_is_busy_for_a_while_is_waited_for_and_for_ever_is_not(hub: Hub) -> None:
    answers = iter(["503", "429", "reset", "500"])
    hub.fault = lambda _server, _path: next(answers, None)
    assert source(hub).listing().files
    hub.fault = lambda _server, _path: "503"
    with pytest.raises(SourceError, match="does not answer"):
        source(hub).listing()


def test_a_loop_of_redirects_ends(hub: Hub) -> None:
    made = source(hub)
    file = made.listing().named("model.safetensors")
    assert file is not None
    hub.cdn_redirects_to = f"{hub.endpoint}/a/open/resolve/{hub.repositories['a/open'].commit}/model.safetensors"
    with pytest.raises(SourceError, match="redirects more than"):
        read_small(made, file)


def test_a_mirror_without_tls_is_refused_off_this_machine() -> None:
    assert hub_endpoint({}) == "https://huggingface.co"
    assert hub_endpoint({"HF_ENDPOINT": "https://mirror.example/"}) == "https://mirror.example"
    with pytest.raises(RefusedError, match="https://"):
        hub_endpoint({"HF_ENDPOINT": "http://mirror.example"})


def test_the_token_is_of_the_variable_or_of_the_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("home")
    assert hub_token({"HF_HOME": str(folder)}) == ""
    (folder / "token").write_text("hf_file\n")
    assert hub_token({"HF_HOME": str(folder)}) == "hf_file"
    assert hub_token({"HF_HOME": str(folder), "HF_TOKEN": "hf_variable"}) == "hf_variable"
