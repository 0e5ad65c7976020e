"""NVIDIA's device plugin on the GPU pool, for nodes whose image lacks it."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

from paddock.common.inputs import ArgumentError, accepted
from paddock.common.manifests import register, render
from paddock.common.naming import GPU_POOL, GPU_TOLERATION
from paddock.privacy.predicates import image_problem

READY_WITHIN_SECONDS = 300


class DevicePluginArgs(TypedDict):
    image: str
    """The image of NVIDIA's k8s-device-plugin by digest, `<repository>@sha256:…`."""
    namespace: NotRequired[str]
    """Made by this component, for nothing else: pods in it may use the node's folders. Default: `gpu-device-plugin`."""


class DevicePlugin(pulumi.ComponentResource):
    """Shows the GPUs of Amazon Linux nodes to Kubernetes; needs a Kubernetes provider in its options."""

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: DevicePluginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("DevicePlugin", args, DevicePluginArgs)
        if problem := image_problem(args["image"]):
            raise ArgumentError(f"DevicePlugin: image {problem}")
        super().__init__("paddock:index:DevicePlugin", name, {}, opts)
        objects = render("device-plugin/daemonset.yaml.j2", manifest_values(name, args))
        made = register(name, objects, self, ready_within_seconds=READY_WITHIN_SECONDS)
        # Known at once, but true only when it runs on every node of the pool.
        self.namespace = made["daemonset"].id.apply(lambda _: args.get("namespace", "gpu-device-plugin"))
        self.register_outputs({"namespace": self.namespace})


def manifest_values(name: str, args: DevicePluginArgs) -> Mapping[str, Any]:
    selector = {"app.kubernetes.io/name": "nvidia-device-plugin", "app.kubernetes.io/instance": name}
    return {
        "name": name,
        "namespace": args.get("namespace", "gpu-device-plugin"),
        "labels": {**selector, "app.kubernetes.io/managed-by": "paddock"},
        "selector": selector,
        "image": args["image"],
        "node_selector": GPU_POOL,
        "tolerations": [GPU_TOLERATION],
    }
