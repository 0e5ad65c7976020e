"""What the user asked for: the keys of a stack file, checked as a whole before anything is decided."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from ipaddress import IPv4Network
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from paddock import catalog, subnets
from paddock.catalog import CapacityType, Quality, Quantization, UnknownNameError, suggestion
from paddock.catalog.lookup import RefusedError
from paddock.catalog.vllm import deployable_engine
from paddock.policy.predicates import image_problem
from paddock.sizing import KvCacheDtype, RankBy
from paddock.sizing.launch import LORA_RANKS

PREFIX = "paddock:"
REGION_KEY = "aws:region"
MAX_TAGS = 40
"""AWS allows 50 on a resource; paddock's own take a few."""

NOT_STREAMED = frozenset({Quantization.NF4})
"""vLLM's bitsandbytes loader reads files only (`--load-format bitsandbytes`); weights come from S3 without one."""

Choice = TypeVar("Choice", bound=StrEnum)


class SettingsError(RefusedError, ValueError):
    """Everything that is wrong with the settings, one problem a line."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        count = len(problems)
        head = "1 setting is wrong" if count == 1 else f"{count} settings are wrong"
        super().__init__("\n".join([f"{head}:", *(f"  - {problem}" for problem in problems)]))


def _choice(kind: type[Choice], *, optional: bool = False) -> BeforeValidator:
    def check(value: object) -> object:
        if value is None and optional:
            return None
        allowed = f"must be one of {', '.join(kind)}, got {_shown(value)}"
        if not isinstance(value, str):
            raise ValueError(allowed)  # noqa: TRY004  pydantic collects ValueErrors only
        if value not in set(kind):
            raise ValueError(f"{allowed}; {suggestion(value, kind)}")
        return kind(value)

    return BeforeValidator(check)


def _named(find: Callable[[str], object]) -> BeforeValidator:
    """A name that the catalog knows."""

    def check(value: object) -> object:
        if isinstance(value, str):
            try:
                find(value)
            except UnknownNameError as error:
                raise ValueError(str(error)) from None
        return value

    return BeforeValidator(check)


def _range(value: object) -> object:
    if isinstance(value, str):
        return subnets.network("it", value)
    return value


def _image(value: object) -> object:
    if isinstance(value, str) and (problem := image_problem(value)):
        raise ValueError(f"must be by digest: {problem}")
    return value


def _kubernetes(value: object) -> object:
    if isinstance(value, float):
        raise ValueError(f'must be text, got the number {value}; put it in quotes, "{value}"')  # noqa: TRY004  pydantic collects ValueErrors only
    supported = catalog.supported_eks_versions()
    if isinstance(value, str) and value not in supported:
        raise ValueError(
            f"must be a version in standard support, {' or '.join(supported)}, got '{value}'; "
            f"{suggestion(value, supported)}"
        )
    return value


def _number() -> BeforeValidator:
    """A number, also one that YAML writes without a point."""

    def check(value: object) -> object:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    return BeforeValidator(check)


def _lora_rank(value: object) -> object:
    if not isinstance(value, int) or isinstance(value, bool) or value not in LORA_RANKS:
        raise ValueError(f"must be one of {', '.join(str(rank) for rank in LORA_RANKS)}, got {_shown(value)}")
    return value


def _tags(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    if len(value) > MAX_TAGS:
        raise ValueError(f"must be at most {MAX_TAGS} tags, got {len(value)}")
    for key, text in value.items():
        if not (isinstance(key, str) and isinstance(text, str)):
            raise ValueError(  # noqa: TRY004  pydantic collects ValueErrors only
                f"must map text to text, got {_shown(key)}: {_shown(text)}; put both in quotes"
            )
        if not 0 < len(key) <= 128 or len(text) > 256:
            raise ValueError(f"has a tag that AWS refuses, '{key[:40]}': keys take 1 to 128 characters, values 256")
        if key.lower().startswith(("aws:", PREFIX)) or key == "Name":
            raise ValueError(f"must not set '{key}'; Name, aws: and {PREFIX} tags are written by AWS and paddock")
    return dict(value)


def _region(value: object) -> object:
    if value == "":
        raise ValueError("is missing; `pulumi config set aws:region us-east-1`")
    if isinstance(value, str) and value not in catalog.regions():
        raise ValueError(f"must be a region with GPU instances, got '{value}'; {suggestion(value, catalog.regions())}")
    return value


class Settings(BaseModel):
    """One platform as asked for. Make it with `parse`, which reports every problem at once."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)

    model: Annotated[str, _named(catalog.model)] = Field(
        examples=["llama-3.1-8b"],
        description="The model to serve, by its name in paddock's catalog (`paddock models`).",
    )
    vllm_image: Annotated[str, BeforeValidator(_image)] = Field(
        examples=[f"registry/vllm@sha256:{64 * '0'}"],
        description="The vLLM image by digest, `<repository>@sha256:<64 hex digits>`; nodes pull it from a private "
        "registry, as they have no way to the internet.",
    )
    region: Annotated[str, BeforeValidator(_region)] = Field(examples=["us-east-1"], description="The AWS region.")
    quantization: Annotated[Quantization, _choice(Quantization)] = Field(
        Quantization.BF16, description="How weights are stored. Default: bf16, as published."
    )
    quality_floor: Annotated[Quality | None, _choice(Quality, optional=True)] = Field(
        None,
        description="Any quantization at least so good may be taken in place of the named one, if it ranks first. "
        "Default: only the named one.",
    )
    context_tokens: int = Field(
        8192, ge=256, le=1_048_576, description="The longest conversation, prompt and answer. Default: 8192."
    )
    concurrent_requests: int = Field(
        4,
        ge=1,
        le=4096,
        description="Requests of the full context that one replica holds in memory at once; shorter ones fit in "
        "greater number. Default: 4.",
    )
    requests_per_second: Annotated[float | None, _number()] = Field(
        None,
        gt=0,
        le=100_000,
        description="In place of concurrent_requests: the rate over all replicas, of requests of input_tokens and "
        "output_tokens; there are as many replicas as it takes. Default: none.",
    )
    input_tokens: int | None = Field(
        None, ge=1, le=1_048_576, description="Prompt of an average request. Default: three quarters of the context."
    )
    output_tokens: int | None = Field(
        None, ge=1, le=1_048_576, description="Answer of an average request. Default: a quarter of the context."
    )
    ttft_ms: Annotated[float | None, _number()] = Field(
        None,
        gt=0,
        le=3_600_000,
        description="The longest mean time to the first token, in ms; there are as many replicas as it takes. "
        "Default: any.",
    )
    inter_token_ms: Annotated[float | None, _number()] = Field(
        None,
        gt=0,
        le=60_000,
        description="The longest mean time between two tokens of an answer, in ms. Default: any.",
    )
    kv_cache_dtype: Annotated[KvCacheDtype, _choice(KvCacheDtype)] = Field(
        KvCacheDtype.AUTO,
        description="How the KV cache is stored; fp8 holds twice the tokens. Default: auto, as the model computes.",
    )
    max_loras: int = Field(
        0, ge=0, le=256, description="LoRA adapters that a step may mix; their slots take GPU memory. Default: 0, none."
    )
    max_lora_rank: Annotated[int, BeforeValidator(_lora_rank)] = Field(
        16, description="The largest rank of an adapter that a slot takes. Default: 16."
    )
    rank_by: Annotated[RankBy, _choice(RankBy)] = Field(
        RankBy.COST,
        description="What makes a placement the best: cost an hour, cost-per-token or latency. Default: cost.",
    )
    replicas: int = Field(
        1,
        ge=1,
        le=64,
        description="Copies of the model, each on GPUs of its own; rates and latencies may need more. Default: 1.",
    )
    instance_type: Annotated[str | None, _named(catalog.instance)] = Field(
        None, description="Pins the EC2 instance type. Default: the cheapest that fits."
    )
    capacity_type: Annotated[CapacityType, _choice(CapacityType)] = Field(
        CapacityType.ON_DEMAND,
        description="How GPU nodes are bought; spot is cheaper and can be taken back at two minutes' notice. "
        "Default: on_demand.",
    )
    vllm_version: Annotated[str, _named(deployable_engine)] = Field(
        default_factory=catalog.newest_version,
        description="The vLLM version inside the image; arguments and memory follow it. Default: the catalog's newest.",
    )
    kubernetes_version: Annotated[str, BeforeValidator(_kubernetes)] = Field(
        default_factory=catalog.newest_eks_version,
        description="The EKS version, in quotes. Default: the newest in standard support.",
    )
    vpc_cidr: Annotated[IPv4Network, BeforeValidator(_range)] = Field(
        IPv4Network("10.0.0.0/16"), description="The VPC's private range, /16 to /22. Default: 10.0.0.0/16."
    )
    zones: int = Field(
        2,
        ge=subnets.MIN_ZONES,
        le=subnets.MAX_ZONES,
        description="Availability zones of the network; each adds the hourly price of every endpoint. Default: 2.",
    )
    peer_cidrs: Annotated[
        tuple[Annotated[IPv4Network, BeforeValidator(_range)], ...],
        BeforeValidator(lambda value: tuple(value) if isinstance(value, list | tuple) else value),
    ] = Field(
        (), description="Networks that may reach the cluster's API; the VPC must not overlap them. Default: none."
    )
    keep_weights: bool = Field(
        True,
        description="Whether the weights outlive `pulumi destroy`: fetching them again takes hours. Default: true.",
    )
    tags: Annotated[dict[str, str], BeforeValidator(_tags)] = Field(
        default_factory=dict, description="Extra tags on every AWS resource. Default: none."
    )

    def model_post_init(self, _context: object) -> None:
        object.__setattr__(self, "tags", MappingProxyType(self.tags))

    @classmethod
    def parse(cls, values: Mapping[str, object], *, region: str) -> Settings:
        """The settings, or a `SettingsError` that lists every problem.

        Values have the types of a YAML file; `settings_of_stack` makes them from Pulumi's configuration.
        """
        given = {str(key): value for key, value in values.items()} | {"region": region}
        problems = [f"{PREFIX}{key}: unknown key; {_nearest_key(key)}" for key in sorted(set(given) - FIELDS)]
        known = {key: value for key, value in given.items() if key in FIELDS}
        wrong: set[str] = set()
        try:
            settings = cls.model_validate(known)
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False)
            wrong = {str(error["loc"][0]) for error in errors}
            problems += [_described(error) for error in errors]
            # What is right is still checked for how it fits together, with examples in the place of what is not.
            right = {key: value for key, value in known.items() if key not in wrong}
            settings = cls.model_validate(right | _examples(wrong))
        problems += [text for keys, text in _contradictions(settings) if not wrong & keys]
        if problems:
            raise SettingsError(problems)
        return settings


