"""One repository of a registry, over python-dxf, with what that lacks: ranges, referrers, manifests as bytes.

Every error is one sentence. It never has the text of what the library raised: that may hold an address that is signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit

try:
    import requests
    from dxf import DXF
    from dxf.exceptions import (
        DXFAuthInsecureError,
        DXFDigestMismatchError,
        DXFError,
        DXFMountFailed,
        DXFUnauthorizedError,
    )
except ModuleNotFoundError as missing:
    from paddock.catalog.lookup import RefusedError

    raise RefusedError(
        "copying images takes the extra `images`: `pip install '<a checkout of paddock>[images]'`"
    ) from missing

from paddock.catalog.lookup import RefusedError
from paddock.operations.images.credentials import Credentials
from paddock.operations.images.manifest import MEDIA_TYPES, Descriptor, Manifest, digest_of, read_manifest
from paddock.operations.images.retry import Retry, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

TIMEOUT_SECONDS = (10.0, 600.0)
"""Timeouts of a connection, and of an answer without a byte: a registry seals a layer of many GB in one PUT, for which
BuildKit had to go from 30 s to 600 (moby/buildkit#3995, read 2026-11-28)."""
CHUNK_BYTES = 1024**2
MAX_PAGES = 100
PARTIAL = 206
SERVER_ERROR = 500

Moved = Callable[[int], None]
"""Is told the bytes that were just moved."""


class RegistryError(RefusedError):
    """A registry that did not do what it was asked; `status` is HTTP's, None where there was no answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A registry, and how it is spoken to."""

    host: str
    credentials: Credentials | None = None
    plain_http: bool = False
    """HTTP without TLS, for registries on loopback only, as those of tests are."""
    sign_in: str = "sign in with `docker login`"
    """Advice when it refuses our credentials."""
    retry: Retry = field(default_factory=Retry)
    announce: Callable[[str], None] = field(default=lambda _: None, repr=False, compare=False)
    """Told of each pause before another try, so that nobody waits for nothing that is seen."""

    _repositories: dict[str, Repository] = field(default_factory=dict, init=False, repr=False, compare=False)

    def repository(self, name: str) -> Repository:
        """The same for the same name, as each signs in on its own."""
        return self._repositories.setdefault(name, Repository(self, name))


class _Dxf(DXF):
    """Opens python-dxf's request to methods of the protocol that it has none for."""

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        response: requests.Response = self._request(method, path, **options)  # type: ignore[no-untyped-call]  # python-dxf
        return response

    def ask_address(self, method: str, address: str, **options: Any) -> requests.Response:
        response: requests.Response = self._base_request(method, address, **options)  # type: ignore[no-untyped-call]  # python-dxf
        return response


class Repository:
    """Reads and writes one repository. Raises `RegistryError`, and `ManifestError` for other bytes than the wanted."""

    def __init__(self, endpoint: Endpoint, name: str) -> None:
        self.endpoint, self.name = endpoint, name
        # requests takes a pair, which dxf hands on.
        timeout: Any = TIMEOUT_SECONDS
        self._dxf = _Dxf(endpoint.host, name, auth=self._sign_in, insecure=endpoint.plain_http, timeout=timeout)

    def __str__(self) -> str:
        return f"{self.endpoint.host}/{self.name}"

    def manifest(self, wanted: str) -> Manifest | None:
        """The manifest of a tag or digest, its digest computed from its bytes; None if there is none."""

        def ask() -> Manifest | None:
            response = self._ask_or_none("get", f"manifests/{wanted}", headers={"Accept": ", ".join(MEDIA_TYPES)})
            if response is None:
                return None
            kind = response.headers.get("Content-Type", "")
            return read_manifest(response.content, kind, wanted=wanted, where=str(self))

        return self._tried(f"reading {wanted}", ask)

    def has_blob(self, digest: str) -> bool:
        return self._tried(f"looking for {digest}", lambda: self._ask_or_none("head", f"blobs/{digest}") is not None)

    def referrers(self, digest: str) -> list[Mapping[str, Any]] | None:
        """Descriptors of what speaks about a digest; None where the registry lacks the API."""

        def ask() -> list[Mapping[str, Any]] | None:
            found: list[Mapping[str, Any]] = []
            response = self._ask_or_none("get", f"referrers/{digest}")
            for _ in range(MAX_PAGES):
                if response is None:
                    return None
                try:
                    found += response.json()["manifests"] or []
                except (ValueError, KeyError, TypeError):
                    return None  # a page for people, from a proxy that answers everything
                following = response.links.get("next")
                if not following:
                    return found
                address = urljoin(response.url, following["url"])
                if urlsplit(address).netloc != urlsplit(response.url).netloc:
                    raise RegistryError(f"{self} continues its list of referrers on another host; not followed")
                response = self._dxf.ask_address("get", address)
            raise RegistryError(f"{self} has more than {MAX_PAGES} pages of referrers to {digest}")

        return self._tried(f"reading the referrers of {digest}", ask)

    def mount(self, blob: Descriptor, from_repository: str) -> bool:
        """True where the registry took a blob over from another of its repositories; not all of them do."""

        def ask() -> bool:
            try:
                self._dxf.mount_blob(from_repository, blob.digest)
            except DXFMountFailed:
                return False
            return True

        return self._tried(f"mounting {blob.digest}", ask)

    def download(self, blob: Descriptor, file: Path, moved: Moved) -> None:
        """Writes a blob to `file`, going on where an earlier try stopped; what has the wrong digest is removed."""
        self._tried(f"downloading {blob.digest}", lambda: self._download(blob, file, moved))

    def _download(self, blob: Descriptor, file: Path, moved: Moved) -> None:
        have = file.stat().st_size if file.exists() else 0
        if have > blob.size:
            file.unlink()
            have = 0
        if have < blob.size:
            ranged = {"Range": f"bytes={have}-"} if have else {}
            with self._dxf.ask("get", f"blobs/{blob.digest}", stream=True, headers=ranged) as response:
                # A registry may ignore the range and send all of it.
                go_on = response.status_code == PARTIAL
                written = have if go_on else 0
                with file.open("ab" if go_on else "wb") as out:
                    for chunk in response.iter_content(CHUNK_BYTES):
                        written += len(chunk)
                        if written > blob.size:
                            break
                        out.write(chunk)
                        moved(len(chunk))
        found = _digest_of_file(file) if file.exists() else digest_of(b"")
        if found != blob.digest:
            file.unlink(missing_ok=True)
            raise RegistryError(
                f"{self} answered {blob.digest} with other bytes, those of {found}; they were thrown away, and nothing "
                "of them reached the target"
            )

    def upload(self, blob: Descriptor, file: Path, moved: Moved) -> None:
        def tell(_digest: str, chunk: bytes, _size: int) -> None:
            moved(len(chunk))

        def ask() -> None:
            # python-dxf names the blob by what it reads, so a file that changed meanwhile cannot pass for another.
            named = self._dxf.push_blob(str(file), progress=tell)
            if named != blob.digest:
                raise RegistryError(f"{blob.digest} changed on this disk while it was copied")

        self._tried(f"uploading {blob.digest}", ask)

    def put_manifest(self, manifest: Manifest, tag: str | None = None) -> bool:
        """Stores it under its digest or a tag. Whether the registry keeps track of its subject, where it has one."""

        def ask() -> bool:
            response = self._dxf.ask(
                "put",
                f"manifests/{tag or manifest.digest}",
                data=manifest.raw,
                headers={"Content-Type": manifest.media_type},
            )
            stored = response.headers.get("Docker-Content-Digest", manifest.digest)
            if stored != manifest.digest:
                raise RegistryError(f"{self} stored {manifest.digest} as {stored}; it changed what it was given")
            return "OCI-Subject" in response.headers

        return self._tried(f"storing {tag or manifest.digest}", ask)

    def _sign_in(self, dxf: Any, response: requests.Response) -> None:
        credentials = self.endpoint.credentials
        if credentials is None:
            dxf.authenticate(response=response)
        else:
            dxf.authenticate(credentials.username, credentials.password, response=response)

    def _ask_or_none(self, method: str, path: str, **options: Any) -> requests.Response | None:
        try:
            return self._dxf.ask(method, path, **options)
        except requests.HTTPError as error:
            if error.response is not None and error.response.status_code == requests.codes.not_found:
                return None
            raise

    def _tried(self, doing: str, work: Callable[[], T]) -> T:
        def once() -> T:
            with self._clear_errors(doing):
                return work()

        host = self.endpoint.host
        return self.endpoint.retry(once, lambda pause: self.endpoint.announce(f"{host}: {doing} failed; {pause}"))

    @contextmanager
    def _clear_errors(self, doing: str) -> Iterator[None]:
        """Turns what the libraries raise into a `RegistryError`, in a `TransientError` if another try is worth it."""
        tries = self.endpoint.retry.tries
        try:
            yield
        except RefusedError:
            raise
        except DXFUnauthorizedError:
            raise RegistryError(self._refusal(doing, 401), 401) from None
        except DXFAuthInsecureError:
            raise RegistryError(f"{self} asks for a password over plain HTTP; it is not sent", 401) from None
        except DXFDigestMismatchError:
            raise RegistryError(f"{self} answered with other bytes while {doing}") from None
        except requests.HTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            if error.response is not None:
                error.response.close()  # a download is refused before its body is read
            refused = RegistryError(self._refusal(doing, status), status)
            if status == requests.codes.too_many_requests or status >= SERVER_ERROR:
                after = error.response.headers.get("Retry-After", "") if error.response is not None else ""
                raise TransientError(refused, float(after) if after.isdecimal() else None) from None
            raise refused from None
        except requests.exceptions.SSLError:
            raise RegistryError(
                f"{self}: the certificate of {self.endpoint.host} is not trusted here; if your network has an "
                "authority of its own, name the file of its certificate by REQUESTS_CA_BUNDLE"
            ) from None
        except requests.Timeout:
            raise TransientError(
                RegistryError(f"{self}: no answer within {TIMEOUT_SECONDS[1]:.0f} s while {doing}, {tries} times")
            ) from None
        except (requests.RequestException, OSError) as error:
            if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
                raise RegistryError(
                    f"{doing} failed on this machine: {error.strerror or type(error).__name__}"
                ) from None
            outside = "images are copied from a machine with a way to both registries, outside the VPC"
            if any(isinstance(each, ConnectionRefusedError) for each in _causes(error)):
                # Nobody listens there, and nobody will in half a minute.
                raise RegistryError(
                    f"{self.endpoint.host} cannot be reached, it refuses ({doing}); {outside}"
                ) from None
            raise TransientError(
                RegistryError(f"{self.endpoint.host} cannot be reached ({doing}, tried {tries} times); {outside}")
            ) from None
        except (DXFError, AssertionError, KeyError, ValueError):
            raise RegistryError(f"{self} does not speak the registry protocol as expected while {doing}") from None

    def _refusal(self, doing: str, status: int) -> str:
        head = f"{self}: {status} while {doing}"
        if status == requests.codes.unauthorized:
            known = "the credentials are refused" if self.endpoint.credentials else "it wants to know who asks"
            return f"{head}: {known}; {self.endpoint.sign_in}"
        if status == requests.codes.forbidden:
            return f"{head}: these credentials may not do that; {self.endpoint.sign_in} as someone who may"
        if status == requests.codes.not_found:
            return f"{head}: the registry has no such repository or content; --create-repositories makes ECR's"
        if status == requests.codes.too_many_requests:
            return (
                f"{head}: too many requests, tried {self.endpoint.retry.tries} times; wait, or {self.endpoint.sign_in} "
                "for a higher limit, and run it again: what is copied stays"
            )
        if status >= SERVER_ERROR:
            return f"{head}: the registry has trouble, tried {self.endpoint.retry.tries} times; run it again later"
        return f"{head}: the registry refuses it"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Errors that an error was made of; requests and urllib3 keep the cause as an argument or a `reason` as well."""
    while error is not None:
        yield error
        inner = [each for each in (*error.args, getattr(error, "reason", None)) if isinstance(each, BaseException)]
        error = inner[0] if inner else error.__cause__ or error.__context__


def _digest_of_file(file: Path) -> str:
    from hashlib import file_digest

    with file.open("rb") as opened:
        return f"sha256:{file_digest(opened, 'sha256').hexdigest()}"
