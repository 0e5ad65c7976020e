"""Settings: the keys of a stack file, checked as a whole before anything is decided."""

from __future__ import annotations

from datetime import date
from ipaddress import IPv4Network
from types import MappingProxyType
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from paddock import catalog
from paddock.catalog import CapacityType, Quality, Quantization
from paddock.catalog.vllm import deployable_engine
from paddock.choices import (
    DEFAULT_LOG_RETENTION_DAYS,
    DEFAULT_TUNNEL_PORT,
    DEFAULT_VPC_CIDR,
    DEFAULT_ZONES,
    MOST_LOCK_DAYS,
    EndpointZones,
    NodeOs,
    WeightsLoading,
)
from paddock.common import subnets
from paddock.privacy.declaration import declaration
from paddock.settings.checks import (
    a_list,
    account,
    adapter_map,
    ami_release,
    arn,
    bucket,
    capacity,
    choice,
    cidr,
    day,
    domain,
    gpu_region,
    image_by_digest,
    limited,
    lora_rank,
    named,
    one_line,
    package,
    principal,
    public_key,
    resource_id,
    retention,
    revision,
    role_or_user,
    secret,
    supported_kubernetes,
    tag_map,
    yaml_on,
)
from paddock.settings.own_checkpoint import OwnCheckpoint, as_written, model_name, model_of, scheme_of
from paddock.sizing import KvCacheDtype, RankBy
from paddock.sizing.limits import LIMITS
from paddock.sizing.memory.engine_args import DEFAULT_LORA
from paddock.sizing.placement.request import DEFAULT_CONCURRENT_REQUESTS, DEFAULT_CONTEXT_TOKENS

CONFIG = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)
Cidr = Annotated[IPv4Network, BeforeValidator(cidr)]
Cidrs = Annotated[tuple[Cidr, ...], BeforeValidator(a_list)]
SubnetIds = Annotated[tuple[Annotated[str, resource_id("subnet")], ...], BeforeValidator(a_list)]


class LicenseAcceptance(BaseModel):
    """Acceptance of a model's license by a person who read it."""

    model_config = CONFIG

    license: Annotated[str, Field(min_length=1, max_length=100)]
    """The license's name in the catalog, such as `llama3.1`."""
    by: Annotated[str, BeforeValidator(one_line), Field(min_length=1, max_length=200)]
    on: Annotated[date, BeforeValidator(day)]


class ModelSettings(BaseModel):
    """One model as asked for; its texts, as all keys', are those of `LlamaPlatformArgs`."""

    model_config = CONFIG

    name: Annotated[str, BeforeValidator(model_name)] = Field(alias="model", examples=["llama-3.1-8b"])
    checkpoint: Annotated[OwnCheckpoint | None, BeforeValidator(as_written)] = None
    vllm_image: Annotated[str | None, BeforeValidator(image_by_digest)] = Field(
        None, examples=[f"123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:{64 * '0'}"]
    )
    vllm_version: Annotated[str, named(deployable_engine)] = Field(default_factory=catalog.newest_version)
    quantization: Annotated[Quantization, choice(Quantization)] = Quantization.BF16
    quality_floor: Annotated[Quality | None, choice(Quality, optional=True)] = None
    max_model_len: int = limited("max_model_len", DEFAULT_CONTEXT_TOKENS)
    concurrent_requests: int = limited("concurrent_requests", DEFAULT_CONCURRENT_REQUESTS)
    requests_per_second: float | None = limited("requests_per_second", None)
    input_tokens: int | None = limited("input_tokens", None)
    output_tokens: int | None = limited("output_tokens", None)
    max_ttft_ms: float | None = limited("max_ttft_ms", None)
    max_itl_ms: float | None = limited("max_itl_ms", None)
    kv_cache_dtype: Annotated[KvCacheDtype, choice(KvCacheDtype)] = KvCacheDtype.AUTO
    adapters: Annotated[dict[str, str], BeforeValidator(adapter_map)] = Field(default_factory=dict)
    # 0 stands for none.
    max_loras: int = Field(0, ge=0, le=LIMITS["max_loras"].highest)
    max_lora_rank: Annotated[int, BeforeValidator(lora_rank)] = DEFAULT_LORA.max_lora_rank
    rank_by: Annotated[RankBy, choice(RankBy)] = RankBy.COST
    replicas: int = limited("replicas", 1)
    instance_type: Annotated[str | None, named(catalog.instance)] = None
    capacity_type: Annotated[CapacityType, choice(CapacityType), BeforeValidator(capacity)] = CapacityType.ON_DEMAND
    license: Annotated[LicenseAcceptance | None, BeforeValidator(yaml_on)] = None
    retain_weights: bool = True
    weights_bucket: Annotated[str | None, BeforeValidator(bucket)] = None
    weights_key_arn: Annotated[str | None, arn("kms", "key/")] = None
    weights_revision: Annotated[str | None, BeforeValidator(revision)] = None
    weights_public_key: Annotated[str | None, BeforeValidator(public_key)] = None
    weights_lock_days: int | None = Field(None, ge=1, le=MOST_LOCK_DAYS)
    weights_loading: Annotated[WeightsLoading, choice(WeightsLoading)] = WeightsLoading.AUTO

    def model_post_init(self, _context: object) -> None:
        if self.checkpoint is not None and "quantization" not in self.model_fields_set:
            object.__setattr__(self, "quantization", self.checkpoint.quantization)
        if "max_loras" not in self.model_fields_set:
            object.__setattr__(self, "max_loras", len(self.adapters))

    @property
    def adapter_revisions(self) -> dict[str, str]:
        """`<model>/<revision>` of each adapter by its name, in order; one that names no model is of this one."""
        return {name: each if "/" in each else f"{self.name}/{each}" for name, each in sorted(self.adapters.items())}

    @property
    def max_cpu_loras(self) -> int | None:
        """Adapters in host memory: all, so that none is read from the disk while a request waits."""
        return len(self.adapters) or None

    @property
    def entry(self) -> catalog.Model:
        """The model: the catalog's, or the one of the checkpoint."""
        return catalog.model(self.name) if self.checkpoint is None else model_of(self.checkpoint, self.name)

    @property
    def scheme(self) -> catalog.Scheme:
        """The scheme of the named quantization: the checkpoint's own, where it is stored so."""
        if self.checkpoint is None or self.quantization != self.checkpoint.quantization:
            return catalog.scheme(self.quantization)
        return scheme_of(self.checkpoint)


