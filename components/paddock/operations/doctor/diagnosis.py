"""Diagnosis of a stack that stands: the first thing that is wrong, in one sentence, and a row of each part."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from paddock.operations.doctor.facts import Found, Inside
from paddock.operations.doctor.kube import GPU_RESOURCE, Container, Event, Pod, line
from paddock.operations.doctor.rows import rows_of
from paddock.operations.preflight.facts import Asked, NoCaller
from paddock.operations.preflight.row import Report, State, Unseen

PULL_FAILS = ("ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ImageInspectError")
CRASHES = ("CrashLoopBackOff", "RunContainerError", "CreateContainerError", "CreateContainerConfigError")
OUT_OF_MEMORY = "OOMKilled"
LOGS_SHOWN = 12
CONSEQUENCES = ("engine core initialization failed", "see root cause above", "engine process failed to start")
"""Last words of vLLM that only follow from what it wrote before."""
AN_ERROR = re.compile(
    r"\b[A-Za-z_.]*(?:Error|Exception)\b: ?\S|\bCUDA error\b|\bout of memory\b|^ERROR:", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    sentence: str
    """Sentence that says what is wrong, or that nothing is."""
    wrong: bool
    report: Report
    events: tuple[Event, ...]
    log_of: str
    """`pod/container` of the lines; empty where nothing was read."""
    log: tuple[str, ...]


def diagnose(asked: Asked, found: Found) -> Diagnosis:
    """The first thing that is wrong, from the outside in: account, cluster, node groups, nodes, pods."""
    sentences = list(_wrong(asked, found))
    report = Report(tuple(rows_of(asked, found)))
    inside = found.inside
    events: tuple[Event, ...] = ()
    log_of, log = _log(inside) if isinstance(inside, Inside) else ("", ())
    if isinstance(inside, Inside):
        events = () if isinstance(inside.events, Unseen) else inside.events
    failing = [row for row in report.rows if row.state is State.FAIL]
    if sentences:
        sentence = sentences[0]
    elif failing:
        sentence = f"{failing[0].name}: {failing[0].found}"
    elif isinstance(inside, Unseen):
        sentence = f"nothing is wrong as far as AWS says; the cluster itself could not be asked: {inside.why}"
    else:
        sentence = f"nothing is wrong: {_serving(inside)}"
    return Diagnosis(
        sentence=_one_sentence(sentence),
        wrong=bool(sentences or failing),
        report=report,
        events=events,
        log_of=log_of,
        log=log,
    )


def _one_sentence(text: str) -> str:
    text = line(text).rstrip(". ")
    return f"{text[:1].upper()}{text[1:]}."


def _wrong(asked: Asked, found: Found) -> Iterator[str]:
    caller, cluster = found.caller, found.cluster
    if isinstance(caller, NoCaller):
        yield f"AWS does not know who asks ({caller.why}): run `aws sso login` or set AWS_PROFILE"
        return
    if isinstance(cluster, Unseen):
        yield f"the cluster {asked.cluster} could not be asked about: {cluster.why}"
        return
    if cluster is None:
        yield f"there is no cluster {asked.cluster} in {asked.region}: `paddock deploy {asked.stack}` makes it"
        return
    if cluster.issues:
        yield f"EKS says of the cluster {asked.cluster}: {cluster.issues[0]}"
    if cluster.status in ("FAILED", "DELETING", "CREATING", "PENDING"):
        yield f"the cluster {asked.cluster} is {cluster.status}"
    if not isinstance(found.groups, Unseen):
        for group in found.groups:
            if group.issues:
                yield f"EKS cannot keep the node group {group.name}: {group.issues[0]}"
            if group.status.endswith("FAILED"):
                yield f"the node group {group.name} is {group.status}"
    if isinstance(found.inside, Inside):
        yield from _wrong_inside(asked, found.inside)


def _wrong_inside(asked: Asked, inside: Inside) -> Iterator[str]:
    if isinstance(inside.nodes, Unseen):
        yield f"the cluster's API does not answer: {inside.nodes.why}"
        return
    if not isinstance(inside.pods, Unseen):
        for pod in inside.pods:
            yield from _wrong_pod(pod, inside)
    for node in inside.nodes:
        if not node.ready:
            yield f"the node {node.name} is not ready{': ' + node.why if node.why else ''}"
    if isinstance(inside.pods, Unseen):
        yield f"the pods could not be asked for: {inside.pods.why}"
        return
    serving = [pod for pod in inside.pods if pod.ready]
    wanted = asked.plan.model.placement.replicas
    if not inside.pods:
        yield f"there is no pod in the namespace, and {wanted} should be: run `pulumi up` again"
    elif len(serving) < wanted:
        starting = next((pod for pod in inside.pods if not pod.ready), None)
        if starting is None:
            yield f"{len(serving)} pods are ready, and {wanted} should be"
        else:
            last = _last(inside, starting)
            said = f"; it said last: {last}" if last else ""
            yield f"the pod {starting.name} is starting, {len(serving)} of {wanted} are ready{said}"


def _wrong_pod(pod: Pod, inside: Inside) -> Iterator[str]:
    if pod.unschedulable:
        gpus = GPU_RESOURCE in pod.unschedulable
        cause = f"no node has a free GPU for the pod {pod.name}" if gpus else f"no node takes the pod {pod.name}"
        yield f"{cause}: {pod.unschedulable}"
        return
    for container in pod.containers:
        yield from _wrong_container(pod, container, inside)


def _wrong_container(pod: Pod, container: Container, inside: Inside) -> Iterator[str]:
    what = f"{'init container' if container.init else 'container'} {container.name} of {pod.name}"
    said = _said(inside, pod, container)
    behind = f": {said}" if said else ""
    if container.waiting in PULL_FAILS:
        yield f"the image of the {what} cannot be pulled: {container.message or container.waiting}"
    elif container.ended == OUT_OF_MEMORY and not container.running:
        yield f"the {what} needs more memory than its limit and was killed (OOMKilled){behind}"
    elif container.init and container.exit_code not in (None, 0) and not container.running:
        # It checks the weights before vLLM may read them.
        yield f"the {what} refuses to let the model start{behind}"
    elif container.waiting in CRASHES:
        ended = f", exit status {container.exit_code}" if container.exit_code is not None else ""
        cause = behind or f": {container.message or container.waiting}"
        yield f"the {what} crashes again and again ({container.restarts} restarts{ended}){cause}"
    elif not container.init and container.exit_code not in (None, 0) and not container.running:
        yield f"the {what} ended with exit status {container.exit_code}{behind}"


def _said(inside: Inside, pod: Pod, container: Container) -> str:
    log = inside.logs.get(f"{pod.name}/{container.name}")
    if log is not None and not isinstance(log, Unseen) and (found := telling(log)):
        return found
    words = [said for said in container.last_words.splitlines() if said.strip()]
    return telling(words) if words else ""


def telling(lines: Sequence[str]) -> str:
    """The last line that names an error, before what only follows from it; the last line where none does."""
    errors = [
        said for said in lines if AN_ERROR.search(said) and not any(each in said.lower() for each in CONSEQUENCES)
    ]
    return (errors or list(lines) or [""])[-1].strip()


def _last(inside: Inside, pod: Pod) -> str:
    logs = [log for key, log in inside.logs.items() if key.startswith(f"{pod.name}/")]
    known = [log[-1] for log in logs if not isinstance(log, Unseen) and log]
    return known[-1] if known else ""


def _log(inside: Inside) -> tuple[str, tuple[str, ...]]:
    """Last lines of the pod that is not ready, else of the first."""
    if isinstance(inside.pods, Unseen):
        return "", ()
    for pod in sorted(inside.pods, key=lambda each: each.ready):
        for container in reversed(pod.containers):
            log = inside.logs.get(f"{pod.name}/{container.name}")
            if log is not None and not isinstance(log, Unseen) and log:
                return f"{pod.name}/{container.name}", log[-LOGS_SHOWN:]
    return "", ()


def _serving(inside: Inside) -> str:
    pods = () if isinstance(inside.pods, Unseen) else inside.pods
    ready = sum(pod.ready for pod in pods)
    return f"{ready} of {len(pods)} pods are ready"
