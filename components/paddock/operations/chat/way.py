"""Way to a stack's endpoint from this machine: straight, or by `kubectl port-forward` and the tunnel, where it has one.

`kubectl port-forward` and not the API server's proxy of services: that one takes the header `Authorization` for itself,
in which vLLM wants its key, and comes from addresses that the pods' NetworkPolicy does not let in (docs/adr/0037).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from paddock.catalog.lookup import RefusedError
from paddock.cluster.kubeconfig import Signer, kubeconfig
from paddock.operations.aws_errors import aws_errors
from paddock.operations.aws_session import session_of
from paddock.operations.chat.deployed import Deployed
from paddock.operations.tunnel.keeper import kept_open
from paddock.operations.tunnel.probe import Answer, who_answers
from paddock.operations.tunnel.session import require_free, require_programs
from paddock.operations.tunnel.target import Finder, Wanted

Say = Callable[[str], None]

OPENS_WITHIN_SECONDS = 60.0
FORWARDS_WITHIN_SECONDS = 30.0
LOOK_SECONDS = 0.2
KUBECTL = "https://kubernetes.io/docs/tasks/tools/"
FORWARDING = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+) ->")
SELECTOR = "app.kubernetes.io/name=vllm,app.kubernetes.io/managed-by=paddock"
PRIVATE = 0o600


@contextmanager
def reached(deployed: Deployed, say: Say) -> Iterator[str]:
    """The base URL at which the endpoint answers here, for as long as it is wanted; raises `RefusedError`."""
    if not deployed.in_cluster and _resolves(deployed.endpoint):
        yield deployed.endpoint
        return
    if not shutil.which("kubectl"):
        raise RefusedError(f"there is no `kubectl` on PATH, which leads to the endpoint; install it: {KUBECTL}")
    with cluster_file(deployed, say) as file, _forwarded(deployed, file) as port:
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def cluster_file(deployed: Deployed, say: Say) -> Iterator[Path]:
    """A kubeconfig of the stack's cluster, with the tunnel open that leads there; both go at the end."""
    with aws_errors("looking for the cluster"):
        session = session_of(deployed.profile, deployed.region, deployed.role_arn)
        cluster = session.client("eks").describe_cluster(name=deployed.cluster)["cluster"]
    endpoint, authority = str(cluster["endpoint"]), str(cluster["certificateAuthority"]["data"])
    text = kubeconfig(
        deployed.cluster,
        endpoint,
        authority,
        deployed.region,
        deployed.tunnel_port,
        Signer(deployed.profile, deployed.role_arn),
    )
    with tempfile.TemporaryDirectory(prefix="paddock-") as folder:
        file = Path(folder) / "kubeconfig"
        file.touch(mode=PRIVATE)
        file.write_text(text, encoding="utf-8")
        with opened_tunnel(deployed.stack, deployed.region, deployed.tunnel_port, say, wait=False):
            yield file


@contextmanager
def opened_tunnel(stack: str, region: str, port: int | None, say: Say, *, wait: bool) -> Iterator[None]:
    """The tunnel of a stack, kept open in the background; nothing where there is no port or one is open already.

    With `wait` it returns at once, and the tunnel opens when cluster and bastion are there.
    """
    if port is None or _leads_to_cluster(stack, region, port):
        yield
        return
    require_programs()
    require_free(port)
    keeper = _Keeper(stack, region, port, say, wait=wait)
    keeper.start()
    try:
        if not wait:
            keeper.until_open()
        yield
    finally:
        keeper.stop()


class _Keeper(threading.Thread):
    """The thread that looks after the tunnel, as its sessions end and are opened again."""

    def __init__(self, stack: str, region: str, port: int, say: Say, *, wait: bool) -> None:
        super().__init__(daemon=True, name="tunnel")
        self._wanted, self._port, self._say, self._wait = Wanted(region=region, stack=stack), port, say, wait
        self._open, self._over = threading.Event(), threading.Event()
        self._refused: RefusedError | None = None

    def run(self) -> None:
        try:
            finder = Finder.in_region(self._wanted.region)
            looks = kept_open(lambda: finder.find(self._wanted), self._port, self._say, wait=self._wait)
            with closing(looks):
                for target in looks:
                    if target is not None:
                        self._open.set()
                    if self._over.wait(LOOK_SECONDS):
                        return
        except RefusedError as refused:
            self._refused = refused
            if self._wait:
                self._say(f"Error: {refused}")

    def until_open(self) -> None:
        deadline = time.monotonic() + OPENS_WITHIN_SECONDS
        while not self._open.wait(LOOK_SECONDS):
            if self._refused is not None:
                raise self._refused
            if time.monotonic() > deadline:
                raise RefusedError(
                    f"the tunnel to {self._wanted} did not open within {OPENS_WITHIN_SECONDS:.0f} seconds"
                )

    def stop(self) -> None:
        self._over.set()
        self.join()


def _leads_to_cluster(stack: str, region: str, port: int) -> bool:
    """True where a tunnel of this stack is open already, such as `paddock tunnel` in another terminal."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return False
    try:
        target = Finder.in_region(region).find(Wanted(region=region, stack=stack))
    except RefusedError:
        return False
    return who_answers(port, target.host, target.authority) is Answer.CLUSTER


@contextmanager
def _forwarded(deployed: Deployed, file: Path) -> Iterator[int]:
    """A port of this machine that leads to a ready pod of the service."""
    service = _service(deployed, file)
    port = urlsplit(deployed.endpoint).port if deployed.in_cluster else None
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            _kubectl(deployed, "port-forward", service, f":{port or 'http'}", "--address", "127.0.0.1"),
            env={**os.environ, "KUBECONFIG": str(file)},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=errors,
            # A group of its own: Ctrl-C stops an answer, and not the way.
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + FORWARDS_WITHIN_SECONDS
            while (found := FORWARDING.search(_read(said))) is None:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RefusedError(f"kubectl leads to no pod of {service}: {_last_line(errors)}")
                time.sleep(0.05)
            yield int(found[1])
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _service(deployed: Deployed, file: Path) -> str:
    if deployed.in_cluster:
        return f"service/{(urlsplit(deployed.endpoint).hostname or '').partition('.')[0]}"
    done = subprocess.run(
        _kubectl(deployed, "get", "services", "--selector", SELECTOR, "--output", "name"),
        env={**os.environ, "KUBECONFIG": str(file)},
        capture_output=True,
        text=True,
        check=False,
    )
    names = done.stdout.split()
    if done.returncode != 0 or not names:
        raise RefusedError(
            f"kubectl finds no service of vLLM in {deployed.namespace}: "
            f"{' '.join(done.stderr.split()) or 'there is none'}"
        )
    return names[0]


def _kubectl(deployed: Deployed, *arguments: str) -> list[str]:
    return ["kubectl", "--namespace", deployed.namespace, *arguments]


def _read(file: object) -> str:
    file.seek(0)  # type: ignore[attr-defined]  # a temporary file of bytes
    return str(file.read().decode(errors="replace"))  # type: ignore[attr-defined]


def _last_line(file: object) -> str:
    lines = [line.strip() for line in _read(file).splitlines() if line.strip()]
    return lines[-1].removeprefix("error: ") if lines else "it says nothing"


def _resolves(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.getaddrinfo(parts.hostname, parts.port or 443)
    except OSError:
        return False
    return True