FIELDS = frozenset(Settings.model_fields)
KEYS = FIELDS - {"region"}


def _nearest_key(key: str) -> str:
    return suggestion(PREFIX + key, [PREFIX + known for known in KEYS])


def key_of(field: str) -> str:
    """The key of a stack file that sets the field."""
    return REGION_KEY if field == "region" else PREFIX + field


def settings_of_stack(config: Mapping[str, object]) -> Any:
    """The arguments of `Settings.parse`, region included, from a stack's whole configuration.

    Pulumi hands every value over as text, structured ones as JSON; a value that its key does not take as text is
    decoded here, and left alone where it cannot be, so that `parse` can say what is wrong with it.
    """
    ours = {key.removeprefix(PREFIX): value for key, value in config.items() if key.startswith(PREFIX)}
    decoded = {key: _decoded(value) if key in NOT_TEXT else value for key, value in ours.items()}
    return decoded | {"region": config.get(REGION_KEY, "")}


NOT_TEXT = frozenset(
    {
        "context_tokens",
        "concurrent_requests",
        "requests_per_second",
        "input_tokens",
        "output_tokens",
        "ttft_ms",
        "inter_token_ms",
        "max_loras",
        "max_lora_rank",
        "replicas",
        "zones",
        "peer_cidrs",
        "keep_weights",
        "tags",
    }
)


