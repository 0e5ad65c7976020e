"""Checkers from outside, parliament and checkov, as commands with their findings. Offline once installed."""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from local.toolchain.venvs import installed

REQUIREMENTS = Path(__file__).parents[2] / "tools" / "checkers.lock"
PARLIAMENT = Path(__file__).with_name("ask_parliament.py")
CHECKOV_OPTIONS = ("--framework", "kubernetes", "--output", "json", "--quiet", "--compact", "--skip-download")


class Finding(NamedTuple):
    rule: str
    where: str
    said: str


@cache
def _commands() -> Path:
    return installed(REQUIREMENTS)


def parliament(documents: Mapping[str, Any]) -> set[Finding]:
    """Findings of parliament in IAM documents, at any severity, community auditors included."""
    command = [str(_commands() / "python"), "-W", "ignore", str(PARLIAMENT)]
    answers = json.loads(_run(command, stdin=json.dumps(documents)))
    return {Finding(each["issue"], name, each["said"]) for name, found in answers.items() for each in found}


def checkov(objects: Sequence[Mapping[str, Any]]) -> tuple[int, set[Finding]]:
    """Number of checks of checkov that passed, and those that did not."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "objects.yaml").write_text(yaml.safe_dump_all(objects))
        command = [str(_commands() / "checkov"), *CHECKOV_OPTIONS, "--directory", folder]
        answer = json.loads(_run(command, allowed=(0, 1)))
    assert answer["summary"]["parsing_errors"] == 0
    failed = answer["results"]["failed_checks"]
    return answer["summary"]["passed"], {Finding(e["check_id"], e["resource"], e["check_name"]) for e in failed}


def _run(command: list[str], *, stdin: str = "", allowed: Sequence[int] = (0,)) -> str:
    """Output of a command without a home, proxy, token or setting: nothing to send, and nowhere to send it to."""
    with tempfile.TemporaryDirectory() as home:
        quiet = {"HOME": home, "PATH": str(_commands()), "LOG_LEVEL": "ERROR", "BC_SKIP_MAPPING": "TRUE"}
        # A proxy that nobody listens on: whatever still asks the network fails at once.
        quiet |= {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
        ended = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, env=quiet)
    if ended.returncode not in allowed or not ended.stdout:
        raise RuntimeError(f"{command[:2]} ended with {ended.returncode}: {ended.stderr[-2000:]}")
    return ended.stdout
