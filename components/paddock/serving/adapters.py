"""LoRA adapters of a pod: the init container that copies them, what it mounts, and the arguments that name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from paddock.catalog.lookup import shown
from paddock.choices import ADAPTER_NAME
from paddock.serving.weights_check import copy_container
from paddock.sizing.memory.engine_args import texts

ADAPTERS_CONTAINER = "copy-adapters"
ADAPTERS_VOLUME, ADAPTERS_FOLDER = "adapters", "/adapters"
LORA_MODULES = "--lora-modules"
COPY_MB_PER_SECOND = 100
"""The slowest copy that is no failure, well below what a node's volume writes."""
AT_RUN_TIME = "VLLM_ALLOW_RUNTIME_LORA_UPDATING"
"""Variable that opens /v1/load_lora_adapter, which takes any path and any repository, unverified
(entrypoints/serve/lora/api_router.py, 0.33.0)."""

Adapters = Mapping[str, pulumi.Input[str]]
"""Addresses, `s3://…/<model>/<revision>`, by the names that clients use."""


def adapters_fault(adapters: Adapters, engine_args: Sequence[str], engine_env: Mapping[str, str]) -> str | None:
    """Fault of the arguments that concern adapters, or None."""
    if AT_RUN_TIME in engine_env:
        return (
            f"engine_env must not have {AT_RUN_TIME}: whoever has the key could then load any file; name adapters in "
            f"adapters, whose change is a rollout"
        )
    if not adapters:
        return None
    for name in adapters:
        if not ADAPTER_NAME.fullmatch(name):
            return (
                f"adapters must have names of lower-case letters, digits, dots, hyphens or underscores, 63 at most, "
                f"got {shown(name)}"
            )
    try:
        said = texts(engine_args)
    except ValueError as error:
        return f"engine_args cannot be read: {error}"
    if "enable_lora" not in said:
        return "adapters need --enable-lora in engine_args, with --max-loras and --max-lora-rank as sized"
    if "lora_modules" in said:
        return f"engine_args must not have {LORA_MODULES}: adapters says it"
    if said.get("served_model_name") in adapters:
        return f"adapters has {shown(said['served_model_name'])}, the model's own name; name the adapter otherwise"
    return None


def adapters_copy(
    adapters: Adapters, folder: str, engine_env: Mapping[str, str], resources: Mapping[str, Any], *, has_key: bool
) -> Mapping[str, Any]:
    """Values that the template prints of the init container that copies them, and checks them where there is a key."""
    pairs = [(address, folder_of(name)) for name, address in sorted(adapters.items())]
    mounts = [adapters_mount(is_read_only=False)]
    return copy_container(ADAPTERS_CONTAINER, pairs, folder, engine_env, resources, mounts, has_key=has_key)


def adapters_args(adapters: Adapters) -> Sequence[str]:
    """Arguments of vLLM that name them; the model that each adapts is the served one by vLLM's own default."""
    return (LORA_MODULES, *(f"{name}={folder_of(name)}" for name in sorted(adapters))) if adapters else ()


def adapters_mount(*, is_read_only: bool) -> Mapping[str, Any]:
    return {"name": ADAPTERS_VOLUME, "mountPath": ADAPTERS_FOLDER, **({"readOnly": True} if is_read_only else {})}


def adapters_volume(disk_mib: int) -> Mapping[str, Any]:
    return {"name": ADAPTERS_VOLUME, "emptyDir": {"sizeLimit": f"{disk_mib}Mi"}}


def folder_of(name: str) -> str:
    return f"{ADAPTERS_FOLDER}/{name}"
