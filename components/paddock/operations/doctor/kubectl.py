"""Way to a cluster's API for `kubectl`: a kubeconfig of our own, and the tunnel where the stack has a bastion."""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from paddock.catalog.lookup import RefusedError
from paddock.cluster.kubeconfig import Signer, kubeconfig
from paddock.operations.doctor.facts import Inside, Standing
from paddock.operations.doctor.kube import Pod, event_of, items, line, node_of, pod_of
from paddock.operations.preflight.row import Unseen
from paddock.operations.tunnel.keeper import kept_open
from paddock.operations.tunnel.probe import Answer, who_answers
from paddock.operations.tunnel.session import require_programs
from paddock.operations.tunnel.target import Finder, Wanted

ANSWER_SECONDS = 20
LOG_LINES = 60
LOOK_SECONDS = 0.5
INSTALL = {"kubectl": "https://kubernetes.io/docs/tasks/tools/", "pulumi": "https://www.pulumi.com/docs/install/"}
EVENTS_SHOWN = 10

Kubectl = Callable[[Sequence[str]], str | Unseen]
Say = Callable[[str], None]


@contextmanager
def way(
    cluster: str, region: str, standing: Standing, *, bastion: bool, port: int, signer: Signer, say: Say
) -> Generator[Kubectl, None, None]:
    """`kubectl` of the cluster, through its tunnel where it has one; raises `RefusedError` where none opens."""
    with _tunnel(cluster, region, standing, port, say) if bastion else _straight() as tunnel_port:
        text = kubeconfig(
            cluster, standing.endpoint, standing.certificate_authority, region, tunnel_port or None, signer
        )
        with tempfile.TemporaryDirectory(prefix="paddock-doctor-") as folder:
            file = Path(folder) / "kubeconfig"
            file.touch(mode=0o600)
            file.write_text(text, encoding="utf-8")
            yield lambda words: _run("kubectl", "--kubeconfig", str(file), *words)


@contextmanager
def _straight() -> Generator[int, None, None]:
    yield 0


@contextmanager
def _tunnel(cluster: str, region: str, standing: Standing, port: int, say: Say) -> Generator[int, None, None]:
    """The port of a tunnel that is open already, or of one for as long as it is asked."""
    host = str(urlsplit(standing.endpoint).hostname)
    if who_answers(port, host, base64.b64decode(standing.certificate_authority).decode()) is Answer.CLUSTER:
        yield port
        return
    require_programs()
    wanted = Wanted(region=region, cluster=cluster)
    finder = Finder.in_region(region)
    with closing(kept_open(lambda: finder.find(wanted), port, say, wait=False)) as looks:
        for target in looks:
            if target is not None:
                break
            time.sleep(LOOK_SECONDS)
        yield port


def _run(program: str, *arguments: str) -> str | Unseen:
    """Output of a program."""
    try:
        done = subprocess.run(
            [program, *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            timeout=2 * ANSWER_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return Unseen(f"there is no {program} on PATH ({INSTALL[program]})")
    except subprocess.TimeoutExpired:
        return Unseen(f"{program} got no answer in {2 * ANSWER_SECONDS} s")
    except OSError as error:
        return Unseen(f"{program} cannot be run: {(error.strerror or str(error)).lower()}")
    if done.returncode:
        said = [text for text in done.stderr.splitlines() if text.strip()]
        return Unseen(f"{program}: {line(said[-1])[:200]}" if said else f"{program} exited {done.returncode}")
    return done.stdout


def look_inside(kubectl: Kubectl, namespace: str) -> Inside:
    """Nodes, and the namespace's pods, events and last lines."""

    def listed(*words: str) -> list[Mapping[str, Any]] | Unseen:
        answer = kubectl(["get", *words, "-o", "json", f"--request-timeout={ANSWER_SECONDS}s"])
        return answer if isinstance(answer, Unseen) else items(answer)

    nodes = listed("nodes")
    if isinstance(nodes, Unseen):
        # One that does not answer is asked once, and not four times.
        return Inside(nodes=nodes, pods=nodes, events=nodes)
    raw_pods, raw_events = listed("pods", "-n", namespace), listed("events", "-n", namespace)
    pods = raw_pods if isinstance(raw_pods, Unseen) else tuple(map(pod_of, raw_pods))
    events = raw_events
    if not isinstance(events, Unseen):
        latest = sorted(map(event_of, events), key=lambda event: event.at)[-EVENTS_SHOWN:]
    return Inside(
        nodes=tuple(map(node_of, nodes)),
        pods=pods,
        events=events if isinstance(events, Unseen) else tuple(latest),
        logs={} if isinstance(pods, Unseen) else dict(_logs(kubectl, namespace, pods)),
    )


def _logs(
    kubectl: Kubectl, namespace: str, pods: Sequence[Pod]
) -> Generator[tuple[str, tuple[str, ...] | Unseen], None, None]:
    """Last lines of every container that ran: those of its last run where it waits for another."""
    for pod in pods:
        for container in pod.containers:
            if not container.running and container.exit_code is None:
                continue
            words = ["logs", "-n", namespace, pod.name, "-c", container.name, f"--tail={LOG_LINES}"]
            again = container.restarts > 0 and not container.running
            answer = kubectl([*words, *(["--previous"] if again else []), f"--request-timeout={ANSWER_SECONDS}s"])
            if isinstance(answer, Unseen) and again:
                answer = kubectl([*words, f"--request-timeout={ANSWER_SECONDS}s"])
            key = f"{pod.name}/{container.name}"
            yield key, answer if isinstance(answer, Unseen) else lines(answer)


def lines(text: str) -> tuple[str, ...]:
    return tuple(clean for each in text.splitlines() if (clean := line(each)))


def stack_outputs(stack: str) -> Mapping[str, object] | Unseen:
    """Outputs of the stack, without its secrets."""
    plainly = ("--non-interactive", "--color", "never")
    said = _run("pulumi", "stack", "output", "--json", "--stack", stack, *plainly)
    if isinstance(said, Unseen):
        return said
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        return Unseen("pulumi's answer is no JSON")
    return found if isinstance(found, dict) else Unseen("pulumi's answer is no map")


def not_reached(refused: RefusedError) -> Unseen:
    return Unseen(line(str(refused)))
