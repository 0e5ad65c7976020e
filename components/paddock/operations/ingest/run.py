"""Starting and following a build: `ingest` does both, for `paddock ingest` and for whoever deploys."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from paddock.catalog.lookup import RefusedError
from paddock.operations.aws_errors import aws_errors
from paddock.operations.ingest.builds import Build, Phase, build_of, failure, to_join, token

if TYPE_CHECKING:
    from boto3.session import Session

POLL_SECONDS = 5.0
LOST_POLLS = 60
"""Polls in a row without an answer after which following gives up: five minutes. The build goes on."""
RECENT_BUILDS = 10
"""CodeBuild lists builds newest first; with one at a time a running one is among these."""
LOG_PAGES = 100
"""Pages of the log in one poll."""


class Watcher(Protocol):
    """Is told how a build goes."""

    def started(self, build: Build, *, joined: bool) -> None: ...

    def phase(self, phase: Phase) -> None:
        """A phase has begun, or ended: then it has a status."""

    def line(self, text: str) -> None:
        """A line of the build's log."""

    def lost(self, error: RefusedError) -> None:
        """AWS did not answer; it is asked again."""


@dataclass(frozen=True)
class Project:
    """The project of a stack, in CodeBuild."""

    name: str
    session: Session
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def builds(self) -> list[Build]:
        """Its newest builds, the newest first; raises `RefusedError` where there is no such project."""
        codebuild = self.session.client("codebuild")
        with aws_errors(f"looking for builds of {self.name}"):
            try:
                ids = codebuild.list_builds_for_project(projectName=self.name, sortOrder="DESCENDING")["ids"]
            except codebuild.exceptions.ResourceNotFoundException:
                raise RefusedError(
                    f"there is no project {self.name} in CodeBuild; set paddock:ingest_package and run `pulumi up`, or "
                    "copy from this machine by `paddock images sync` and `paddock weights push`"
                ) from None
            return self._get(ids[:RECENT_BUILDS])

    def build(self, build_id: str) -> Build:
        with aws_errors(f"looking for build {build_id}"):
            found = self._get([build_id])
        if not found:
            raise RefusedError(f"there is no build {build_id} in CodeBuild; `paddock ingest follow` takes the newest")
        return found[0]

    def _get(self, ids: list[str]) -> list[Build]:
        if not ids:
            return []
        answer = self.session.client("codebuild").batch_get_builds(ids=ids)["builds"]
        by_id = {each["id"]: build_of(each) for each in answer}
        return [by_id[each] for each in ids if each in by_id]

    def start(self, variables: Mapping[str, str]) -> tuple[Build, bool]:
        """The build that copies this, and whether it ran already."""
        recent = self.builds()
        running = to_join([each for each in recent if each.running], variables, self.name)
        if running is not None:
            return running, True
        last = recent[0].id if recent else None
        override = [{"name": key, "value": value, "type": "PLAINTEXT"} for key, value in variables.items()]
        with aws_errors(f"starting a build of {self.name}"):
            started = self.session.client("codebuild").start_build(
                projectName=self.name,
                environmentVariablesOverride=override,
                idempotencyToken=token(variables, last),
            )
        return build_of(started["build"]), False

    def follow(self, build_id: str, watcher: Watcher) -> Build:
        """The build at its end; raises `RefusedError` where AWS does not answer any more."""
        log, told, lost = Log(self.session), dict[str, str](), 0
        while True:
            try:
                build = self.build(build_id)
            except RefusedError as error:
                lost += 1
                # What AWS refuses at first it will refuse later too.
                if not told or lost > LOST_POLLS:
                    raise
                watcher.lost(error)
                self.sleep(POLL_SECONDS)
                continue
            lost = 0
            log.tell(build, watcher)
            for phase in build.phases:
                if told.get(phase.name) != phase.status:
                    told[phase.name] = phase.status
                    watcher.phase(phase)
            if not build.running:
                log.tell(build, watcher)
                return build
            self.sleep(POLL_SECONDS)


class Log:
    """Log of a build in CloudWatch, read once from its beginning."""

    def __init__(self, session: Session) -> None:
        self._logs = session.client("logs")
        self._next: str | None = None
        self._refusal = ""

    def tell(self, build: Build, watcher: Watcher) -> None:
        """Lines since the last time. What keeps the log from being read is told once: how the build goes is known."""
        try:
            for line in self.new_lines(build):
                watcher.line(line)
        except RefusedError as error:
            if str(error) != self._refusal:
                watcher.lost(error)
            self._refusal = str(error)

    def new_lines(self, build: Build) -> Iterator[str]:
        """Lines since the last time; none before CodeBuild has begun the log."""
        if build.log_group is None or build.log_stream is None:
            return
        for _ in range(LOG_PAGES):
            asked: dict[str, Any] = {"nextToken": self._next} if self._next else {}
            with aws_errors(f"reading the log of build {build.id}"):
                try:
                    page = self._logs.get_log_events(
                        logGroupName=build.log_group, logStreamName=build.log_stream, startFromHead=True, **asked
                    )
                except self._logs.exceptions.ResourceNotFoundException:
                    return
            for event in page["events"]:
                yield event["message"].rstrip("\n")
            # At its end the log answers with the token that it was asked with.
            last, self._next = self._next, page["nextForwardToken"]
            if self._next == last or not page["events"]:
                return


def ingest(project: Project, variables: Mapping[str, str], watcher: Watcher) -> Build:
    """Copy by a build of AWS, following it to its end; a build that does the same already is joined.

    `variables` are those of `builds.variables_of`. Raises `RefusedError` for a build that did not succeed. Whoever is
    interrupted leaves the build running, and joins it by calling again.
    """
    build, joined = project.start(variables)
    watcher.started(build, joined=joined)
    return _succeeded(project.follow(build.id, watcher))


def follow_running(project: Project, watcher: Watcher) -> Build | None:
    """The build that runs already, whatever it copies, followed to its end; None where none runs.

    Raises `RefusedError` where it did not succeed.
    """
    running = next((each for each in project.builds() if each.running), None)
    if running is None:
        return None
    watcher.started(running, joined=True)
    return _succeeded(project.follow(running.id, watcher))


def _succeeded(ended: Build) -> Build:
    if not ended.succeeded:
        raise RefusedError(failure(ended))
    return ended
