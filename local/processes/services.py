"""The processes of the local cloud: their command lines, their ports, and how each shows that it works."""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

from local.processes.pki import Pair, Pki
from local.processes.process import LOOPBACK, Process, answers, touched_within
from local.state import State
from local.toolchain.build import LOCAL, Tools

PORTS = {
    "etcd": "etcd",
    "etcd-peer": "etcd",
    "kube-apiserver": "kube-apiserver",
    "kube-controller-manager": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
    "kwok": "kwok",
    "aws": "aws",
    "authenticator": "authenticator",
    "stand-in": "stand-in",
    "hub": "hub",
}
"""Each port, and the process that listens on it."""

START_ORDER = (
    ("etcd", "aws", "authenticator", "fork-server", "hub"),
    ("kube-apiserver",),
    ("kube-controller-manager", "kube-scheduler", "kwok", "bridge", "stand-in"),
)
"""Each row waits for the row above: what it needs, works by then."""

STOP_ORDER = (
    (
        "stand-in",
        "hub",
        "fork-server",
        "bridge",
        "kwok",
        "kube-scheduler",
        "kube-controller-manager",
        "authenticator",
        "aws",
    ),
    ("kube-apiserver",),
    ("etcd",),
)
"""Clients first: the API server ends at once when nobody watches, and writes to etcd until it has ended."""

BRIDGE_HEARTBEAT_SECONDS = 30.0
SERVICE_CIDR = "172.20.0.0/16"  # EKS's own default where the VPC is in 10.0.0.0/8
POD_CIDR = "100.64.0.0/16"

# The API server and the rest are mostly idle here, so they collect garbage early to stay small.
GO_ENVIRONMENT = {"GOGC": "40"}
# kwok races on a map while it starts, unless it has one thread (seen with v0.8.0).
KWOK_ENVIRONMENT = {"GOGC": "40", "GOMAXPROCS": "1"}


