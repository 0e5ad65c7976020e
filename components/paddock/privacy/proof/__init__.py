"""Proof of privacy: can a pod that holds prompts, or the weights, reach or be reached from outside the VPC?

Pure: reads the resources of a preview or of a stack as plain data and answers with a verdict and its reasons. Where it
cannot know it says so; it never guesses in favor. `docs/proof.md` says what it sees and what it does not.
"""

from paddock.privacy.proof.doors import declared_in, pasted, undeclared, with_declared
from paddock.privacy.proof.graph import OUTSIDE, PODS, Edge, Graph, Node, State
from paddock.privacy.proof.inventory import Inventory
from paddock.privacy.proof.kubernetes_checks import runs_anything
from paddock.privacy.proof.reading import ProofInputError, read_inventory
from paddock.privacy.proof.verdict import NO_NODES, Answer, PrivacyVerdict, Proof, prove

__all__ = [
    "NO_NODES",
    "OUTSIDE",
    "PODS",
    "Answer",
    "Edge",
    "Graph",
    "Inventory",
    "Node",
    "PrivacyVerdict",
    "Proof",
    "ProofInputError",
    "State",
    "declared_in",
    "pasted",
    "prove",
    "read_inventory",
    "runs_anything",
    "undeclared",
    "with_declared",
]
