"""DevicePlugin: what Amazon Linux nodes need to show their GPUs, with no more of the node than that."""

from typing import Any

import pytest

from paddock.cluster.device_plugin import DevicePlugin, manifest_values
from paddock.common.inputs import ArgumentError
from paddock.common.manifests import render
from tests.unit.components.cases import args_of
from tests.unit.components.recorder import Build


def objects() -> dict[str, dict[str, Any]]:
    return {
        each["kind"]: each
        for each in render("device-plugin/daemonset.yaml.j2", manifest_values("plugin", args_of("DevicePlugin")))
    }


def test_one_folder_of_the_node_is_all_that_it_has_beyond_the_restricted_standard() -> None:
    spec = objects()["DaemonSet"]["spec"]["template"]["spec"]
    assert [each["hostPath"]["path"] for each in spec["volumes"]] == ["/var/lib/kubelet/device-plugins"]
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert container["resources"]["limits"]["memory"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)


def test_it_talks_to_nobody() -> None:
    assert objects()["NetworkPolicy"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_an_image_by_tag_is_refused_before_anything_is_made(built: Build) -> None:
    with pytest.raises(ArgumentError, match="DevicePlugin: image"):
        built(
            lambda opts: DevicePlugin(
                "plugin", args_of("DevicePlugin", image="nvcr.io/nvidia/k8s-device-plugin:v0.19.3"), opts
            )
        )
