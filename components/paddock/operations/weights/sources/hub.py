"""Repository of Hugging Face by its HTTP API: commit, files with digests, bytes by way of its CDN.

Sources: huggingface_hub 2.4.0, `file_download.py` and `utils/_http.py`; https://huggingface.co/docs/hub/api, read
2026-11-29. The token goes to the hub's own host and to no other, whatever it redirects to.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from paddock.catalog.lookup import RefusedError, shown
from paddock.operations.images.retry import Retry, TransientError
from paddock.operations.weights.sources.source import Announce, Listing, SourceError, SourceFile
from paddock.operations.weights.sources.stream import BrokenError, MendedReader, Stream
from paddock.weights.revision import COMMIT, HEX_SHA256

HUB = "https://huggingface.co"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5
BUSY = frozenset({408, 429, 500, 502, 503, 504})
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_ANSWER_BYTES = 64 << 20


class _ExpiredError(BrokenError):
    """Signed address of the CDN that is no longer good: the hub gives another."""


def hub_endpoint(environment: Mapping[str, str]) -> str:
    """Address of the hub or of a mirror, as huggingface_hub's HF_ENDPOINT names it; plain HTTP on loopback only."""
    given = environment.get("HF_ENDPOINT", "").rstrip("/") or HUB
    parts = urlsplit(given)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise RefusedError(f"HF_ENDPOINT is {shown(given)}; a token goes there, so it must begin with https://")
    return given


def hub_token(environment: Mapping[str, str]) -> str:
    """Token of HF_TOKEN, or of the file where `hf auth login` puts it; empty where there is none."""
    if given := environment.get("HF_TOKEN", "").strip():
        return given
    cache = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    home = Path(environment.get("HF_HOME") or Path(cache) / "huggingface")
    try:
        return Path(environment.get("HF_TOKEN_PATH") or home / "token").expanduser().read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""


