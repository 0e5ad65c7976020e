"""Public half of a signing key: the one shape in which settings, components and pods take it."""

from __future__ import annotations

import base64
import binascii
import re

PEM = re.compile(r"\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*")
P256_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""SubjectPublicKeyInfo of an uncompressed P-256 point, up to its coordinates: RFC 5480."""
COORDINATES_BYTES = 64


def is_public_key(text: str) -> bool:
    """True for a P-256 key in PEM; that the point is on the curve is left to who verifies with it."""
    found = PEM.fullmatch(text)
    try:
        der = base64.b64decode("".join(found[1].split()), validate=True) if found else b""
    except binascii.Error:
        return False
    return der.startswith(P256_PREFIX) and len(der) == len(P256_PREFIX) + COORDINATES_BYTES
