"""Settings that keep what stands, where a stack file leaves open what a plan decides otherwise today."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from paddock.choices import WeightsLoading
from paddock.operations.day_two.facts import Facts, instance_store
from paddock.settings import PREFIX

BY_FLAG = {"--max-model-len": "max_model_len", "--kv-cache-dtype": "kv_cache_dtype"}
"""Settings by the flag of vLLM that says their value as it is."""
DECIDES_FLAGS = ("model", "quantization", "instance_type", "capacity_type", "vllm_image")
"""Facts that other flags of vLLM follow from; where one changes too, its own line says what keeps it."""


def kept_by(name: str, before: Facts, after: Facts, given: Collection[str]) -> str:
    """The setting that keeps a fact; empty where the stack file asks for the change, and where no setting decides."""
    if name == "engine_args":
        return _arguments_kept(before, after, given)
    if name == "addons":
        same = before.kubernetes_version == after.kubernetes_version
        return "no setting names it: the catalog decides, which another version of paddock has" if same else ""
    if name == "api_key":
        return "" if name in given else _left_open(f"run `pulumi config set --secret {PREFIX}api_key`")
    key, value = _setting(name, before, after)
    return "" if value is None or {name, key} & {*given} else _left_open(_set(key, value))


def _setting(name: str, before: Facts, after: Facts) -> tuple[str, Any]:
    """The setting that decides a fact, and the value with which it stays; None where another fact's line says it."""
    if name == "endpoint_zones":
        # The setting is no number: `all` follows the zones.
        only_one = before.endpoint_zones == 1
        return (name, "one") if only_one else ("number_of_availability_zones", before.number_of_availability_zones)
    if name == "tunnel_port" and after.tunnel_port is None:
        return "bastion", None
    copies = instance_store(is_used=True).keys()
    if name == "disks" and copies & before.disks.keys() != copies & after.disks.keys():
        return "weights_loading", WeightsLoading.NVME if copies & before.disks.keys() else WeightsLoading.STREAMER
    return (name, getattr(before, name)) if name in SETTINGS else (name, None)


SETTINGS = frozenset(
    {
        *("number_of_availability_zones", "peer_cidrs", "endpoint_public_access_cidrs", "bastion", "tunnel_port"),
        *("deletion_protection", "domain_name", "client_cidrs", "allowed_principals", "node_os"),
        *("capacity_type", "tags", "quantization", "weights_bucket", "replicas"),
    }
)
"""Facts that are the value of the setting of the same name, and that a stack file may leave open."""


def _arguments_kept(before: Facts, after: Facts, given: Collection[str]) -> str:
    flags = {*before.engine_args, *after.engine_args}
    differing = {flag for flag in flags if before.engine_args.get(flag) != after.engine_args.get(flag)}
    keys = {flag: key for flag, key in BY_FLAG.items() if flag in differing}
    advice = [
        _set(key, before.engine_args[flag])
        for flag, key in keys.items()
        if key not in given and flag in before.engine_args
    ]
    caused = any(getattr(before, name) != getattr(after, name) for name in DECIDES_FLAGS)
    if differing - {*keys} and "vllm_version" not in given and not caused:
        advice.append(_set("vllm_version", "the version of the image that stands"))
    return _left_open(" and ".join(advice)) if advice else ""


def _left_open(advice: str) -> str:
    return f"the stack file leaves it open; {advice} to keep it"


def _set(key: str, value: Any) -> str:
    return f"set {PREFIX}{key} to {_written(value)}"


def _written(value: Any) -> str:
    """A value as a stack file has it."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {each}' for key, each in sorted(value.items()))}}}"
    if isinstance(value, frozenset):
        return f"[{', '.join(sorted(value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