class HubSource:
    """Repository at a revision: a commit, a branch or a tag."""

    def __init__(
        self,
        repository: str,
        revision: str,
        *,
        environment: Mapping[str, str] = os.environ,
        announce: Announce = lambda _: None,
        retry: Retry | None = None,
    ) -> None:
        self._repository, self._revision, self._announce = repository, revision or "main", announce
        self._endpoint, self._token = hub_endpoint(environment), hub_token(environment)
        self._retry = retry or Retry(tries=8, first_seconds=0.5)
        self._commit = ""
        self._http = _pool(self._endpoint)

    @property
    def address(self) -> str:
        return f"hf://{self._repository}"

    def listing(self) -> Listing:
        revision = quote(self._revision, safe="")
        about = self._json(f"{self._endpoint}/api/models/{self._repository}/revision/{revision}")[0]
        commit = about.get("sha") if isinstance(about, dict) else None
        if not isinstance(commit, str) or not COMMIT.fullmatch(commit):
            raise SourceError(f"{self._endpoint} names no commit of {self._repository} at {shown(self._revision)}")
        self._commit = commit
        files: list[SourceFile] = []
        page = f"{self._endpoint}/api/models/{self._repository}/tree/{commit}?recursive=true&expand=false"
        while page:
            rows, page = self._json(page)
            try:
                files += [_file(each) for each in rows if each["type"] == "file"]
            except (KeyError, TypeError, ValueError, AttributeError):
                raise SourceError(
                    f"{self._endpoint} lists the files of {self._repository} in a way unknown here"
                ) from None
        card = about.get("cardData")
        named = _license(card) if isinstance(card, dict) else ""
        return Listing(address=self.address, commit=commit, files=tuple(files), license=named)

    def open(self, file: SourceFile, offset: int) -> MendedReader:
        where = f"{self._endpoint}/{self._repository}/resolve/{self._commit}/{quote(file.name)}"
        return MendedReader(lambda at: self._stream(where, file, at), file, offset, self._announce)

    def _stream(self, where: str, file: SourceFile, offset: int) -> Stream:
        answer = self._get(where, {"Range": f"bytes={offset}-"} if offset else {})
        if offset and not str(answer.headers.get("Content-Range", "")).startswith(f"bytes {offset}-"):
            answer.close()
            raise SourceError(f"the server of {file.name} answers {answer.status} without the range that was asked for")

        def read(count: int) -> bytes:
            data: bytes = answer.read(count, decode_content=False)
            return data

        return Stream(read=read, close=answer.close)

    def _json(self, url: str) -> tuple[Any, str]:
        """Answer of an address of the API, and that of the next page."""

        def ask() -> tuple[Any, str]:
            from urllib3.exceptions import HTTPError

            try:
                answer = self._get(url, {"Accept": "application/json"})
                body = answer.read(MAX_ANSWER_BYTES)
                link = answer.headers.get("Link", "")
                answer.close()
            except (BrokenError, HTTPError, OSError) as error:
                why = str(error) if isinstance(error, BrokenError) else type(error).__name__
                raise TransientError(
                    SourceError(f"{self._endpoint} does not answer ({why}); look at the network and at HF_ENDPOINT")
                ) from None
            return json.loads(body), self._next_page(url, link)

        try:
            return self._retry(ask, self._announce)
        except ValueError:
            raise SourceError(f"{self._endpoint} answers no JSON; look at HF_ENDPOINT") from None

    def _next_page(self, url: str, link: str) -> str:
        found = re.search(r'<([^>]*)>;\s*rel="next"', link)
        page = urljoin(url, found[1]) if found else ""
        if page and _origin(page) != _origin(self._endpoint):
            raise SourceError(f"{self._endpoint} goes on at another host, {_origin(page)}, which is not asked")
        return page

    def _get(self, url: str, headers: Mapping[str, str]) -> Any:
        """Answer with status 200 or 206, through redirects; `BrokenError` where another try may go well."""
        for _ in range(MOST_REDIRECTS + 1):
            to_hub = _origin(url) == _origin(self._endpoint)
            own = {"Authorization": f"Bearer {self._token}"} if to_hub and self._token else {}
            sent = {"User-Agent": "paddock", "Accept-Encoding": "identity", **headers, **own}
            answer = self._http.request(
                "GET", url, headers=sent, redirect=False, retries=False, preload_content=False, timeout=60.0
            )
            if answer.status in (200, 206):
                return answer
            code, location = str(answer.headers.get("X-Error-Code", "")), str(answer.headers.get("Location", ""))
            answer.close()
            if answer.status not in REDIRECTS:
                raise self._refusal(url, answer.status, code, to_hub=to_hub)
            onward = urljoin(url, location)
            if urlsplit(url).scheme == "https" and urlsplit(onward).scheme != "https":
                raise SourceError(f"{_origin(url)} redirects to {_origin(onward)}, without TLS, which is not followed")
            url = onward
        raise SourceError(f"{self._endpoint} redirects more than {MOST_REDIRECTS} times for {self._repository}")

    def _refusal(self, url: str, status: int, code: str, *, to_hub: bool) -> Exception:
        if status in BUSY:
            return BrokenError(f"status {status}")
        if not to_hub:
            # Its addresses are signed for an hour or so, and a long file takes longer.
            return _ExpiredError(f"status {status} of {urlsplit(url).hostname}")
        page = f"{self._endpoint}/{self._repository}"
        token = "the token in use has no access" if self._token else "no token is set"
        if code == "GatedRepo" or (status == 403 and not code):
            return SourceError(
                f"{self._repository} is gated, and {token}; log in, accept its license at {page}, wait until access is "
                f"granted, then set HF_TOKEN to a token of that account which may read gated repositories "
                f"({self._endpoint}/settings/tokens)"
            )
        if code == "RevisionNotFound":
            return SourceError(
                f"{self._repository} has no revision {shown(self._revision)}; {page}/tree/main shows them"
            )
        if status in (401, 403, 404):
            return SourceError(
                f"{self._endpoint} shows us no {self._repository} (status {status}{', ' * bool(code)}{code}), "
                f"and {token}; look at its name, or set HF_TOKEN where it is private: a name without access is "
                f"answered like one that is not there"
            )
        return SourceError(f"{self._endpoint} answers {status} for {self._repository}")


def _file(row: dict[str, Any]) -> SourceFile:
    name, large = str(row["path"]), row.get("lfs")
    digest = str((large or row)["oid"])
    if not (HEX_SHA256 if large else COMMIT).fullmatch(digest):
        raise SourceError(f"the hub lists {shown(name)} with the digest {shown(digest)}, which is none")
    if large:
        return SourceFile(name=name, size_bytes=int(large["size"]), identity=digest, sha256=digest)
    return SourceFile(name=name, size_bytes=int(row["size"]), identity=digest, git_sha1=digest)


def _license(card: Mapping[str, Any]) -> str:
    """License that a model card states: its id, or the name behind `other`, which is every license that has no id.

    Source: huggingface/hub-docs, modelcard.md, `license_name`, read 2026-11-29.
    """
    stated, name = str(card.get("license") or ""), card.get("license_name")
    return name.strip() if stated == "other" and isinstance(name, str) and name.strip() else stated


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _pool(endpoint: str) -> Any:
    from urllib.request import getproxies, proxy_bypass

    import urllib3

    proxy = getproxies().get(urlsplit(endpoint).scheme)
    if proxy and not proxy_bypass(urlsplit(endpoint).netloc):
        return urllib3.ProxyManager(proxy, maxsize=16)
    return urllib3.PoolManager(maxsize=16)
