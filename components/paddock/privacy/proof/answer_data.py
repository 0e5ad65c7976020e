"""A proof as plain data: `paddock prove --json`, described by docs/proof-schema/."""

from __future__ import annotations

from typing import Any

from paddock.privacy.proof.graph import Way
from paddock.privacy.proof.verdict import Proof

PROOF_SCHEMA_VERSION = 1


def proof_data(proof: Proof) -> dict[str, Any]:
    return {
        "schema_version": PROOF_SCHEMA_VERSION,
        "verdict": proof.verdict.value,
        "resources": proof.resources,
        "answers": [{"question": each.question, "verdict": each.verdict.value} for each in proof.answers],
        "reasons": [_way(each) for each in proof.reasons],
        "doors": [_way(each) for each in proof.doors],
        "elsewhere": [_way(each) for each in proof.elsewhere],
        "remarks": list(proof.remarks),
    }


def _way(way: Way) -> dict[str, str]:
    return {"state": way.state.value, "rule": way.rule, "resource": way.resource, "text": way.text}
