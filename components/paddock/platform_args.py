"""Arguments of LlamaPlatform, the settings of a stack file: their one text, for Pulumi, the schema and the docs."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from paddock.catalog import CapacityType


class LlamaPlatformArgs(TypedDict):
    """The settings of a stack file, without `paddock:` before each key; all plain, since they decide what is made."""

    region: str
    """The AWS region, such as `us-east-1`, which must be that of the provider in use."""
    model: str
    """The model to serve, by its name in the catalog (`paddock models`), such as `llama-3.1-8b`."""
    checkpoint: NotRequired[Mapping[str, Any]]
    """A checkpoint of your own of Llama's architecture, under the name that model gives it: its `source`, `license` and
    figures, as `paddock checkpoint` reads and writes them. Default: the catalog's, of model and quantization."""
    vllm_image: str
    """The vLLM image by digest, `<repository>@sha256:<64 hex digits>`; nodes pull it from a private registry, as
    they have no way to the internet."""
    vllm_version: NotRequired[str]
    """The vLLM version inside the image; arguments and memory follow it. Default: the catalog's newest."""
    quantization: NotRequired[str]
    """Format of the weights, one that the model has a checkpoint of, such as `fp8`. Default: bf16, as published."""
    quality_floor: NotRequired[str]
    """`full`, `near-lossless` or `four-bit`: any quantization so good may be taken. Default: only the named one."""
    max_model_len: NotRequired[int]
    """The longest conversation, prompt and answer. Default: 8192."""
    concurrent_requests: NotRequired[int]
    """Requests of the full context that one replica holds in memory at once; shorter ones fit in greater number.
    Default: 4."""
    requests_per_second: NotRequired[float]
    """Rate over all replicas in place of concurrent_requests, of requests of input_tokens and output_tokens;
    there are as many replicas as it takes. Default: none."""
    input_tokens: NotRequired[int]
    """Prompt of an average request. Default: three quarters of the context."""
    output_tokens: NotRequired[int]
    """Answer of an average request. Default: a quarter of the context."""
    max_ttft_ms: NotRequired[float]
    """The longest mean time to the first token, in ms; there are as many replicas as it takes. Default: any."""
    max_itl_ms: NotRequired[float]
    """The longest mean time between two tokens of an answer, in ms. Default: any."""
    kv_cache_dtype: NotRequired[str]
    """Format of the KV cache: `auto` or `fp8`, for twice the tokens. Default: auto, as the model computes."""
    adapters: NotRequired[Mapping[str, str]]
    """LoRA adapters: the name that clients send as `model`, and the revision that `paddock weights push` made, as
    `<model>/<revision>`, or `<revision>` of the model itself. Default: none."""
    max_loras: NotRequired[int]
    """LoRA adapters that one step may mix; each takes GPU memory. Default: all of adapters."""
    max_lora_rank: NotRequired[int]
    """The largest rank (`r` of adapter_config.json) of the adapters. Default: 16."""
    rank_by: NotRequired[str]
    """Order of placements: `cost` an hour, `cost-per-token` or `latency`. Default: cost."""
    replicas: NotRequired[int]
    """Copies of the model, each on GPUs of its own; rates and latencies may need more. Default: 1."""
    instance_type: NotRequired[str]
    """Pinned EC2 instance type. Default: the cheapest that fits."""
    capacity_type: NotRequired[CapacityType]
    """Purchase of GPU nodes: `on_demand`, or `spot`, taken back at two minutes' notice. Default: on_demand."""
    kubernetes_version: NotRequired[str]
    """The EKS version, as text; a cluster goes up by one at a time, and back by hand alone, for 7 days. Default: a new
    cluster has the catalog's newest, one that is there keeps its own."""
    node_release_version: NotRequired[str]
    """The release of the nodes' AMI, as EKS spells it; another one replaces all nodes, one at a time. Default: the
    newest when the nodes are made, which then stays until Kubernetes' version or the disk changes."""
    vpc_cidr: NotRequired[str]
    """The VPC's private range, /16 to /22. Default: 10.0.0.0/16."""
    number_of_availability_zones: NotRequired[int]
    """Availability zones of the network; each adds the hourly price of every endpoint. Default: 2."""
    endpoint_zones: NotRequired[str]
    """`all` or `one`: zones in which each endpoint of an AWS service has an address; all survive the loss of one,
    one costs half or less. Default: all."""
    vpc_id: NotRequired[str]
    """An existing VPC, checked against the same rules as one of paddock's; needs `node_subnet_ids` and
    `endpoint_subnet_ids`. Default: a new one."""
    node_subnet_ids: NotRequired[Sequence[str]]
    """Subnets of vpc_id for nodes and pods, one a zone. Default: none."""
    endpoint_subnet_ids: NotRequired[Sequence[str]]
    """Subnets of vpc_id for the control plane and the endpoints, one a zone. Default: none."""
    peer_cidrs: NotRequired[Sequence[str]]
    """Networks that may reach the cluster's API; the VPC must not overlap them. Default: none."""
    endpoint_public_access_cidrs: NotRequired[Sequence[str]]
    """Networks on the internet that may reach the cluster's API. Default: none, and no public endpoint."""
    admin_principal_arns: NotRequired[Sequence[str]]
    """Roles or users, by ARN, that administer the cluster beside whoever makes it: that one is an administrator
    already, and EKS refuses to name it twice. Default: none."""
    bastion: NotRequired[bool]
    """True for a small instance in the VPC through which `paddock tunnel` reaches the cluster's API by Systems
    Manager. Default: true where nothing else reaches the API."""
    tunnel_port: NotRequired[int]
    """The port of the operator's machine on which `paddock tunnel` listens. Default: 8443."""
    node_os: NotRequired[str]
    """Operating system of nodes: `bottlerocket`, or `al2023` with NVIDIA's driver. Default: bottlerocket."""
    device_plugin_image: NotRequired[str]
    """NVIDIA's Kubernetes device plugin by digest, for node_os al2023, which lacks it; like vllm_image, from a
    private registry. Default: none."""
    image_accounts: NotRequired[Sequence[str]]
    """Other accounts, by their 12 digits, from whose registries in the region nodes may pull images; their
    repositories must let this account read. Default: none, and images are in this account."""
    deletion_protection: NotRequired[bool]
    """True for a cluster and a load balancer that refuse to be deleted until it is false. Default: false."""
    log_retention_days: NotRequired[int]
    """Days for which the logs of the control plane and of the network are kept. Default: 90."""
    domain_name: NotRequired[str]
    """The name by which clients in the VPC call the service over TLS; needs certificate_arn or
    certificate_authority_arn. Default: none, and only pods in the cluster reach it."""
    certificate_arn: NotRequired[str]
    """A certificate in ACM for domain_name. Default: none."""
    certificate_authority_arn: NotRequired[str]
    """A private CA of yours in ACM, which then issues the certificate. Default: none."""
    client_cidrs: NotRequired[Sequence[str]]
    """Peered networks that may call the service, beside the VPC itself. Default: none."""
    allowed_principals: NotRequired[Sequence[str]]
    """Accounts, roles or users, by ARN, that may connect to the service from their own VPC by PrivateLink; each
    connection is still accepted by hand. Default: none."""
    api_key: NotRequired[pulumi.Input[str]]
    """Secret key of 16 or more characters that clients must show. Default: whoever reaches the service may ask."""
    aws_profile: NotRequired[str]
    """Profile of the AWS CLI that the kubeconfig signs calls with; a stack's program takes it from `aws:profile`.
    Default: the identity of the environment."""
    aws_role_arn: NotRequired[str]
    """Role that the kubeconfig assumes to sign calls; a stack's program takes it from `aws:assumeRoles`. Default:
    none."""
    license: NotRequired[Mapping[str, str]]
    """Acceptance of the model's license: `license`, `by` whom and `on` which day. The policy pack refuses a model
    without it. Default: none."""
    doors: NotRequired[Sequence[Mapping[str, str]]]
    """Doors that the team accepts, as `paddock prove` names them: `kind`, `resource`, `who`, a `reason` and, if wanted,
    the last day, `expires`. The policy pack refuses every other. Default: none."""
    monthly_budget_usd: NotRequired[float]
    """A plan that costs more a month, at 730 hours, is refused. Default: none."""
    retain_weights: NotRequired[bool]
    """True for weights that outlive `pulumi destroy`: fetching them again takes hours. Default: true."""
    weights_bucket: NotRequired[str]
    """A bucket that an earlier stack left with the weights, to be read in the place of a new one; needs
    weights_key_arn. Default: none."""
    weights_key_arn: NotRequired[str]
    """The KMS key of weights_bucket. Default: none."""
    weights_revision: NotRequired[str]
    """The signed revision to serve, as `paddock weights list` names it: no pod starts whose weights differ from it.
    Default: none, and the folder named after the quantization is read, unchecked."""
    weights_public_key: NotRequired[str]
    """The key that signed weights_revision: P-256, in PEM. Default: that of the signing key which the stack makes."""
    weights_lock_days: NotRequired[int]
    """Days for which S3 refuses to delete any version of the weights, but to who may bypass governance (object lock).
    Default: none."""
    weights_loading: NotRequired[str]
    """Way of the weights to GPU memory: `streamer`, from S3 and written nowhere; `nvme`, by a copy that each pod makes
    on its node's own NVMe; `auto`, the copy where surely faster. Another way replaces the nodes. Default: auto."""
    ingest_package: NotRequired[str]
    """Package of a CodeBuild project that copies images and weights into the account, outside the VPC, when
    `paddock ingest` starts it: `paddock[images] @ https://….whl#sha256=…` or `git+https://…@<commit>`. Default: no such
    project."""
    ingest_token_secret_arn: NotRequired[str]
    """A secret of Secrets Manager whose text is a Hugging Face token, for that project alone. Default: none."""
    tags: NotRequired[dict[str, str]]
    """Extra tags on every AWS resource. Default: none."""
