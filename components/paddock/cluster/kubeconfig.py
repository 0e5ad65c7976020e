"""Kubeconfig by which kubectl and Pulumi reach a cluster's API: it holds no secret, straight or through the tunnel."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"


def cluster_entry(endpoint: str, certificate_authority: str, tunnel_port: int | None = None) -> dict[str, Any]:
    """Cluster entry. Through the tunnel the address is this machine's, and the certificate still the cluster's."""
    if tunnel_port is None:
        return {"server": endpoint, "certificate-authority-data": certificate_authority}
    return {
        "server": f"https://{LOOPBACK}:{tunnel_port}",
        "tls-server-name": urlsplit(endpoint).hostname,
        "certificate-authority-data": certificate_authority,
    }


@dataclass(frozen=True, slots=True)
class Signer:
    """AWS identity that signs calls, where it is not the environment's own."""

    profile: str | None = None
    role_arn: str | None = None

    @property
    def options(self) -> list[str]:
        # Not AWS_PROFILE: keys in the environment go before that, and after --profile (botocore/credentials.py,
        # disable_env_vars), as they do in Pulumi's AWS provider.
        profile = ["--profile", self.profile] if self.profile else []
        return profile + (["--role-arn", self.role_arn] if self.role_arn else [])


ENVIRONMENT = Signer()


def user_entry(name: str, region: str, signer: Signer = ENVIRONMENT) -> dict[str, Any]:
    """`aws eks get-token` signs each call with an AWS identity."""
    arguments = ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json", *signer.options]
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "aws",
            "args": arguments,
            "interactiveMode": "Never",
        }
    }


def kubeconfig(
    name: str,
    endpoint: str,
    certificate_authority: str,
    region: str,
    tunnel_port: int | None = None,
    signer: Signer = ENVIRONMENT,
) -> str:
    """The whole file for one cluster, as JSON, which is YAML too."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": name, "cluster": cluster_entry(endpoint, certificate_authority, tunnel_port)},
            ],
            "users": [{"name": name, "user": user_entry(name, region, signer)}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
    )
