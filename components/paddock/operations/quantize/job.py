"""The Job that quantizes: whether a pod of the plan holds it, its objects, and how its result is taken.

None of it has run on a GPU yet; tests/smoke/test_quantize.py runs it on CPUs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Any

from paddock.catalog import Quantization
from paddock.catalog.lookup import RefusedError, shown
from paddock.common.labels import GPU_TAINT_KEY, GPU_TOLERATION
from paddock.common.manifests import render, templates_folder
from paddock.common.naming import pool_label
from paddock.plan.plan import Plan
from paddock.privacy.predicates.images import image_problem
from paddock.serving.network_policy import HTTPS, egress_rules
from paddock.units import MIB

IMAGE_HAS = "llmcompressor==0.14.0.1"
"""Version that the script was written against. Source: PyPI, read 2026-11-29."""
DEADLINE_SECONDS = 24 * 3600
PROCESS_MIB = 6144
"""Python, torch and CUDA beside the weights. An estimate: nothing was measured."""
SCRATCH_MIB = 1024
HOLD = {"cpu": "100m", "memory": "256Mi", "ephemeral-storage": "256Mi"}
SOURCE = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[A-Za-z0-9][A-Za-z0-9._-]*)+/?")
"""A folder of a store; Kubernetes reads `$(…)` in a container's command as a variable."""
MAX_CALIBRATION_BYTES = 900_000
"""A ConfigMap holds 1 MiB. Source: kubernetes.io/docs/concepts/configuration/configmap, read 2026-11-29."""


