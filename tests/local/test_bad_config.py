"""Bad settings through the real engine: one clear message, an exit code, no traceback, nothing created.

Every message itself is proved in tests/unit/settings; here it is the way to the user that counts. Faults of different
keys are told at once, so they share a run; one that concerns how settings fit together has a run of its own.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from local.processes.cloud import LocalCloud
from tests.local.stack import Stack, llama_config

A_DIGEST = "sha256:" + "0" * 64

# what is set -> words that the message must hold: the key, what was given, the way out
BAD: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "unknown model": ({"model": "llama-3.1-9b"}, ("paddock:model", "llama-3.1-9b", "llama-3.1-8b")),
    "no model": ({"model": None}, ("paddock:model", "missing")),
    "unknown quantization": ({"quantization": "fp4"}, ("paddock:quantization", "fp4", "bf16")),
    "a quantization that the GPU lacks": (
        {"quantization": "nvfp4", "instance_type": "g4dn.xlarge"},
        ("nvfp4", "g4dn.xlarge"),
    ),
    "bf16 on a GPU that is too small": ({"instance_type": "g4dn.xlarge"}, ("bf16", "g4dn.xlarge", "GiB")),
    "an instance that the region lacks": (
        {"instance_type": "g7e.2xlarge"},
        ("paddock:instance_type", "g7e.2xlarge", "eu-west-1"),
    ),
    "an instance that does not exist": (
        {"instance_type": "g6.xlarg"},
        ("paddock:instance_type", "g6.xlarg", "g6.xlarge"),
    ),
    "an instance that is too small": (
        {"model": "llama-3.1-70b", "instance_type": "g6.xlarge"},
        ("g6.xlarge", "GiB"),
    ),
    "ranges that overlap": ({"peer_cidrs": ["10.0.128.0/20"]}, ("paddock:vpc_cidr", "10.0.128.0/20", "10.0.0.0/16")),
    "a range that is too small": ({"vpc_cidr": "10.0.0.0/27"}, ("paddock:vpc_cidr", "10.0.0.0/27")),
    "a range with host bits": ({"vpc_cidr": "10.0.0.1/16"}, ("paddock:vpc_cidr", "10.0.0.1/16")),
    "not a range": ({"vpc_cidr": "ten"}, ("paddock:vpc_cidr", "ten")),
    "a public range": ({"vpc_cidr": "8.8.0.0/16"}, ("paddock:vpc_cidr", "8.8.0.0/16")),
    "a typo in a key": ({"modle": "llama-3.1-8b"}, ("paddock:modle", "model")),
    "another typo in a key": ({"concurrent_request": 4}, ("paddock:concurrent_request", "concurrent_requests")),
    "a word for a number": ({"max_model_len": "many"}, ("paddock:max_model_len", "many")),
    "a fraction for a count": ({"replicas": "1.5"}, ("paddock:replicas", "1.5")),
    "no replicas": ({"replicas": 0}, ("paddock:replicas", "0")),
    "negative concurrency": ({"concurrent_requests": -4}, ("paddock:concurrent_requests", "-4")),
    "more context than the model has": ({"max_model_len": 1_000_000}, ("paddock:max_model_len", "131,072")),
    "one zone": ({"number_of_availability_zones": 1}, ("paddock:number_of_availability_zones", "1", "2")),
    "a mutable image": (
        {"vllm_image": "vllm/vllm-openai:latest"},
        ("paddock:vllm_image", "vllm/vllm-openai:latest", "@sha256:"),
    ),
    "no image": ({"vllm_image": None}, ("paddock:vllm_image", "missing")),
    "half a digest": ({"vllm_image": f"vllm/vllm-openai@{A_DIGEST[:40]}"}, ("paddock:vllm_image",)),
    "an unknown capacity type": ({"capacity_type": "sport"}, ("paddock:capacity_type", "sport", "spot")),
    "an old Kubernetes": ({"kubernetes_version": "1.24"}, ("paddock:kubernetes_version", "1.24", "1.35")),
    "a vLLM version that is none": ({"vllm_version": "latest"}, ("paddock:vllm_version", "latest")),
    "tags of the wrong shape": ({"tags": "team"}, ("paddock:tags",)),
    "a truth that is none": ({"retain_weights": "perhaps"}, ("paddock:retain_weights", "perhaps")),
}
REGIONS = {"an instance that the region lacks": "eu-west-1"}
OF_SEVERAL_KEYS = {
    "a quantization that the GPU lacks",
    "bf16 on a GPU that is too small",
    "an instance that the region lacks",
    "an instance that is too small",
    "ranges that overlap",
    "a range that is too small",
    "more context than the model has",
}


def side_by_side() -> list[tuple[str, ...]]:
    """Runs, as few as faults of one key allow: each sets a key once."""
    runs: list[tuple[str, ...]] = [(case,) for case in BAD if case in OF_SEVERAL_KEYS]
    shared: list[tuple[str, ...]] = []
    for case in (each for each in BAD if each not in OF_SEVERAL_KEYS):
        for i, run in enumerate(shared):
            if not any(BAD[case][0].keys() & BAD[each][0].keys() for each in run):
                shared[i] = (*run, case)
                break
        else:
            shared.append((case,))
    return runs + shared


RUN_OF = {case: run for run in side_by_side() for case in run}


@pytest.fixture(scope="module")
def stack(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Stack in which nothing is ever created, so that each test may set it as it likes."""
    return Stack.of_llama("bad", cloud.environment(), tmp_path_factory.mktemp("bad") / "program")


