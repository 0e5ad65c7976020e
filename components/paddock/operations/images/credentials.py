"""Credentials for a registry. Passwords come from files or from AWS, never from a command line."""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from paddock.catalog.lookup import RefusedError


@dataclass(frozen=True, slots=True)
class Credentials:
    username: str = field(repr=False)
    password: str = field(repr=False)

    @classmethod
    def from_basic(cls, token: str) -> Credentials:
        """Parse base64 of `name:password`; raises ValueError."""
        username, colon, password = base64.b64decode(token, validate=True).decode().partition(":")
        if not colon:
            raise ValueError("no colon")
        return cls(username, password)


def docker_config_file() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"


def docker_credentials(registry: str, file: Path | None = None) -> Credentials | None:
    """Credentials that `docker login` stored for a registry, or None. Entries of credential helpers are not read."""
    path = file or docker_config_file()
    try:
        auths = json.loads(path.read_text(encoding="utf-8")).get("auths", {})
        names = [registry, f"https://{registry}"]
        if registry == "registry-1.docker.io":
            names += ["https://index.docker.io/v1/", "docker.io"]
        tokens = [entry["auth"] for name in names if (entry := auths.get(name)) and entry.get("auth")]
        return Credentials.from_basic(tokens[0]) if tokens else None
    except OSError:
        return None
    except (ValueError, AttributeError, TypeError, KeyError, binascii.Error):
        # The file's content is not quoted: it holds passwords.
        raise RefusedError(
            f"{path} is not what `docker login` writes; mend it, or point DOCKER_CONFIG elsewhere"
        ) from None
