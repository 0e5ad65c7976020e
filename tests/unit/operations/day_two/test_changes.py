"""Answers of `paddock plan --against` on each change, held to what the components register and to AWS's own rules."""

from __future__ import annotations

from typing import Any

import pytest

from paddock.operations.day_two.changes import How
from paddock.operations.day_two.downtime import Pods
from tests.unit.components.recorder import Built
from tests.unit.operations.day_two.stands import IMAGE, built, transition

NODE_GROUP, TEMPLATE = "aws:eks/nodeGroup:NodeGroup", "aws:ec2/launchTemplate:LaunchTemplate"
REPLACES_GROUP = ("amiType", "capacityType", "instanceTypes", "nodeRoleArn")
"""Inputs whose change makes a new node group. Source: terraform-provider-aws, internal/service/eks/node_group.go."""

UPDATES_VERSION = ("version", "releaseVersion")
"""Inputs whose change is UpdateNodegroupVersion, which replaces every node."""

CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}),
    "Kubernetes minor": ({}, {"kubernetes_version": "1.36"}),
    "AMI release": ({"node_release_version": "1.62.0-0f1e2d3c"}, {"node_release_version": "1.63.1-4b5a6978"}),
    "one more zone": ({}, {"number_of_availability_zones": 3}),
    "instance type": ({}, {"instance_type": "g6.2xlarge"}),
    "capacity type": ({}, {"capacity_type": "spot"}),
    "operating system": ({}, {"node_os": "al2023", "device_plugin_image": IMAGE}),
    "model": ({}, {"model": "llama-3.2-3b"}),
    "larger model": ({}, {"model": "llama-3.1-70b", "instance_type": "g6e.12xlarge"}),
    "quantization": ({}, {"quantization": "fp8"}),
    "replicas up": ({}, {"replicas": 3}),
    "replicas down": ({"replicas": 3}, {}),
    "image": ({}, {"vllm_image": IMAGE.replace("a" * 64, "b" * 64)}),
    "vLLM version": ({}, {"vllm_version": "0.28.0"}),
    "context": ({}, {"max_model_len": 4096}),
    "KV cache": ({}, {"kv_cache_dtype": "fp8"}),
    "tags": ({}, {"tags": {"team": "a"}}),
    "tunnel port": ({}, {"tunnel_port": 6444}),
    "tunnel to peered network": ({}, {"peer_cidrs": ["10.9.0.0/16"]}),
    "public access": ({}, {"endpoint_public_access_cidrs": ["8.8.8.0/24"]}),
    "kept bucket": ({}, {"weights_bucket": "kept", "weights_key_arn": "arn:aws:kms:us-east-1:123456789012:key/a-b"}),
    "a revision": ({}, {"weights_revision": "bf16-0a1b2c3d4e5f"}),
    "another revision": ({"weights_revision": "bf16-0a1b2c3d4e5f"}, {"weights_revision": "bf16-f5e4d3c2b1a0"}),
    "an adapter": ({}, {"adapters": {"sql": "lora-1"}}),
    "another adapter": ({"adapters": {"sql": "lora-1"}}, {"adapters": {"sql": "m/lora-2"}}),
    "the same revision": 2 * ({"weights_revision": "bf16-0a1b2c3d4e5f"},),
    "operating system and AMI release": (
        {"node_release_version": "1.63.1-4b5a6978"},
        {"node_os": "al2023", "device_plugin_image": IMAGE, "node_release_version": "1.35.3-20261120"},
    ),
    "one zone of endpoints": ({}, {"endpoint_zones": "one"}),
    "deletion protection": ({}, {"deletion_protection": True}),
    "load balancer": (
        {},
        {"domain_name": "llama.example.com", "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/a-b"},
    ),
}


def _pool(found: Built) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The GPU pool: its resource's name, its group, its template but for the tags, which an `up` leaves alone."""
    ((name, group),) = [(name, group) for name, group in found.of(NODE_GROUP).items() if "gpu" in name]
    template = {key: value for key, value in found.of(TEMPLATE)[name].items() if not key.startswith("tag")}
    return name, group, template


def _all(found: Built) -> dict[tuple[str, str], dict[str, Any]]:
    return {(type_, name): inputs for type_, name, inputs in found.made}


def before_and_after(before: dict[str, Any], after: dict[str, Any]) -> tuple[Built, Built]:
    """Resources of two `up`s, of which the second finds the pool of the first."""
    old = built(**before)
    _, group, _ = _pool(old)
    return old, built(group["instanceTypes"][0], **after)


def registered_events(before: dict[str, Any], after: dict[str, Any]) -> set[Pods]:
    """Fate of the pods, by the rules of AWS and Kubernetes, from what the components register."""
    old, new = before_and_after(before, after)
    events = set()
    (names, groups, templates) = zip(*(_pool(each) for each in (old, new)), strict=True)
    replaced = names[0] != names[1] or any(groups[0].get(key) != groups[1].get(key) for key in REPLACES_GROUP)
    if replaced:
        events.add(Pods.MOVED)
    elif templates[0] != templates[1] or any(groups[0].get(key) != groups[1].get(key) for key in UPDATES_VERSION):
        events.add(Pods.WITH_NODES)
    pods = [each.of("kubernetes:apps/v1:Deployment")["llama-vllm-deployment"]["spec"] for each in (old, new)]
    if pods[0]["template"] != pods[1]["template"] and not replaced:
        events.add(Pods.ROLLED)
    if pods[0]["replicas"] != pods[1]["replicas"]:
        events.add(Pods.ADDED if pods[1]["replicas"] > pods[0]["replicas"] else Pods.REMOVED)
    return events


@pytest.mark.parametrize("name", CHANGES)
def test_what_happens_to_the_pods_is_what_the_registered_resources_bring_about(name: str) -> None:
    before, after = CHANGES[name]
    found = transition(before, after)
    told = {each.downtime.pods for each in found.changes if each.how is not How.REFUSED} - {Pods.STAY}
    if Pods.MOVED in told:
        told -= {Pods.ROLLED, Pods.WITH_NODES}
    assert told == registered_events(before, after)
    old, new = before_and_after(before, after)
    assert bool(found.changes) == (_all(old) != _all(new))
