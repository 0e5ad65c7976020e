"""Names of images: `<registry>/<repository>`, with a tag or a digest."""

from __future__ import annotations

import re
from dataclasses import dataclass

from paddock.catalog.lookup import RefusedError

_COMPONENT = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?P<registry>localhost(?::[0-9]+)?|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?)/"
    rf"(?P<repository>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
"""The grammar of distribution/reference, with the registry always said: a default one would be a guess."""

REGISTRY = re.compile(r"(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?::[0-9]{1,5})?")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
ECR_HOST = re.compile(r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
MAX_TEXT = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Raises `RefusedError` for anything but a full name with a tag, a digest or both."""
        found = _REFERENCE.fullmatch(text) if len(text) <= MAX_TEXT else None
        if found is None or not (found["tag"] or found["digest"]):
            raise RefusedError(
                f"{text[:80]!r} is no image; write <registry>/<repository>:<tag> or …@sha256:<64 hex digits>, "
                "such as docker.io/vllm/vllm-openai:v0.33.0"
            )
        return cls(**found.groupdict())

    @property
    def wanted(self) -> str:
        """Reference to ask a registry for: the digest if there is one, as a tag beside it is ignored."""
        return self.digest or self.tag or ""

    @property
    def api_host(self) -> str:
        """Docker Hub's API is not where its images are named."""
        return "registry-1.docker.io" if self.registry in {"docker.io", "index.docker.io"} else self.registry

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


def checked_registry(text: str) -> str:
    if not REGISTRY.fullmatch(text):
        raise RefusedError(f"{text[:80]!r} is no registry; write a host name, with :<port> where it needs one")
    return text
