"""From a user's words and files to the library's objects, and back to plain data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddock import catalog
from paddock.catalog import CapacityType, Instance, Quantization, suggestion
from paddock.catalog.lookup import RefusedError, UnknownNameError
from paddock.sizing import Candidate, Demand, Placements, Workload

if TYPE_CHECKING:
    from paddock.settings import Settings

SIZE_SCHEMA_VERSION = 1
MAX_CONTEXT_TOKENS = 1 << 20
MAX_REQUESTS = 4096
MAX_REPLICAS = 64


def demand_from_words(
    model: str,
    *,
    quantization: str,
    context: str,
    concurrency: int,
    replicas: int,
    region: str,
    spot: bool,
    vllm_version: str | None,
) -> Demand:
    """A `Demand` from the options of `paddock size`; raises `RefusedError`."""
    found = catalog.model(model)
    if quantization not in set(Quantization):
        raise UnknownNameError(f"unknown quantization '{quantization}'; {suggestion(quantization, Quantization)}")
    if region not in catalog.regions():
        raise UnknownNameError(f"unknown region '{region}'; {suggestion(region, catalog.regions())}")
    within("--concurrency", concurrency, 1, MAX_REQUESTS)
    within("--replicas", replicas, 1, MAX_REPLICAS)
    tokens = context_tokens(context)
    if tokens > found.max_context_tokens:
        raise RefusedError(
            f"--context is {tokens:,} tokens, but {found.name} reads at most {found.max_context_tokens:,}; lower it"
        )
    return Demand(
        model=found,
        scheme=catalog.scheme(Quantization(quantization)),
        engine=catalog.engine(vllm_version or catalog.newest_version()),
        workload=Workload(context_tokens=tokens, concurrent_requests=concurrency),
        replicas=replicas,
        region=region,
        capacity_type=CapacityType.SPOT if spot else CapacityType.ON_DEMAND,
    )


def context_tokens(text: str) -> int:
    """`8192` or `8k`; raises `RefusedError`."""
    match = re.fullmatch(r"(\d{1,7})(k?)", text.lower())
    if match is None:
        raise RefusedError(f"--context must be a number of tokens such as 8192 or 8k, got '{text}'")
    tokens = int(match[1]) * (1024 if match[2] else 1)
    within("--context", tokens, 1, MAX_CONTEXT_TOKENS)
    return tokens


def within(option: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise RefusedError(f"{option} must be {lowest:,} to {highest:,}, got {value:,}")


def instances_in(region: str | None) -> list[Instance]:
    """The catalog's instance types, those of one region where one is given."""
    if region is None:
        return list(catalog.all_instances().values())
    if region not in catalog.regions():
        raise UnknownNameError(f"unknown region '{region}'; {suggestion(region, catalog.regions())}")
    return [each for each in catalog.all_instances().values() if region in each.regions]


def settings_of_file(path: Path) -> Settings:
    """The settings of a stack file, read as Pulumi reads it: every plain value is text."""
    import yaml

    from paddock.settings import Settings, settings_of_stack

    try:
        # S506 is about constructing objects from tags; the base loader makes only text, lists and maps.
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except OSError as error:
        raise RefusedError(
            f"cannot read {path}: {(error.strerror or str(error)).lower()}; name one by --stack-file"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        raise RefusedError(
            f"{path} is not YAML{f', line {where.line + 1}' if where else ''}: {_first_line(error)}"
        ) from None
    config = content.get("config") if isinstance(content, Mapping) else None
    if not isinstance(config, Mapping):
        raise RefusedError(f"{path} has no `config:` map; a stack file starts with it")
    arguments = settings_of_stack({str(key): value for key, value in config.items()})
    return Settings.parse(arguments, region=str(arguments.pop("region")))


def _first_line(error: Exception) -> str:
    problem = getattr(error, "problem", None)
    return str(problem or error).splitlines()[0]


def size_data(demand: Demand, placements: Placements, top: int) -> dict[str, Any]:
    """`paddock size --json`. Fields are only ever added within one `schema_version`."""
    return {
        "schema_version": SIZE_SCHEMA_VERSION,
        "model": demand.model.name,
        "quantization": demand.scheme.name.value,
        "region": demand.region,
        "capacity_type": demand.capacity_type.value,
        "vllm_version": demand.engine.version,
        "workload": plain(demand.workload),
        "replicas": demand.replicas,
        "placements": [_candidate_data(each) for each in placements.candidates[:top]],
        "rejected": [plain(each) for each in placements.rejected],
    }


def _candidate_data(candidate: Candidate) -> dict[str, Any]:
    return {
        "instance_type": candidate.instance.instance_type,
        "gpu": candidate.instance.gpu.name,
        "gpus_per_instance": candidate.instance.gpus,
        "tensor_parallel": candidate.split.tensor,
        "pipeline_parallel": candidate.split.pipeline,
        "nodes": candidate.nodes,
        "usd_per_hour": round(candidate.usd_per_hour, 6),
        "memory": plain(candidate.fit.memory) | {"headroom_mib": candidate.fit.memory.headroom_mib},
        "kv_cache": plain(candidate.fit.kv_cache),
    }


def plain(value: Any) -> Any:
    """Catalog and sizing objects as JSON data."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(each) for key, each in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, date) else value
