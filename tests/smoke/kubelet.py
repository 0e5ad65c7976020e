"""The kubelet of one pod: start-up and readiness probes, and the end with its hook, signal and grace."""

import http.client
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.smoke.pod import Pod


@dataclass(frozen=True, kw_only=True)
class Ended:
    """End of a pod."""

    told: float
    """Moment at which it was told to stop, by `time.monotonic`."""
    hook_seconds: float
    seconds: float
    """Time from the end of the hook to the exit."""
    exit_code: int | None
    killed: bool
    """True where the grace was over before the process was."""


class Kubelet:
    """Probes of a started pod; defaults of Kubernetes where the manifest is silent."""

    def __init__(self, pod: Pod) -> None:
        self.pod = pod
        self.ready = False
        """The readiness probe's word, which a pod that ends keeps to have."""
        self._watching = threading.Event()

    def start(self) -> float:
        """Start the pod and wait for its start-up probe and its readiness; the seconds that it took."""
        began = time.monotonic()
        assert self.pod.initialize() == ""
        self.pod.start()
        probe = self.pod.container["startupProbe"]
        deadline = began + probe["periodSeconds"] * probe["failureThreshold"]
        while not self.probe(probe):
            assert self.pod.running, f"vLLM ended with {self.pod.exit_code}: {self.last_words()}"
            assert time.monotonic() < deadline, f"not started within the start-up probe's budget: {self.last_words()}"
            time.sleep(1)
        threading.Thread(target=self._watch, daemon=True).start()
        while not self.ready:
            time.sleep(0.1)
        return time.monotonic() - began

    def last_words(self) -> str:
        return "\n".join(self.pod.log.read_text(errors="replace").splitlines()[-40:])

    def _watch(self) -> None:
        probe, failures = self.pod.container["readinessProbe"], 0
        while self.pod.running and not self._watching.is_set():
            failures = 0 if self.probe(probe) else failures + 1
            if failures in (0, int(probe.get("failureThreshold", 3))):
                self.ready = failures == 0
            self._watching.wait(float(probe["periodSeconds"]))
        self.ready = False

    def probe(self, probe: Mapping[str, Any]) -> bool:
        """Ask once; anything from 200 to 399 is a yes."""
        asked = probe["httpGet"]
        answer = http.client.HTTPConnection(self.pod.address, self.pod.port, timeout=probe.get("timeoutSeconds", 1))
        try:
            answer.request("GET", asked["path"])
            return 200 <= answer.getresponse().status < 400
        except (OSError, http.client.HTTPException):
            return False
        finally:
            answer.close()

    def terminate(self) -> Ended:
        """End the pod as its deletion does: hook, SIGTERM, and SIGKILL when the grace, hook included, is over."""
        began = time.monotonic()
        grace = float(self.pod.template["terminationGracePeriodSeconds"])
        if hook := self.pod.container.get("lifecycle", {}).get("preStop"):
            self._hook(hook, grace)
        hooked = time.monotonic()
        self.pod.signal(signal.SIGTERM)
        code = self.pod.wait(max(0.0, began + grace - hooked))
        if killed := code is None:
            self.pod.signal(signal.SIGKILL)
            code = self.pod.wait(10)
        self._watching.set()
        return Ended(
            told=hooked, hook_seconds=hooked - began, seconds=time.monotonic() - hooked, exit_code=code, killed=killed
        )

    def _hook(self, hook: Mapping[str, Any], grace: float) -> None:
        ((kind, given),) = hook.items()
        if kind == "sleep":
            time.sleep(float(given["seconds"]))
        elif kind == "exec":
            done = self.pod.run(given["command"], grace)
            assert done.returncode == 0, f"the preStop hook failed: {done.stdout}{done.stderr}"
        else:
            raise AssertionError(f"a preStop hook of kind {kind}, which tests/smoke/kubelet.py cannot run yet")
