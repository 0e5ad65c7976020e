"""Argument lists of `vllm serve`, every one that the catalog leads to, and config.json of each model."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from benchmarks import checkpoints
from paddock import catalog
from paddock.catalog.lookup import RefusedError
from paddock.catalog.models import Model
from paddock.plan.plan import Plan, make_plan
from paddock.platform import service_args
from paddock.serving.vllm_service import VllmServiceArgs, manifest_values
from paddock.settings import parse_settings, settings_of_stack

STACKS = Path(__file__).parents[2] / "stacks"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm-openai@sha256:" + 64 * "0"
HIS = {
    "vllm_image": IMAGE,
    "domain_name": "llama.internal.example.com",
    "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/0",
}
"""Settings that a stack file leaves to its user."""
AT_RUN_TIME = ("fp32", "fp8-runtime")
"""Schemes that vLLM makes of a bf16 checkpoint."""
WORKLOADS: dict[str, dict[str, Any]] = {
    "plain": {},
    "fp8-kv": {"kv_cache_dtype": "fp8"},
    "long": {"max_model_len": 131_072, "concurrent_requests": 1},
    "many": {"concurrent_requests": 64},
    "rate": {"requests_per_second": 5.0, "input_tokens": 1000, "output_tokens": 300},
    "adapters": {"adapters": {"sql": "lora-1", "tone": "support-tone/lora-2"}, "max_loras": 1, "max_lora_rank": 64},
}
NETWORK: Any = SimpleNamespace(endpoint_cidrs=["10.0.0.0/24"], s3_cidrs=["52.216.0.0/15"])


def rendered(plan: Plan) -> VllmServiceArgs:
    """Arguments of the plan's service, with an address of its weights."""
    model = plan.model
    uri, key = f"s3://weights-0a1b2c/models/{model.name}/{model.weights_folder}", model.weights_public_key
    return service_args(plan, uri, NETWORK, "gpu", "llama", weights_public_key=key)


def argument_lists(version: str) -> dict[tuple[str, ...], str]:
    """Each distinct list of that version, with the settings that led to it first."""
    found: dict[tuple[str, ...], str] = {}
    for label, given in _asked(version):
        try:
            plan = make_plan(parse_settings(given, region="us-east-1"))
        except RefusedError:
            continue
        service = rendered(plan)
        for engine_args in (service["engine_args"], *(each.engine_args for each in plan.model.fallbacks)):
            args = manifest_values("llama", {**service, "engine_args": engine_args})["args"]
            found.setdefault(tuple(args), label)
    return found


def _asked(version: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for stack in sorted(STACKS.glob("Pulumi.*.yaml")):
        given = dict(settings_of_stack(yaml.safe_load(stack.read_text())["config"]))
        given.pop("region", None)
        needed = HIS if stack.stem.endswith("prod") else {"vllm_image": IMAGE}
        yield f"stack {stack.stem}", {**needed, **given, "vllm_version": version}
    for model in catalog.all_models().values():
        short = min(8192, model.max_context_tokens)
        for scheme in (*model.checkpoints, *AT_RUN_TIME):
            for workload, more in WORKLOADS.items():
                asked = {"model": model.name, "quantization": str(scheme), "vllm_version": version, "vllm_image": IMAGE}
                yield f"{model.name} {scheme} {workload}", {**asked, "max_model_len": short, **more}


def config_json(model: Model) -> dict[str, Any]:
    """The model's config.json as far as the engine's configuration reads it: its positions too, which a long context
    is checked against."""
    rope = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    long = model.max_context_tokens > 8192
    return {
        **checkpoints.config_json(model),
        "rope_theta": 500_000.0,
        **({"rope_scaling": {**rope, "original_max_position_embeddings": 8192}} if long else {}),
    }
