"""A kubeconfig file with an entry for the tunnel, for as long as the tunnel is open."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from paddock.catalog.lookup import RefusedError
from paddock.cluster.kubeconfig import cluster_entry, user_entry
from paddock.operations.tunnel.target import Target

SECTIONS = ("clusters", "users", "contexts")
PRIVATE = 0o600


def entry_name(cluster: str) -> str:
    """Unlike any other tool's, so that it can be written over and removed."""
    return f"{cluster}-tunnel"


def with_entry(document: Mapping[str, Any], target: Target, port: int) -> dict[str, Any]:
    name = entry_name(target.cluster)
    bodies = {
        "clusters": {"cluster": cluster_entry(target.endpoint, target.certificate_authority, port)},
        "users": {"user": user_entry(target.cluster, target.region)},
        "contexts": {"context": {"cluster": name, "user": name}},
    }
    others = without_entry(document, target.cluster, None)
    merged = {section: [*others.get(section, []), {"name": name, **body}] for section, body in bodies.items()}
    return {"apiVersion": "v1", "kind": "Config", **others, **merged, "current-context": name}


def without_entry(document: Mapping[str, Any], cluster: str, context_before: str | None) -> dict[str, Any]:
    """The current context is as it was before, if it is still ours."""
    name = entry_name(cluster)
    rest = {
        key: [each for each in value or [] if each.get("name") != name] if key in SECTIONS else value
        for key, value in document.items()
    }
    if rest.get("current-context") == name:
        rest["current-context"] = context_before or ""
    return rest


class KubeconfigFile:
    """Raises `RefusedError` for a file that is no kubeconfig, before anything is written."""

    def __init__(self, path: Path) -> None:
        # Through a link to the file itself, which is then replaced and not the link.
        self._path = path.expanduser().resolve()
        self._was_there = self._path.exists()
        self._context_before = self._read().get("current-context")
        self._cluster: str | None = None

    def __str__(self) -> str:
        return str(self._path)

    def add(self, target: Target, port: int) -> None:
        self._write(with_entry(self._read(), target, port))
        self._cluster = target.cluster

    def undo(self) -> None:
        """Remove our entry and leave those of others; the file goes if it was made here and holds nothing else."""
        if self._cluster is None:
            return
        rest = without_entry(self._read(), self._cluster, self._context_before)
        if not self._was_there and not any(rest.get(section) for section in SECTIONS):
            self._path.unlink(missing_ok=True)
        else:
            self._write(rest)
        self._cluster = None

    def _read(self) -> dict[str, Any]:
        try:
            document = yaml.safe_load(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            raise RefusedError(f"cannot read {self._path}: {reason}; name another file by --kubeconfig") from None
        except yaml.YAMLError:
            # Its own message would quote the text, which may hold credentials.
            raise RefusedError(f"{self._path} is not YAML; name another file by --kubeconfig") from None
        if document is None:
            return {}
        if not isinstance(document, dict) or not all(
            isinstance(each, dict) for section in SECTIONS for each in document.get(section) or []
        ):
            raise RefusedError(f"{self._path} is not a kubeconfig; name another file by --kubeconfig")
        return document

    def _write(self, document: Mapping[str, Any]) -> None:
        """Write at once or not at all, for nobody else to read."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    yaml.safe_dump(dict(document), file, sort_keys=False)
                Path(name).chmod(PRIVATE)
                Path(name).replace(self._path)
            finally:
                Path(name).unlink(missing_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise RefusedError(f"cannot write {self._path}: {reason}; name another file by --kubeconfig") from None
