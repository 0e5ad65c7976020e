"""`aws.iam.get_policy_document`: IAM policies from statements, written as Pulumi's official provider writes them."""

from __future__ import annotations

import json
from typing import Any

from local.aws.values import Values

_VERSIONS = ("2008-10-17", "2012-10-17")
_EFFECTS = ("Allow", "Deny")


def policy_document(args: Values) -> tuple[str, str]:
    """The document, indented and minified. Documents to override come last and win, statement by statement id."""
    version = args.get("version", "2012-10-17")
    if version not in _VERSIONS:
        raise ValueError(f"version is {version!r}; allowed: {', '.join(_VERSIONS)}")
    sources = [json.loads(text) for text in args.get("sourcePolicyDocuments", []) if text]
    overrides = [json.loads(text) for text in args.get("overridePolicyDocuments", []) if text]
    own = {"Statement": [_statement(statement) for statement in args.get("statements", [])]}
    statements: list[Values] = []
    for document in (*sources, own, *overrides):
        for statement in _many(document.get("Statement", [])):
            _put(statements, statement, replace=document in overrides)
    document = {"Version": version, **({"Id": args["policyId"]} if args.get("policyId") else {})}
    document["Statement"] = statements
    return json.dumps(document, indent=2), json.dumps(document, separators=(",", ":"))


def _put(statements: list[Values], statement: Values, *, replace: bool) -> None:
    sid = statement.get("Sid")
    for index, other in enumerate(statements):
        if sid and other.get("Sid") == sid:
            if not replace:
                raise ValueError(f"duplicate statement id {sid!r}")
            statements[index] = statement
            return
    statements.append(statement)


def _statement(given: Values) -> Values:
    effect = given.get("effect", "Allow")
    if effect not in _EFFECTS:
        raise ValueError(f"effect is {effect!r}; allowed: {', '.join(_EFFECTS)}")
    made: Values = {"Sid": given["sid"]} if given.get("sid") else {}
    made["Effect"] = effect
    for name, member in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if given.get(name):
            made[member] = _one_or_many(given[name])
    for name, member in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(name):
            made[member] = _principals(given[name])
    if given.get("conditions"):
        made["Condition"] = _conditions(given["conditions"])
    return made


def _principals(given: list[Values]) -> Any:
    if [principal["type"] for principal in given] == ["*"] and given[0]["identifiers"] == ["*"]:
        return "*"
    return {principal["type"]: _one_or_many(principal["identifiers"]) for principal in given}


def _conditions(given: list[Values]) -> Values:
    conditions: Values = {}
    for condition in given:
        values = condition["values"]
        test = conditions.setdefault(condition["test"], {})
        test[condition["variable"]] = values[0] if len(values) == 1 else values
    return conditions


def _one_or_many(values: list[str]) -> Any:
    # reversed, because the official provider's documents are, and a state that it wrote should compare equal
    return values[0] if len(values) == 1 else sorted(set(values), reverse=True)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
