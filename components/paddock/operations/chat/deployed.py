"""Stack that stands, as a client needs it: its endpoint, and the way there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from paddock.catalog.lookup import RefusedError, shown
from paddock.settings import API_KEY, PREFIX, Settings, aws_identity

IN_CLUSTER = ".svc.cluster.local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """Facts of one stack: its outputs, and what its file says about the way to it."""

    stack: str
    region: str
    model: str
    """The name by which clients ask for it."""
    display_name: str
    endpoint: str
    namespace: str
    cluster: str
    usd_per_hour: float
    notice: str
    tunnel_port: int | None
    """Port of this machine at which the tunnel begins; None where the API is reached without one."""
    profile: str | None = None
    role_arn: str | None = None

    @property
    def in_cluster(self) -> bool:
        """True where only pods of the cluster resolve the endpoint's name."""
        return (urlsplit(self.endpoint).hostname or "").endswith(IN_CLUSTER)


def deployed_of(stack: str, outputs: Mapping[str, Any], settings: Settings, config: Mapping[str, object]) -> Deployed:
    """Raises `RefusedError` where the outputs are not those of a platform that is up."""
    lacks = [name for name in ("endpoint", "namespace", "cluster_name") if not isinstance(outputs.get(name), str)]
    if lacks:
        raise RefusedError(
            f"the stack {stack} has no output {', '.join(lacks)}: it is not up; run `paddock deploy {stack}`"
        )
    identity, _ = aws_identity(config)
    return Deployed(
        stack=stack,
        region=settings.region,
        model=settings.model.name,
        display_name=str(outputs.get("model", settings.model.name)),
        endpoint=outputs["endpoint"],
        namespace=outputs["namespace"],
        cluster=outputs["cluster_name"],
        usd_per_hour=float(outputs.get("usd_per_hour") or 0),
        notice=str(outputs.get("notice") or ""),
        tunnel_port=settings.tunnel_port if settings.has_bastion else None,
        profile=_text(identity.get("aws_profile")),
        role_arn=_text(identity.get("aws_role_arn")),
    )


def outputs_of(stack: str, folder: Path) -> dict[str, Any]:
    """Outputs of the stack in the user's backend, secrets left out; raises `RefusedError`."""
    text = _pulumi(stack, ["stack", "output", "--json"], folder, f"read the outputs of the stack {stack}")
    return dict(json.loads(text))


def api_key_of(stack: str, folder: Path, config: Mapping[str, object]) -> str | None:
    """The key that clients show, decrypted by Pulumi; None where the stack has none. It is never printed."""
    if PREFIX + API_KEY not in config:
        return None
    return _pulumi(stack, ["config", "get", PREFIX + API_KEY], folder, "decrypt the API key").strip()


def _pulumi(stack: str, arguments: list[str], folder: Path, doing: str) -> str:
    command = ["pulumi", *arguments, "--stack", stack, "--non-interactive", "--color", "never"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False)
    except FileNotFoundError:
        raise RefusedError("there is no `pulumi` on PATH; install it: https://www.pulumi.com/docs/install/") from None
    except OSError as error:
        raise RefusedError(f"cannot run `pulumi`: {(error.strerror or str(error)).lower()}") from None
    if done.returncode != 0:
        said = " ".join(done.stderr.split()).removeprefix("error: ") or f"it exited {done.returncode}"
        told = f"pulumi does not {doing}: {shown(said) if len(said) > 300 else said}"
        if said.startswith("no stack named"):
            told += f"; `paddock deploy {stack}` makes it, and `pulumi stack ls` lists those of your backend"
        raise RefusedError(told)
    return done.stdout


def _text(value: object) -> str | None:
    return None if value is None else str(value)
