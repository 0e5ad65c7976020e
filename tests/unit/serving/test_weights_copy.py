"""The init container that copies weights: of the model's image and rights, with the disk that the copy takes."""

from typing import Any

import pulumi
import pytest

from paddock.common.inputs import ArgumentError
from paddock.common.manifests import render
from paddock.serving.vllm_service import VllmService, manifest_values
from paddock.serving.weights_check import CHECK_SECONDS
from tests.unit.components.cases import args_of
from tests.unit.components.recorder import PUBLIC_KEY, Build

URI = "s3://weights/models/llama-3.1-8b/bf16-0a1b2c3d4e5f"
COPIED: Any = {"weights_disk_mib": 20480, "engine_env": {"AWS_REGION": "us-east-1", "HF_HUB_OFFLINE": "1"}}
CHECKED: Any = {**COPIED, "weights_public_key": PUBLIC_KEY}


def objects(**changes: Any) -> dict[str, dict[str, Any]]:
    values = manifest_values("vllm", args_of("VllmService", model_uri=URI, **changes))
    return {each["kind"]: each for each in render("vllm/service.yaml.j2", values)}


def pod(**changes: Any) -> dict[str, Any]:
    return dict(objects(**changes)["Deployment"]["spec"]["template"]["spec"])


def test_with_a_key_one_container_copies_and_checks() -> None:
    (copy,) = pod(**CHECKED)["initContainers"]
    assert copy["name"] == "copy-weights"
    assert copy["args"] == ["/etc/paddock/copy_weights.py", URI, "/weights", "/etc/paddock/weights.pem"]
    data = objects(**CHECKED)["ConfigMap"]["data"]
    assert {"copy_weights.py", "verify_weights.py", "weights.pem"} <= set(data)


def test_without_a_key_it_copies_what_is_there() -> None:
    (copy,) = pod(**COPIED)["initContainers"]
    assert copy["args"] == ["/etc/paddock/copy_weights.py", URI, "/weights"]
    assert "weights.pem" not in objects(**COPIED)["ConfigMap"]["data"]


@pytest.mark.parametrize("given", [COPIED, CHECKED], ids=["unchecked", "checked"])
def test_vllm_reads_the_copy_and_cannot_write_it(given: dict[str, Any]) -> None:
    spec = pod(**given)
    (copy,), (model,) = spec["initContainers"], spec["containers"]
    assert model["args"][0] == "/weights"
    assert {"name": "weights", "mountPath": "/weights", "readOnly": True} in model["volumeMounts"]
    assert {"name": "weights", "mountPath": "/weights"} in copy["volumeMounts"]
    assert {"name": "weights", "emptyDir": {"sizeLimit": "20480Mi"}} in spec["volumes"]


def test_it_is_of_the_models_image_and_as_restricted_and_sees_no_gpu() -> None:
    spec = pod(**CHECKED)
    (copy,), (model,) = spec["initContainers"], spec["containers"]
    for key in ("image", "imagePullPolicy", "securityContext"):
        assert copy[key] == model[key]
    assert {each["name"]: each["value"] for each in copy["env"]} == {
        "AWS_REGION": "us-east-1",
        "NVIDIA_VISIBLE_DEVICES": "void",
    }


def test_the_pod_may_have_the_copy_on_the_disk_beside_its_caches_within_the_limits_of_the_namespace() -> None:
    """The kubelet counts all volumes of a pod against the sum of its containers' limits."""
    spec = pod(**CHECKED)
    (copy,), (model,) = spec["initContainers"], spec["containers"]
    (limit,) = objects(**CHECKED)["LimitRange"]["spec"]["limits"]
    disk = f"{20480 + 10240}Mi"
    assert limit["max"]["ephemeral-storage"] == disk
    for container in (copy, model):
        assert container["resources"]["requests"]["ephemeral-storage"] == disk
        assert container["resources"]["limits"]["ephemeral-storage"] == disk
    assert copy["resources"]["requests"]["cpu"] == model["resources"]["requests"]["cpu"]
    assert "nvidia.com/gpu" not in copy["resources"]["limits"]


def test_a_rollout_waits_for_the_copy() -> None:
    def deadline(**changes: Any) -> int:
        return int(objects(**changes)["Deployment"]["spec"]["progressDeadlineSeconds"])

    assert deadline(**COPIED) == deadline() + 1800
    assert deadline(**CHECKED, weights_copy_seconds=70) == deadline() + CHECK_SECONDS + 70


@pytest.mark.parametrize("key", ["weights_disk_mib", "weights_copy_seconds"])
def test_a_copy_of_no_size_or_time_is_refused(built: Build, key: str) -> None:
    args: Any = args_of("VllmService", **{"weights_disk_mib": 9, key: 0})
    with pytest.raises(ArgumentError, match=f"{key} must be 1 or more, got 0"):
        built(lambda opts: VllmService("vllm", args, opts))


def test_the_address_may_be_an_output() -> None:
    values = manifest_values("vllm", args_of("VllmService", **{**CHECKED, "model_uri": pulumi.Output.from_input(URI)}))
    assert isinstance(values["init_containers"][0][0]["args"][1], pulumi.Output)
    assert values["args"][0] == "/weights"
