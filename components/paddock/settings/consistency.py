"""Consistency of settings: problems between keys that are right one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paddock import catalog
from paddock.catalog.lookup import shown
from paddock.common import subnets
from paddock.privacy.predicates.images import ecr_home
from paddock.settings.errors import PREFIX
from paddock.settings.fields import ModelSettings, Settings
from paddock.settings.own_checkpoint import own_problem
from paddock.sizing.placement.request import NOT_STREAMED

DAY = re.compile(r"20\d{6}")
"""End of a release of Amazon Linux; Bottlerocket's ends in eight digits of a commit."""
WIDEST_ALLOWED_PREFIX = 24
"""An allow-list is of people's networks: 256 addresses are an office, more is the neighbourhood."""


def contradictions(settings: Settings) -> Iterator[tuple[set[str], str]]:
    """Problems between keys: the keys concerned, and the text."""
    asked = settings.model
    model = asked.entry
    yield from _quantization_problems(settings, model)
    yield from _load_problems(settings)
    yield from _adapter_problems(asked)
    if asked.checkpoint is not None:
        if (problem := own_problem(asked.checkpoint, asked.name)) is not None:
            yield {"model", "checkpoint"}, f"{PREFIX}{problem}"
        if asked.quality_floor is not None:
            yield (
                {"checkpoint", "quality_floor"},
                f"{PREFIX}quality_floor is set, but {PREFIX}checkpoint is one checkpoint; remove the floor",
            )
    if asked.max_model_len > model.max_context_tokens:
        yield (
            {"model", "max_model_len"},
            (
                f"{PREFIX}max_model_len is {asked.max_model_len:,}, but {model.name} reads at most "
                f"{model.max_context_tokens:,}; lower it"
            ),
        )
    try:
        subnets.plan_subnets(
            str(settings.vpc_cidr), settings.number_of_availability_zones, [str(peer) for peer in settings.peer_cidrs]
        )
    except ValueError as error:
        yield {"vpc_cidr", "number_of_availability_zones", "peer_cidrs"}, PREFIX + str(error)
    if asked.license is not None and asked.license.license != model.license:
        yield (
            {"model", "license"},
            (
                f"{PREFIX}license is {shown(asked.license.license)}, but {model.name} comes under {model.license} "
                f"({model.license_url}); read it, and say by whom and when: `pulumi config set --path "
                f"{PREFIX}license.license {model.license}`, and the same for .by and .on"
            ),
        )
    yield from _node_problems(settings)
    yield from _image_problems(settings)
    yield from _weights_problems(settings)
    if settings.ingest_token_secret_arn is not None and settings.ingest_package is None:
        yield (
            {"ingest_package", "ingest_token_secret_arn"},
            (
                f"{PREFIX}ingest_token_secret_arn is set, but no build is there to use it; set {PREFIX}ingest_package, "
                f"or remove it"
            ),
        )
    yield from _access_problems(settings)
    yield from _vpc_problems(settings)
    if asked.instance_type is not None:
        yield from _pin_problems(settings, catalog.instance(asked.instance_type))


def _quantization_problems(settings: Settings, model: catalog.Model) -> Iterator[tuple[set[str], str]]:
    asked = settings.model
    scheme, given = (
        catalog.scheme(asked.quantization),
        f"{PREFIX}quantization is {asked.quantization}",
    )
    choices = " or ".join(name for name in model.checkpoints if name not in NOT_STREAMED)
    if asked.quantization in NOT_STREAMED:
        yield (
            {"model", "quantization"},
            f"{given}, which vLLM reads from files only, but nodes stream weights from S3; choose {choices}",
        )
    elif (scheme.files_of or scheme.name) not in model.checkpoints:
        yield (
            {"model", "quantization"},
            f"{given}, but no such checkpoint of {model.name} is known; choose {choices}",
        )
    elif not scheme.runs_in(asked.vllm_version):
        yield (
            {"quantization", "vllm_version"},
            f"{given}, which vLLM {asked.vllm_version} no longer has; choose another, or vLLM {scheme.last_vllm}",
        )
    if asked.quality_floor is not None and not scheme.quality.at_least(asked.quality_floor):
        yield (
            {"quantization", "quality_floor"},
            f"{given}, which is {scheme.quality}, below paddock:quality_floor {asked.quality_floor}; change one",
        )


