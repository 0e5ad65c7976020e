"""Starting and following a build, against clients that check every call by botocore's own models."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from paddock.catalog.lookup import RefusedError
from paddock.operations.ingest.builds import Build, Phase, variables_of
from paddock.operations.ingest.run import LOST_POLLS, POLL_SECONDS, ingest
from tests.unit.operations.ingest.fake import Fake, state

CONFIG = {"aws:region": "us-east-1", "paddock:license": {"license": "llama3.1", "by": "Legal", "on": "2026-11-24"}}
VARIABLES = variables_of(CONFIG, source="hf://a/b@c", revision=None, images=True, weights=True)


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


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
def test_a_log_that_nobody_may_read_is_said_once_and_hides_no_builds_end(status: str) -> None:
    refused = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetLogEvents")
    fake = Fake([state("IN_PROGRESS", "BUILD"), state("IN_PROGRESS", "BUILD"), state(status, "BUILD")])
    fake.log_refusals = [refused] * 9
    noted, project = Noted(), fake.project()
    build, _ = project.start(VARIABLES)
    assert project.follow(build.id, noted).status == status
    assert len(noted.losses) == 1


def test_a_log_that_fails_at_the_very_end_is_read_once_more() -> None:
    fake = Fake([state("SUCCEEDED", "BUILD")], ["the end"])
    fake.log_refusals = [lost()]
    noted = Noted()
    assert ingest(fake.project(), VARIABLES, noted).succeeded
    assert noted.lines == ["the end"]
