"""An emulated AWS account of its own for one test module, in this process; gone at the module's end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

from local.aws.emulation import quotas
from local.aws.recorded.region import RECORDED
from local.aws.server import serving


@contextmanager
def account() -> Iterator[str]:
    """URL of the account's endpoint. moto's state is the process's: what was made is forgotten at the end."""
    with serving() as url:
        yield url
        quotas.VALUES.clear()
        RECORDED.regions.clear()
        connection = HTTPConnection(url.removeprefix("http://"))
        connection.request("POST", "/moto-api/reset")
        assert connection.getresponse().status == 200
        connection.close()
