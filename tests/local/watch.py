"""Watch of the model's pods while something changes: how many were ready at every moment, and which."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from local.processes.cloud import LocalCloud
from tests.local.look import is_ready


@dataclass
class Watch:
    """Every state of the pods, as the API server told it, the first included."""

    ready: dict[str, bool] = field(default_factory=dict)
    """Readiness by the pods' uid, of those that are there now."""
    fewest: int = 0
    """Least number of ready pods since the start."""
    seen_ready: set[str] = field(default_factory=set)
    """Uids of all pods that were ready at some moment."""
    _heard: threading.Event = field(default_factory=threading.Event)

    def take(self, event: dict[str, Any]) -> None:
        pod = event["object"]
        uid = pod["metadata"]["uid"]
        # A pod that ends answers no new request, whatever its condition still says.
        is_up = event["type"] != "DELETED" and "deletionTimestamp" not in pod["metadata"] and is_ready(pod)
        self.ready[uid] = is_up
        if is_up:
            self.seen_ready.add(uid)
        if event["type"] == "DELETED":
            del self.ready[uid]
        if self._heard.is_set():
            self.fewest = min(self.fewest, self.count)

    @property
    def count(self) -> int:
        return sum(self.ready.values())

    def begin(self) -> None:
        self.fewest = self.count
        self._heard.set()


@contextmanager
def watching(cloud: LocalCloud, replicas: int, namespace: str = "llama") -> Iterator[Watch]:
    """Watches from the moment on at which the replicas that there are have all been told of."""
    command = ["kubectl", "get", "pods", "--namespace", namespace, "--watch", "--output-watch-events", "-o", "json"]
    watch = Watch()
    begun = threading.Event()
    with subprocess.Popen(command, env=cloud.environment(), stdout=subprocess.PIPE, text=True) as kubectl:
        assert kubectl.stdout is not None
        lines = kubectl.stdout

        def read() -> None:
            text = ""
            for line in lines:
                text += line
                # One line an event, or many of which the last alone is not indented.
                if line.startswith(" ") or not line.endswith("}\n"):
                    continue
                watch.take(json.loads(text))
                text = ""
                if not begun.is_set() and watch.count == replicas:
                    watch.begin()
                    begun.set()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            assert begun.wait(30), f"{watch.count} of {replicas} replicas are ready before anything changes"
            yield watch
        finally:
            kubectl.terminate()
            reader.join()
