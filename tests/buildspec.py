"""A build as CodeBuild runs it: phases in order, each command in one shell, the environment of project and build.

By the buildspec reference (version 0.2, read 2026-11-29): commands of a phase run one after the other in one instance
of the shell, a failed one ends its phase, `on-failure: ABORT` ends the build, POST_BUILD runs after a BUILD that failed
without it, and `env.secrets-manager` gives variables by secret. A build's own variables win over the project's.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PHASES = ("install", "pre_build", "build", "post_build")
KNOWN = {"version", "env", "phases"}
KNOWN_OF_PHASE = {"on-failure", "runtime-versions", "commands"}
RUNTIMES = {"python": {"3.9", "3.10", "3.11", "3.12", "3.13"}}
"""Runtimes of amazonlinux-x86_64-standard:5.0. Source: CodeBuild user guide, available runtimes, read 2026-11-24."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    succeeded: bool
    phases: tuple[str, ...]
    """Phases that were begun."""
    output: str


def run(
    spec: Mapping[str, Any],
    *,
    project: Mapping[str, str],
    build: Mapping[str, str],
    secrets: Mapping[str, str],
    programs: Path,
    folder: Path,
) -> Ran:
    """Run a buildspec with the programs of that folder; `secrets` are texts by ARN."""
    assert spec["version"] == 0.2
    assert spec.keys() <= KNOWN
    variables = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(folder), "CODEBUILD_SRC_DIR": str(folder)}
    variables |= {key: secrets[arn] for key, arn in spec.get("env", {}).get("secrets-manager", {}).items()}
    variables |= {**project, **build}
    assert spec.get("env", {}).keys() <= {"secrets-manager"}
    output, begun = "", []
    for name in PHASES:
        phase = spec["phases"].get(name)
        if phase is None:
            continue
        assert phase.keys() <= KNOWN_OF_PHASE
        for runtime, version in phase.get("runtime-versions", {}).items():
            assert version in RUNTIMES[runtime]
        begun.append(name)
        # Each command in the same shell, and the phase ends at the first that fails.
        script = "\n".join(f"{{ {command}\n}} || exit $?" for command in phase["commands"])
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            env=variables,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        output += done.stdout + done.stderr
        if done.returncode:
            if name == "build" and phase.get("on-failure") != "ABORT":
                continue
            return Ran(succeeded=False, phases=tuple(begun), output=output)
    return Ran(succeeded=True, phases=tuple(begun), output=output)


def stand_in(programs: Path, name: str, body: str) -> None:
    """A program that notes how it was called, and whether the token was in its environment."""
    file = programs / name
    file.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    file.chmod(0o755)
