"""Parse the arguments of `paddock images` into a request to the library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from paddock import catalog
from paddock.catalog.images import PlatformImages, platform_images
from paddock.catalog.lookup import RefusedError, shown
from paddock.operations.images.credentials import docker_credentials
from paddock.operations.images.inventory import WantedImage, wanted_images
from paddock.operations.images.reference import ECR_HOST, Reference, checked_registry
from paddock.operations.images.registry import Endpoint
from paddock.operations.images.resolve import Tree, resolve

if TYPE_CHECKING:
    from paddock.operations.images.ecr import AccountRegistry

LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Asked:
    config: Mapping[str, object]
    """The stack's whole configuration, by whose AWS identity ECR is asked."""
    registry: str | None
    """Registry as named, or of the stack's vllm_image; None is the account's own."""
    facts: PlatformImages
    """Images that the nodes of the stack need, and those that they have already."""
    images: tuple[WantedImage, ...]
    plain_http: bool
    announce: Callable[[str], None]
    """Told of each pause before a registry is asked again."""

    @cached_property
    def _account(self) -> AccountRegistry | None:
        """None for a registry that is not ECR."""
        if self.registry is not None and not ECR_HOST.fullmatch(self.registry):
            return None
        from paddock.operations.aws_session import session_of_config
        from paddock.operations.images.ecr import AccountRegistry

        return AccountRegistry(session_of_config(self.config), self.registry)

    @property
    def host(self) -> str:
        return self.registry or (self._account.host if self._account else "")

    def target_endpoint(self) -> Endpoint:
        return replace(self._account.endpoint(), announce=self.announce) if self._account else self._endpoint(self.host)

    @property
    def source_hosts(self) -> list[str]:
        return sorted({each.source.api_host for each in self.images})

    def source_endpoints(self) -> dict[str, Endpoint]:
        return {host: self._endpoint(host) for host in self.source_hosts}

    def resolve(self, *, signatures: bool) -> list[Tree]:
        sources = self.source_endpoints()
        return [
            resolve(each, sources[each.source.api_host].repository(each.source.repository), signatures=signatures)
            for each in self.images
        ]

    def ready_repositories(self, *, create: bool, kms_key: str | None) -> list[str]:
        """Those that were made; raises `RefusedError` where one is missing and may not be made."""
        names = sorted({each.target for each in self.images})
        if self._account is None:
            if create:
                raise RefusedError(f"--create-repositories is for ECR; {self.host} makes repositories in its own way")
            return []
        if create:
            return self._account.create(names, kms_key)
        if missing := self._account.missing(names):
            raise RefusedError(f"{self.host} has no repository {', '.join(missing)}; --create-repositories makes them")
        return []

    def _endpoint(self, host: str) -> Endpoint:
        plain = self.plain_http and host.partition(":")[0] in LOOPBACK
        credentials = docker_credentials(host)
        return Endpoint(host=host, credentials=credentials, plain_http=plain, announce=self.announce)


def asked(
    stack_file: Path,
    *,
    registry: str | None,
    sources: list[str],
    also: list[str],
    plain_http: bool,
    announce: Callable[[str], None],
) -> Asked:
    """Raises `RefusedError`. The stack's other settings are not checked: images come before the first preview."""
    from paddock.cli.parsing.stack_file import config_of_file

    whole = config_of_file(stack_file)
    config = {str(key): value for key, value in whole.items() if isinstance(value, str)}
    region = config.get("aws:region")
    if region not in catalog.regions():
        raise RefusedError(f"{stack_file} has no usable aws:region, got {region!r}; it says whose ECR is meant")
    facts = platform_images().of(config.get("paddock:node_os") or "bottlerocket")
    named = {key: text for each in facts.needed if (text := config.get(f"paddock:{(key := each.setting)}"))}
    for key, text in named.items():
        if Reference.parse(text).digest is None:
            raise RefusedError(f"paddock:{key} of {stack_file} must be by digest, got {shown(text)}")
    pinned = Reference.parse(named["vllm_image"]) if "vllm_image" in named else None
    host = checked_registry(registry) if registry else None
    if pinned and host and ECR_HOST.fullmatch(pinned.registry) and host != pinned.registry:
        raise RefusedError(f"--registry is {host}, and the stack pulls from {pinned.registry}; leave one of them out")
    if host is None and pinned and ECR_HOST.fullmatch(pinned.registry):
        host = pinned.registry
    images = wanted_images(
        facts,
        vllm_version=catalog.engine(config.get("paddock:vllm_version") or catalog.newest_version()).version,
        named=named,
        sources=_pairs(sources, "--source"),
        also=_pairs(also, "--also"),
    )
    hosts = {host, *(each.source.api_host for each in images)} - {None}
    if plain_http and not any(str(each).partition(":")[0] in LOOPBACK for each in hosts):
        raise RefusedError("--plain-http is for registries on 127.0.0.1 or localhost; there is none here")
    return Asked(config=whole, registry=host, facts=facts, images=images, plain_http=plain_http, announce=announce)


def _pairs(texts: list[str], option: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (equals and name and value):
            raise RefusedError(f"{option} takes <name>=<image>, got {text[:80]!r}")
        if name in pairs:
            raise RefusedError(f"{option} names {shown(name)} twice")
        pairs[name] = value
    return pairs
