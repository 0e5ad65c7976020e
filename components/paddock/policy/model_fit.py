"""Fit of the model of a vLLM deployment on the nodes that its pods may run on."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from paddock import catalog
from paddock.catalog import Quantization, Scheme, UnknownNameError
from paddock.catalog.eks import NODE_GROUP_LABEL
from paddock.catalog.lookup import shown
from paddock.privacy.predicates.types import NODE_GROUP
from paddock.privacy.predicates.values import UNKNOWN, value_at, values_at
from paddock.privacy.resource import Resource
from paddock.sizing import EngineArgs, Setup, fit
from paddock.sizing.memory.engine_args import Dtype, human_readable_int, texts

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
POD = "spec.template.spec"
COUNTS = (
    *("tensor_parallel_size", "pipeline_parallel_size", "nnodes", "max_model_len", "max_num_seqs"),
    *("max_num_batched_tokens", "max_loras", "max_lora_rank"),
)
"""Arguments that are 1 or more."""
DATA_PARALLEL = ("data_parallel_size_local", "data_parallel_size")
"""Counts of replicas in one deployment, the one that decides first."""
HIGHEST = 10**9
"""No count of vLLM's comes near, and floats still hold what is made of it."""
TO_MEMORY = ("auto", "-1")
"""Lengths by which vLLM takes the longest that fits, so that one token must."""
IN_MULTIPLES = ("max_model_len", "max_num_batched_tokens")
INSTANCE_TYPE_LABEL = "node.kubernetes.io/instance-type"
GIVEN = re.compile(r"[^/]*(?:kubernetes\.io|k8s\.io|amazonaws\.com)(?:/|$)")
"""Domains of labels that kubelet and cloud give to nodes, such as of zone and architecture."""
ASSUMED = frozenset({"gpu_memory_utilization", "max_num_seqs", "max_num_batched_tokens"})
"""Arguments that are vLLM's default where a preview does not know them."""
READ = (*COUNTS, "gpu_memory_utilization", "dtype", "kv_cache_dtype", "enforce_eager", "enable_lora")
"""Arguments that decide if it starts."""
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
        wanted, among = value_at(each.values, f"{POD}.nodeSelector", {}), pools
        if isinstance(wanted, Mapping) and wanted.get(NODE_GROUP_LABEL) is UNKNOWN:
            # A name that is not known yet is that of a node group which it was made of.
            among = [pool for pool in pools if pool.urn in each.links.get("spec", ())] or pools
            wanted = {key: value for key, value in wanted.items() if among is pools or key != NODE_GROUP_LABEL}
        maybe = [pool for pool in among if _offers(pool, wanted) is not False]
        is_unknown = any(_offers(pool, wanted) is None or UNKNOWN in instance_types(pool) for pool in maybe)
        if is_unknown and any(served([each])):
            fault = "labels or instance types of its pool are not known, so the fit cannot be checked; name them"
            yield each.urn, fault
            continue
        types = {str(name) for pool in maybe for name in instance_types(pool)}
        if isinstance(wanted, Mapping) and isinstance(only := wanted.get(INSTANCE_TYPE_LABEL), str):
            types &= {only}
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
    try:
        said = _texts(arguments)
    except ValueError as error:
        return f"the arguments of vllm cannot be read: {error}"
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
    stated = {name: text for name, text in said.items() if name in READ and (text or name not in ASSUMED)}
    names = (
        [known[1]] if known[1] else [name for name in model.checkpoints if catalog.scheme(name).runs_on(instance.gpu)]
    )
    try:
        args = EngineArgs.from_texts({name: _in_full(name, text) for name, text in stated.items()})
        counts = {name: int(text) for name in DATA_PARALLEL if (text := said.get(name))}
        _require_limits(args, counts)
        replicas = next(iter(counts.values()), 1)
        engine = catalog.engine(catalog.newest_version())
        setups = [Setup.of(model, scheme, instance.gpu, engine, args) for scheme in _schemes(names, args.dtype)]
    except ValueError as error:
        return f"the arguments of vllm cannot be read: {error}"
    gpus, nodes = args.split.gpus * replicas, 1 if args.nnodes is None else args.nnodes
    if gpus > instance.gpus * nodes:
        return f"{gpus} GPUs are asked for, but {nodes} x {instance_type} have {instance.gpus * nodes}"
    found = [fit(setup) for setup in setups]
    if any(each.starts for each in found):
        return None
    shortfall_mib = min((each.shortfall_mib for each in found), default=0)
    return (
        f"{model.name} in {' or '.join(names) or 'any known quantization'} does not start on {instance_type} "
        f"({instance.gpus} x {instance.gpu.display_name}): each GPU lacks {shortfall_mib:,} MiB; "
        f"run `paddock plan` for a pool that holds it"
    )