class Target(StrEnum):
    """Result that is made of a checkpoint in bf16."""

    FP8_DYNAMIC = "fp8-dynamic"
    W4A16 = "w4a16"

    @property
    def scheme(self) -> str:
        """Preset of compressed-tensors."""
        return self.value.upper().replace("-", "_")

    @property
    def quantization(self) -> Quantization:
        """Name of the result in paddock."""
        return Quantization.FP8 if self is Target.FP8_DYNAMIC else Quantization.INT4

    @property
    def share(self) -> float:
        """Size of the result of that of the source, at the most."""
        return 0.6 if self is Target.FP8_DYNAMIC else 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Room that the Job takes in a pod."""

    files_mib: int
    """Source and result."""
    weights_mib: int
    """Source, in memory while it is quantized."""
    files_in_memory: bool

    @property
    def memory_mib(self) -> int:
        return self.weights_mib + PROCESS_MIB + self.files_mib * self.files_in_memory


def need(plan: Plan, target: Target) -> Need:
    """Room in a pod of the plan; raises `RefusedError` where it has neither disk nor memory for it."""
    weights_mib = ceil(plan.model.weights_bytes / MIB)
    files_mib = ceil(weights_mib * (1 + target.share))
    disk_mib = plan.model.pod.ephemeral_mib - SCRATCH_MIB
    found = Need(files_mib=files_mib, weights_mib=weights_mib, files_in_memory=files_mib > disk_mib)
    if found.memory_mib > plan.model.pod.memory_mib:
        raise RefusedError(
            f"to quantize {plan.model.name} takes {found.memory_mib:,} MiB of memory with its files, as they are "
            f"{files_mib:,} MiB and a pod's disk is {disk_mib:,}, but a pod on {plan.model.placement.instance_type} "
            f"has {plan.model.pod.memory_mib:,} MiB; pin a larger paddock:instance_type, or run the script elsewhere "
            "(`--script` prints it)"
        )
    return found


def require_source(plan: Plan) -> None:
    """Raises `RefusedError` for a plan whose weights are quantized already."""
    if plan.model.quantization is not Quantization.BF16:
        raise RefusedError(
            f"the stack serves {plan.model.name} at {plan.model.quantization}, and its pods may read that alone; "
            "quantize on a stack with paddock:quantization bf16, from what was published"
        )


def script() -> str:
    """The program that the Job runs, which runs anywhere else too."""
    return (templates_folder() / "quantize" / "quantize.py").read_text(encoding="utf-8")


def objects(
    plan: Plan, target: Target, *, platform: str, image: str, source: str, calibration: str | None = None
) -> list[dict[str, Any]]:
    """Objects of the Job, to be applied beside the serving pods; raises `RefusedError`."""
    require_source(plan)
    if (problem := image_problem(image)) is not None:
        raise RefusedError(f"--image must be by digest: {problem}")
    if not SOURCE.fullmatch(source):
        raise RefusedError(
            f"--from is {shown(source)}; the Job's pod reads the stack's own weights alone, as s3://BUCKET/models/… of "
            "`pulumi stack output weights_uri`; for another source run the script elsewhere (`--script` prints it)"
        )
    texts = _calibration(target, calibration)
    room, name = need(plan, target), f"{platform}-quantize-{target}"
    selector = {"app.kubernetes.io/name": "quantize", "app.kubernetes.io/instance": name}
    gpu = {GPU_TAINT_KEY: "1"}
    storage = f"{SCRATCH_MIB + (0 if room.files_in_memory else room.files_mib)}Mi"
    sized = {"memory": f"{room.memory_mib}Mi", "ephemeral-storage": storage, **gpu}
    env = {
        "HOME": "/tmp/home",  # noqa: S108  the pod's own
        "HF_HUB_OFFLINE": "1",
        "AWS_REGION": plan.region,
        "AWS_DEFAULT_REGION": plan.region,
        "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "regional",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = ["python3", "/etc/paddock/quantize.py", source, "/work/result", target.scheme]
    values = {
        "name": name,
        "namespace": platform,
        "labels": {**selector, "app.kubernetes.io/managed-by": "paddock"},
        "selector": selector,
        "annotations": {"paddock.dev/derived-from": source, "paddock.dev/never-ran-on-a-gpu": "true"},
        "files": {"quantize.py": script()} | ({} if texts is None else {"calibration.jsonl": texts}),
        "egress": [*egress_rules(None, None), {"ports": [HTTPS]}],
        "deadline_seconds": DEADLINE_SECONDS,
        "service_account": "vllm",
        "node_selector": pool_label(f"{platform}-gpu"),
        "tolerations": [GPU_TOLERATION],
        "image": image,
        "command": command if texts is None else [*command, "/etc/paddock/calibration.jsonl"],
        "env": [{"name": key, "value": value} for key, value in sorted(env.items())],
        "requests": {"cpu": f"{plan.model.pod.cpu_millicores // 2}m", **sized},
        "limits": sized,
        "hold": HOLD,
        "work": {"medium": "Memory", "sizeLimit": f"{room.files_mib}Mi"}
        if room.files_in_memory
        else {"sizeLimit": f"{room.files_mib}Mi"},
    }
    return render("quantize/job.yaml.j2", values)


def _calibration(target: Target, text: str | None) -> str | None:
    """Lines of JSON with a text each; raises `RefusedError`."""
    if target is Target.FP8_DYNAMIC:
        if text is not None:
            raise RefusedError("--calibration is for w4a16; fp8-dynamic takes its scales from the weights alone")
        return None
    if text is None:
        raise RefusedError(
            'w4a16 needs --calibration FILE with what the model is used for, lines such as {"text": "…"}; 512 are a '
            "good start, and the cluster has no way to fetch a data set"
        )
    if len(text.encode()) > MAX_CALIBRATION_BYTES:
        raise RefusedError(f"--calibration is over {MAX_CALIBRATION_BYTES} bytes, more than a ConfigMap holds")
    # JSON lets a text have the other ends of lines that Python knows, such as U+2028.
    for number, line in enumerate(text.split("\n"), 1):
        try:
            fine = not line.strip() or isinstance(json.loads(line)["text"], str)
        except (ValueError, KeyError, TypeError, RecursionError):
            fine = False
        if not fine:
            raise RefusedError(f'line {number} of --calibration is not {{"text": "…"}}')
    return text


def afterwards(plan: Plan, target: Target, platform: str) -> Sequence[str]:
    """Commands that run the Job's file, take its result, and bring it into the store."""
    name = f"{platform}-quantize-{target}"
    pod = f"$(kubectl -n {platform} get pod -l app.kubernetes.io/instance={name} -o name | cut -d/ -f2)"
    folder = f"./{plan.model.name}-{target}"
    return (
        f"kubectl -n {platform} scale deployment {platform}-vllm --replicas=0   # where no GPU is free",
        "kubectl apply -f FILE",
        f"kubectl -n {platform} logs -f job/{name} -c quantize",
        f"kubectl -n {platform} cp {pod}:/work/result {folder} -c hold",
        f"kubectl -n {platform} exec job/{name} -c hold -- touch /work/taken",
        f"paddock weights push {plan.model.name} --from file://$PWD/{folder.removeprefix('./')}",
        f"kubectl -n {platform} scale deployment {platform}-vllm --replicas={plan.model.placement.replicas}",
    )
