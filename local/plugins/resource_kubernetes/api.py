"""The few requests that the provider makes to a Kubernetes API server.

The official `kubernetes` package would cost a third of a second at each start of the provider, for models that it does
not need: every object here is plain JSON.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from local.plugins.resource_kubernetes.kubeconfig import Connection, Credential, tls_context
from local.plugins.resource_kubernetes.objects import Address, Kind

_CONNECT_SECONDS = 10
_READ_SECONDS = 60
_CONNECTIONS = 32
_ATTEMPTS = 4
_PAUSE_SECONDS = 0.5
_TRY_AGAIN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE})

Object = dict[str, Any]


class ApiError(Exception):
    """The API server refused a request; the message is its own."""

    def __init__(self, status: int, message: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.fields = fields
        """The fields it complained of, in its notation."""


class UnreachableError(Exception):
    """No answer from the API server."""


class UnknownKindError(Exception):
    """The API server serves no such kind, at least not yet."""

    def __init__(self, kind: Kind, server: str, served: list[str]) -> None:
        known = f"; {kind.api_version} has {', '.join(served)}" if served else ""
        super().__init__(f"the API server at {server} knows no kind {kind}{known}")


@dataclass(frozen=True, slots=True)
class Served:
    """How the API server serves a kind."""

    plural: str
    namespaced: bool


class Api:
    """A Kubernetes API server, reached with one kubeconfig context. Safe to use from many threads."""

    def __init__(self, connection: Connection) -> None:
        self.server = connection.server
        self._credential = Credential(connection)
        self._pool = urllib3.PoolManager(
            maxsize=_CONNECTIONS,
            retries=False,
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
            ssl_context=tls_context(connection),
            server_hostname=connection.cluster.get("tls-server-name"),
            assert_hostname=connection.cluster.get("tls-server-name"),
        )
        self._served: dict[str, dict[str, Served]] = {}
        self._lock = threading.Lock()

    def served(self, kind: Kind) -> Served:
        """How a kind is served. A kind not seen before is looked for anew: its definition may have arrived since."""
        with self._lock:
            known = self._served.get(kind.api_version, {})
            if kind.name not in known:
                known = self._served[kind.api_version] = self._discover(kind.api_version)
        if kind.name not in known:
            raise UnknownKindError(kind, self.server, sorted(known))
        return known[kind.name]

    def _discover(self, api_version: str) -> dict[str, Served]:
        try:
            answer = self._request("GET", _root(api_version))
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return {}
            raise
        return {
            entry["kind"]: Served(entry["name"], entry["namespaced"])
            for entry in answer.get("resources", [])
            if "/" not in entry["name"]
        }

    def get(self, address: Address) -> Object | None:
        """The live object; None where there is none."""
        try:
            return self._request("GET", self._path(address))
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def list(self, kind: Kind, namespace: str | None, **selectors: str) -> list[Object]:
        address = Address(kind, "", namespace)
        found: list[Object] = self._request("GET", self._path(address), selectors).get("items", [])
        return found

    def apply(self, address: Address, obj: Mapping[str, Any], *, manager: str, force: bool, dry_run: bool) -> Object:
        """Server-side apply. Unknown fields are refused; `force` takes over fields that others own."""
        query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        return self._request("PATCH", self._path(address), query, obj)

    def delete(self, address: Address, propagation: str) -> bool:
        """False where there was nothing to delete."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        try:
            self._request("DELETE", self._path(address), body=options)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    def _path(self, address: Address) -> str:
        served = self.served(address.kind)
        namespace = f"/namespaces/{quote(address.namespace)}" if served.namespaced and address.namespace else ""
        name = f"/{quote(address.name)}" if address.name else ""
        return f"{_root(address.kind.api_version)}{namespace}/{served.plural}{name}"

    def _request(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> Object:
        """Every request made here can be repeated without harm, so passing troubles are waited out."""
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            token = self._credential.token()
            try:
                response = self._pool.request(
                    method,
                    self.server + path + (f"?{urlencode(query)}" if query else ""),
                    body=None if body is None else json.dumps(body),
                    headers=_headers(method, token),
                )
            except (urllib3.exceptions.HTTPError, OSError) as error:
                if last or isinstance(error, urllib3.exceptions.SSLError):
                    reason = getattr(error, "reason", None) or error
                    raise UnreachableError(
                        f"no answer from the Kubernetes API server at {self.server}: {reason}"
                    ) from error
            else:
                renewable = response.status == HTTPStatus.UNAUTHORIZED and self._credential.forget(token)
                if last or not (renewable or response.status in _TRY_AGAIN):
                    return _answer(response)
            time.sleep(_PAUSE_SECONDS * 2**attempt)
        raise AssertionError("the last attempt returns or raises")


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _headers(method: str, token: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json", "User-Agent": "pulumi-kubernetes/local"}
    headers["Content-Type"] = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return headers


def _answer(response: urllib3.BaseHTTPResponse) -> Object:
    try:
        answer = json.loads(response.data)
    except ValueError:
        answer = {"message": response.data.decode(errors="replace")[:300]}
    if response.status < HTTPStatus.BAD_REQUEST:
        found: Object = answer
        return found
    causes = (answer.get("details") or {}).get("causes") or []
    fields = tuple(cause["field"] for cause in causes if "field" in cause)
    raise ApiError(response.status, answer.get("message") or response.reason or "no reason given", fields)
