"""The local cloud's own certificate authority, and a certificate for each of its servers and clients."""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_DAYS = 3650
CLOCK_SKEW_HOURS = 24


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, as files."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Pki:
    """The files of one cloud's certificates. `made` makes those that are missing and leaves the others alone."""

    folder: Path

    @property
    def authority(self) -> Pair:
        return self.pair("ca")

    @property
    def service_account_key(self) -> Path:
        return self.folder / "service-accounts.key"

    def pair(self, name: str) -> Pair:
        return Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")

    @classmethod
    def made(cls, folder: Path) -> Pki:
        pki = cls(folder)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if pki.service_account_key.exists():
            return pki
        authority = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "paddock local cloud")])
        builder = _certificate(issuer, issuer, authority.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        _write(pki.authority, builder.sign(authority, hashes.SHA256()), authority)

        for name, common_name, group in _MEMBERS:
            key = ec.generate_private_key(ec.SECP256R1())
            subject = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
            if group:
                subject.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
            builder = _certificate(x509.Name(subject), issuer, key.public_key())
            builder = builder.add_extension(x509.SubjectAlternativeName(_HOSTS), critical=False)
            builder = builder.add_extension(x509.ExtendedKeyUsage(_USES), critical=False)
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False
            )
            _write(pki.pair(name), builder.sign(authority, hashes.SHA256()), key)
        # The last file written, so that it tells a complete folder from one whose making was cut short.
        _write_private(pki.service_account_key, rsa.generate_private_key(public_exponent=65537, key_size=2048))
        return pki

    def client_context(self, name: str) -> ssl.SSLContext:
        """TLS that trusts this cloud alone, and shows the named certificate."""
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        context.load_cert_chain(self.pair(name).certificate, self.pair(name).key)
        return context


_USES = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
_HOSTS = [
    x509.DNSName("localhost"),
    x509.DNSName("kubernetes.default.svc"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
]

# File name, then the user and the group that RBAC's default bindings know (Kubernetes docs, "Using RBAC").
_MEMBERS = (
    ("server", "localhost", None),
    ("admin", "paddock-local-admin", "system:masters"),
    ("kube-controller-manager", "system:kube-controller-manager", None),
    ("kube-scheduler", "system:kube-scheduler", None),
)


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=CLOCK_SKEW_HOURS))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _write(pair: Pair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    _write_private(pair.key, key)
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _write_private(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(text)
