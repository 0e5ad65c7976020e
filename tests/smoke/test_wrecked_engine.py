"""An engine that dies: clients are told, and the container ends, so that the kubelet restarts it."""

import os
import signal
import threading
import time

from tests.smoke.asking import Client
from tests.smoke.rollout import Rollout, asking


def test_a_pod_whose_engine_is_killed_ends(rollout: Rollout) -> None:
    kubelet = rollout.survivor
    (engine,) = [pid for pid, name in kubelet.pod.processes().items() if name.startswith("VLLM::EngineCore")]
    streamed: list[bytes] = []
    client = Client(kubelet.pod.address, kubelet.pod.port)
    body = asking(6000, stream=True)
    reader = threading.Thread(target=lambda: streamed.append(client.ask("POST", "/v1/completions", body).body))
    reader.start()
    time.sleep(3)
    os.kill(engine, signal.SIGKILL)
    reader.join(60)
    assert b'"error"' in streamed[0], "a stream that was cut says so"
    assert kubelet.pod.wait(60) is not None
    assert not kubelet.probe(kubelet.pod.container["readinessProbe"])
