"""Reader of an account: clients that give up soon, and answers or the reason why there are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from paddock.common.labels import STACK_TAG
from paddock.operations.preflight.facts import Asked
from paddock.operations.preflight.reading import client_config, read
from paddock.operations.preflight.row import Unseen

if TYPE_CHECKING:
    import boto3

T = TypeVar("T")


class Reader:
    def __init__(self, asked: Asked, session: boto3.Session, *, counts_own: bool = False) -> None:
        """Reader of a stack's account; with `counts_own` the stack's own use of quotas counts too."""
        self._asked, self._session, self._counts_own = asked, session, counts_own
        self._clients: dict[str, Any] = {}
        self.dark: Unseen | None = None
        """Reason why nothing can be asked; None while AWS answers."""

    def see(self, ask: Callable[[], T]) -> T | Unseen:
        return read(ask) if self.dark is None else self.dark

    def _of(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(
                service, region_name=self._asked.region, config=client_config()
            )
        return self._clients[service]

    def _pages(self, service: str, operation: str, key: str, **wanted: Any) -> list[Any]:
        pages = self._of(service).get_paginator(operation).paginate(**wanted)
        return [each for page in pages for each in page[key]]

    def _is_own(self, tags: Mapping[str, str]) -> bool:
        clusters = (tags.get("eks:cluster-name"), tags.get("aws:eks:cluster-name"))
        return tags.get(STACK_TAG) == self._asked.tag or self._asked.cluster in clusters
