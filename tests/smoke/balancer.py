"""A Network Load Balancer over node ports, as small as can be: TCP passed on to targets that its health check passes.

Each target is a node with one pod. Its port answers as kube-proxy has it for `externalTrafficPolicy: Local`: where the
pod is ready, or ends and its readiness probe still passes; else the connection is refused. Connections that stand are
left alone, as `targetHealthStates` of the target group says.
"""

import http.client
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tests.smoke.kubelet import Kubelet


class Target:
    """A node that stays where pods come and go."""

    def __init__(self, kubelet: Kubelet, check: Mapping[str, Any]) -> None:
        self.kubelet = kubelet
        self.healthy = False
        self._check, self._row = check, 0

    def reachable(self) -> bool:
        return self.kubelet.ready and self.kubelet.pod.running

    def watch(self) -> None:
        """Check for ever; a change takes its threshold of answers alike."""
        while True:
            passed = self._passes()
            self._row = self._row + 1 if passed != self.healthy else 0
            if self._row >= int(self._check["healthyThreshold" if passed else "unhealthyThreshold"]):
                self.healthy, self._row = passed, 0
            time.sleep(float(self._check["interval"]))

    def _passes(self) -> bool:
        if not self.reachable():
            return False
        pod = self.kubelet.pod
        answer = http.client.HTTPConnection(pod.address, pod.port, timeout=float(self._check["timeout"]))
        try:
            answer.request("GET", self._check["path"])
            return str(answer.getresponse().status) == str(self._check["matcher"])
        except (OSError, http.client.HTTPException):
            return False
        finally:
            answer.close()


class Balancer:
    """Listens on `address:port`; new connections go to the healthy targets in turn, or to all where none is."""

    def __init__(self, address: str, port: int, targets: list[Target]) -> None:
        self._targets, self._turn = targets, 0
        self._listener = socket.create_server((address, port), backlog=128)
        for target in targets:
            threading.Thread(target=target.watch, daemon=True).start()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        open_to = [each for each in self._targets if each.healthy] or self._targets
        self._turn += 1
        target = open_to[self._turn % len(open_to)]
        with client:
            if not target.reachable():
                return
            with (
                suppress(OSError),
                socket.create_connection((target.kubelet.pod.address, target.kubelet.pod.port)) as pod,
            ):
                back = threading.Thread(target=_pump, args=(pod, client), daemon=True)
                back.start()
                _pump(client, pod)
                back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