def _load_problems(settings: Settings) -> Iterator[tuple[set[str], str]]:
    asked = settings.model
    lengths = {"input_tokens": asked.input_tokens, "output_tokens": asked.output_tokens}
    given = [key for key, value in lengths.items() if value is not None]
    if asked.requests_per_second is not None and "concurrent_requests" in asked.model_fields_set:
        yield (
            {"requests_per_second", "concurrent_requests"},
            f"{PREFIX}requests_per_second and {PREFIX}concurrent_requests are two ways to say the load; remove one",
        )
    if len(given) == 1 or (asked.requests_per_second is not None and not given):
        missing = next(key for key in lengths if key not in given)
        yield (
            {"requests_per_second", *lengths},
            f"{PREFIX}{missing} is missing; a rate, and an average request, need input_tokens and output_tokens",
        )
    total = (asked.input_tokens or 0) + (asked.output_tokens or 0)
    if total > asked.max_model_len:
        yield (
            {"max_model_len", *lengths},
            (
                f"{PREFIX}input_tokens and output_tokens are {total:,} together, more than {PREFIX}max_model_len "
                f"{asked.max_model_len:,}; lower them or raise it"
            ),
        )


def _adapter_problems(asked: ModelSettings) -> Iterator[tuple[set[str], str]]:
    count, slots = len(asked.adapters), f"{PREFIX}max_loras is {asked.max_loras}"
    if asked.max_loras > count:
        yield (
            {"adapters", "max_loras"},
            (
                f"{slots}, but {PREFIX}adapters has {count}, so slots would take memory from the KV cache for nothing; "
                f"remove it (`paddock size --max-loras` counts such slots)"
            ),
        )
    if count and asked.max_loras == 0:
        yield (
            {"adapters", "max_loras"},
            f"{slots}, but {PREFIX}adapters has {count}; remove it, or say how many a step may mix, 1 to {count}",
        )
    if "max_lora_rank" in asked.model_fields_set and not count:
        yield (
            {"adapters", "max_lora_rank"},
            f"{PREFIX}max_lora_rank is {asked.max_lora_rank}, but {PREFIX}adapters has none; remove the rank",
        )
    if asked.name in asked.adapters:
        yield (
            {"adapters", "model"},
            f"{PREFIX}adapters has {shown(asked.name)}, by which clients ask for the model itself; name it otherwise",
        )
    own = f"{asked.name}/{asked.weights_revision}"
    for name, address in asked.adapter_revisions.items():
        if address == own:
            yield (
                {"adapters", "weights_revision"},
                f"{PREFIX}adapters[{name}] is {address}, the model's own weights; name a revision of an adapter",
            )


def _image_problems(settings: Settings) -> Iterator[tuple[set[str], str]]:
    """Images that the VPC's endpoints do not lead to; of which account they are only the program knows."""
    images = {"vllm_image": settings.model.vllm_image, "device_plugin_image": settings.device_plugin_image}
    for key, image in images.items():
        if image is not None and ecr_home(image)[1] != settings.region:
            yield (
                {key, "region"},
                (
                    f"{PREFIX}{key} is in {shown(image.partition('/')[0])}, which nodes cannot reach; they pull from "
                    f"<account>.dkr.ecr.{settings.region}.amazonaws.com alone, to which `paddock images sync` copies"
                ),
            )