def _decoded(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _examples(fields: set[str]) -> dict[str, object]:
    return {name: examples[0] for name in fields if (examples := Settings.model_fields[name].examples) is not None}


def _described(error: ErrorDetails) -> str:
    """One problem in the house form: key, what is allowed, what was given, the way out."""
    name = str(error["loc"][0])
    inside = "".join(f"[{part}]" for part in error["loc"][1:])
    key, kind, context = key_of(name) + inside, error["type"], error.get("ctx", {})
    if kind == "missing":
        return f"{key} is missing; {Settings.model_fields[name].description}"
    if kind == "value_error":
        text = str(context["error"])
        return (
            f"{key} {text.removeprefix('it ')}" if text.startswith(("must", "is ", "has ", "it ")) else f"{key}: {text}"
        )
    allowed = _bounds(name) or EXPECTED.get(kind, error["msg"].lower())
    return f"{key} must be {allowed}, got {_shown(error['input'])}"


EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a map of text to text",
    "int_type": "a whole number",
    "is_instance_of": "an IPv4 range such as 10.0.0.0/16",
    "string_type": "text",
    "tuple_type": "a list",
}


def _bounds(name: str) -> str | None:
    bounds = {type(each).__name__: each for each in Settings.model_fields[name].metadata}
    if "Gt" in bounds:
        return f"a number above {bounds['Gt'].gt:,}, up to {bounds['Le'].le:,}"
    if "Ge" not in bounds:
        return None
    return f"a whole number from {bounds['Ge'].ge:,} to {bounds['Le'].le:,}"


