"""Identity of the server at the end of a tunnel: told by the certificate, as an open port says nothing."""

from __future__ import annotations

import socket
import ssl
from enum import Enum

from paddock.cluster.kubeconfig import LOOPBACK

CONNECT_SECONDS = 2.0
HANDSHAKE_SECONDS = 10.0


class Answer(Enum):
    NOBODY = "nobody"
    """The port is closed, or nothing is behind it."""
    STRANGER = "stranger"
    """Something else than the cluster."""
    CLUSTER = "cluster"


def who_answers(port: int, server_name: str, authority: str) -> Answer:
    """Shake hands at a port of this machine; `authority` is the cluster's own, as PEM."""
    try:
        context = _trusting(authority)
        with socket.create_connection((LOOPBACK, port), timeout=CONNECT_SECONDS) as plain:
            plain.settimeout(HANDSHAKE_SECONDS)
            with context.wrap_socket(plain, server_hostname=server_name):
                return Answer.CLUSTER
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        return Answer.NOBODY  # a tunnel accepts before it knows whether the other end does
    except ssl.SSLError:
        return Answer.STRANGER
    except OSError:
        return Answer.NOBODY


def _trusting(authority: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority)
    # From Python 3.13 on this is set, and refuses certificates without an authority key identifier, which EKS's are;
    # neither kubectl nor AWS's own tools ask for one.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