@pytest.fixture(scope="module")
def refused(stack: Stack) -> Callable[[tuple[str, ...]], CompletedProcess[str]]:
    """The `up` with all settings of a run, once for all of its cases."""

    @cache
    def run(cases: tuple[str, ...]) -> CompletedProcess[str]:
        changes = {key: value for case in cases for key, value in BAD[case][0].items()}
        region = next(({"aws:region": REGIONS[case]} for case in cases if case in REGIONS), {})
        stack.configure(llama_config(**changes) | region)
        done = stack.up(check=False)
        assert [r["type"] for r in stack.resources() if r["type"] != "pulumi:pulumi:Stack"] == []
        return done

    return run


@pytest.mark.parametrize("case", BAD)
def test_bad_settings_are_refused_in_one_clear_message(
    case: str, refused: Callable[[tuple[str, ...]], CompletedProcess[str]]
) -> None:
    cases, named = RUN_OF[case], BAD[case][1]
    done = refused(cases)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in said
    if len(cases) == 1:
        assert [word for word in named if word not in said] == [], said
    else:
        # Nothing is wrong but what was made so, and each is told in a line of its own.
        assert f"{len(cases)} settings are wrong" in said, said
        assert any(all(word in line for word in named) for line in said.splitlines()), said


def test_every_fault_is_reported_at_once(stack: Stack) -> None:
    stack.configure(llama_config(model="llama-9", replicas=0, number_of_availability_zones=9))
    refused = stack.run("preview", check=False)
    assert refused.returncode != 0
    assert [
        key
        for key in ("paddock:model", "paddock:replicas", "paddock:number_of_availability_zones")
        if key not in refused.stdout
    ] == []


def test_a_region_that_does_not_exist_is_refused(stack: Stack) -> None:
    stack.configure(llama_config() | {"aws:region": "us-east-9"})
    refused = stack.run("preview", check=False)
    assert refused.returncode != 0
    assert "us-east-9" in refused.stdout
    assert "Traceback" not in refused.stdout


def test_a_component_in_another_program_refuses_its_arguments_without_a_traceback(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    program = Path(__file__).parent / "programs" / "network_only"
    stack = Stack.of_program(program, "network", {"aws:region": "us-east-1"}, cloud.environment(), tmp_path / "program")
    main = stack.folder / "__main__.py"
    main.write_text(main.read_text().replace('"vpc_cidr": "10.40.0.0/16"', '"number_of_zones": 2'))
    refused = stack.run("preview", check=False)
    assert refused.returncode != 0
    said = refused.stdout + refused.stderr
    assert "unknown argument 'number_of_zones'; did you mean 'number_of_availability_zones'?" in said
    assert "Traceback" not in said