class Settings(BaseModel):
    """One platform as asked for. Make it with `parse_settings`, which reports every problem at once."""

    model_config = CONFIG

    model: ModelSettings
    region: Annotated[str, BeforeValidator(gpu_region)] = Field(examples=["us-east-1"])
    kubernetes_version: Annotated[str | None, BeforeValidator(supported_kubernetes)] = None
    node_release_version: Annotated[str | None, BeforeValidator(ami_release)] = None
    vpc_cidr: Cidr = IPv4Network(DEFAULT_VPC_CIDR)
    number_of_availability_zones: int = Field(DEFAULT_ZONES, ge=subnets.MIN_ZONES, le=subnets.MAX_ZONES)
    endpoint_zones: Annotated[EndpointZones, choice(EndpointZones)] = EndpointZones.ALL
    vpc_id: Annotated[str | None, resource_id("vpc")] = None
    node_subnet_ids: SubnetIds = Field((), max_length=subnets.MAX_ZONES)
    endpoint_subnet_ids: SubnetIds = Field((), max_length=subnets.MAX_ZONES)
    peer_cidrs: Cidrs = ()
    endpoint_public_access_cidrs: Cidrs = ()
    admin_principal_arns: Annotated[
        tuple[Annotated[str, BeforeValidator(role_or_user)], ...], BeforeValidator(a_list)
    ] = ()
    bastion: bool | None = None
    tunnel_port: int = Field(DEFAULT_TUNNEL_PORT, ge=1024, le=65535)
    node_os: Annotated[NodeOs, choice(NodeOs)] = NodeOs.BOTTLEROCKET
    device_plugin_image: Annotated[str | None, BeforeValidator(image_by_digest)] = None
    image_accounts: Annotated[tuple[Annotated[str, BeforeValidator(account)], ...], BeforeValidator(a_list)] = ()
    deletion_protection: bool = False
    log_retention_days: Annotated[int, BeforeValidator(retention)] = DEFAULT_LOG_RETENTION_DAYS
    domain_name: Annotated[str | None, BeforeValidator(domain)] = None
    certificate_arn: Annotated[str | None, arn("acm", "certificate/")] = None
    certificate_authority_arn: Annotated[str | None, arn("acm-pca", "certificate-authority/")] = None
    client_cidrs: Cidrs = ()
    allowed_principals: Annotated[tuple[Annotated[str, BeforeValidator(principal)], ...], BeforeValidator(a_list)] = ()
    doors: Annotated[tuple[Annotated[dict[str, str], BeforeValidator(declaration)], ...], BeforeValidator(a_list)] = ()
    ingest_package: Annotated[str | None, BeforeValidator(package)] = None
    ingest_token_secret_arn: Annotated[str | None, BeforeValidator(secret)] = None
    monthly_budget_usd: float | None = Field(None, gt=0, le=100_000_000)
    tags: Annotated[dict[str, str], BeforeValidator(tag_map)] = Field(default_factory=dict)

    def model_post_init(self, _context: object) -> None:
        object.__setattr__(self, "tags", MappingProxyType(self.tags))

    @property
    def has_bastion(self) -> bool:
        """True where operators reach the API through Systems Manager."""
        needed = not self.endpoint_public_access_cidrs and not self.peer_cidrs
        return needed if self.bastion is None else self.bastion


MODEL_FIELDS = {field.alias or name: field for name, field in ModelSettings.model_fields.items()}
BY_KEY = MODEL_FIELDS | {name: field for name, field in Settings.model_fields.items() if name != "model"}
"""Fields by the keys of a stack file, in which those of the model stand beside the others."""
FIELDS = frozenset(BY_KEY)
KEYS = FIELDS - {"region"}


def _takes_text(kind: Any) -> bool:
    kinds = [each for each in get_args(kind) or (kind,) if each is not type(None)]
    return len(kinds) == 1 and isinstance(kinds[0], type) and issubclass(kinds[0], str | IPv4Network)


NOT_TEXT = frozenset(name for name, field in BY_KEY.items() if not _takes_text(field.annotation))
"""Keys whose value is no text, which Pulumi's configuration still hands over as such."""
