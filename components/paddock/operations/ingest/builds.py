"""Builds of the project, as CodeBuild tells of them: what each copies, how far it is, and why it failed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from paddock.catalog.lookup import RefusedError
from paddock.settings import PREFIX
from paddock.settings.errors import API_KEY, REGION_KEY
from paddock.weights.ingest_project import IMAGES, REVISION, SOURCE, STACK, WEIGHTS

SUCCEEDED, RUNNING = "SUCCEEDED", "IN_PROGRESS"
CHOSEN = (IMAGES, WEIGHTS, SOURCE, REVISION, STACK)
"""Variables by which two builds do the same."""
MAX_VALUE_CHARACTERS = 4096
"""Limit of a build's variable. Source: CodeBuild's InvalidInputException, "EnvironmentVariable should be at most 4096
characters" (wolfeidau/buildkite-serverless-agent, issue 35, 2018), read 2026-11-29."""
ENDED_BADLY = {
    "FAILED": "failed",
    "FAULT": "ended by a fault of CodeBuild",
    "STOPPED": "was stopped",
    "TIMED_OUT": "took longer than allowed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Part of a build, such as INSTALL or BUILD."""

    name: str
    status: str
    """Empty while it runs."""
    seconds: int | None
    messages: tuple[str, ...] = ()
    """CodeBuild's own words on what went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One run of the project."""

    id: str
    status: str
    phase: str
    phases: tuple[Phase, ...]
    variables: Mapping[str, str]
    log_group: str | None
    log_stream: str | None
    """None until CodeBuild has begun the log."""

    @property
    def running(self) -> bool:
        return self.status == RUNNING

    @property
    def succeeded(self) -> bool:
        return self.status == SUCCEEDED

    def does(self, variables: Mapping[str, str]) -> bool:
        """True where it copies the same by the same settings."""
        return all(self.variables.get(key, "") == variables.get(key, "") for key in CHOSEN)


def build_of(told: Mapping[str, Any]) -> Build:
    """A build of an answer of BatchGetBuilds or StartBuild."""
    logs = told.get("logs") or {}
    stream = logs.get("streamName")
    return Build(
        id=told["id"],
        status=told["buildStatus"],
        phase=told.get("currentPhase") or "",
        phases=tuple(
            Phase(
                name=each["phaseType"],
                status=each.get("phaseStatus") or "",
                seconds=each.get("durationInSeconds"),
                messages=tuple(said["message"] for said in each.get("contexts") or () if said.get("message")),
            )
            for each in told.get("phases") or ()
        ),
        variables={
            each["name"]: each["value"] for each in (told.get("environment") or {}).get("environmentVariables") or ()
        },
        log_group=logs.get("groupName") if stream else None,
        log_stream=stream,
    )


def variables_of(
    config: Mapping[str, object], *, source: str | None, revision: str | None, images: bool, weights: bool
) -> dict[str, str]:
    """Variables that tell a build what to copy; raises `RefusedError` where that is nothing, or more than it takes."""
    if not images and not weights:
        raise RefusedError("there is nothing to copy; leave out --no-images or --no-weights")
    if weights and not config.get(f"{PREFIX}license"):
        raise RefusedError(
            f"nobody accepted the license of the weights; read it, say so by {PREFIX}license in the stack file "
            "(license, by and on), or copy the images alone by --no-weights"
        )
    return {
        IMAGES: "yes" if images else "no",
        WEIGHTS: "yes" if weights else "no",
        SOURCE: source or "",
        REVISION: revision or "",
        STACK: stack_text(config),
    }


def stack_text(config: Mapping[str, object]) -> str:
    """A stack file with the settings of this one, but for its secrets: whoever sees the build sees its variables.

    Raises `RefusedError` where CodeBuild takes no variable of that length.
    """
    plain = {
        key: value
        for key, value in config.items()
        if (key == REGION_KEY or key.startswith(PREFIX)) and key != PREFIX + API_KEY and not _is_secret(value)
    }
    text = json.dumps({"config": plain}, sort_keys=True, default=str)
    if len(text) > MAX_VALUE_CHARACTERS:
        sizes = {key: len(json.dumps(value, default=str)) for key, value in plain.items()}
        longest = sorted(sizes, key=lambda key: -sizes[key])[:3]
        raise RefusedError(
            f"the stack file's settings go to the build as one variable, {STACK}, and are {len(text):,} characters "
            f"as JSON, of which CodeBuild takes {MAX_VALUE_CHARACTERS:,}; shorten the longest, "
            f"{', '.join(f'{key} ({sizes[key]:,})' for key in longest)}, or copy from this "
            "machine by `paddock deploy --from-laptop`, or by `paddock images sync` and `paddock weights push`"
        )
    return text


def _is_secret(value: object) -> bool:
    return isinstance(value, Mapping) and set(value) == {"secure"}


def token(variables: Mapping[str, str], last: str | None) -> str:
    """The same for two that start the same at once, another once a build has come of it.

    CodeBuild answers a repeated token with the build that it has already, for 5 minutes.
    """
    text = json.dumps([dict(variables), last], sort_keys=True)
    return sha256(text.encode()).hexdigest()


def to_join(running: Sequence[Build], variables: Mapping[str, str], project: str) -> Build | None:
    """The running build that does the same; raises `RefusedError` where one does something else."""
    for each in running:
        if each.does(variables):
            return each
    if running:
        other = running[0]
        what = other.variables.get(SOURCE) or "the stack's own checkpoint"
        raise RefusedError(
            f"build {other.id} of {project} is under way and copies something else ({what}); wait for it by "
            f"`paddock ingest follow`, or end it by `aws codebuild stop-build --id {other.id}`"
        )
    return None


def failure(build: Build) -> str:
    """One sentence on a build that did not succeed: the phase and CodeBuild's own words."""
    wrong = next((each for each in build.phases if each.status not in ("", SUCCEEDED, RUNNING)), None)
    text = f"build {build.id} {ENDED_BADLY.get(build.status, build.status.lower())}"
    if wrong is not None:
        text += f" in phase {wrong.name}" + (f": {'; '.join(wrong.messages)}" if wrong.messages else "")
    return f"{text}; its log says why, and started again it goes on where it stopped"


def as_data(build: Build) -> dict[str, Any]:
    """The build as JSON data, without its settings."""
    phases = [{"name": each.name, "status": each.status or RUNNING, "seconds": each.seconds} for each in build.phases]
    return {
        "build": build.id,
        "status": build.status,
        "phases": phases,
        "images": build.variables.get(IMAGES) == "yes",
        "weights": build.variables.get(WEIGHTS) == "yes",
        "source": build.variables.get(SOURCE) or None,
        "revision": build.variables.get(REVISION) or None,
        "log_group": build.log_group,
        "log_stream": build.log_stream,
    }
