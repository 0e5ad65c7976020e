"""What the user asked for: the keys of a stack file, checked as a whole before anything is decided."""

from __future__ import annotations

from datetime import date
from ipaddress import IPv4Network
from types import MappingProxyType
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from paddock import catalog
from paddock.catalog import CapacityType, Quality, Quantization
from paddock.catalog.vllm import deployable_engine
from paddock.choices import EndpointZones, NodeOs
from paddock.common import subnets
from paddock.settings.checks import (
    a_list,
    arn,
    choice,
    cidr,
    day,
    domain,
    gpu_region,
    image_by_digest,
    lora_rank,
    named,
    number,
    one_line,
    principal,
    resource_id,
    retention,
    supported_kubernetes,
    tag_map,
    yaml_on,
)
from paddock.sizing import KvCacheDtype, RankBy


class LicenseAcceptance(BaseModel):
    """A person's word that the model's license was read and accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    license: Annotated[str, Field(min_length=1, max_length=100)]
    """The license's name in the catalog, such as `llama3.1`."""
    by: Annotated[str, BeforeValidator(one_line), Field(min_length=1, max_length=200)]
    on: Annotated[date, BeforeValidator(day)]


class Settings(BaseModel):
    """One platform as asked for. Make it with `parse_settings`, which reports every problem at once."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)

    model: Annotated[str, named(catalog.model)] = Field(
        examples=["llama-3.1-8b"],
        description="The model to serve, by its name in paddock's catalog (`paddock models`).",
    )
    vllm_image: Annotated[str, BeforeValidator(image_by_digest)] = Field(
        examples=[f"registry/vllm@sha256:{64 * '0'}"],
        description="The vLLM image by digest, `<repository>@sha256:<64 hex digits>`; nodes pull it from a private "
        "registry, as they have no way to the internet.",
    )
    region: Annotated[str, BeforeValidator(gpu_region)] = Field(examples=["us-east-1"], description="The AWS region.")
    quantization: Annotated[Quantization, choice(Quantization)] = Field(
        Quantization.BF16, description="How weights are stored. Default: bf16, as published."
    )
    quality_floor: Annotated[Quality | None, choice(Quality, optional=True)] = Field(
        None,
        description="Any quantization at least so good may be taken in place of the named one, if it ranks first. "
        "Default: only the named one.",
    )
    max_model_len: int = Field(
        8192, ge=256, le=1_048_576, description="The longest conversation, prompt and answer. Default: 8192."
    )
    concurrent_requests: int = Field(
        4,
        ge=1,
        le=4096,
        description="Requests of the full context that one replica holds in memory at once; shorter ones fit in "
        "greater number. Default: 4.",
    )
    requests_per_second: Annotated[float | None, number()] = Field(
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
    max_ttft_ms: Annotated[float | None, number()] = Field(
        None,
        gt=0,
        le=3_600_000,
        description="The longest mean time to the first token, in ms; there are as many replicas as it takes. "
        "Default: any.",
    )
    max_itl_ms: Annotated[float | None, number()] = Field(
        None,
        gt=0,
        le=60_000,
        description="The longest mean time between two tokens of an answer, in ms. Default: any.",
    )
    kv_cache_dtype: Annotated[KvCacheDtype, choice(KvCacheDtype)] = Field(
        KvCacheDtype.AUTO,
        description="How the KV cache is stored; fp8 holds twice the tokens. Default: auto, as the model computes.",
    )
    max_loras: int = Field(
        0, ge=0, le=256, description="LoRA adapters that a step may mix; their slots take GPU memory. Default: 0, none."
    )
    max_lora_rank: Annotated[int, BeforeValidator(lora_rank)] = Field(
        16, description="The largest rank of an adapter that a slot takes. Default: 16."
    )
    rank_by: Annotated[RankBy, choice(RankBy)] = Field(
        RankBy.COST,
        description="What makes a placement the best: cost an hour, cost-per-token or latency. Default: cost.",
    )
    replicas: int = Field(
        1,
        ge=1,
        le=64,
        description="Copies of the model, each on GPUs of its own; rates and latencies may need more. Default: 1.",
    )
    instance_type: Annotated[str | None, named(catalog.instance)] = Field(
        None, description="Pins the EC2 instance type. Default: the cheapest that fits."
    )
    capacity_type: Annotated[CapacityType, choice(CapacityType)] = Field(
        CapacityType.ON_DEMAND,
        description="How GPU nodes are bought; spot is cheaper and can be taken back at two minutes' notice. "
        "Default: on_demand.",
    )
    vllm_version: Annotated[str, named(deployable_engine)] = Field(
        default_factory=catalog.newest_version,
        description="The vLLM version inside the image; arguments and memory follow it. Default: the catalog's newest.",
    )
    kubernetes_version: Annotated[str, BeforeValidator(supported_kubernetes)] = Field(
        default_factory=catalog.newest_eks_version,
        description="The EKS version, in quotes. Default: the newest in standard support.",
    )
    vpc_cidr: Annotated[IPv4Network, BeforeValidator(cidr)] = Field(
        IPv4Network("10.0.0.0/16"), description="The VPC's private range, /16 to /22. Default: 10.0.0.0/16."
    )
    number_of_availability_zones: int = Field(
        2,
        ge=subnets.MIN_ZONES,
        le=subnets.MAX_ZONES,
        description="Availability zones of the network; each adds the hourly price of every endpoint. Default: 2.",
    )
    endpoint_zones: Annotated[EndpointZones, choice(EndpointZones)] = Field(
        EndpointZones.ALL,
        description="Zones in which each endpoint of an AWS service has an address: all survive the loss of one, one "
        "costs half or less. Default: all.",
    )
    vpc_id: Annotated[str | None, resource_id("vpc")] = Field(
        None,
        description="An existing VPC to use, checked against the same rules as one of paddock's; needs "
        "node_subnet_ids and endpoint_subnet_ids. Default: a new one.",
    )
    node_subnet_ids: Annotated[tuple[Annotated[str, resource_id("subnet")], ...], BeforeValidator(a_list)] = Field(
        (), max_length=subnets.MAX_ZONES, description="Subnets of vpc_id for nodes and pods, one a zone. Default: none."
    )
    endpoint_subnet_ids: Annotated[tuple[Annotated[str, resource_id("subnet")], ...], BeforeValidator(a_list)] = Field(
        (),
        max_length=subnets.MAX_ZONES,
        description="Subnets of vpc_id for the control plane and the endpoints, one a zone. Default: none.",
    )
    peer_cidrs: Annotated[tuple[Annotated[IPv4Network, BeforeValidator(cidr)], ...], BeforeValidator(a_list)] = Field(
        (), description="Networks that may reach the cluster's API; the VPC must not overlap them. Default: none."
    )
    endpoint_public_access_cidrs: Annotated[
        tuple[Annotated[IPv4Network, BeforeValidator(cidr)], ...], BeforeValidator(a_list)
    ] = Field(
        (),
        description="Networks on the internet that may reach the cluster's API, by a public endpoint beside the "
        "private one. Default: none, and no public endpoint.",
    )
    bastion: bool | None = Field(
        None,
        description="Whether a small instance stands in the VPC through which `paddock tunnel` reaches the cluster's "
        "API by Systems Manager. Default: true where nothing else reaches the API.",
    )
    tunnel_port: int = Field(
        8443,
        ge=1024,
        le=65535,
        description="The port of the operator's machine on which `paddock tunnel` listens. Default: 8443.",
    )
    node_os: Annotated[NodeOs, choice(NodeOs)] = Field(
        NodeOs.BOTTLEROCKET,
        description="What nodes run: bottlerocket; or al2023, Amazon Linux with NVIDIA's driver. "
        "Default: bottlerocket.",
    )
    device_plugin_image: Annotated[str | None, BeforeValidator(image_by_digest)] = Field(
        None,
        description="NVIDIA's Kubernetes device plugin by digest, for node_os al2023, which lacks it; like vllm_image, "
        "from a private registry. Default: none.",
    )
    deletion_protection: bool = Field(
        False,
        description="Whether cluster and load balancer refuse to be deleted until this is false again. Default: false.",
    )
    log_retention_days: Annotated[int, BeforeValidator(retention)] = Field(
        90, description="How long the control plane's and the network's logs are kept. Default: 90."
    )
    domain_name: Annotated[str | None, BeforeValidator(domain)] = Field(
        None,
        description="The name by which clients in the VPC call the service over TLS; needs certificate_arn or "
        "certificate_authority_arn. Default: none, and only pods in the cluster reach it.",
    )
    certificate_arn: Annotated[str | None, arn("acm", "certificate/")] = Field(
        None, description="A certificate in ACM for domain_name. Default: none."
    )
    certificate_authority_arn: Annotated[str | None, arn("acm-pca", "certificate-authority/")] = Field(
        None, description="A private CA of yours in ACM, which then issues the certificate. Default: none."
    )
    client_cidrs: Annotated[tuple[Annotated[IPv4Network, BeforeValidator(cidr)], ...], BeforeValidator(a_list)] = Field(
        (), description="Peered networks that may call the service, beside the VPC itself. Default: none."
    )
    allowed_principals: Annotated[tuple[Annotated[str, BeforeValidator(principal)], ...], BeforeValidator(a_list)] = (
        Field(
            (),
            description="Accounts, roles or users, by ARN, that may connect to the service from their own VPC by "
            "PrivateLink; each connection is still accepted by hand. Default: none.",
        )
    )
    license: Annotated[LicenseAcceptance | None, BeforeValidator(yaml_on)] = Field(
        None,
        description="Who accepted the model's license, and when: `license`, `by`, `on`. The policy pack refuses a "
        "model without it. Default: none.",
    )
    monthly_budget_usd: Annotated[float | None, number()] = Field(
        None,
        gt=0,
        le=100_000_000,
        description="A plan that costs more a month, at 730 hours, is refused. Default: none.",
    )
    retain_weights: bool = Field(
        True,
        description="Whether the weights outlive `pulumi destroy`: fetching them again takes hours. Default: true.",
    )
    tags: Annotated[dict[str, str], BeforeValidator(tag_map)] = Field(
        default_factory=dict, description="Extra tags on every AWS resource. Default: none."
    )

    def model_post_init(self, _context: object) -> None:
        object.__setattr__(self, "tags", MappingProxyType(self.tags))

    @property
    def has_bastion(self) -> bool:
        """Whether operators reach the API through Systems Manager."""
        only_way = not self.endpoint_public_access_cidrs and not self.peer_cidrs
        return only_way if self.bastion is None else self.bastion

    @property
    def has_load_balancer(self) -> bool:
        """Whether clients outside the cluster reach the service, by a load balancer inside the VPC."""
        return self.domain_name is not None


FIELDS = frozenset(Settings.model_fields)
KEYS = FIELDS - {"region"}


def _takes_text(kind: Any) -> bool:
    kinds = [each for each in get_args(kind) or (kind,) if each is not type(None)]
    return len(kinds) == 1 and isinstance(kinds[0], type) and issubclass(kinds[0], str | IPv4Network)


NOT_TEXT = frozenset(name for name, field in Settings.model_fields.items() if not _takes_text(field.annotation))
"""Keys whose value is no text, which Pulumi's configuration still hands over as such."""
