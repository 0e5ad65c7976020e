"""Where the API server is and who we are there, from a kubeconfig: text, path, or the usual places."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

_EXEC_SECONDS = 60
_RENEW_EARLY_SECONDS = 60.0


class KubeconfigError(Exception):
    """The kubeconfig does not lead to an API server, or its credential plugin gave no credential."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One context of a kubeconfig, resolved."""

    server: str
    namespace: str
    cluster: Mapping[str, Any]
    user: Mapping[str, Any]
    folder: Path

    def path(self, text: str) -> str:
        """A path in a kubeconfig is relative to its file."""
        return str(self.folder / text)


def load(given: str | None, *, context: str | None = None, cluster: str | None = None) -> Connection:
    """`given` is the content of a kubeconfig or a path to one; without it, KUBECONFIG or ~/.kube/config counts."""
    document, folder = _document(given)
    chosen = context or document.get("current-context")
    entry = _named(document, "contexts", chosen, "context") if chosen else {}
    cluster_name = cluster or entry.get("cluster")
    if not cluster_name:
        raise KubeconfigError("the kubeconfig has no current-context; set it, or `context` on the provider")
    target = _named(document, "clusters", cluster_name, "cluster")
    user = _named(document, "users", entry["user"], "user") if entry.get("user") else {}
    if not target.get("server"):
        raise KubeconfigError(f"cluster {cluster_name!r} of the kubeconfig has no server")
    return Connection(target["server"].rstrip("/"), entry.get("namespace") or "default", target, user, folder)


def _document(given: str | None) -> tuple[dict[str, Any], Path]:
    if given and ("\n" in given or given.lstrip().startswith("{")):
        return _parse(given, "the provider's kubeconfig"), Path.cwd()
    path = given or os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    if os.pathsep in path:
        raise KubeconfigError(f"KUBECONFIG names several files ({path}); the local cloud's provider reads one")
    file = Path(path).expanduser()
    try:
        return _parse(file.read_text(), str(file)), file.resolve().parent
    except OSError as error:
        raise KubeconfigError(f"cannot read the kubeconfig {file}: {error.strerror}") from error


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        # Its own message would quote the text, which holds credentials.
        raise KubeconfigError(f"{where} is not YAML") from error
    if not isinstance(document, dict):
        raise KubeconfigError(f"{where} is not a kubeconfig")
    return document


def _named(document: Mapping[str, Any], section: str, name: str, key: str) -> dict[str, Any]:
    entries = {entry.get("name"): entry.get(key) or {} for entry in document.get(section) or []}
    if name not in entries:
        raise KubeconfigError(f"the kubeconfig has no {key} {name!r}; it has {', '.join(map(str, entries)) or 'none'}")
    found: dict[str, Any] = entries[name]
    return found


def tls_context(connection: Connection) -> ssl.SSLContext | None:
    """What to trust and which certificate to show; None for plain http."""
    if connection.server.startswith("http://"):
        return None
    cluster, user = connection.cluster, connection.user
    authority = cluster.get("certificate-authority-data")
    file = cluster.get("certificate-authority")
    try:
        context = ssl.create_default_context(
            cadata=base64.b64decode(authority).decode() if authority else None,
            cafile=connection.path(file) if file and not authority else None,
        )
    except (OSError, ValueError) as error:
        raise KubeconfigError(f"the kubeconfig's certificate authority cannot be used: {error}") from error
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if user.get("client-certificate") and user.get("client-key"):
        context.load_cert_chain(connection.path(user["client-certificate"]), connection.path(user["client-key"]))
    elif user.get("client-certificate-data") and user.get("client-key-data"):
        _load_client_certificate(context, user["client-certificate-data"], user["client-key-data"])
    return context


def _load_client_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Python's ssl reads certificates from files only. This one is readable by us alone and gone at once."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(base64.b64decode(certificate) + b"\n" + base64.b64decode(key))
        file.flush()
        context.load_cert_chain(file.name)


class Credential:
    """The bearer token of a kubeconfig's user, renewed when it nears its end."""

    def __init__(self, connection: Connection, clock: Callable[[], float] = time.time) -> None:
        self._connection = connection
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._expires_at = 0.0
        refused = sorted({"auth-provider", "username"} & set(connection.user))
        if refused:
            raise KubeconfigError(f"a kubeconfig's {refused[0]} is not supported; use token, exec or certificates")

    def token(self) -> str | None:
        """None where a client certificate, or nothing, says who we are."""
        user = self._connection.user
        if user.get("token"):
            return str(user["token"])
        if user.get("tokenFile"):
            return Path(self._connection.path(user["tokenFile"])).read_text().strip()
        if not user.get("exec"):
            return None
        # One caller runs the plugin, the others wait for its answer: it may take a second of CPU.
        with self._lock:
            if self._token is None or self._clock() >= self._expires_at - _RENEW_EARLY_SECONDS:
                self._token, self._expires_at = self._run_plugin(user["exec"])
            return self._token

    def forget(self, token: str | None) -> bool:
        """Drop a token that the server refused. True where another can be had."""
        with self._lock:
            if self._token == token:
                self._token = None
        return "exec" in self._connection.user

    def _run_plugin(self, plugin: Mapping[str, Any]) -> tuple[str, float]:
        command = [str(plugin["command"]), *map(str, plugin.get("args") or [])]
        info: dict[str, Any] = {
            "apiVersion": plugin.get("apiVersion"),
            "kind": "ExecCredential",
            "spec": {"interactive": False},
        }
        if plugin.get("provideClusterInfo"):
            cluster = self._connection.cluster
            info["spec"]["cluster"] = {
                "server": self._connection.server,
                "certificate-authority-data": cluster.get("certificate-authority-data"),
            }
        extra = {entry["name"]: str(entry["value"]) for entry in plugin.get("env") or []}
        environment = os.environ | extra | {"KUBERNETES_EXEC_INFO": json.dumps(info)}
        try:
            answer = subprocess.run(
                command,
                env=environment,
                cwd=self._connection.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_EXEC_SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            hint = plugin.get("installHint") or "it is not on PATH"
            raise KubeconfigError(f"the kubeconfig's credential plugin {command[0]} cannot be run: {hint}") from error
        except subprocess.TimeoutExpired as error:
            raise KubeconfigError(f"{' '.join(command[:3])} gave no credential within {_EXEC_SECONDS} s") from error
        if answer.returncode != 0:
            said = answer.stderr.decode(errors="replace").strip().splitlines() or ["(no message)"]
            raise KubeconfigError(f"{' '.join(command[:3])} failed with status {answer.returncode}: {said[-1]}")
        return _credential_of(answer.stdout, command[0])


def _credential_of(output: bytes, command: str) -> tuple[str, float]:
    try:
        status = json.loads(output)["status"]
        token = status["token"]
        expiry = status.get("expirationTimestamp")
        expires_at = datetime.fromisoformat(expiry).timestamp() if expiry else float("inf")
    except (ValueError, KeyError, TypeError) as error:
        # Its output may hold the token, so it is not quoted.
        raise KubeconfigError(f"{command} printed no ExecCredential with a token") from error
    return token, expires_at