def _weights_problems(settings: Settings) -> Iterator[tuple[set[str], str]]:
    asked = settings.model
    keys = {"weights_bucket": asked.weights_bucket, "weights_key_arn": asked.weights_key_arn}
    given = [key for key, value in keys.items() if value is not None]
    if len(given) == 1:
        (missing,) = keys.keys() - set(given)
        yield set(keys), f"{PREFIX}{given[0]} is set, so a kept bucket is meant, but {PREFIX}{missing} is missing"
    if given and "retain_weights" in asked.model_fields_set:
        yield (
            {*keys, "retain_weights"},
            f"{PREFIX}retain_weights is set, but {PREFIX}{given[0]} is not of this stack, so it stays; remove one",
        )
    if asked.weights_public_key is not None and asked.weights_revision is None:
        yield (
            {"weights_public_key", "weights_revision"},
            f"{PREFIX}weights_public_key is set, but only a revision is checked by it; set {PREFIX}weights_revision",
        )
    if given and asked.weights_revision is not None and asked.weights_public_key is None:
        yield (
            {*keys, "weights_revision", "weights_public_key"},
            (
                f"{PREFIX}weights_revision is set, but the signing key of {PREFIX}weights_bucket is not of this stack; "
                f"set {PREFIX}weights_public_key"
            ),
        )
    if given and asked.weights_lock_days is not None:
        yield (
            {*keys, "weights_lock_days"},
            f"{PREFIX}weights_lock_days is set, but the bucket of {PREFIX}{given[0]} is not of this stack; remove one",
        )
    if asked.weights_key_arn is not None and (home := asked.weights_key_arn.split(":")[3]) != settings.region:
        yield (
            {"weights_key_arn", "region"},
            (
                f"{PREFIX}weights_key_arn is in {home}, but the nodes are in {settings.region}, and S3 decrypts with "
                f"keys of its own region alone; copy the weights to a bucket there"
            ),
        )


def _node_problems(settings: Settings) -> Iterator[tuple[set[str], str]]:
    keys = {"node_os", "device_plugin_image"}
    if settings.node_os == "al2023" and settings.device_plugin_image is None:
        yield (
            keys,
            (
                f"{PREFIX}node_os is al2023, whose nodes show no GPU without NVIDIA's device plugin; set "
                f"{PREFIX}device_plugin_image (`paddock images sync` prints it), or use bottlerocket"
            ),
        )
    if settings.node_os == "bottlerocket" and settings.device_plugin_image is not None:
        yield (
            keys,
            f"{PREFIX}device_plugin_image is set, but {PREFIX}node_os is bottlerocket, which has its own; remove it",
        )
    yield from _release_problems(settings)


def _release_problems(settings: Settings) -> Iterator[tuple[set[str], str]]:
    """AMI releases of another operating system or Kubernetes version, which EKS refuses when the cluster is up."""
    release, kubernetes = settings.node_release_version, settings.kubernetes_version
    if release is None:
        return
    given = f"{PREFIX}node_release_version is {release}"
    is_al2023 = DAY.fullmatch(release.partition("-")[2]) is not None
    if is_al2023 != (settings.node_os == "al2023"):
        form = "1.35.3-20260714" if settings.node_os == "al2023" else "1.62.0-0f1e2d3c"
        yield (
            {"node_release_version", "node_os"},
            f"{given}, but {PREFIX}node_os is {settings.node_os}, whose releases look like {form}",
        )
    elif is_al2023 and kubernetes is not None and not release.startswith(f"{kubernetes}."):
        yield (
            {"node_release_version", "kubernetes_version"},
            f"{given}, but {PREFIX}kubernetes_version is {kubernetes}; name a release that begins with {kubernetes}.",
        )


