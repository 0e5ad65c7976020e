"""The verdict: three questions to the graph, and the ways that answer them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from paddock.privacy.predicates.buckets import BUCKETS
from paddock.privacy.proof import kubernetes_judges
from paddock.privacy.proof.graph import OUTSIDE, PODS, Graph, Node, State, Way
from paddock.privacy.proof.judges import judge
from paddock.privacy.proof.resources import Inventory
from paddock.privacy.proof.scene import Scene


class Verdict(StrEnum):
    PRIVATE = "private"
    NOT_PRIVATE = "not private"
    CANNOT_TELL = "cannot tell"


NO_NODES = "nodes"
"""The rule that asks where pods run."""
WORST_FIRST = (Verdict.NOT_PRIVATE, Verdict.CANNOT_TELL, Verdict.PRIVATE)


@dataclass(frozen=True, slots=True)
class Answer:
    question: str
    verdict: Verdict
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    verdict: Verdict
    answers: tuple[Answer, ...]
    reasons: tuple[Way, ...]
    """What is open or unclear on the way, open first."""
    doors: tuple[Way, ...]
    elsewhere: tuple[Way, ...]
    """Open or unclear, but apart from pods and weights."""
    remarks: tuple[str, ...]
    graph: Graph
    resources: int


def prove(inventory: Inventory) -> Proof:
    scene = Scene(inventory)
    graph = scene.graph
    graph.nodes[PODS] = Node(PODS, "Asset", "pods with prompts")
    graph.nodes[OUTSIDE] = Node(OUTSIDE, "Outside", "outside")
    for resource in inventory.resources:
        judge(scene, resource)
    kubernetes_judges.pod_egress(scene)
    if not any(each.type in kubernetes_judges.NODE_HOLDERS for each in inventory.resources):
        scene.way(
            PODS, OUTSIDE, State.UNCLEAR, NO_NODES, None, "no node group is seen here, so neither is where pods run"
        )
    for doubt in inventory.doubts:
        scene.way(PODS, OUTSIDE, State.UNCLEAR, "incomplete", None, doubt)

    buckets = [each.urn for each in inventory.resources if each.type in BUCKETS]
    answers = (
        _answer(graph, "Can a pod that holds prompts reach the outside?", [(PODS, OUTSIDE)]),
        _answer(graph, "Can the outside reach a pod that holds prompts?", [(OUTSIDE, PODS)]),
        _answer(graph, "Can the weights be read from the outside?", [(urn, OUTSIDE) for urn in buckets]),
    )
    reasons = tuple(dict.fromkeys(way for answer in answers for way in answer.ways))
    return Proof(
        verdict=next(each for each in WORST_FIRST if each in {answer.verdict for answer in answers}),
        answers=answers,
        reasons=tuple(sorted(reasons, key=lambda way: way.state is not State.OPEN)),
        doors=tuple(way for way in graph.ways if way.state is State.DOOR),
        elsewhere=tuple(w for w in graph.ways if w.state in (State.OPEN, State.UNCLEAR) and w not in reasons),
        remarks=tuple(scene.remarks),
        graph=graph,
        resources=len(inventory.resources),
    )


def _answer(graph: Graph, question: str, asked: list[tuple[str, str]]) -> Answer:
    ways = tuple(dict.fromkeys(way for start, end in asked for way in graph.between(start, end)))
    if any(graph.connected(start, end, State.INSIDE, State.OPEN) for start, end in asked):
        return Answer(question, Verdict.NOT_PRIVATE, ways)
    return Answer(question, Verdict.CANNOT_TELL if ways else Verdict.PRIVATE, ways)