def _schemes(names: Sequence[Quantization], dtype: str | None) -> list[Scheme]:
    """Those that vLLM computes in that `--dtype`; raises `ValueError` where it computes none."""
    if dtype not in (None, *Dtype):
        raise ValueError(f"--dtype is {shown(dtype)}; say {', '.join(Dtype)}")
    found, refused = [], None
    for name in names:
        try:
            found.append(Dtype(dtype or Dtype.AUTO).of(catalog.scheme(name)))
        except ValueError as error:
            refused = error
    if refused is not None and not found:
        raise refused
    return found


def _in_full(name: str, text: str) -> str:
    """Number as digits: vLLM takes 32k for 32,000 and 32K for 32,768."""
    if name == "max_model_len" and text in TO_MEMORY:
        return "1"
    if name in IN_MULTIPLES and text[-1:].isalpha():
        try:
            return str(human_readable_int(text))
        except ValueError as error:
            raise ValueError(f"--{name.replace('_', '-')} is {shown(text)}; {error}") from None
    return text


def _require_limits(args: EngineArgs, replicas: Mapping[str, int]) -> None:
    """vLLM's own limits (of the share of memory: vllm/config/cache.py); not a number is in none."""
    counts: dict[str, int | None] = {name: getattr(args, name) for name in COUNTS}
    for name, value in {**counts, **replicas}.items():
        if value is not None and not 1 <= value <= HIGHEST:
            flag = f"--{name.replace('_', '-')}"
            raise ValueError(f"{flag} is {shown(value)}; say a number of 1 or more, up to {HIGHEST:,}")
    share = args.gpu_memory_utilization
    if share is not None and not 0 < share <= 1:
        raise ValueError(f"--gpu-memory-utilization is {share}; say a number above 0, up to 1")


def instance_types(pool: Resource) -> list[object]:
    return [value for _, value in values_at(pool.values, "instanceTypes[]")]


def _offers(pool: Resource, wanted: object) -> bool | None:
    """True where the pool carries the wanted labels; None where that is not known."""
    labels = pool.values.get("labels")
    if labels is UNKNOWN or wanted is UNKNOWN:
        return None
    if not isinstance(wanted, Mapping):
        return False
    # EKS itself labels nodes with the name of their group.
    have = {**(labels if isinstance(labels, Mapping) else {}), NODE_GROUP_LABEL: pool.values.get("nodeGroupName")}
    types = instance_types(pool)
    only = wanted.get(INSTANCE_TYPE_LABEL)
    if only is not None and only is not UNKNOWN and UNKNOWN not in types and only not in types:
        return False
    # What else nodes are given is taken to be as wanted: a pool that may do is checked.
    pairs = [(have.get(key), value) for key, value in wanted.items() if key in have or not GIVEN.match(str(key))]
    if any(UNKNOWN not in pair and pair[0] != pair[1] for pair in pairs):
        return False
    return None if any(UNKNOWN in pair for pair in pairs) else True


def _texts(arguments: Sequence[object]) -> dict[str, str]:
    return texts("" if each is UNKNOWN else str(each) for each in arguments)


def model_and_scheme(arguments: Sequence[object]) -> tuple[str, Quantization | None] | None:
    """Name of the model and, where its path says so, its quantization. Raises `ValueError` for unclear arguments."""
    said = _texts(arguments)
    path = said.get("model")
    if isinstance(path, str) and (found := CHECKPOINT.fullmatch(path)) and found[2] in set(Quantization):
        return found[1], Quantization(found[2])
    name = said.get("served_model_name")
    if isinstance(path, str) and (model := catalog.model_of_repository(path)):
        name = model.name
    return (name, None) if name else None
