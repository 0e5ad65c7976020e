"""LoRA adapters of a pod: copied and checked by the copier of weights, named to vLLM, read-only for it."""

from typing import Any

import pulumi
import pytest

from paddock.common.inputs import ArgumentError
from paddock.common.manifests import render
from paddock.serving.vllm_service import VllmService, manifest_values
from tests.unit.components.cases import args_of
from tests.unit.components.recorder import PUBLIC_KEY, Build

STORE = "s3://weights/models"
TWO: Any = {
    "adapters": {"tone": f"{STORE}/support-tone/lora-2", "sql": f"{STORE}/llama-3.1-8b/lora-1"},
    "adapters_disk_mib": 300,
    "engine_args": ["--served-model-name", "llama-3.1-8b", "--max-loras", "2", "--enable-lora"],
}
CHECKED: Any = {**TWO, "weights_public_key": PUBLIC_KEY}
COPIER = "/etc/paddock/copy_weights.py"
PAIRS = [TWO["adapters"]["sql"], "/adapters/sql", TWO["adapters"]["tone"], "/adapters/tone"]


def objects(**changes: Any) -> dict[str, dict[str, Any]]:
    values = manifest_values("vllm", args_of("VllmService", **changes))
    return {each["kind"]: each for each in render("vllm/service.yaml.j2", values)}


def pod(**changes: Any) -> dict[str, Any]:
    return dict(objects(**changes)["Deployment"]["spec"]["template"]["spec"])


def test_one_container_copies_all_adapters_and_checks_them_by_the_key_of_the_weights() -> None:
    check, copy = pod(**CHECKED)["initContainers"]
    assert (check["name"], copy["name"]) == ("verify-weights", "copy-adapters")
    assert copy["args"] == [COPIER, *PAIRS, "/etc/paddock/weights.pem"]
    assert {"copy_weights.py", "verify_weights.py", "weights.pem"} <= set(objects(**CHECKED)["ConfigMap"]["data"])


def test_without_a_key_they_are_copied_unchecked_as_the_model_is_served_unchecked() -> None:
    (copy,) = pod(**TWO)["initContainers"]
    assert copy["args"] == [COPIER, *PAIRS]


def test_they_stand_beside_a_copy_of_the_weights() -> None:
    spec = pod(**CHECKED, weights_disk_mib=20480)
    assert [each["name"] for each in spec["initContainers"]] == ["copy-weights", "copy-adapters"]
    assert [each["name"] for each in spec["volumes"]] == ["shm", "scratch", "paths", "weights", "adapters"]


def test_vllm_is_told_their_names_and_reads_them_without_a_right_to_write() -> None:
    spec = pod(**TWO)
    (copy,), (model,) = spec["initContainers"], spec["containers"]
    at = model["args"].index("--lora-modules")
    assert model["args"][at + 1 : at + 4] == ["sql=/adapters/sql", "tone=/adapters/tone", "--middleware"]
    assert {"name": "adapters", "mountPath": "/adapters", "readOnly": True} in model["volumeMounts"]
    assert {"name": "adapters", "mountPath": "/adapters"} in copy["volumeMounts"]


def test_their_disk_is_the_pods() -> None:
    spec = pod(**TWO)
    assert {"name": "adapters", "emptyDir": {"sizeLimit": "300Mi"}} in spec["volumes"]
    (limit,) = objects(**TWO)["LimitRange"]["spec"]["limits"]
    for held in (
        limit["max"],
        *(each["resources"]["limits"] for each in (*spec["initContainers"], *spec["containers"])),
    ):
        assert held["ephemeral-storage"] == f"{10240 + 300}Mi"


def test_a_rollout_waits_for_the_copy() -> None:
    def deadline(**changes: Any) -> int:
        return int(objects(**changes)["Deployment"]["spec"]["progressDeadlineSeconds"])

    assert deadline(**TWO) == deadline() + 120 + 3


def test_an_address_may_be_an_output() -> None:
    adapters = {"sql": pulumi.Output.from_input(PAIRS[0])}
    ((copy,),) = manifest_values("vllm", args_of("VllmService", **{**TWO, "adapters": adapters}))["init_containers"]
    assert isinstance(copy["args"][1], pulumi.Output)


WITHOUT = ["--served-model-name", "llama-3.1-8b"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"engine_args": WITHOUT}, "adapters need --enable-lora in engine_args"),
        ({"engine_args": [*TWO["engine_args"], "--lora-modules", "a=/b"]}, "engine_args must not have --lora-modules"),
        ({"adapters": {"llama-3.1-8b": PAIRS[0]}}, "adapters has 'llama-3.1-8b', the model's own name"),
        ({"adapters": {"a,b": PAIRS[0]}}, "adapters must have names of lower-case letters"),
        ({"adapters": {"../x": PAIRS[0]}}, "adapters must have names of lower-case letters"),
        ({"adapters_disk_mib": 0}, "adapters_disk_mib must be 1 or more, got 0"),
        ({"adapters": {}, "engine_env": {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1"}}, "could then load any file"),
    ],
)
def test_what_cannot_be_served_is_refused(built: Build, changes: dict[str, Any], said: str) -> None:
    args: Any = args_of("VllmService", **{**TWO, **changes})
    with pytest.raises(ArgumentError, match=said):
        built(lambda opts: VllmService("vllm", args, opts))
