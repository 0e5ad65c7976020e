"""Capture for the proof's tests: `pulumi stack export | python -m tests.unit.privacy.proof.slim > data/stack.json`.

Certificates, kubeconfigs, addresses of the machine and ciphertexts go, and so does what no check reads: who made a
resource, when, and from which line.
"""

from __future__ import annotations

import json
import sys
from typing import Any

KEPT_OF_A_FILE = {"deployment", "diagnostics", "steps"}
KEPT_OF_A_RESOURCE = {"custom", "id", "inputs", "outputs", "parent", "propertyDependencies", "type", "urn"}
NOISE = {"__defaults", "__fieldManager", "__initialApiVersion", "__initialKind", "__meta", "managedFields", "tagsAll"}
PRIVATE = {
    "certificateAuthority",
    "certificate_authority",
    "certificate",
    "certificateBody",
    "certificateChain",
    "ciphertext",
    "endpoint",
    "issuer",
    "kubeconfig",
}


def clean(value: Any, key: str = "") -> Any:
    if key in PRIVATE and value:
        return "removed"
    if isinstance(value, dict):
        return {name: clean(each, name) for name, each in value.items() if name not in NOISE}
    return [clean(each) for each in value] if isinstance(value, list) else value


def resource(state: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in state.items() if key in KEPT_OF_A_RESOURCE}
    links = (kept.get("propertyDependencies") or {}).items()
    return {**clean(kept), "propertyDependencies": {key: urns for key, urns in links if urns}}


def slim(captured: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in captured.items() if key in KEPT_OF_A_FILE}
    if "diagnostics" in kept:
        kept["diagnostics"] = [each for each in kept["diagnostics"] if each["severity"] == "error"]
    if "steps" in kept:
        kept["steps"] = [
            {"op": step["op"], "urn": step["urn"], "newState": resource(step["newState"])} for step in kept["steps"]
        ]
    if "deployment" in kept:
        kept["deployment"] = {"resources": [resource(each) for each in kept["deployment"]["resources"]]}
    return kept


if __name__ == "__main__":
    json.dump(slim(json.load(sys.stdin)), sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")
