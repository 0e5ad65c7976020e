"""The Job that quantizes: whether a pod holds it, what it may do, and what its program calls.

Its program and pod run in tests/smoke/test_quantize.py, without a GPU.
"""

import ast
import json
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from paddock.catalog.lookup import RefusedError
from paddock.cli.app import run
from paddock.operations.quantize.job import MAX_CALIBRATION_BYTES, Target, afterwards, need, objects, script
from paddock.operations.weights.push import PROVENANCE, look
from paddock.operations.weights.sources.folder import FolderSource
from paddock.plan.plan import Plan, make_plan
from paddock.settings import parse_settings
from tests.unit.sizing.checkpoints import plain_tensors, write_checkpoint

IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/quantize@sha256:{64 * 'a'}"
SOURCE = "s3://weights/models/llama-3.1-8b/bf16"
TEXTS = "".join(json.dumps({"text": f"text {number}\u2028\x85"}, ensure_ascii=False) + "\n" for number in range(3))


def planned(**changes: Any) -> Plan:
    values = {"model": "llama-3.1-8b", "concurrent_requests": 1, "instance_type": "g6.8xlarge", **changes}
    return make_plan(parse_settings(values, region="us-east-1", to_deploy=False))


def quantize_objects(target: Target = Target.W4A16) -> list[dict[str, Any]]:
    texts = TEXTS if target is Target.W4A16 else None
    return objects(planned(), target, platform="llama", image=IMAGE, source=SOURCE, calibration=texts)


def job(target: Target = Target.W4A16) -> dict[str, Any]:
    (found,) = [each for each in quantize_objects(target) if each["kind"] == "Job"]
    return found


def test_its_pod_is_held_to_the_restricted_profile() -> None:
    """Source: kubernetes.io/docs/concepts/security/pod-security-standards, read 2026-11-29."""
    spec = job()["spec"]["template"]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for each in [*spec["initContainers"], *spec["containers"]]:
        assert each["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert each["image"] == IMAGE
    assert {key for volume in spec["volumes"] for key in volume} == {"name", "configMap", "emptyDir"}
    assert not any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC", "automountServiceAccountToken"))


def test_it_runs_as_the_reader_on_one_gpu_of_the_pool() -> None:
    spec = job()["spec"]["template"]["spec"]
    assert spec["serviceAccountName"] == "vllm"
    assert spec["nodeSelector"] == {"paddock.dev/pool": "llama-gpu"}
    (container,) = spec["initContainers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert container["command"][2:] == [SOURCE, "/work/result", "W4A16", "/etc/paddock/calibration.jsonl"]
    assert job(Target.FP8_DYNAMIC)["spec"]["template"]["spec"]["initContainers"][0]["command"][2:] == [
        SOURCE,
        "/work/result",
        "FP8_DYNAMIC",
    ]


@pytest.mark.parametrize("target", Target)
def test_its_pod_is_no_larger_than_the_namespace_allows(target: Target) -> None:
    """The LimitRange of the namespace is what a serving pod has."""
    pod, (container,) = planned().model.pod, job(target)["spec"]["template"]["spec"]["initContainers"]
    limits = container["resources"]["limits"]
    assert int(limits["memory"].removesuffix("Mi")) <= pod.memory_mib
    assert int(limits["ephemeral-storage"].removesuffix("Mi")) <= pod.ephemeral_mib


def test_the_service_does_not_lead_requests_to_it() -> None:
    labels = job()["spec"]["template"]["metadata"]["labels"]
    (policy,) = [each for each in quantize_objects() if each["kind"] == "NetworkPolicy"]
    assert labels["app.kubernetes.io/name"] == "quantize"
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert policy["spec"]["ingress"] == []


def test_files_that_the_disk_does_not_hold_lie_in_memory_and_count_as_such() -> None:
    found = need(planned(), Target.FP8_DYNAMIC)
    assert found.files_in_memory
    assert found.memory_mib > found.files_mib + found.weights_mib
    small = need(planned(model="llama-3.2-1b", instance_type="g6.2xlarge"), Target.FP8_DYNAMIC)
    assert not small.files_in_memory


def given(**changes: Any) -> list[dict[str, Any]]:
    values: dict[str, Any] = {"platform": "llama", "image": IMAGE, "source": SOURCE, "calibration": TEXTS, **changes}
    return objects(values.pop("plan", planned()), values.pop("target", Target.W4A16), **values)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"calibration": None}, "w4a16 needs --calibration"),
        ({"calibration": '{"text": 7}'}, "line 1 of --calibration"),
        ({"calibration": "\n[]"}, "line 2 of --calibration"),
        ({"calibration": "x" * (MAX_CALIBRATION_BYTES + 1)}, "more than a ConfigMap holds"),
        ({"target": Target.FP8_DYNAMIC}, "--calibration is for w4a16"),
        ({"image": "vllm:latest"}, "--image must be by digest"),
    ],
)
def test_what_cannot_work_is_refused_and_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(RefusedError) as refused:
        given(**changes)
    assert said in str(refused.value)


def test_a_plan_that_is_quantized_or_too_small_is_refused() -> None:
    with pytest.raises(RefusedError, match="quantize on a stack with paddock:quantization bf16"):
        given(plan=planned(quantization="fp8"))
    with pytest.raises(RefusedError, match=r"pin a larger paddock:instance_type, or run the script elsewhere"):
        given(plan=planned(instance_type="g6.xlarge", max_model_len=2048, concurrent_requests=1))


