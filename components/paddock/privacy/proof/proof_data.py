"""JSON of a proof: `paddock prove --json`, described by docs/proof-schema/."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from paddock.privacy.proof.graph import Edge
from paddock.privacy.proof.verdict import Proof

PROOF_SCHEMA_VERSION = 1


def proof_data(proof: Proof) -> dict[str, Any]:
    return {
        "schema_version": PROOF_SCHEMA_VERSION,
        "verdict": proof.verdict.value,
        "resources": proof.resources,
        "answers": [{"question": each.question, "verdict": each.verdict.value} for each in proof.answers],
        "reasons": _listed(proof.reasons),
        "doors": [{**each, "who": edge.who} for each, edge in zip(_listed(proof.doors), proof.doors, strict=True)],
        "elsewhere": _listed(proof.elsewhere),
        "remarks": list(proof.remarks),
    }


def _listed(edges: Iterable[Edge]) -> list[dict[str, str]]:
    return [{"state": e.state.value, "rule": e.rule, "resource": e.resource, "text": e.text} for e in edges]
