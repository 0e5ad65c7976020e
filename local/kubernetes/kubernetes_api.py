"""The few calls to the Kubernetes API that the bridge makes; the official client is slow to import and large."""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

TIMEOUT_SECONDS = 10.0
NOT_FOUND = 404
TOO_MANY_REQUESTS = 429
MERGE_PATCH = "application/merge-patch+json"


class ApiError(Exception):
    """Refusal by the API server, in its own words."""

    def __init__(self, code: int, message: str):
        super().__init__(f"Kubernetes answered {code}: {message}")
        self.code = code


@dataclass(frozen=True, slots=True)
class KubernetesApi:
    """Calls one API server with one client certificate."""

    server: str
    tls: ssl.SSLContext

    def nodes(self, label: str) -> list[dict[str, Any]]:
        """Every node that carries the label."""
        return list(self._call("GET", f"/api/v1/nodes?labelSelector={quote(label)}")["items"])

    def pods_on(self, node: str) -> list[dict[str, Any]]:
        return list(self._call("GET", f"/api/v1/pods?fieldSelector=spec.nodeName%3D{quote(node)}")["items"])

    def pods(self, label: str) -> list[dict[str, Any]]:
        """Every pod that carries the label."""
        return list(self._call("GET", f"/api/v1/pods?labelSelector={quote(label)}")["items"])

    def secret(self, namespace: str, name: str) -> dict[str, str]:
        """Data of a Secret, in base64; empty where there is none."""
        try:
            return dict(self._call("GET", f"/api/v1/namespaces/{namespace}/secrets/{name}").get("data") or {})
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise
            return {}

    def create_node(self, node: Mapping[str, Any]) -> None:
        self._call("POST", "/api/v1/nodes", node)

    def patch_node(self, name: str, change: Mapping[str, Any]) -> None:
        self._call("PATCH", f"/api/v1/nodes/{name}", change, MERGE_PATCH)

    def patch_node_status(self, name: str, change: Mapping[str, Any]) -> None:
        self._call("PATCH", f"/api/v1/nodes/{name}/status", {"status": change}, MERGE_PATCH)

    def delete_node(self, name: str) -> None:
        self._delete(f"/api/v1/nodes/{name}")

    def delete_pod(self, namespace: str, name: str) -> None:
        self._delete(f"/api/v1/namespaces/{namespace}/pods/{name}?gracePeriodSeconds=0")

    def evict(self, namespace: str, name: str) -> bool:
        """Asks a pod to go, as `kubectl drain` does; False while a disruption budget does not let it."""
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"namespace": namespace, "name": name},
        }
        try:
            self._call("POST", f"/api/v1/namespaces/{namespace}/pods/{name}/eviction", eviction)
        except ApiError as error:
            if error.code == TOO_MANY_REQUESTS:
                return False
            if error.code != NOT_FOUND:
                raise
        return True

    def _delete(self, path: str) -> None:
        try:
            self._call("DELETE", path)
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, content_type: str = "application/json"
    ) -> dict[str, Any]:
        request = urllib.request.Request(
            self.server + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": content_type, "Accept": "application/json"},
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.tls)
        )
        try:
            with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                answer: dict[str, Any] = json.load(response)
                return answer
        except HTTPError as error:
            with error:
                raise ApiError(error.code, error.read().decode(errors="replace")) from error
