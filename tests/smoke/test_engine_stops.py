"""An engine that hangs: the pod is taken out while it does, and taken in again."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from paddock.serving.vllm_service import SILENT_VARIABLE
from tests.smoke.asking import Client
from tests.smoke.kubelet import Kubelet


@contextmanager
def stopped(server: Kubelet) -> Iterator[None]:
    """Everything of the pod but its first process, the server of the API, stands still."""
    others = [pid for pid in server.pod.processes() if pid != server.pod.pid]
    assert others
    for pid in others:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in others:
            os.kill(pid, signal.SIGCONT)


def test_a_pod_whose_engine_stands_still_is_not_ready_until_it_moves_again(server: Kubelet) -> None:
    probe = server.pod.container["readinessProbe"]
    silence = int(server.pod.environment[SILENT_VARIABLE])
    patience = 30 + silence + probe["periodSeconds"] * probe["failureThreshold"]
    assert server.probe(probe)
    with stopped(server):
        assert server.probe(probe), "a moment of silence is none"
        assert becomes(server, ready=False, within=patience)
        assert server.probe(server.pod.container["livenessProbe"]), "a restart would throw a loaded model away"
    assert becomes(server, ready=True, within=patience)
    assert Client(server.pod.address, server.pod.port).complete().status == 200


def becomes(server: Kubelet, *, ready: bool, within: float) -> bool:
    deadline = time.monotonic() + within
    while server.ready != ready and time.monotonic() < deadline:
        time.sleep(0.5)
    return server.ready == ready
