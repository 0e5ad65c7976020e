"""Parsing of `paddock plan --against`: the state that is named, and the plan in the same terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from paddock.cli.parsing.files import STDIN, pulumi_text
from paddock.cli.parsing.stack_file import config_of_file
from paddock.cluster.node_group import volumes
from paddock.common.manifests import render
from paddock.network.private_network import PrivateNetwork
from paddock.operations.day_two.facts import KEY_VARIABLE, OWN, Facts, disk, facts_asked, instance_store
from paddock.operations.day_two.state import State, exported, read_state
from paddock.plan.plan import Plan
from paddock.platform import service_args
from paddock.privacy.predicates.pods import CONFIG_MAP
from paddock.serving.vllm_service import manifest_values
from paddock.serving.weights_check import KEY_FILE
from paddock.settings import PREFIX
from paddock.weights.bucket import weights_prefix


def state_of(stack: str) -> State:
    """State of a stack by its name, in a file, or on standard input. Raises `RefusedError`."""
    return read_state(pulumi_text(stack) if stack == STDIN or _is_file(stack) else exported(stack))


def _is_file(name: str) -> bool:
    try:
        return name.endswith(".json") or Path(name).is_file()
    except OSError:
        # Longer than a file's name may be.
        return False


def keys_in(stack_file: Path) -> frozenset[str]:
    """Keys of paddock that a stack file has."""
    return frozenset(key.removeprefix(PREFIX) for key in config_of_file(stack_file) if key.startswith(PREFIX))


def facts_of_plan(plan: Plan, state: State, standing: Facts, *, has_key: bool) -> Facts:
    """Facts that the plan asks for, its pods rendered by the very template that an `up` renders."""
    # Of several volumes the first holds images and scratch, and is as fast as planned.
    sizes = volumes(plan.cluster.node_os, plan.model.disk_gib)
    data, throughput = next(iter(sizes)), plan.model.disk_throughput_mib_s
    disks = {device: disk(gib, throughput if device == data else None) for device, gib in sizes.items()}
    disks |= instance_store(is_used=plan.model.loading.disk_mib > 0)
    return facts_asked(plan, _deployment(plan, state, standing, has_key=has_key), disks, standing)


def _deployment(plan: Plan, state: State, standing: Facts, *, has_key: bool) -> Mapping[str, Any]:
    """The Deployment of the plan; a plan without an image keeps the one there."""
    engine = replace(plan.model.engine, image=plan.model.engine.image or standing.vllm_image)
    model = replace(plan.model, engine=engine)
    uri = f"s3://{model.weights_bucket or OWN}/{weights_prefix(model.name, model.weights_folder)}"
    # Addresses are in NetworkPolicies, not in pods.
    network = cast(PrivateNetwork, SimpleNamespace(endpoint_cidrs=[], s3_cidrs=[]))
    key = None if model.weights_revision is None else model.weights_public_key or _standing_public_key(state)
    asked = service_args(replace(plan, model=model), uri, network, "", state.platform, weights_public_key=key)
    values = manifest_values(f"{state.platform}-vllm", asked)
    (made,) = [each for each in render("vllm/service.yaml.j2", values) if each["kind"] == "Deployment"]
    if has_key:
        made["spec"]["template"]["spec"]["containers"][0]["env"].append({"name": KEY_VARIABLE})
    return made


def _standing_public_key(state: State) -> str:
    """Key by which the pods that stand check their weights; empty where they check none, and are restarted anyway."""
    files = [each.inputs.get("data", {}) for each in state.all(CONFIG_MAP)]
    return next((str(each[KEY_FILE]) for each in files if KEY_FILE in each), "")