@dataclass(frozen=True, slots=True)
class Services:
    """One cloud's processes, by name."""

    state: State
    tools: Tools
    ports: Mapping[str, int]
    environment: Mapping[str, str]

    @property
    def pki(self) -> Pki:
        return Pki(self.state.pki)

    @property
    def kubernetes_url(self) -> str:
        return f"https://{LOOPBACK}:{self.ports['kube-apiserver']}"

    @property
    def aws_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['aws']}"

    @property
    def bridge_heartbeat(self) -> Path:
        return self.state.processes / "bridge.heartbeat"

    def by_name(self) -> dict[str, Process]:
        made = (
            self._etcd(),
            self._aws(),
            self._authenticator(),
            self._fork_server(),
            self._apiserver(),
            self._controller_manager(),
            self._scheduler(),
            self._kwok(),
            self._bridge(),
            self._stand_in(),
            self._hub(),
        )
        return {process.name: process for process in made}

    def write_kubeconfigs(self) -> None:
        """Certificates are data, not paths, so that a kubeconfig works when it is copied."""
        self._kubeconfig("admin", self.state.kubeconfig)
        for name in ("kube-controller-manager", "kube-scheduler"):
            self._kubeconfig(name, self._component_kubeconfig(name))
        webhook = {"server": f"https://{LOOPBACK}:{self.ports['authenticator']}/", **self._trust()}
        _write_kubeconfig(self._component_kubeconfig("authenticator"), webhook, {})
        self._port_forwards.write_text(yaml.safe_dump(port_forwards(self.ports["stand-in"])))

    def _kubeconfig(self, member: str, file: Path) -> None:
        pair = self.pki.pair(member)
        user = {"client-certificate-data": _data(pair.certificate), "client-key-data": _data(pair.key)}
        _write_kubeconfig(file, {"server": self.kubernetes_url, **self._trust()}, user)

    def _trust(self) -> dict[str, str]:
        return {"certificate-authority-data": _data(self.pki.authority.certificate)}

    def _component_kubeconfig(self, name: str) -> Path:
        return self.state.pki / f"{name}.kubeconfig"

    def _control_plane(self, name: str, *flags: str) -> tuple[str, ...]:
        return (str(self.tools.control_plane / name), *flags)

    def _serving(self) -> tuple[Pair, tuple[str, str]]:
        pair = self.pki.pair("server")
        return pair, (f"--tls-cert-file={pair.certificate}", f"--tls-private-key-file={pair.key}")

    def _url(self, scheme: str, port: str, path: str = "") -> str:
        return f"{scheme}://{LOOPBACK}:{self.ports[port]}{path}"

    def _etcd(self) -> Process:
        server, trusted = self.pki.pair("server"), self.pki.authority.certificate
        client, peer = self._url("https", "etcd"), self._url("http", "etcd-peer")
        return Process(
            name="etcd",
            argv=self._control_plane(
                "etcd",
                "--name=local",
                f"--data-dir={self.state.etcd}",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=local={peer}",
                f"--cert-file={server.certificate}",
                f"--key-file={server.key}",
                f"--trusted-ca-file={trusted}",
                "--client-cert-auth",
                # A power cut loses the emulated AWS anyhow, so nothing is gained by waiting for the disk.
                "--unsafe-no-fsync",
                "--log-level=warn",
            ),
            environment={**self.environment, **GO_ENVIRONMENT},
            works=partial(answers, f"{client}/health", tls=self.pki.client_context("admin")),
        )

    def _apiserver(self) -> Process:
        server, serving = self._serving()
        key = self.pki.service_account_key
        return Process(
            name="kube-apiserver",
            argv=self._control_plane(
                "kube-apiserver",
                f"--bind-address={LOOPBACK}",
                f"--secure-port={self.ports['kube-apiserver']}",
                *serving,
                f"--client-ca-file={self.pki.authority.certificate}",
                f"--etcd-servers={self._url('https', 'etcd')}",
                f"--etcd-cafile={self.pki.authority.certificate}",
                f"--etcd-certfile={server.certificate}",
                f"--etcd-keyfile={server.key}",
                "--authorization-mode=Node,RBAC",
                f"--authentication-token-webhook-config-file={self._component_kubeconfig('authenticator')}",
                "--authentication-token-webhook-version=v1",
                # Short, so that an access entry that was just made, or just removed, counts.
                "--authentication-token-webhook-cache-ttl=2s",
                f"--service-account-issuer={self.kubernetes_url}",
                f"--service-account-key-file={key}",
                f"--service-account-signing-key-file={key}",
                f"--service-cluster-ip-range={SERVICE_CIDR}",
                "--allow-privileged=true",
                # The `kubernetes` Service cannot have a loopback address behind it, and no pod here would call it.
                "--endpoint-reconciler-type=none",
                # Where kwok plays the kubelets: local/kubernetes/nodes.py gives each node this name beside its address.
                "--kubelet-preferred-address-types=InternalDNS,InternalIP",
                "--profiling=false",
            ),
            environment={**self.environment, **GO_ENVIRONMENT},
            works=partial(answers, f"{self.kubernetes_url}/readyz", tls=self.pki.client_context("admin")),
        )

    def _controller_manager(self) -> Process:
        name = "kube-controller-manager"
        authority = self.pki.authority
        return Process(
            name=name,
            argv=self._control_plane(
                name,
                *self._component_flags(name),
                f"--root-ca-file={authority.certificate}",
                f"--cluster-signing-cert-file={authority.certificate}",
                f"--cluster-signing-key-file={authority.key}",
                f"--service-account-private-key-file={self.pki.service_account_key}",
                "--use-service-account-credentials=true",
            ),
            environment={**self.environment, **GO_ENVIRONMENT},
            works=self._healthz(name),
        )

    def _scheduler(self) -> Process:
        name = "kube-scheduler"
        return Process(
            name=name,
            argv=self._control_plane(name, *self._component_flags(name)),
            environment={**self.environment, **GO_ENVIRONMENT},
            works=self._healthz(name),
        )

    def _component_flags(self, name: str) -> tuple[str, ...]:
        _, serving = self._serving()
        return (
            f"--kubeconfig={self._component_kubeconfig(name)}",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={self.ports[name]}",
            *serving,
            "--leader-elect=false",
            "--profiling=false",
        )

    def _healthz(self, name: str) -> partial[bool]:
        return partial(answers, self._url("https", name, "/healthz"), tls=self.pki.client_context("admin"))

    @property
    def _port_forwards(self) -> Path:
        return self.state.pki / "port-forwards.yaml"

    def _kwok(self) -> Process:
        server = self.pki.pair("server")
        return Process(
            name="kwok",
            argv=(
                str(self.tools.kwok / "kwok"),
                f"--kubeconfig={self.state.kubeconfig}",
                f"--config={LOCAL / 'kwok' / 'stages.yaml'}",
                f"--config={self._port_forwards}",
                "--manage-all-nodes=true",
                f"--cidr={POD_CIDR}",
                # Without leases the node controller declares nodes lost after 40 s.
                "--node-lease-duration-seconds=40",
                f"--server-address={LOOPBACK}:{self.ports['kwok']}",
                # The kubelets' port, of all nodes at once, to which the API server takes `kubectl port-forward`.
                f"--node-port={self.ports['kwok']}",
                f"--tls-cert-file={server.certificate}",
                f"--tls-private-key-file={server.key}",
            ),
            environment={**self.environment, **KWOK_ENVIRONMENT},
            works=partial(answers, self._url("http", "kwok", "/healthz")),
        )

    def _python(self, module: str, *flags: str) -> tuple[str, ...]:
        return (sys.executable, "-m", module, *flags)

    def _aws(self) -> Process:
        return Process(
            name="aws",
            argv=self._python(
                "local.aws.server",
                f"--host={LOOPBACK}",
                f"--port={self.ports['aws']}",
                f"--kubernetes-endpoint={self.kubernetes_url}",
                f"--kubernetes-ca-file={self.pki.authority.certificate}",
            ),
            environment=self.environment,
            works=partial(answers, f"{self.aws_url}/"),
        )

    def _authenticator(self) -> Process:
        server = self.pki.pair("server")
        return Process(
            name="authenticator",
            argv=self._python(
                "local.kubernetes.authenticator",
                f"--port={self.ports['authenticator']}",
                f"--aws-endpoint={self.aws_url}",
                f"--certificate={server.certificate}",
                f"--key={server.key}",
            ),
            environment=self.environment,
            works=partial(
                answers, self._url("https", "authenticator", "/healthz"), tls=self.pki.client_context("admin")
            ),
        )

    def _fork_server(self) -> Process:
        socket = self.state.fork_server
        return Process(
            name="fork-server",
            # Isolated: a forked process adds its own folder and PYTHONPATH.
            argv=(sys.executable, "-I", str(LOCAL / "plugins" / "fork_server.py"), str(socket)),
            environment=self.environment,
            works=socket.exists,
        )

    def _stand_in(self) -> Process:
        return Process(
            name="stand-in",
            argv=self._python(
                "local.kubernetes.stand_in",
                f"--port={self.ports['stand-in']}",
                f"--kubernetes-endpoint={self.kubernetes_url}",
                f"--pki={self.state.pki}",
            ),
            environment=self.environment,
            works=partial(answers, self._url("http", "stand-in", "/health")),
        )

    def _hub(self) -> Process:
        return Process(
            name="hub",
            argv=self._python("local.hub", f"--port={self.ports['hub']}"),
            environment=self.environment,
            works=partial(answers, self._url("http", "hub", "/health")),
        )

    def _bridge(self) -> Process:
        return Process(
            name="bridge",
            argv=self._python(
                "local.kubernetes.bridge",
                f"--aws-endpoint={self.aws_url}",
                f"--kubernetes-endpoint={self.kubernetes_url}",
                f"--pki={self.state.pki}",
                f"--heartbeat={self.bridge_heartbeat}",
            ),
            environment=self.environment,
            works=partial(touched_within, self.bridge_heartbeat, BRIDGE_HEARTBEAT_SECONDS),
        )


def port_forwards(port: int) -> dict[str, object]:
    """Answer of kwok to `kubectl port-forward` to any pod: no container runs, so the stand-in answers for it."""
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "ClusterPortForward",
        "metadata": {"name": "stand-in"},
        "spec": {"forwards": [{"target": {"address": LOOPBACK, "port": port}}]},
    }


def _data(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()


def _write_kubeconfig(file: Path, cluster: Mapping[str, str], user: Mapping[str, str]) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "local", "cluster": dict(cluster)}],
        "users": [{"name": "local", "user": dict(user)}],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": "local"}}],
        "current-context": "local",
    }
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(config, sort_keys=False))