def _shown(value: object) -> str:
    text = f"'{value}'" if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _contradictions(settings: Settings) -> Iterator[tuple[set[str], str]]:
    """What is right key by key but wrong together: the keys concerned, and the problem."""
    model = catalog.model(settings.model)
    yield from _quantization_problems(settings, model)
    yield from _load_problems(settings)
    if settings.context_tokens > model.max_context_tokens:
        yield (
            {"model", "context_tokens"},
            (
                f"{PREFIX}context_tokens is {settings.context_tokens:,}, but {model.name} reads at most "
                f"{model.max_context_tokens:,}; lower it"
            ),
        )
    try:
        subnets.plan_subnets(str(settings.vpc_cidr), settings.zones, [str(peer) for peer in settings.peer_cidrs])
    except ValueError as error:
        yield {"vpc_cidr", "zones", "peer_cidrs"}, PREFIX + str(error)
    if settings.instance_type is not None:
        yield from _pin_problems(settings, catalog.instance(settings.instance_type))


def _quantization_problems(settings: Settings, model: catalog.Model) -> Iterator[tuple[set[str], str]]:
    scheme, given = catalog.scheme(settings.quantization), f"{PREFIX}quantization is {settings.quantization}"
    if (scheme.files_of or scheme.name) not in model.checkpoints:
        choices = " or ".join(name for name in model.checkpoints if name not in NOT_STREAMED)
        yield (
            {"model", "quantization"},
            f"{given}, but no such checkpoint of {model.name} is known; choose {choices}",
        )
    if settings.quantization in NOT_STREAMED:
        yield (
            {"quantization"},
            f"{given}, which vLLM reads from files only, but nodes stream weights from S3; choose int4 or awq",
        )
    if not scheme.runs_in(settings.vllm_version):
        yield (
            {"quantization", "vllm_version"},
            f"{given}, which vLLM {settings.vllm_version} no longer has; choose another, or vLLM {scheme.last_vllm}",
        )
    if settings.quality_floor is not None and not scheme.quality.at_least(settings.quality_floor):
        yield (
            {"quantization", "quality_floor"},
            f"{given}, which is {scheme.quality}, below paddock:quality_floor {settings.quality_floor}; change one",
        )


def _load_problems(settings: Settings) -> Iterator[tuple[set[str], str]]:
    lengths = {"input_tokens": settings.input_tokens, "output_tokens": settings.output_tokens}
    given = [key for key, value in lengths.items() if value is not None]
    if settings.requests_per_second is not None and "concurrent_requests" in settings.model_fields_set:
        yield (
            {"requests_per_second", "concurrent_requests"},
            f"{PREFIX}requests_per_second and {PREFIX}concurrent_requests are two ways to say the load; remove one",
        )
    if len(given) == 1 or (settings.requests_per_second is not None and not given):
        missing = next(key for key in lengths if key not in given)
        yield (
            {"requests_per_second", *lengths},
            f"{PREFIX}{missing} is missing; a rate, and an average request, need input_tokens and output_tokens",
        )
    total = (settings.input_tokens or 0) + (settings.output_tokens or 0)
    if total > settings.context_tokens:
        yield (
            {"context_tokens", *lengths},
            (
                f"{PREFIX}input_tokens and output_tokens are {total:,} together, more than {PREFIX}context_tokens "
                f"{settings.context_tokens:,}; lower them or raise it"
            ),
        )
    if "max_lora_rank" in settings.model_fields_set and settings.max_loras == 0:
        yield (
            {"max_loras", "max_lora_rank"},
            (
                f"{PREFIX}max_lora_rank is {settings.max_lora_rank}, but {PREFIX}max_loras is 0; set that to the "
                f"adapters of a step, or remove the rank"
            ),
        )


def _pin_problems(settings: Settings, instance: catalog.Instance) -> Iterator[tuple[set[str], str]]:
    if settings.region not in instance.regions:
        yield (
            {"instance_type", "region"},
            (
                f"{PREFIX}instance_type {instance.instance_type} is not offered in {settings.region}; "
                f"it is in {', '.join(sorted(instance.regions))}"
            ),
        )
    known = catalog.model(settings.model).checkpoints
    runs = [name for name in known if catalog.scheme(name).runs_on(instance.gpu) and name not in NOT_STREAMED]
    if settings.quality_floor is None and not catalog.scheme(settings.quantization).runs_on(instance.gpu):
        yield (
            {"instance_type", "quantization"},
            (
                f"{PREFIX}quantization is {settings.quantization}, but the {instance.gpu.display_name} of "
                f"{instance.instance_type} cannot run it; choose {' or '.join([*runs, 'another instance type'])}"
            ),
        )
    if instance.price(settings.capacity_type) is None:
        yield (
            {"instance_type", "capacity_type"},
            (
                f"{PREFIX}capacity_type is {settings.capacity_type}, but no such price of {instance.instance_type} is "
                f"known, so the plan could not say what it costs; change capacity_type or instance_type"
            ),
        )
