"""Commands of the pages, each with what runs it: here, in the local cloud, or nobody, with the reason."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAMS = ("paddock", "make", "pulumi", "kubectl", "aws", "pip", "eval", "curl", ".venv/bin/", ".", "python", "tools/")
PURE = ("size", "fit", "explain", "finetune", "accuracy", "plan", "models", "instances", "schema", "version")
"""Subcommands of `paddock` that call no cloud and read no pipe: their commands run as they stand in a page."""
HISTORY = ("docs/adr/", "changelog.d/", "CHANGELOG.md")

PREVIEW = "pulumi preview --json --show-sames | paddock prove -"
IN_THE_LOCAL_CLOUD = (
    PREVIEW,
    "pulumi stack export | paddock prove --stack-export -",
    "paddock plan --stack-file stacks/Pulumi.local.yaml --against local",
    "pulumi stack export --stack local | paddock plan --stack-file stacks/Pulumi.local.yaml --against -",
    "pulumi stack output endpoint",
    "kubectl get pods -n llama -o wide",
    "kubectl describe deploy/llama-vllm -n llama",
)
"""Run by tests/local/test_pages.py in one stack that stands; `PREVIEW` before it does too."""

MAKE = "tests/local/test_make_up.py runs it"
ACCOUNT = "it changes or asks a real AWS account"
PODS = "it asks a vLLM that runs, and no container runs in the local cloud"
RELEASE = "a release runs it"
ELSEWHERE = {
    r"make up": MAKE,
    r"make test": "this test is part of it",
    r"make clean": "removes the caches that these tests stand on (tests/unit/local/test_disk.py)",
    r"make smoke": "a tier of tests of its own, which needs root (tools/smoke.sh)",
    r"make setup && \. \.venv/bin/activate": "it changes the shell it is typed in",
    r"pip install <a checkout.*>|pip install '\.\[images\]'": "tests/packaging/test_wheel.py installs what is built",
    r"\.venv/bin/towncrier build --yes .*|\.venv/bin/python -m (hatchling build|tools\.reference)": RELEASE,
    r"\.venv/bin/pytest .*": RELEASE,
    r"kubectl port-forward .*|curl .*|kubectl logs .*|kubectl exec .*": PODS,
    r"paddock images (list|sync|verify).*": "tests/local/test_images.py runs it against registries of its own",
    r"paddock weights push.*": "tests/local/test_weights_push.py runs it against a hub and an S3 server of its own",
    r"aws kms get-public-key .*": "tests/unit/local/aws/test_kms.py verifies with what KMS answers",
    r"paddock (init|deploy|chat) (dev|local)( --prompt .*)?": "tests/local/test_deploy.py runs it",
    r"paddock tunnel .*": "tests/local/test_tunnel.py runs it with a session of its own",
    r"paddock leftovers --stack-file stacks/Pulumi\.dev\.yaml": "tests/local/test_destroy.py runs it of its stack",
    r"paddock (preflight|doctor) dev": "tests/unit/cli/test_preflight.py runs it against an emulated account",
    r"paddock prove preview\.json .*": "tests/unit/cli/test_prove.py runs it",
    r"pulumi (up|destroy|preview|refresh)( --refresh)?": "tests/local runs it with flags for a test",
    r"pulumi config set .*": "its values are the reader's own; tests/local sets them by file",
    r"pulumi stack init \w+|pulumi up && pulumi stack output llama_endpoint": "tests/local/test_reuse.py runs it",
    r"aws (logs|s3|ssm|ec2|secretsmanager|service-quotas) .*": ACCOUNT,
    r"paddock ingest start .*": "tests/local/test_image_build.py, with the name of its stack",
    r"paddock checkpoint hf://.*": "tests/unit/operations/checkpoint/test_read.py, with a folder in place of the hub",
    r"paddock weights quantize .*": "tests/unit/operations/quantize/test_job.py, with an image of its own",
    r"aws eks (update-nodegroup-version|update-cluster-version) .*": "a way back, which is not emulated",
    r"aws eks update-nodegroup-config .*": "tests/unit/local/test_bridge.py: a group of that size has so many nodes",
}
"""Patterns of commands that no test runs as they stand, each with what runs them otherwise, or why nothing does."""


@dataclass(frozen=True, slots=True)
class Command:
    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def commands() -> list[Command]:
    """Commands in blocks of every page that is not history: without comment, and with its continued lines."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [each for page in listed.stdout.split() if not page.startswith(HISTORY) for each in _of_page(page)]


def _of_page(page: str) -> Iterator[Command]:
    continued = ""
    for number, line in _block_lines((ROOT / page).read_text(encoding="utf-8")):
        text = continued + re.sub(r"(^|\s+)# .*", "", line).strip()
        continued = text.removesuffix("\\") if text.endswith("\\") else ""
        if not continued and text.startswith(PROGRAMS) and "►" not in text:
            yield Command(page, number, re.sub(r"\s+", " ", text))


def _block_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines of blocks that may hold commands: of no language or a shell's, fenced or indented."""
    fence: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r" *```(\w*)", line):
            fence = found[1] if fence is None else None
        elif fence in ("", "sh", "shell") or (fence is None and re.match(r" {4}(?![-*|])", line)):
            yield number, line


def is_pure(command: Command) -> bool:
    arguments = command.text.split()
    return arguments[0] == "paddock" and arguments[1] in PURE and not {"|", "--against"} & {*arguments}


def reasons(command: Command) -> list[str]:
    """Reasons why this tier does not run it."""
    return [why for pattern, why in ELSEWHERE.items() if re.fullmatch(pattern, command.text)]
