"""Kubeconfig by which kubectl and Pulumi reach a cluster's API: it holds no secret, straight or through the tunnel."""

import json
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


def user_entry(name: str, region: str) -> dict[str, Any]:
    """`aws eks get-token` signs each call with the caller's own AWS identity."""
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "aws",
            "args": ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json"],
            "interactiveMode": "Never",
        }
    }


def kubeconfig(
    name: str, endpoint: str, certificate_authority: str, region: str, tunnel_port: int | None = None
) -> str:
    """The whole file for one cluster, as JSON, which is YAML too."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": name, "cluster": cluster_entry(endpoint, certificate_authority, tunnel_port)},
            ],
            "users": [{"name": name, "user": user_entry(name, region)}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
    )
