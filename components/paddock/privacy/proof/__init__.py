"""Proof of privacy: can a pod that holds prompts, or the weights, reach or be reached from outside the VPC?

Pure: reads the resources of a preview or of a stack as plain data and answers with a verdict and its reasons. Where it
cannot know it says so; it never guesses in favor. `docs/proof.md` says what it sees and what it does not.
"""

from paddock.privacy.proof.doors import declared_in as declared_in
from paddock.privacy.proof.doors import pasted as pasted
from paddock.privacy.proof.doors import undeclared as undeclared
from paddock.privacy.proof.doors import with_declared as with_declared
from paddock.privacy.proof.graph import Edge as Edge
from paddock.privacy.proof.graph import State as State
from paddock.privacy.proof.inventory import Inventory as Inventory
from paddock.privacy.proof.kubernetes_checks import runs_anything as runs_anything
from paddock.privacy.proof.reading import ProofInputError as ProofInputError
from paddock.privacy.proof.reading import read_inventory as read_inventory
from paddock.privacy.proof.verdict import NO_NODES as NO_NODES
from paddock.privacy.proof.verdict import PrivacyVerdict as PrivacyVerdict
from paddock.privacy.proof.verdict import Proof as Proof
from paddock.privacy.proof.verdict import prove as prove