def _access_problems(settings: Settings) -> Iterator[tuple[set[str], str]]:
    """Contradictions and gaps in the access to the cluster's API and to the service."""
    for network in settings.endpoint_public_access_cidrs:
        if network.prefixlen < WIDEST_ALLOWED_PREFIX or not network.is_global:
            yield (
                {"endpoint_public_access_cidrs"},
                (
                    f"{PREFIX}endpoint_public_access_cidrs has {network}; each must be a public range of "
                    f"/{WIDEST_ALLOWED_PREFIX} or smaller, such as 8.8.8.8/32; private networks go to "
                    f"{PREFIX}peer_cidrs"
                ),
            )
    sources = ("certificate_arn", "certificate_authority_arn")
    certificates = [key for key in sources if getattr(settings, key) is not None]
    both = {"domain_name", *sources}
    if settings.domain_name is not None and not certificates:
        yield both, f"{PREFIX}domain_name needs TLS; set {PREFIX}certificate_arn or {PREFIX}certificate_authority_arn"
    if settings.domain_name is None and certificates:
        yield both, f"{PREFIX}{certificates[0]} is set, but {PREFIX}domain_name is not; set the name that clients call"
    if len(certificates) == 2:
        yield both, f"{' and '.join(PREFIX + key for key in sources)} are two ways to one certificate; remove one"
    for key in certificates:
        home = getattr(settings, key).split(":")[3]
        if home != settings.region:
            yield (
                {key, "region"},
                f"{PREFIX}{key} is in {home}, but the load balancer is in {settings.region}; make one there",
            )
    for key in ("client_cidrs", "allowed_principals"):
        if getattr(settings, key) and settings.domain_name is None:
            yield (
                {key, "domain_name"},
                f"{PREFIX}{key} is set, but clients have no load balancer; set {PREFIX}domain_name and a certificate",
            )
    for network in settings.client_cidrs:
        if not any(network.subnet_of(private) for private in subnets.PRIVATE_RANGES):
            yield (
                {"client_cidrs"},
                f"{PREFIX}client_cidrs has {network}, which is not private; the service answers private networks only",
            )


def _vpc_problems(settings: Settings) -> Iterator[tuple[set[str], str]]:
    parts = {"vpc_id", "node_subnet_ids", "endpoint_subnet_ids"}
    given = [key for key in sorted(parts) if getattr(settings, key)]
    if given and len(given) < len(parts):
        missing = ", ".join(PREFIX + key for key in sorted(parts - set(given)))
        yield parts, f"{PREFIX}{given[0]} is set, so an existing VPC is meant, but {missing} is missing"
    for key in ("node_subnet_ids", "endpoint_subnet_ids"):
        if 0 < len(getattr(settings, key)) < subnets.MIN_ZONES:
            yield {key}, f"{PREFIX}{key} has one subnet; EKS needs {subnets.MIN_ZONES}, in different zones"
    if settings.vpc_id is not None and {"number_of_availability_zones"} & settings.model_fields_set:
        yield (
            {"vpc_id", "number_of_availability_zones"},
            f"{PREFIX}number_of_availability_zones is set, but the subnets of {PREFIX}vpc_id decide it; remove it",
        )


def _pin_problems(settings: Settings, instance: catalog.Instance) -> Iterator[tuple[set[str], str]]:
    asked = settings.model
    if settings.region not in instance.regions:
        yield (
            {"instance_type", "region"},
            (
                f"{PREFIX}instance_type {instance.instance_type} is not offered in {settings.region}; "
                f"it is in {', '.join(sorted(instance.regions))}"
            ),
        )
    known = asked.entry.checkpoints
    runs = [name for name in known if catalog.scheme(name).runs_on(instance.gpu) and name not in NOT_STREAMED]
    if asked.quality_floor is None and not catalog.scheme(asked.quantization).runs_on(instance.gpu):
        yield (
            {"instance_type", "quantization"},
            (
                f"{PREFIX}quantization is {asked.quantization}, but the {instance.gpu.display_name} of "
                f"{instance.instance_type} cannot run it; choose {' or '.join([*runs, 'another instance type'])}"
            ),
        )
    if instance.price(asked.capacity_type) is None:
        yield (
            {"instance_type", "capacity_type"},
            (
                f"{PREFIX}capacity_type is {asked.capacity_type}, but no such price of {instance.instance_type} is "
                f"known, so the plan could not say what it costs; change capacity_type or instance_type"
            ),
        )
