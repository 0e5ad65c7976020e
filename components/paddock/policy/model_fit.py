"""Fit of the model of a vLLM deployment on the nodes that its pods may run on."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from paddock import catalog
from paddock.catalog import Quantization, UnknownNameError
from paddock.privacy.predicates import UNKNOWN
from paddock.privacy.predicates.addresses import NODE_GROUP
from paddock.privacy.predicates.findings import value_at, values_at
from paddock.privacy.resource import Resource
from paddock.sizing import KvCacheDtype, LoraSlots, Parallelism, fit, launch

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
POD = "spec.template.spec"
SHORT = {"-tp": "--tensor-parallel-size", "-pp": "--pipeline-parallel-size"}
CHECKPOINT = re.compile(r"s3://[^/]+/models/([^/]+)/([^/]+)/?")
"""URI of a checkpoint as `WeightsBucket` puts it."""


def misfits(resources: Iterable[Resource]) -> Iterator[tuple[str, str]]:
    """vLLM deployments that do not start on a pool that their pods may run on, as (URN, fault).

    Only containers whose command is known to be `vllm serve` are checked, and models of the catalog. A checkpoint that
    a preview does not know is refused only where none of the model's would start. The catalog's newest vLLM is assumed.
    """
    resources = list(resources)
    pools = [each for each in resources if each.type == NODE_GROUP]
    for each in resources:
        if each.type != DEPLOYMENT:
            continue
        wanted = value_at(each.values, f"{POD}.nodeSelector", {})
        maybe = [pool for pool in pools if _offers(pool, wanted) is not False]
        if any(_offers(pool, wanted) is None or _unknown_types(pool) for pool in maybe) and list(served([each])):
            fault = "labels or instance types of its pool are not known, so the fit cannot be checked; name them"
            yield each.urn, fault
            continue
        types = {str(instance) for pool in maybe for _, instance in values_at(pool.values, "instanceTypes[]")}
        for urn, arguments in served([each]):
            yield from ((urn, text) for name in sorted(types) if (text := misfit(arguments, name)))


def served(resources: Iterable[Resource]) -> Iterator[tuple[str, list[object]]]:
    """Containers of deployments that run `vllm serve`, as (URN, arguments)."""
    for each in resources:
        if each.type == DEPLOYMENT:
            for _, container in values_at(each.values, f"{POD}.containers[]"):
                command = [value for key in ("command[]", "args[]") for _, value in values_at(container, key)]
                if command[:2] == ["vllm", "serve"]:
                    yield each.urn, command[2:]


def misfit(arguments: Sequence[object], instance_type: str) -> str | None:
    """Fault of `vllm serve` with these arguments on one node of that type; None where it starts.

    None also where model or type is not in the catalog: nothing is known of them.
    """
    flags = _flags(arguments)
    known = model_and_scheme(arguments)
    if known is None and UNKNOWN in arguments:
        return "its arguments are not known, so the fit cannot be checked; say --served-model-name"
    try:
        instance = catalog.instance(instance_type)
        model = catalog.model(known[0]) if known else None
    except UnknownNameError:
        return None
    if known is None or model is None:
        return None
    try:
        split = Parallelism(
            int(flags.get("--tensor-parallel-size", "1")), int(flags.get("--pipeline-parallel-size", "1"))
        )
        nodes = int(flags.get("--nnodes", "1"))
        engine = catalog.engine(catalog.newest_version())
        start = launch(
            engine,
            instance.gpu,
            split=split,
            max_model_len=int(flags.get("--max-model-len", str(model.max_context_tokens))),
            gpu_memory_utilization=float(share) if (share := flags.get("--gpu-memory-utilization")) else None,
            max_num_seqs=int(seqs) if (seqs := flags.get("--max-num-seqs")) else None,
            max_num_batched_tokens=int(tokens) if (tokens := flags.get("--max-num-batched-tokens")) else None,
            kv_cache_dtype=KvCacheDtype(flags.get("--kv-cache-dtype", "auto")),
            enforce_eager="--enforce-eager" in flags,
            lora=LoraSlots(
                max_loras=int(flags.get("--max-loras", "1")), max_lora_rank=int(flags.get("--max-lora-rank", "16"))
            )
            if "--enable-lora" in flags
            else None,
        )
    except ValueError as error:
        return f"the arguments of vllm cannot be read: {error}"
    gpus = split.tensor * split.pipeline
    if gpus > instance.gpus * nodes:
        return f"{gpus} GPUs are asked for, but {nodes} x {instance_type} have {instance.gpus * nodes}"
    names = (
        [known[1]] if known[1] else [name for name in model.checkpoints if catalog.scheme(name).runs_on(instance.gpu)]
    )
    found = [fit(model, catalog.scheme(name), instance.gpu, engine, start) for name in names]
    if any(each.starts for each in found):
        return None
    shortfall_mib = min((each.shortfall_mib for each in found), default=0)
    return (
        f"{model.name} in {' or '.join(names) or 'any known quantization'} does not start on {instance_type} "
        f"({instance.gpus} x {instance.gpu.display_name}): each GPU lacks {shortfall_mib:,} MiB; "
        f"run `paddock plan` for a pool that holds it"
    )


def _unknown_types(pool: Resource) -> bool:
    return any(value is UNKNOWN for _, value in values_at(pool.values, "instanceTypes[]"))


def _offers(pool: Resource, wanted: object) -> bool | None:
    """True where the pool carries the wanted labels; None where that is not known."""
    labels = pool.values.get("labels")
    if labels is UNKNOWN or wanted is UNKNOWN:
        return None
    have = labels if isinstance(labels, Mapping) else {}
    return isinstance(wanted, Mapping) and all(have.get(key) == value for key, value in wanted.items())


def _flags(arguments: Sequence[object]) -> dict[str, str]:
    """Flags of `--name value` and `--name=value`, as vLLM takes both; a flag alone has an empty value."""
    flags: dict[str, str] = {}
    name = ""
    for each in arguments:
        text = "" if each is UNKNOWN else str(each)
        if text.startswith("--") or text in SHORT:
            name, _, value = text.partition("=")
            name = SHORT.get(name, name)
            flags[name] = value
        elif name:
            flags[name], name = text, ""
    return flags


def model_and_scheme(arguments: Sequence[object]) -> tuple[str, Quantization | None] | None:
    """Name of the model and, where its path says so, its quantization."""
    path = arguments[0] if arguments else None
    if isinstance(path, str) and (found := CHECKPOINT.fullmatch(path)) and found[2] in set(Quantization):
        return found[1], Quantization(found[2])
    name = _flags(arguments).get("--served-model-name")
    if isinstance(path, str) and (model := catalog.model_of_repository(path)):
        name = model.name
    return (name, None) if name else None
