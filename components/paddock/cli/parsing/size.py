"""From a user's words and files to the library's objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paddock import catalog
from paddock.catalog import Engine, Instance, Model, Purchase, Quality, Quantization, Scheme, suggestion
from paddock.catalog.lookup import RefusedError, UnknownNameError, shown
from paddock.cli.parsing import values
from paddock.sizing import Demand, RankBy, Traffic, Workload, acceptable_schemes

if TYPE_CHECKING:
    from paddock.settings import Settings

DEFAULT_CONCURRENCY = 4
MAX_REQUESTS_PER_SECOND = 100_000
MAX_MILLISECONDS = 3_600_000
ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options of `paddock size` as they were typed; None where an option was left out."""

    quantization: str | None = None
    quality_floor: str | None = None
    max_model_len: str = "8k"
    concurrency: int | None = None
    requests_per_second: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    max_ttft_ms: float | None = None
    max_itl_ms: float | None = None
    max_loras: int | None = None
    max_lora_rank: int | None = None
    kv_cache_dtype: str = "auto"
    rank_by: str = RankBy.COST.value
    purchase: str = "on-demand"
    replicas: str = "1"
    region: str = "us-east-1"
    vllm_version: str | None = None


def demand_from_words(model: str, wishes: Wishes) -> Demand:
    """Raises `RefusedError`."""
    if wishes.quantization is not None and wishes.quality_floor is not None:
        raise RefusedError("--quantization names one, --quality-floor all that are at least as good; give one of them")
    found, named = values.model_and_scheme(model, wishes.quantization)
    engine = values.engine_of_words(wishes.vllm_version)
    return Demand(
        model=found,
        schemes=(named,) if wishes.quality_floor is None else _schemes(found, engine, wishes.quality_floor),
        engine=engine,
        workload=_workload(found, wishes),
        replicas=_replicas(wishes.replicas),
        region=values.region(wishes.region),
        purchase=values.choice("way to purchase", wishes.purchase, Purchase),
        rank_by=values.choice("ranking", wishes.rank_by, RankBy),
    )


def _schemes(model: Model, engine: Engine, floor: str) -> tuple[Scheme, ...]:
    """A tier, or a quantization whose tier is meant."""
    tiers = [each.value for each in Quality]
    if floor in tiers:
        tier = Quality(floor)
    elif floor in set(Quantization):
        tier = catalog.scheme(Quantization(floor)).quality
    else:
        known = [*tiers, *(each.value for each in Quantization)]
        raise UnknownNameError(f"unknown quality floor {shown(floor)}; {suggestion(floor, known)}")
    found = acceptable_schemes(model, engine, tier)
    if not found:
        raise RefusedError(
            f"no checkpoint of {model.name} that vLLM {engine.version} runs is known of quality {tier} or better; "
            "lower --quality-floor or name one by --quantization"
        )
    return found


def _workload(model: Model, wishes: Wishes) -> Workload:
    tokens = values.tokens(wishes.max_model_len)
    if tokens > model.max_context_tokens:
        raise RefusedError(
            f"--max-model-len is {tokens:,} tokens, but {model.name} reads at most {model.max_context_tokens:,}; "
            f"lower it"
        )
    if wishes.concurrency is not None:
        values.within("--concurrency", wishes.concurrency, 1, values.MAX_REQUESTS)
    if wishes.requests_per_second is not None:
        values.positive("--requests-per-second", wishes.requests_per_second, MAX_REQUESTS_PER_SECOND)
        if wishes.concurrency is not None:
            raise RefusedError(
                "--concurrency and --requests-per-second both say how much is asked for; give one of them"
            )
    for option, milliseconds in (("--max-ttft-ms", wishes.max_ttft_ms), ("--max-itl-ms", wishes.max_itl_ms)):
        if milliseconds is not None:
            values.positive(option, milliseconds, MAX_MILLISECONDS)
    concurrency = wishes.concurrency
    if concurrency is None and wishes.requests_per_second is None:
        concurrency = DEFAULT_CONCURRENCY
    return Workload(
        max_model_len=tokens,
        concurrent_requests=concurrency,
        requests_per_second=wishes.requests_per_second,
        traffic=_traffic(wishes),
        max_ttft_ms=wishes.max_ttft_ms,
        max_itl_ms=wishes.max_itl_ms,
        kv_cache_dtype=values.kv_cache_dtype(wishes.kv_cache_dtype),
        lora=values.lora_of_words(wishes.max_loras, wishes.max_lora_rank),
    )


def _traffic(wishes: Wishes) -> Traffic | None:
    if (wishes.input_tokens is None) != (wishes.output_tokens is None):
        raise RefusedError("--input-tokens and --output-tokens describe one request together; give both or neither")
    if wishes.input_tokens is None or wishes.output_tokens is None:
        if wishes.requests_per_second is not None:
            raise RefusedError("--requests-per-second needs the lengths of a request: --input-tokens, --output-tokens")
        return None
    values.within("--input-tokens", wishes.input_tokens, 1, values.MAX_CONTEXT_TOKENS)
    values.within("--output-tokens", wishes.output_tokens, 1, values.MAX_CONTEXT_TOKENS)
    return Traffic(wishes.input_tokens, wishes.output_tokens)


def _replicas(text: str) -> int | None:
    if text == ANY:
        return None
    if not text.removeprefix("-").isdecimal() or len(text) > len(str(values.MAX_REPLICAS)) + 2:
        raise RefusedError(f"--replicas must be 1 to {values.MAX_REPLICAS}, or '{ANY}', got {shown(text)}")
    values.within("--replicas", int(text), 1, values.MAX_REPLICAS)
    return int(text)


def instances_in(region: str | None) -> list[Instance]:
    """The catalog's instance types, those of one region where one is given."""
    if region is None:
        return list(catalog.all_instances().values())
    return [each for each in catalog.all_instances().values() if values.region(region) in each.regions]


def settings_of_file(path: Path) -> Settings:
    """The settings of a stack file, read as Pulumi reads it: every plain value is text."""
    from paddock.settings import parse_settings, settings_of_stack

    arguments = settings_of_stack(config_of_file(path))
    return parse_settings(arguments, region=str(arguments.pop("region")))


def config_of_file(path: Path) -> dict[str, object]:
    """The configuration in a stack file; what the values mean is not judged."""
    import yaml

    try:
        # S506 is about constructing objects from tags; the base loader makes only text, lists and maps.
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except OSError as error:
        raise RefusedError(
            f"cannot read {path}: {(error.strerror or str(error)).lower()}; name one by --stack-file"
        ) from None
    except RecursionError:
        raise RefusedError(f"{path} is nested too deep to be a stack file") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        where = getattr(error, "problem_mark", None)
        raise RefusedError(
            f"{path} is not YAML{f', line {where.line + 1}' if where else ''}: {_first_line(error)}"
        ) from None
    config = content.get("config") if isinstance(content, Mapping) else None
    if not isinstance(config, Mapping):
        raise RefusedError(f"{path} has no `config:` map; a stack file starts with it")
    return {str(key): value for key, value in config.items()}


def _first_line(error: Exception) -> str:
    problem = getattr(error, "problem", None)
    return str(problem or error).splitlines()[0]
