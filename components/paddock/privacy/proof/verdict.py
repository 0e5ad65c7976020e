"""Verdict of the proof: three questions to the graph, and the edges that answer them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from paddock.privacy.predicates.types import BUCKETS
from paddock.privacy.proof import kubernetes_checks
from paddock.privacy.proof.checks import MALFORMED, check
from paddock.privacy.proof.context import Context
from paddock.privacy.proof.graph import OUTSIDE, PODS, Edge, Graph, Node, State
from paddock.privacy.proof.inventory import Inventory


class PrivacyVerdict(StrEnum):
    PRIVATE = "private"
    NOT_PRIVATE = "not private"
    CANNOT_TELL = "cannot tell"


NO_NODES = "nodes"
"""Rule that asks where pods run."""
WORST_FIRST = (PrivacyVerdict.NOT_PRIVATE, PrivacyVerdict.CANNOT_TELL, PrivacyVerdict.PRIVATE)


@dataclass(frozen=True, slots=True)
class Answer:
    question: str
    verdict: PrivacyVerdict
    edges: tuple[Edge, ...]
    says: str = ""
    """Answer in words, where the verdict does not answer the question."""

    @property
    def text(self) -> str:
        return self.says or self.verdict.value


@dataclass(frozen=True, slots=True)
class Proof:
    verdict: PrivacyVerdict
    answers: tuple[Answer, ...]
    reasons: tuple[Edge, ...]
    """Open and unclear edges that the answers rest on, open ones first."""
    doors: tuple[Edge, ...]
    """Edges to somebody outside who is named; `with_declared` checks them."""
    elsewhere: tuple[Edge, ...]
    """Open and unclear edges apart from pods and weights."""
    remarks: tuple[str, ...]
    graph: Graph
    resources: int


def prove(inventory: Inventory) -> Proof:
    context = Context(inventory)
    graph = context.graph
    graph.nodes[PODS] = Node(PODS, "Asset", "pods with prompts")
    graph.nodes[OUTSIDE] = Node(OUTSIDE, "Outside", "outside")
    for resource in inventory.resources:
        check(context, resource)
    try:
        kubernetes_checks.pod_egress(context)
    except MALFORMED as error:
        context.remarks.append(f"Nothing is said of pods' egress: a policy or a workload is malformed ({error}).")
    if not any(each.type in kubernetes_checks.NODE_TYPES for each in inventory.resources):
        text = "no node group is seen here, so neither is where pods run"
        context.edge(PODS, OUTSIDE, State.UNCLEAR, NO_NODES, None, text)
    for doubt in inventory.doubts:
        context.edge(PODS, OUTSIDE, State.UNCLEAR, "incomplete", None, doubt)

    buckets = {each.urn for each in inventory.of(*BUCKETS)}
    answers = (
        _answer(graph, "Can a pod that holds prompts reach the outside?", {PODS}, OUTSIDE),
        _answer(graph, "Can the outside reach a pod that holds prompts?", {OUTSIDE}, PODS),
        _answer(graph, "Can the weights be read from the outside?", buckets, OUTSIDE),
    )
    reasons = dict.fromkeys(edge for answer in answers for edge in answer.edges)
    return Proof(
        verdict=next(each for each in WORST_FIRST if each in {answer.verdict for answer in answers}),
        answers=answers,
        reasons=tuple(sorted(reasons, key=lambda edge: edge.state is not State.OPEN)),
        doors=tuple(e for e in graph.edges if e.state is State.DECLARED),
        elsewhere=tuple(e for e in graph.edges if e.state in (State.OPEN, State.UNCLEAR) and e not in reasons),
        remarks=tuple(context.remarks),
        graph=graph,
        resources=len(inventory.resources),
    )


def _answer(graph: Graph, question: str, starts: set[str], end: str) -> Answer:
    edges = tuple(graph.between(starts, end))
    if graph.connected(starts, end, State.INSIDE, State.OPEN):
        return Answer(question, PrivacyVerdict.NOT_PRIVATE, edges)
    return Answer(question, PrivacyVerdict.CANNOT_TELL if edges else PrivacyVerdict.PRIVATE, edges)
