"""Real registry servers on loopback, images made up for them, and a proxy that breaks what passes through it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local.processes.process import LOOPBACK, Process, Processes, answers, release_ports, reserve_ports
from paddock.operations.images.manifest import OCI_INDEX, OCI_MANIFEST, referrers_entry, referrers_index, referrers_tag
from paddock.operations.images.manifest import read_manifest as read

ENVIRONMENT = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}


def start_registry(
    binary: Path, folder: Path, name: str, *, http_options: Mapping[str, Any] | None = None, **sections: Any
) -> tuple[Processes, str]:
    """A running registry and its `host:port`. Its configuration is JSON, which is YAML."""
    folder.mkdir(parents=True)
    held = reserve_ports([name], {})
    port = held[name].getsockname()[1]
    host = f"{LOOPBACK}:{port}"
    configuration = {
        "version": 0.1,
        "log": {"accesslog": {"disabled": False}, "level": "info"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": host, "secret": "of no use", **(http_options or {})},
        **sections,
    }
    file = folder / "registry.yaml"
    file.write_text(json.dumps(configuration))
    processes = Processes(folder / "processes", folder / "logs")

    def works() -> bool:
        if http_options:
            return f"listening on {host}" in "".join(processes.tail(name, 100))
        return answers(f"http://{host}/v2/")

    process = Process(name=name, argv=[str(binary), "serve", str(file)], environment=ENVIRONMENT, works=works)
    release_ports(held.values())
    processes.spawn(process)
    processes.wait(process)
    return processes, host


def digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


@dataclass
class MadeUp:
    """Puts content into a repository, as its publisher would."""

    host: str
    name: str

    @property
    def base(self) -> str:
        return f"http://{self.host}/v2/{self.name}"

    def blob(self, data: bytes, media_type: str = "application/vnd.oci.image.layer.v1.tar+gzip") -> dict[str, Any]:
        begun = requests.post(f"{self.base}/blobs/uploads/", timeout=10)
        put = requests.put(begun.headers["Location"], params={"digest": digest(data)}, data=data, timeout=10)
        assert put.status_code == 201, put.text
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    def put(self, manifest: Mapping[str, Any], tag: str | None = None) -> dict[str, Any]:
        """OCI manifest where the body has no `mediaType`, which it may leave out."""
        raw = json.dumps(manifest, indent=1).encode()
        kind = str(manifest.get("mediaType", OCI_MANIFEST))
        where = f"{self.base}/manifests/{tag or digest(raw)}"
        put = requests.put(where, data=raw, headers={"Content-Type": kind}, timeout=10)
        assert put.status_code == 201, put.text
        return {"mediaType": kind, "digest": digest(raw), "size": len(raw)}

    def image(self, *layers: bytes, tag: str | None = None, **more: Any) -> dict[str, Any]:
        config = self.blob(
            json.dumps({"of": [digest(each) for each in layers]}).encode(), "application/vnd.oci.image.config.v1+json"
        )
        return self.put(
            {"schemaVersion": 2, "config": config, "layers": [self.blob(each) for each in layers], **more}, tag
        )

    def index(self, *manifests: Mapping[str, Any], tag: str) -> dict[str, Any]:
        entries = [
            {**each, "platform": {"os": "linux", "architecture": name}}
            for each, name in zip(manifests, ("amd64", "arm64"), strict=False)
        ]
        return self.put({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}, tag)

    def refer(self, subject: Mapping[str, Any], layer: bytes) -> dict[str, Any]:
        """An SBOM as a referrer; where the registry lacks the API, listed under the tag for that."""
        made = self.image(layer, subject=dict(subject), artifactType="application/spdx+json", annotations={"by": "us"})
        raw = requests.get(
            f"{self.base}/manifests/{made['digest']}", headers={"Accept": OCI_MANIFEST}, timeout=10
        ).content
        entry = referrers_entry(read(raw, OCI_MANIFEST, wanted=made["digest"], where="here"))
        listed = referrers_index([entry])
        tag = referrers_tag(str(subject["digest"]))
        put = requests.put(f"{self.base}/manifests/{tag}", data=listed, headers={"Content-Type": OCI_INDEX}, timeout=10)
        assert put.status_code == 201, put.text
        return made


Fault = Callable[[str, str], str | None]
"""Faults by method and path: a status such as "429", "cut", "other bytes", or None."""


@dataclass
class Proxy:
    """Between us and a registry. Passes all on, writes down what was asked, and breaks what `fault` says."""

    upstream: str
    fault: Fault = lambda _method, _path: None
    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)

    def __enter__(self) -> Proxy:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_any(self) -> None:
                proxy.answer(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_any  # noqa: N815  the names that http.server calls

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.server.daemon_threads = True
        self.host = f"{LOOPBACK}:{self.server.server_address[1]}"
        self.thread = Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        headers = dict(handler.headers.items())
        self.asked.append((handler.command, handler.path, headers))
        body = handler.rfile.read(int(headers.get("Content-Length", 0)))
        fault = self.fault(handler.command, handler.path)
        if fault is not None and fault.isdecimal():
            handler.send_response(int(fault))
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        connection = http.client.HTTPConnection(self.upstream, timeout=10)
        connection.request(handler.command, handler.path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if fault == "other bytes":
            data = bytes(len(data))
        handler.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"connection", "date", "server", "transfer-encoding"}:
                handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(data[: len(data) // 2] if fault == "cut" else data)


def certificate(folder: Path) -> tuple[Path, Path]:
    """Certificate and key of 127.0.0.1, its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "registry")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "tls.crt", folder / "tls.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(*pem))
    return files
