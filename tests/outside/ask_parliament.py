"""Runs in the checkers' environment: policy documents by name on standard input, findings as JSON on standard output.

Not parliament's own command, which writes every document that it reads to a file in /tmp (1.6.4, cli.py).
"""

import json
import sys
from typing import Any


def main() -> None:
    import parliament

    answers: dict[str, list[dict[str, Any]]] = {}
    for name, document in json.load(sys.stdin).items():
        found = parliament.analyze_policy_string(
            json.dumps(_with_bare_booleans(document)),
            ignore_private_auditors=True,
            include_community_auditors=True,
            config={},
        )
        answers[name] = [{"issue": each.issue, "said": str(each.detail or _actions(each))} for each in found.findings]
    json.dump(answers, sys.stdout)


def _with_bare_booleans(document: dict[str, Any]) -> dict[str, Any]:
    """`["false"]` as `"false"`, which is the same to AWS: on the list parliament 1.6.4 ends with an exception."""
    several = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    for operators in (each.get("Condition") or {} for each in several):
        for operator in ("Bool", "Null"):
            for key, value in operators.get(operator, {}).items():
                if isinstance(value, list) and len(value) == 1:
                    operators[operator][key] = value[0]
    return document


def _actions(finding: Any) -> str:
    """Community auditors name actions in place of a detail."""
    return ", ".join(sorted(finding.location.get("actions", ())))


if __name__ == "__main__":
    main()