class Called(ModuleType):
    """Stands for a library: notes what is called, with which arguments."""

    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Called.Thing(name)

    class Thing:
        def __init__(self, name: str) -> None:
            self.name = name

        def __getattr__(self, name: str) -> Any:
            return Called.Thing(f"{self.name}.{name}")

        def __call__(self, *args: Any, **options: Any) -> Any:
            Called.calls.append((self.name, args, options))
            if self.name.endswith("save_pretrained"):
                Path(args[0]).mkdir(parents=True, exist_ok=True)
                (Path(args[0]) / "model.safetensors").write_bytes(b"small")
            return {"input_ids": [1]} if args and isinstance(args[0], str) and "text" in args[0] else self


@pytest.mark.parametrize("target", Target)
def test_the_program_calls_what_llmcompressor_has(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names and arguments are those of its examples, and of 0.14.0.1's wheel."""
    for name in ("llmcompressor", "transformers", "datasets", "llmcompressor.modifiers"):
        monkeypatch.setitem(sys.modules, name, Called(name))
    for name in ("quantization", "gptq"):
        monkeypatch.setitem(sys.modules, f"llmcompressor.modifiers.{name}", Called(name))
    sys.modules["llmcompressor"].__version__ = "0.14.0.1"  # type: ignore[attr-defined]
    Called.calls = []
    source, out = tmp_path / "source", tmp_path / "result"
    source.mkdir()
    (source / "LICENSE").write_text("text")
    (tmp_path / "quantize.py").write_text(script())
    arguments = [str(source), str(out), target.scheme]
    if target is Target.W4A16:
        (tmp_path / "texts").write_text(TEXTS)
        arguments.append(str(tmp_path / "texts"))
    program = runpy.run_path(str(tmp_path / "quantize.py"), run_name="quantize")
    program["main"](*arguments)
    made = {name: options for name, _, options in Called.calls}
    modifier = "GPTQModifier" if target is Target.W4A16 else "QuantizationModifier"
    assert made[modifier] == {"targets": "Linear", "scheme": target.scheme, "ignore": ["lm_head"]}
    expected = {"model", "recipe"}
    if target is Target.W4A16:
        expected |= {"dataset", "max_seq_length", "num_calibration_samples"}
        assert made["oneshot"]["num_calibration_samples"] == 3
    assert set(made["oneshot"]) == expected
    provenance = json.loads((out / PROVENANCE).read_text())
    assert provenance["derived_from"] == str(source)
    assert provenance["by"] == "llmcompressor 0.14.0.1"
    assert ("calibration_sha256" in provenance) == (target is Target.W4A16)
    assert (out / "LICENSE").read_text() == "text"


def test_a_push_of_the_result_says_of_what_it_was_made(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "result", plain_tensors())
    (folder / PROVENANCE).write_text(json.dumps({"derived_from": SOURCE}))
    wanted = look(FolderSource(folder), "llama-3.1-8b")
    assert wanted.derived_from == SOURCE
    assert PROVENANCE in {each.name for each in wanted.selection.files}
    (folder / PROVENANCE).unlink()
    assert look(FolderSource(folder), "llama-3.1-8b").derived_from == ""


def test_the_program_is_python_and_reads_no_module_of_ours() -> None:
    tree = ast.parse(script())
    names = {each.module for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    assert not any(str(name).startswith("paddock") for name in names)


def test_the_command_prints_the_job_and_says_that_it_never_ran(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = tmp_path / "Pulumi.dev.yaml"
    settings = {"model": "llama-3.1-8b", "instance_type": "g6.8xlarge", "concurrent_requests": 1}
    config = {"aws:region": "us-east-1", **{f"paddock:{key}": value for key, value in settings.items()}}
    stack.write_text(yaml.safe_dump({"config": config}))
    arguments = ["weights", "quantize", "llama-3.1-8b", "--to", "fp8-dynamic", "--image", IMAGE]
    arguments += ["--from", SOURCE, "--stack-file", str(stack)]
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert not ended.value.code
    printed = capsys.readouterr()
    assert [each["kind"] for each in yaml.safe_load_all(printed.out)] == ["ConfigMap", "NetworkPolicy", "Job"]
    assert "never run on a GPU" in printed.err
    assert "paddock weights push llama-3.1-8b --from file://$PWD/llama-3.1-8b-fp8-dynamic" in printed.err
    assert len(afterwards(planned(), Target.FP8_DYNAMIC, "llama")) == 7


@pytest.mark.parametrize(
    "source",
    [
        *("hf://org/repo", "file:///weights", "s3://weights", "s3://weights/", "S3://weights/a", "weights/a", ""),
        *("s3://weights/$(AWS_REGION)", "s3://weights/../x", "s3://weights/a b", "s3://weights/a\n", "s3://weights//a"),
    ],
)
def test_what_the_pod_cannot_read_is_refused_before_it_takes_a_gpu(source: str) -> None:
    with pytest.raises(RefusedError, match=r"--from is .*; the Job's pod reads the stack's own weights alone"):
        objects(planned(), Target.FP8_DYNAMIC, platform="llama", image=IMAGE, source=source)
