"""Reports of a proof: JSON for programs, and HTML, one file for an auditor in which nothing is fetched or runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from paddock.privacy.proof.graph import Edge, State
from paddock.privacy.proof.svg import svg
from paddock.privacy.proof.verdict import Proof

PROOF_SCHEMA_VERSION = 1
LIMITS = (
    "Only the resources that were given are checked: what is made elsewhere, by hand or by another stack, is not seen.",
    "Software inside the account, such as an AWS service acting for it, is trusted to do what AWS documents.",
    "Identities of the account that may change these resources can change the answer.",
)
STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left;"
    "vertical-align:top}@media print{body{max-width:none;margin:0}}.private{color:#1a7f37}.not-private{color:#c62828}"
    ".cannot-tell{color:#b7791f}"
)


def proof_data(proof: Proof) -> dict[str, Any]:
    """JSON of `paddock prove --json`, described by docs/proof-schema/."""
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


def report(proof: Proof, made: Mapping[str, str]) -> str:
    """`made` says of what, when and by what it was made."""
    verdict = proof.verdict.value
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8"><title>Proof of privacy</title>',
            # Even a name that somehow became markup could neither run nor fetch.
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<style>{STYLE}</style></head><body>",
            f'<h1>Proof of privacy: <span class="{verdict.replace(" ", "-")}">{verdict}</span></h1>',
            _table(("Of", ""), [*made.items(), ("resources checked", str(proof.resources))]),
            _table(("Question", "Answer"), [(each.question, each.text) for each in proof.answers]),
            *_edges("Reasons", proof.reasons, "Nothing leads out, and nothing is left open."),
            *_edges("Declared doors", proof.doors, "None."),
            *_edges("Elsewhere, apart from pods and weights", proof.elsewhere, "Nothing."),
            "<h2>Remarks</h2><ul>",
            *(f"<li>{escape(each)}</li>" for each in proof.remarks),
            '</ul><h2>The graph</h2><div class="picture">',
            svg(proof),
            "</div><h2>What this does not see</h2><ul>",
            *(f"<li>{escape(each)}</li>" for each in LIMITS),
            "</ul></body></html>",
            "",
        ]
    )


def _edges(title: str, edges: Sequence[Edge], none: str) -> list[str]:
    rows = [(edge.state.value, edge.rule, edge.resource_name, edge.text) for edge in edges]
    return [f"<h2>{title}</h2>", _table(("State", "Rule", "Resource", "Why"), rows) if rows else f"<p>{none}</p>"]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(each)}</th>" for each in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"
