"""The Job of `paddock weights quantize`, run by the real llmcompressor as its pod: rights, file system, calls of S3.

Without a GPU, which the Job asks for: what is shown is that the program and its pod work, not its speed or memory.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from paddock.operations.quantize.job import Target, objects
from paddock.operations.weights.push import look
from paddock.operations.weights.sources.folder import FolderSource
from paddock.plan.plan import make_plan
from paddock.settings import parse_settings
from paddock.weights.read_access import read_policy
from tests.smoke import vllm
from tests.smoke.aws import TOKEN_FILE
from tests.smoke.pod import Image, Pod
from tests.smoke.surroundings import MAKER, VERSION, Outside
from tests.smoke.test_pod import allows

MODEL = "llama-3.2-1b"
SOURCE = f"quantize-0a1b2c/models/{MODEL}/bf16-0123456789ab"
IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/quantize@sha256:{64 * 'a'}"
TEXTS = "".join(json.dumps({"text": f"words of question {number}, and " * 8}) + "\n" for number in range(32))
SECONDS = 600
ASK = """
import sys
from vllm import LLM, SamplingParams
if __name__ == "__main__":
    model = LLM(sys.argv[1], enforce_eager=True, max_model_len=512)
    (answer,) = model.generate(["a question"], SamplingParams(max_tokens=5, ignore_eos=True))
    print("tokens:", len(answer.outputs[0].token_ids))
"""


@pytest.fixture(scope="module")
def source(outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("source")
    python = vllm.commands() / "python"
    # 8 heads of 48: W4A16 has groups of 128 columns.
    subprocess.run([python, MAKER, folder / "model", folder / "adapter", "8"], check=True, capture_output=True)
    outside.aws.put(folder / "model", f"s3://{SOURCE}")
    return f"s3://{SOURCE}"


def pod_of(target: Target, source: str, outside: Outside, folder: Path) -> Pod:
    """The Job's pod, not started yet."""
    plan = make_plan(
        parse_settings({"model": MODEL, "instance_type": "g6.2xlarge"}, region="us-east-1", to_deploy=False)
    )
    texts = TEXTS if target is Target.W4A16 else None
    made = objects(plan, target, platform="llama", image=IMAGE, source=source, calibration=texts)
    by_name: Mapping[tuple[str, str], Any] = {(each["kind"], each["metadata"]["name"]): each for each in made}
    quantizer, rest = vllm.quantizer(), vllm.commands()
    python = Path(
        subprocess.check_output([quantizer / "python", "-c", "import sys; print(sys.base_prefix)"], text=True).strip()
    )
    return Pod(
        name=f"to-{target}",
        address="10.88.0.40",
        template=by_name["Job", f"llama-quantize-{target}"]["spec"]["template"]["spec"],
        objects=by_name,
        image=Image(folders=[quantizer.parent, rest.parent, python], commands=quantizer),
        folder=folder,
        network=outside.network,
        more_env=outside.aws.environment,
        more_mounts={TOKEN_FILE: outside.token},
    )


@pytest.mark.parametrize("target", Target)
def test_the_job_quantizes_and_its_result_is_a_revision_with_provenance(
    target: Target, source: str, outside: Outside, tmp_path: Path
) -> None:
    pod, before = pod_of(target, source, outside, tmp_path / "pod"), len(outside.aws.calls)
    assert pod.initialize(SECONDS) == ""
    policy = json.loads(read_policy("aws", *SOURCE.split("/", 1)))
    assert [call for call in outside.aws.calls[before:] if not (call.answered and allows(policy, call))] == []
    pod.start()
    try:
        result = tmp_path / "result"
        shutil.copytree(tmp_path / "pod" / "volumes" / "work" / "result", result)
        assert pod.run(["ls", "/work/result/config.json"], 30).returncode == 0
        assert pod.run(["touch", "/work/taken"], 30).returncode == 0
        assert pod.wait(30) == 0, "the pod that holds the result goes on after it was taken"
    finally:
        pod.end()
    wanted = look(FolderSource(result), MODEL)
    assert wanted.quantization == target.quantization
    assert wanted.derived_from == source
    names = {each.name for each in wanted.selection.files}
    assert {
        "model.safetensors",
        "config.json",
        "tokenizer.json",
        "chat_template.jinja",
        "generation_config.json",
    } <= names
    if target is Target.FP8_DYNAMIC:
        # Of W4A16 the wheel for CPUs lacks the kernel, `cpu_gemm_wna16`. Seen with 0.32.0, 2026-11-29.
        assert "tokens: 5" in answer_of(result, tmp_path)


def answer_of(model: Path, folder: Path) -> str:
    """Output of the real vLLM that serves it."""
    program = folder / "ask.py"
    program.write_text(ASK)
    done = subprocess.run(
        [vllm.commands() / "python", program, model],
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"vLLM {VERSION}: {done.stderr[-3000:]}"
    return done.stdout
