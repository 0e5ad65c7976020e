"""The vLLM service: an OpenAI-compatible endpoint inside the cluster."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import ceil
from typing import Any, NotRequired, TypedDict

import pulumi

from paddock.catalog.eks import NODE_GROUP_LABEL
from paddock.catalog.lookup import shown
from paddock.common.inputs import ArgumentError, accepted, label
from paddock.common.labels import GPU_TAINT_KEY, GPU_TOLERATION
from paddock.common.manifests import register, render, templates_folder
from paddock.privacy.predicates.images import image_problem
from paddock.serving.adapters import (
    COPY_MB_PER_SECOND,
    adapters_args,
    adapters_copy,
    adapters_fault,
    adapters_mount,
    adapters_volume,
)
from paddock.serving.api_key import checked_key, key_digest
from paddock.serving.network_policy import egress_rules, ingress_rules
from paddock.serving.weights_check import (
    CHECK_SECONDS,
    WEIGHTS_FOLDER,
    WEIGHTS_VOLUME,
    checked_public_key,
    checker_files,
    weights_check,
    weights_copy,
    weights_mount,
)
from paddock.sizing.placement.shutdown import (
    BACK_OFF_SECONDS,
    DRAIN_SECONDS,
    LEAD_AWAY_SECONDS,
    PRE_STOP_SECONDS,
    SETTLE_SECONDS,
    TARGET_CHECK_SECONDS,
    TARGET_CHECKS,
    TEARDOWN_SECONDS,
)

PORT = 8000
USER_ENV = {"HOME": "/tmp/home", "VLLM_CACHE_ROOT": "/tmp/vllm", "USER": "vllm", "LOGNAME": "vllm"}  # noqa: S108
"""Caches go to the pod's scratch volume, as the root filesystem is read-only. The user has no passwd entry, where
Python's getpass.getuser looks for a name that the environment does not say."""
SMALL = {"cpu": "100m", "memory": "256Mi", "ephemeral-storage": "256Mi"}
"""Resources of a container that asks for none."""
SMALL_LIMITS = {name: SMALL[name] for name in ("memory", "ephemeral-storage")}
ANNOTATION = re.compile(r"([a-z0-9][a-z0-9.-]{0,251}[a-z0-9]/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
"""A key, as Kubernetes takes it. Source: kubernetes.io/docs/concepts/overview/working-with-objects/annotations, read
2026-11-24."""
SILENT_VARIABLE = "PADDOCK_ENGINE_SILENT_SECONDS"
GRACE_SECONDS = PRE_STOP_SECONDS + DRAIN_SECONDS + TEARDOWN_SECONDS
MARGIN_SECONDS = 60
"""Time for the API server, the scheduler and Pulumi to notice."""
COPY_SECONDS = 1800
"""The longest copy of weights that is not a failure, where nobody says it: 400 GB at 220 MB/s."""
ADAPTERS_MIB = 1024
"""Disk for adapters where nobody says it."""
POD_SECURITY_VERSION = "v1.35"
"""Version of the Pod Security Standard that namespaces enforce; named, as a newer catalog must change nothing that
stands."""
PATHS_MODULE, PATHS_FOLDER = "served_paths", "/etc/paddock"
"""Middleware that limits the server to paths that the key guards, manifests/vllm/served_paths.py, and its folder."""
READY_PATH = "/ready"
"""Path at which that middleware says whether the pod takes new requests; vLLM's /health is 200 while a pod drains."""
PRE_STOP = f"touch /tmp/draining; sleep {LEAD_AWAY_SECONDS}; touch /tmp/stopping; sleep {SETTLE_SECONDS}"
"""Command of the preStop hook, before vLLM is told to stop; a touch that fails, on a full disk, skips no wait.
vllm/vllm-openai is an Ubuntu, with sh, touch and sleep (docker/Dockerfile, read 2026-11-28). Where an image lacks them
the hook fails, and the pod stops at once."""


SIZES = ("weights_disk_mib", "weights_copy_seconds", "adapters_disk_mib")
"""Arguments that are 1 or more."""


class VllmServiceArgs(TypedDict):
    model_uri: pulumi.Input[str]
    """`s3://…` of the checkpoint."""
    image: str
    """The vLLM image by digest, `<repository>@sha256:…`: a tag could change under you."""
    node_group_name: pulumi.Input[str]
    """The node group of a `GpuNodePool`, on whose nodes alone the pods run. A replaced pool has another name, so that
    the Deployment's own rollout moves the pods to it, one at a time, before the old nodes go."""
    engine_args: Sequence[str]
    """Arguments of `vllm serve` after the model, such as the plan's."""
    gpus: int
    """GPUs of one replica, all on one node."""
    cpu_millicores: int
    memory_mib: int
    """Host memory of one replica, in MiB."""
    shm_mib: int
    """Shared memory between the workers of one replica, in MiB; part of `memory_mib`."""
    scratch_mib: int
    """Disk for caches, in MiB."""
    weights_disk_mib: NotRequired[int]
    """Disk for a copy of the weights, in MiB, which an init container makes and vLLM reads in the place of S3. Nodes
    must have it: `instance_store` of `GpuNodePool`. Default: none, and vLLM streams the weights from S3."""
    weights_copy_seconds: NotRequired[int]
    """The longest copy that is not a failure. Default: 1800."""
    adapters: NotRequired[dict[str, pulumi.Input[str]]]
    """LoRA adapters, `s3://…/<model>/<revision>` by the name that clients send as `model`: an init container copies
    them, checked like the weights, and vLLM loads them as it starts. Needs `--enable-lora` in engine_args. Default:
    none."""
    adapters_disk_mib: NotRequired[int]
    """Disk for their copies, in MiB. Default: 1024."""
    startup_period_seconds: int
    startup_failure_threshold: int
    """Number of probes that may find a start unfinished before it counts as failed."""
    image_pull_seconds: NotRequired[int]
    """The longest pull of the image that is not a failure. Default: 600."""
    readiness_period_seconds: NotRequired[int]
    """Default: 5."""
    liveness_period_seconds: NotRequired[int]
    """Default: 10."""
    termination_grace_seconds: NotRequired[int]
    """Seconds from the pod's deletion until it is killed; 30 of them pass before vLLM is told to stop, so that clients
    are led to other pods. Default: 180."""
    engine_silent_seconds: NotRequired[int]
    """Seconds without a sign of the engine after which the pod is not ready; above its longest step. Default: 60."""
    engine_env: NotRequired[dict[str, str]]
    """Environment of the engine. Default: none but where caches go."""
    replicas: NotRequired[int]
    """Default: 1."""
    replicas_per_node: NotRequired[int]
    """Replicas that one node may run. The disruption budget lets so many go at once, so that EKS can empty a node.
    Default: 1."""
    namespace: NotRequired[str]
    """Made by this component. Default: the component's name."""
    client_namespaces: NotRequired[Sequence[str]]
    """Namespaces whose pods may call the service. Default: its own."""
    client_cidrs: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Networks that may call the service, such as a load balancer's and its clients'. Default: none."""
    endpoint_cidrs: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Ranges of the addresses of AWS's interface endpoints; pods reach them by HTTPS. Default: none."""
    s3_cidrs: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """S3's addresses in the region, to which a gateway endpoint leads; pods reach them by HTTPS. Default: none."""
    weights_public_key: NotRequired[pulumi.Input[str]]
    """Key (P-256, PEM) by which each pod checks, before vLLM starts, that model_uri is a signed revision,
    `s3://…/<model>/<revision>`. Default: none, and weights are not checked."""
    service_account: NotRequired[str]
    """Made by this component; `WeightsReadAccess` gives it the right to read. Default: `vllm`."""
    api_key: NotRequired[pulumi.Input[str]]
    """Key that clients must show (`Authorization: Bearer …`), 16 or more characters. Secret. Default: none."""
    node_port: NotRequired[int]
    """A port, the same on every node, at which those nodes answer that run a ready pod. Default: none."""
    annotations: NotRequired[dict[str, str]]
    """Annotations of the Deployment, not of its pods: changing one restarts nothing. Default: none."""


class VllmService(pulumi.ComponentResource):
    """vLLM on the GPU pool, behind a cluster-internal service; needs a Kubernetes provider in its options.

    Pods run as an ordinary user with a read-only root, under the `restricted` Pod Security Standard, within a quota.
    With a key they serve only weights that it signed. They talk to whom the arguments name and to nobody else, where
    NetworkPolicies are enforced (`Cluster` does).
    """

    endpoint: pulumi.Output[str]
    """Base URL for OpenAI clients inside the cluster."""
    namespace: pulumi.Output[str]
    service_name: pulumi.Output[str]

    def __init__(self, name: str, args: VllmServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("VllmService", args, VllmServiceArgs)
        if problem := image_problem(args["image"]):
            raise ArgumentError(f"VllmService: image {problem}")
        if "api_key" in args:
            args["api_key"] = checked_key("VllmService: api_key", args["api_key"])
        if "weights_public_key" in args:
            args["weights_public_key"] = checked_public_key(args["weights_public_key"])
        if args.get("termination_grace_seconds", GRACE_SECONDS) <= PRE_STOP_SECONDS:
            raise ArgumentError(
                f"VllmService: termination_grace_seconds must be above {PRE_STOP_SECONDS}, which pass before vLLM is "
                f"told to stop, got {args['termination_grace_seconds']}"
            )
        for key, given in ((each, args.get(each)) for each in SIZES):
            if isinstance(given, int) and given < 1:
                raise ArgumentError(f"VllmService: {key} must be 1 or more, got {given}")
        if args.get("replicas_per_node", 1) < 1:
            raise ArgumentError(f"VllmService: replicas_per_node must be 1 or more, got {args['replicas_per_node']}")
        if fault := adapters_fault(args.get("adapters", {}), args["engine_args"], args.get("engine_env", {})):
            raise ArgumentError(f"VllmService: {fault}")
        label("VllmService: the name", name)
        namespace = label("VllmService: namespace", args.get("namespace", name))
        label("VllmService: service_account", args.get("service_account", "vllm"))
        for key in args.get("annotations", {}):
            if not ANNOTATION.fullmatch(key):
                raise ArgumentError(
                    f"VllmService: annotations must have keys such as example.com/name, 63 characters after the slash, "
                    f"got {shown(key)}"
                )
        values = manifest_values(name, args)
        super().__init__("paddock:index:VllmService", name, {}, opts)
        objects = render("vllm/service.yaml.j2", values)
        pod_seconds = values["progress_deadline_seconds"]
        made = register(
            name,
            objects,
            self,
            ready_within_seconds=pod_seconds + MARGIN_SECONDS,
            updated_within_seconds=values["replicas"] * pod_seconds + MARGIN_SECONDS,
        )

        # Known at once, but true only when a pod answers: consumers wait for that through it.
        ready = made["service"].id
        self.endpoint = ready.apply(lambda _: f"http://{name}.{namespace}.svc.cluster.local:{PORT}/v1")
        self.namespace = ready.apply(lambda _: namespace)
        self.service_name = ready.apply(lambda _: name)
        self.register_outputs(
            {"endpoint": self.endpoint, "namespace": self.namespace, "service_name": self.service_name}
        )


def manifest_values(name: str, args: VllmServiceArgs) -> Mapping[str, Any]:
    """Values that the template prints: all decided, the model's address perhaps still unknown.

    Nothing has a CPU limit. The pool's nodes run replicas alone, whose requests already divide the cores, so a limit
    would protect nobody; it would only halt the threads that feed the GPUs for the rest of each 100 ms. So the
    LimitRange names no CPU limit, which it would put on the model too.
    """
    selector = {"app.kubernetes.io/name": "vllm", "app.kubernetes.io/instance": name}
    gpu = {GPU_TAINT_KEY: str(args["gpus"])}
    weights_mib, adapters = args.get("weights_disk_mib", 0), args.get("adapters", {})
    adapters_mib = args.get("adapters_disk_mib", ADAPTERS_MIB) if adapters else 0
    # Of the pod's volumes: the kubelet ends a pod whose files are more than its containers may have.
    memory, disk = f"{args['memory_mib']}Mi", f"{args['scratch_mib'] + weights_mib + adapters_mib}Mi"
    namespace, replicas = args.get("namespace", name), args.get("replicas", 1)
    env = {
        **USER_ENV,
        "PYTHONPATH": PATHS_FOLDER,
        SILENT_VARIABLE: str(args.get("engine_silent_seconds", 60)),
        **args.get("engine_env", {}),
    }
    min_ready_seconds = TARGET_CHECK_SECONDS * (TARGET_CHECKS + 1) if "node_port" in args else 0
    files: dict[str, pulumi.Input[str]] = {
        f"{PATHS_MODULE}.py": (templates_folder() / "vllm" / f"{PATHS_MODULE}.py").read_text()
    }
    key, engine_env = args.get("weights_public_key"), args.get("engine_env", {})
    files |= checker_files(key, copies=bool(weights_mib or adapters))
    requests = {"cpu": f"{args['cpu_millicores']}m", "memory": memory, "ephemeral-storage": disk}
    limits = {"memory": memory, "ephemeral-storage": disk}
    before: list[Mapping[str, Any]] = []
    # As much as the model has, which waits for it: a copy is as fast as there are cores.
    all_of = {"requests": requests, "limits": limits}
    if weights_mib:
        before = [weights_copy(args["model_uri"], PATHS_FOLDER, engine_env, all_of, has_key=key is not None)]
    elif key is not None:
        small = {"requests": SMALL, "limits": SMALL_LIMITS}
        before = [weights_check(args["model_uri"], PATHS_FOLDER, engine_env, small)]
    volumes: list[Mapping[str, Any]] = []
    mounts: list[Mapping[str, Any]] = []
    if weights_mib:
        volumes.append({"name": WEIGHTS_VOLUME, "emptyDir": {"sizeLimit": f"{weights_mib}Mi"}})
        mounts.append(weights_mount(is_read_only=True))
    if adapters:
        before.append(adapters_copy(adapters, PATHS_FOLDER, engine_env, all_of, has_key=key is not None))
        volumes.append(adapters_volume(adapters_mib))
        mounts.append(adapters_mount(is_read_only=True))
    return {
        "name": name,
        "namespace": namespace,
        "pod_security_version": POD_SECURITY_VERSION,
        "service_account": args.get("service_account", "vllm"),
        "labels": {**selector, "app.kubernetes.io/managed-by": "paddock"},
        "selector": selector,
        "annotations": args.get("annotations", {}),
        "replicas": replicas,
        "replicas_per_node": args.get("replicas_per_node", 1),
        "quota": {
            # A pod that ends still counts, and several may end at once. Their size is bounded by the LimitRange, which
            # looks at new pods alone: a sum would keep smaller ones out until the larger ones before them are gone.
            "pods": str(2 * replicas),
            "services.loadbalancers": "0",
            "persistentvolumeclaims": "0",
        },
        "default_requests": SMALL,
        "default_limits": SMALL_LIMITS,
        "max_limits": limits,
        "ingress": ingress_rules(args.get("client_namespaces", [namespace]), args.get("client_cidrs"), PORT),
        "egress": egress_rules(args.get("endpoint_cidrs"), args.get("s3_cidrs")),
        "image": args["image"],
        "args": [
            WEIGHTS_FOLDER if weights_mib else args["model_uri"],
            *args["engine_args"],
            *adapters_args(adapters),
            *("--middleware", f"{PATHS_MODULE}.ServedPaths"),
            *("--host", "0.0.0.0"),  # noqa: S104  a pod's own address
            *("--port", str(PORT)),
        ],
        "env": [{"name": key, "value": value} for key, value in sorted(env.items())] + _key_variable(name, args),
        # Named after what they hold: new content is a new object, and the pods that read it are replaced.
        "paths": {"name": _paths_name(name, files), "data": files},
        "paths_folder": PATHS_FOLDER,
        # None, or one list of them: an empty one would be no object's.
        "init_containers": [before] if before else [],
        "weights_mounts": mounts,
        "weights_volumes": volumes,
        "secrets": [{"name": _key_name(name, args), "data": {KEY_ENTRY: args["api_key"]}}] if "api_key" in args else [],
        "port": PORT,
        "service": _service(selector, args.get("node_port")),
        "requests": {**requests, **gpu},
        "limits": {**limits, **gpu},
        "node_selector": {NODE_GROUP_LABEL: args["node_group_name"]},
        "tolerations": [GPU_TOLERATION],
        "startup_period_seconds": args["startup_period_seconds"],
        "startup_failure_threshold": args["startup_failure_threshold"],
        "readiness_period_seconds": args.get("readiness_period_seconds", 5),
        "liveness_period_seconds": args.get("liveness_period_seconds", 10),
        "termination_grace_seconds": args.get("termination_grace_seconds", GRACE_SECONDS),
        "pre_stop": ["sh", "-c", PRE_STOP],
        "ready_path": READY_PATH,
        # Longer than the load balancer takes, which still sends requests to the node until then.
        "readiness_failure_threshold": ceil(PRE_STOP_SECONDS / args.get("readiness_period_seconds", 5)),
        # The next pod leaves only when the load balancer has taken this one in.
        "min_ready_seconds": min_ready_seconds,
        "progress_deadline_seconds": _progress_deadline_seconds(args, min_ready_seconds),
        "shm": f"{args['shm_mib']}Mi",
        "scratch": f"{args['scratch_mib']}Mi",
    }


def _progress_deadline_seconds(args: VllmServiceArgs, min_ready_seconds: int) -> int:
    """The slowest replacement of one pod that is not a failure: the old one leaves, then the image is pulled, then vLLM
    starts, perhaps after a back-off, as no spare GPU stands ready."""
    leaving = args.get("termination_grace_seconds", GRACE_SECONDS)
    starting = args["startup_period_seconds"] * args["startup_failure_threshold"]
    checking = CHECK_SECONDS if "weights_public_key" in args else 0
    if "weights_disk_mib" in args:
        checking += args.get("weights_copy_seconds", COPY_SECONDS)
    if args.get("adapters"):
        checking += CHECK_SECONDS + ceil(args.get("adapters_disk_mib", ADAPTERS_MIB) / COPY_MB_PER_SECOND)
    pulling = args.get("image_pull_seconds", 600)
    return leaving + pulling + checking + BACK_OFF_SECONDS + starting + min_ready_seconds


def _paths_name(name: str, files: Mapping[str, pulumi.Input[str]]) -> pulumi.Input[str]:
    def named(*contents: str) -> str:
        return f"{name}-paths-{sha256(''.join(contents).encode()).hexdigest()[:8]}"

    plain = [each for each in files.values() if isinstance(each, str)]
    return (
        named(*plain) if len(plain) == len(files) else pulumi.Output.all(*files.values()).apply(lambda it: named(*it))
    )


KEY_ENTRY = "api-key"


def _key_name(name: str, args: VllmServiceArgs) -> pulumi.Output[str]:
    return key_digest(args["api_key"]).apply(lambda digest: f"{name}-api-key-{digest}")


def _key_variable(name: str, args: VllmServiceArgs) -> list[dict[str, Any]]:
    """An argument would show the key to everyone who may look at the pod or list its node's processes."""
    if "api_key" not in args:
        return []
    return [
        {
            "name": "VLLM_API_KEY",
            "valueFrom": {"secretKeyRef": {"name": _key_name(name, args), "key": KEY_ENTRY}},
        }
    ]


def _service(selector: Mapping[str, str], node_port: int | None) -> dict[str, Any]:
    """Spec of the Kubernetes Service."""
    port: dict[str, Any] = {"name": "http", "port": PORT, "targetPort": "http", "protocol": "TCP"}
    if node_port is None:
        return {"type": "ClusterIP", "selector": selector, "ports": [port]}
    # Local: a node without a ready pod answers nothing, so that a load balancer's health check tells the truth, and a
    # pod sees who called its node.
    return {
        "type": "NodePort",
        "externalTrafficPolicy": "Local",
        "selector": selector,
        "ports": [{**port, "nodePort": node_port}],
    }
