"""The proof of privacy: can a pod that holds prompts, or the weights, reach or be reached from outside the VPC?

Pure: reads the resources of a preview or of a stack as plain data and answers with a verdict and its reasons. Where it
cannot know it says so; it never guesses in favour. `docs/proof.md` says what it sees and what it does not.
"""

from paddock.privacy.proof.graph import OUTSIDE, PODS, Graph, Node, State, Way
from paddock.privacy.proof.kubernetes_judges import runs_anything
from paddock.privacy.proof.resources import Inventory, ProofInputError, Resource, read_inventory
from paddock.privacy.proof.verdict import NO_NODES, Answer, Proof, Verdict, prove

__all__ = [
    "NO_NODES",
    "OUTSIDE",
    "PODS",
    "Answer",
    "Graph",
    "Inventory",
    "Node",
    "Proof",
    "ProofInputError",
    "Resource",
    "State",
    "Verdict",
    "Way",
    "prove",
    "read_inventory",
    "runs_anything",
]
