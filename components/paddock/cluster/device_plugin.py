"""NVIDIA's device plugin on the GPU pool, for nodes whose image lacks it."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

from paddock.catalog.eks import NODE_GROUP_LABEL
from paddock.common.inputs import ArgumentError, accepted, label
from paddock.common.labels import GPU_TOLERATION
from paddock.common.manifests import register, render
from paddock.privacy.predicates.images import image_problem

READY_WITHIN_SECONDS = 300


class DevicePluginArgs(TypedDict):
    image: str
    """The image of NVIDIA's k8s-device-plugin by digest, `<repository>@sha256:…`."""
    node_group_name: pulumi.Input[str]
    """The node group of a `GpuNodePool`, on whose nodes alone it runs: two plugins on a node both claim its GPUs."""
    namespace: NotRequired[str]
    """Made by this component, for nothing else: pods in it may use the node's folders. Default: the component's
    name with `-device-plugin`."""


class DevicePlugin(pulumi.ComponentResource):
    """Shows the GPUs of Amazon Linux nodes to Kubernetes; needs a Kubernetes provider in its options."""

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: DevicePluginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("DevicePlugin", args, DevicePluginArgs)
        if problem := image_problem(args["image"]):
            raise ArgumentError(f"DevicePlugin: image {problem}")
        label("DevicePlugin: the name", name)
        label("DevicePlugin: namespace", _namespace(name, args))
        super().__init__("paddock:index:DevicePlugin", name, {}, opts)
        objects = render("device-plugin/daemonset.yaml.j2", manifest_values(name, args))
        made = register(name, objects, self, ready_within_seconds=READY_WITHIN_SECONDS)
        # Known at once, but true only when it runs on every node of the pool.
        self.namespace = made["daemonset"].id.apply(lambda _: _namespace(name, args))
        self.register_outputs({"namespace": self.namespace})


def _namespace(name: str, args: DevicePluginArgs) -> str:
    return args.get("namespace", f"{name}-device-plugin")


def manifest_values(name: str, args: DevicePluginArgs) -> Mapping[str, Any]:
    selector = {"app.kubernetes.io/name": "nvidia-device-plugin", "app.kubernetes.io/instance": name}
    return {
        "name": name,
        "namespace": _namespace(name, args),
        "labels": {**selector, "app.kubernetes.io/managed-by": "paddock"},
        "selector": selector,
        "image": args["image"],
        "node_selector": {NODE_GROUP_LABEL: args["node_group_name"]},
        "tolerations": [GPU_TOLERATION],
    }
