"""Starting and following a build, against clients that check every call by botocore's own models."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.validate import validate_parameters

from paddock.catalog.lookup import RefusedError
from paddock.operations.ingest.builds import Build, Phase, variables_of
from paddock.operations.ingest.run import LOST_POLLS, POLL_SECONDS, Project, ingest

CONFIG = {"aws:region": "us-east-1", "paddock:license": {"license": "llama3.1", "by": "Legal", "on": "2026-11-24"}}
VARIABLES = variables_of(CONFIG, source="hf://a/b@c", revision=None, images=True, weights=True)


class Fake:
    """CodeBuild and its log: each look at the build is the next of `states`; an exception is raised."""

    def __init__(self, states: list[Any], log: list[str] | None = None) -> None:
        self.states, self.lines, self.builds, self.calls = states, log or [], list[dict[str, Any]](), list[str]()
        self.slept: list[float] = []

    def client(self, service: str) -> Any:
        real = boto3.client(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        return Client(self, real)

    def project(self) -> Project:
        return Project("llama-dev-ingest", self, self.slept.append)


class Client:
    def __init__(self, fake: Fake, real: Any) -> None:
        self.fake, self.real, self.exceptions = fake, real, real.exceptions

    def __getattr__(self, name: str) -> Any:
        operation = self.real.meta.method_to_api_mapping[name]

        def call(**asked: Any) -> Any:
            validate_parameters(asked, self.real.meta.service_model.operation_model(operation).input_shape)
            self.fake.calls.append(name)
            return getattr(self, f"do_{name}")(**asked)

        return call

    def do_list_builds_for_project(self, **asked: Any) -> Any:
        assert asked == {"projectName": "llama-dev-ingest", "sortOrder": "DESCENDING"}
        return {"ids": [each["id"] for each in self.fake.builds[::-1]]}

    def do_start_build(self, **asked: Any) -> Any:
        started = {
            "id": f"llama:{len(self.fake.builds)}",
            "buildStatus": "IN_PROGRESS",
            "environment": {"environmentVariables": asked["environmentVariablesOverride"]},
        }
        self.fake.builds.append(started)
        return {"build": started}

    def do_batch_get_builds(self, ids: list[str]) -> Any:
        if self.fake.states and not isinstance(self.fake.states[0], dict):
            raise self.fake.states.pop(0)
        state = self.fake.states.pop(0) if len(self.fake.states) > 1 else self.fake.states[0]
        return {"builds": [{**each, **state} for each in self.fake.builds if each["id"] in ids]}

    def do_get_log_events(self, **asked: Any) -> Any:
        start = int(asked.pop("nextToken", "0"))
        assert asked == {"logGroupName": "g", "logStreamName": "s", "startFromHead": True}
        page = self.fake.lines[start : start + 2]
        events = [{"message": f"{each}\n"} for each in page]
        return {"events": events, "nextForwardToken": str(start + len(page))}


class Noted:
    def __init__(self) -> None:
        self.joined: list[tuple[str, bool]] = []
        self.phases: list[tuple[str, str]] = []
        self.lines: list[str] = []
        self.losses: list[RefusedError] = []

    def started(self, build: Build, *, joined: bool) -> None:
        self.joined.append((build.id, joined))

    def phase(self, phase: Phase) -> None:
        self.phases.append((phase.name, phase.status))

    def line(self, text: str) -> None:
        self.lines.append(text)

    def lost(self, error: RefusedError) -> None:
        self.losses.append(error)


def state(status: str = "IN_PROGRESS", *phases: str) -> dict[str, Any]:
    told = [{"phaseType": each, "phaseStatus": "SUCCEEDED"} for each in phases[:-1]]
    told += [
        {"phaseType": each} if status == "IN_PROGRESS" else {"phaseType": each, "phaseStatus": status}
        for each in phases[-1:]
    ]
    return {"buildStatus": status, "phases": told, "logs": {"groupName": "g", "streamName": "s"}}


def lost() -> EndpointConnectionError:
    error: EndpointConnectionError = EndpointConnectionError(endpoint_url="https://codebuild.example.com")
    return error


def test_a_build_is_started_and_followed_to_its_end_each_line_and_phase_once() -> None:
    fake = Fake(
        [
            state("IN_PROGRESS", "QUEUED"),
            state("IN_PROGRESS", "QUEUED", "BUILD"),
            state("SUCCEEDED", "QUEUED", "BUILD"),
        ],
        ["one", "two", "three", "four", "five"],
    )
    noted = Noted()
    assert ingest(fake.project(), VARIABLES, noted).succeeded
    assert noted.joined == [("llama:0", False)]
    assert noted.lines == ["one", "two", "three", "four", "five"]
    assert noted.phases == [("QUEUED", ""), ("QUEUED", "SUCCEEDED"), ("BUILD", ""), ("BUILD", "SUCCEEDED")]
    assert fake.slept == [POLL_SECONDS] * 2


def test_called_again_it_joins_the_build_that_runs() -> None:
    fake = Fake([state("IN_PROGRESS", "BUILD"), state("IN_PROGRESS", "BUILD"), state("SUCCEEDED", "BUILD")])
    fake.project().start(VARIABLES)
    noted = Noted()
    ended = ingest(fake.project(), VARIABLES, noted)
    assert (ended.id, noted.joined, len(fake.builds)) == ("llama:0", [("llama:0", True)], 1)


def test_a_build_that_failed_is_one_sentence() -> None:
    fake = Fake([state("FAILED", "QUEUED", "BUILD")])
    with pytest.raises(RefusedError, match="llama:0 failed in phase BUILD"):
        ingest(fake.project(), VARIABLES, Noted())


def test_a_network_that_is_lost_for_a_while_is_waited_for() -> None:
    fake = Fake([state("IN_PROGRESS", "BUILD"), lost(), lost(), state("SUCCEEDED", "BUILD")], ["line"])
    noted = Noted()
    assert ingest(fake.project(), VARIABLES, noted).succeeded
    assert (len(noted.losses), noted.lines) == (2, ["line"])


def test_one_that_is_lost_for_good_ends_the_following_in_one_sentence() -> None:
    fake = Fake([state("IN_PROGRESS", "BUILD"), *(lost() for _ in range(LOST_POLLS + 1))])
    with pytest.raises(RefusedError, match="before AWS answered"):
        ingest(fake.project(), VARIABLES, Noted())


def test_what_is_refused_at_first_is_not_asked_for_again() -> None:
    fake = Fake([lost(), state("SUCCEEDED", "BUILD")])
    noted = Noted()
    with pytest.raises(RefusedError):
        ingest(fake.project(), VARIABLES, noted)
    assert noted.losses == []
