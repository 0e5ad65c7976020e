"""The init container that checks weights: there when a key is, with no more than the model's own rights."""

from typing import Any

import pulumi
import pytest

from paddock.common.inputs import ArgumentError
from paddock.common.manifests import render
from paddock.serving.vllm_service import VllmService, manifest_values
from paddock.serving.weights_check import CHECK_SECONDS, CHECKER, KEY_FILE
from tests.unit.components.cases import args_of
from tests.unit.components.recorder import PUBLIC_KEY, Build

URI = "s3://weights/models/llama-3.1-8b/bf16-0a1b2c3d4e5f"
ENV = {"AWS_REGION": "us-east-1", "HF_HUB_OFFLINE": "1"}


def objects(**changes: Any) -> dict[str, dict[str, Any]]:
    values = manifest_values("vllm", args_of("VllmService", model_uri=URI, **changes))
    return {each["kind"]: each for each in render("vllm/service.yaml.j2", values)}


def pod(**changes: Any) -> dict[str, Any]:
    return dict(objects(**changes)["Deployment"]["spec"]["template"]["spec"])


CHECKED: Any = {"weights_public_key": PUBLIC_KEY, "engine_env": ENV}


def test_without_a_key_nothing_of_it_is_there() -> None:
    assert "initContainers" not in pod()
    assert set(objects()["ConfigMap"]["data"]) == {"served_paths.py"}


def test_it_runs_the_mounted_checker_on_the_models_address_with_the_mounted_key() -> None:
    (check,) = pod(**CHECKED)["initContainers"]
    assert check["command"] == ["python3", "-I", "-B"]
    assert check["args"] == ["/etc/paddock/verify_weights.py", URI, "/etc/paddock/weights.pem"]
    config = objects(**CHECKED)["ConfigMap"]
    assert config["immutable"] is True
    assert config["data"][KEY_FILE] == PUBLIC_KEY
    compile(config["data"][CHECKER], CHECKER, "exec")


def test_it_is_of_the_models_image_and_as_restricted_and_sees_no_gpu() -> None:
    spec = pod(**CHECKED)
    (check,), (model,) = spec["initContainers"], spec["containers"]
    for key in ("image", "imagePullPolicy", "securityContext"):
        assert check[key] == model[key]
    assert {each["name"]: each["value"] for each in check["env"]} == {
        "AWS_REGION": "us-east-1",
        "NVIDIA_VISIBLE_DEVICES": "void",
    }
    assert [each["mountPath"] for each in check["volumeMounts"]] == ["/etc/paddock"]
    assert check["volumeMounts"][0]["readOnly"] is True


def test_it_changes_nothing_of_the_models_container_and_fits_the_limits_of_the_namespace() -> None:
    assert pod(**CHECKED)["containers"] == pod(engine_env=ENV)["containers"]
    (check,) = pod(**CHECKED)["initContainers"]
    (limit,) = objects(**CHECKED)["LimitRange"]["spec"]["limits"]
    assert check["resources"]["limits"] == limit["default"]
    assert check["resources"]["requests"] == limit["defaultRequest"]
    assert objects(**CHECKED)["ResourceQuota"] == objects()["ResourceQuota"]


def test_another_key_or_checker_is_another_config_map_and_so_a_rollout() -> None:
    other = PUBLIC_KEY.replace("axfR8u", "bxfR8u")
    each: tuple[dict[str, Any], ...] = ({}, CHECKED)
    names = {objects(**changes)["ConfigMap"]["metadata"]["name"] for changes in each}
    names.add(objects(weights_public_key=other)["ConfigMap"]["metadata"]["name"])
    assert len(names) == 3
    for changes in each:
        (volume,) = [each for each in pod(**changes)["volumes"] if each["name"] == "paths"]
        assert volume["configMap"]["name"] == objects(**changes)["ConfigMap"]["metadata"]["name"]


def test_a_rollout_waits_for_the_check() -> None:
    def deadline(**changes: Any) -> int:
        return int(objects(**changes)["Deployment"]["spec"]["progressDeadlineSeconds"])

    assert deadline(**CHECKED) == deadline() + CHECK_SECONDS


@pytest.mark.parametrize("text", ["", "x", PUBLIC_KEY.replace("PUBLIC", "PRIVATE"), PUBLIC_KEY[:60]])
def test_what_is_no_public_key_is_refused_at_once_and_when_it_is_known(built: Build, text: str) -> None:
    for given, error in ((text, ArgumentError), (pulumi.Output.from_input(text), ValueError)):
        args: Any = args_of("VllmService", weights_public_key=given)
        with pytest.raises(error, match="weights_public_key must be a P-256 public key in PEM"):
            built(lambda opts, args=args: VllmService("vllm", args, opts))
