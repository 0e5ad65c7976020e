"""Trust and client certificates, given as files and as data, against a server that asks for both."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local.plugins.resource_kubernetes import kubeconfig
from local.plugins.resource_kubernetes.api import Api, UnreachableError
from local.plugins.resource_kubernetes.kubeconfig import KubeconfigError
from local.plugins.resource_kubernetes.objects import Kind
from tests.unit.local_plugins import fake_api
from tests.unit.local_plugins.fake_api import FakeApi

_KIND = Kind("v1", "ConfigMap")


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One certificate that signs itself and serves as authority, server and client."""
    folder = tmp_path_factory.mktemp("pki")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return folder


@pytest.fixture
def secured(pki: Path) -> Iterator[FakeApi]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "cert.pem", pki / "key.pem")
    context.load_verify_locations(pki / "cert.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with fake_api.running(FakeApi(), context) as api:
        yield api


def data(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()


def test_certificates_as_data_open_the_server(secured: FakeApi, pki: Path) -> None:
    user = {"client-certificate-data": data(pki / "cert.pem"), "client-key-data": data(pki / "key.pem")}
    trust = {"certificate-authority-data": data(pki / "cert.pem")}
    connection = kubeconfig.load(fake_api.kubeconfig(secured.url, user, trust))
    assert Api(connection).served(_KIND).plural == "configmaps"


def test_certificates_as_files_are_found_beside_the_kubeconfig(secured: FakeApi, pki: Path) -> None:
    user = {"client-certificate": "cert.pem", "client-key": "key.pem"}
    file = pki / "config"
    trust = {"certificate-authority": "cert.pem"}
    file.write_text(fake_api.kubeconfig(secured.url, user, trust))
    assert Api(kubeconfig.load(str(file))).served(_KIND).plural == "configmaps"


def test_a_server_that_nobody_vouches_for_is_not_spoken_to(secured: FakeApi, pki: Path) -> None:
    user = {"client-certificate-data": data(pki / "cert.pem"), "client-key-data": data(pki / "key.pem")}
    with pytest.raises(UnreachableError, match="self-signed"):
        Api(kubeconfig.load(fake_api.kubeconfig(secured.url, user))).served(_KIND)


def test_an_authority_that_is_no_certificate_is_named() -> None:
    broken = fake_api.kubeconfig("https://x", trust={"certificate-authority-data": "bm9uc2Vuc2U="})
    with pytest.raises(KubeconfigError, match="certificate authority cannot be used"):
        Api(kubeconfig.load(broken))
