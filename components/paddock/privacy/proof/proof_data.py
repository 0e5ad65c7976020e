"""JSON of a proof: `paddock prove --json`, described by docs/proof-schema/."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from paddock.privacy.proof.graph import Edge, State
from paddock.privacy.proof.verdict import Proof

PROOF_SCHEMA_VERSION = 1


def proof_data(proof: Proof) -> dict[str, Any]:
    return {
        "schema_version": PROOF_SCHEMA_VERSION,
        "verdict": proof.verdict.value,
        "resources": proof.resources,
        "answers": [{"question": each.question, "verdict": each.verdict.value} for each in proof.answers],
        "reasons": _listed(proof.reasons),
        "doors": _listed(proof.doors),
        "elsewhere": _listed(proof.elsewhere),
        "remarks": list(proof.remarks),
    }


def _listed(edges: Iterable[Edge]) -> list[dict[str, str]]:
    return [
        {"state": e.state.value, "rule": e.rule, "resource": e.resource, "text": e.text}
        | ({"who": e.who} if e.state is State.DECLARED else {})
        for e in edges
    ]
