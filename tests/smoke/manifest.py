"""Manifests of the local stack, in two replicas behind a load balancer, for a version of vLLM that runs here."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from paddock import ServiceLoadBalancer, VllmService
from paddock.plan.plan import Plan, make_plan
from paddock.settings import parse_settings, settings_of_stack
from tests.smoke.arguments import HIS, STACKS, rendered
from tests.unit.components.cases import CASES
from tests.unit.components.recorder import build
from tests.unit.weights.signed import pem

SECRET = "4dabf18193072939515e22adb298388d"
"""The key that marks a value as special in Pulumi's protocol; of inputs, the secret ones."""
REVISION = "bf16-0123456789ab"
ADAPTER, ADAPTER_REVISION = "adapter", "support-tone/lora-0123456789ab"
API_KEY = "sk-smoke-0123456789abcdef"


@cache
def plan(version: str) -> Plan:
    given = dict(settings_of_stack(yaml.safe_load((STACKS / "Pulumi.local.yaml").read_text())["config"]))
    region = given.pop("region")
    signed = {"weights_revision": REVISION, "weights_public_key": pem()}
    beside = {"adapters": {ADAPTER: ADAPTER_REVISION}, "max_lora_rank": 8, "replicas": 2, "vllm_version": version}
    return make_plan(parse_settings({**HIS, **given, **signed, **beside}, region=region))


@cache
def objects(version: str) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """The objects by kind and name, as Pulumi's Kubernetes provider would be given them."""
    args = {**rendered(plan(version)), "api_key": API_KEY}
    built = build(lambda opts: VllmService("llama-vllm", args, opts))  # type: ignore[arg-type]
    kubernetes = [_plain(inputs) for token, _, inputs in built.made if token.startswith("kubernetes:")]
    return {(each["kind"], each["metadata"]["name"]): each for each in kubernetes}


def _plain(value: Any) -> Any:
    """Inputs with what each secret holds in its place, as the provider sees it."""
    if isinstance(value, dict):
        return _plain(value["value"]) if SECRET in value else {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def deployment(version: str) -> Mapping[str, Any]:
    """Spec of the Deployment."""
    found: Mapping[str, Any] = objects(version)["Deployment", "llama-vllm"]["spec"]
    return found


def pod_template(version: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = deployment(version)["template"]["spec"]
    return found


def health_check() -> Mapping[str, Any]:
    """The load balancer's health check of its targets."""
    args: Any = CASES["ServiceLoadBalancer"].args(every=False)
    target_group = build(lambda opts: ServiceLoadBalancer("lb", args, opts)).one("aws:lb/targetGroup:TargetGroup")
    found: Mapping[str, Any] = target_group["healthCheck"]
    return found
