"""The vLLM service: an OpenAI-compatible endpoint inside the cluster."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from paddock.arguments import ArgumentError, accepted, label
from paddock.manifests import register, render
from paddock.naming import GPU_POOL, GPU_TAINT_KEY, GPU_TAINT_VALUE
from paddock.policy.predicates import image_problem

PORT = 8000
SCRATCH_HOME = {"HOME": "/tmp/home", "VLLM_CACHE_ROOT": "/tmp/vllm"}  # noqa: S108  the pod's own volume
"""The root filesystem is read-only, so caches go to the pod's scratch volume."""


class VllmServiceArgs(TypedDict):
    model_uri: pulumi.Input[str]
    """`s3://…` of the checkpoint."""
    image: str
    """The vLLM image by digest, `<repository>@sha256:…`: a tag could change under you."""
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
    startup_period_seconds: int
    startup_failure_threshold: int
    """How often a start may be found unfinished before it counts as failed."""
    readiness_period_seconds: NotRequired[int]
    """Default: 5."""
    liveness_period_seconds: NotRequired[int]
    """Default: 10."""
    termination_grace_seconds: NotRequired[int]
    """How long running requests may take to finish. Default: 60."""
    engine_env: NotRequired[dict[str, str]]
    """Environment of the engine. Default: none but where caches go."""
    replicas: NotRequired[int]
    """Default: 1."""
    namespace: NotRequired[str]
    """Made by this component. Default: `llama`."""
    service_account: NotRequired[str]
    """Made by this component; `ModelWeights` gives it the right to read. Default: `vllm`."""


class VllmService(pulumi.ComponentResource):
    """vLLM on the GPU pool, behind a cluster-internal service; needs a Kubernetes provider in its options.

    Pods run as an ordinary user with a read-only root, under the `restricted` Pod Security Standard.
    """

    endpoint: pulumi.Output[str]
    """Base URL for OpenAI clients inside the cluster."""
    namespace: pulumi.Output[str]
    service_name: pulumi.Output[str]

    def __init__(self, name: str, args: VllmServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("VllmService", args, VllmServiceArgs)
        if problem := image_problem(args["image"]):
            raise ArgumentError(f"VllmService: image {problem}")
        label("VllmService: the name", name)
        label("VllmService: namespace", args.get("namespace", "llama"))
        label("VllmService: service_account", args.get("service_account", "vllm"))
        values = manifest_values(name, args)
        super().__init__("paddock:index:VllmService", name, {}, opts)
        objects = render("vllm/service.yaml.j2", values)
        made = register(name, objects, self, ready_within_seconds=values["progress_deadline_seconds"])

        namespace = args.get("namespace", "llama")
        # Known at once, but true only when a pod answers: consumers wait for that through it.
        ready = made["service"].id
        self.endpoint = ready.apply(lambda _: f"http://{name}.{namespace}.svc.cluster.local:{PORT}/v1")
        self.namespace = ready.apply(lambda _: namespace)
        self.service_name = ready.apply(lambda _: name)
        self.register_outputs(
            {"endpoint": self.endpoint, "namespace": self.namespace, "service_name": self.service_name}
        )


def manifest_values(name: str, args: VllmServiceArgs) -> Mapping[str, Any]:
    """What the template prints: every value decided, the model's address perhaps still unknown."""
    selector = {"app.kubernetes.io/name": "vllm", "app.kubernetes.io/instance": name}
    gpu = {GPU_TAINT_KEY: str(args["gpus"])}
    env = {**SCRATCH_HOME, **args.get("engine_env", {})}
    return {
        "name": name,
        "namespace": args.get("namespace", "llama"),
        "service_account": args.get("service_account", "vllm"),
        "labels": {**selector, "app.kubernetes.io/managed-by": "paddock"},
        "selector": selector,
        "replicas": args.get("replicas", 1),
        "image": args["image"],
        "args": [args["model_uri"], *args["engine_args"], "--host", "0.0.0.0", "--port", str(PORT)],  # noqa: S104  a pod's own address
        "env": [{"name": key, "value": value} for key, value in sorted(env.items())],
        "port": PORT,
        "requests": {
            "cpu": f"{args['cpu_millicores']}m",
            "memory": f"{args['memory_mib']}Mi",
            "ephemeral-storage": f"{args['scratch_mib']}Mi",
            **gpu,
        },
        "limits": {"memory": f"{args['memory_mib']}Mi", **gpu},
        "node_selector": GPU_POOL,
        "tolerations": [{"key": GPU_TAINT_KEY, "operator": "Equal", "value": GPU_TAINT_VALUE, "effect": "NoSchedule"}],
        "startup_period_seconds": args["startup_period_seconds"],
        "startup_failure_threshold": args["startup_failure_threshold"],
        "readiness_period_seconds": args.get("readiness_period_seconds", 5),
        "liveness_period_seconds": args.get("liveness_period_seconds", 10),
        "termination_grace_seconds": args.get("termination_grace_seconds", 60),
        # A rollout is late only after the slowest start that the probe allows.
        "progress_deadline_seconds": args["startup_period_seconds"] * args["startup_failure_threshold"] + 60,
        "shm": f"{args['shm_mib']}Mi",
        "scratch": f"{args['scratch_mib']}Mi",
    }
