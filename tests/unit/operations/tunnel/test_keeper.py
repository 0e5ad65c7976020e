"""A tunnel that is found, opened, watched and opened again, with sessions and a clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from paddock.catalog.lookup import RefusedError
from paddock.operations.tunnel import keeper
from paddock.operations.tunnel.keeper import ATTEMPTS, PROBE_SECONDS, Looks, kept_open
from paddock.operations.tunnel.probe import Answer
from paddock.operations.tunnel.session import Session
from paddock.operations.tunnel.target import NotYetError, Target

TARGET = Target(
    cluster="llama-dev",
    region="us-east-1",
    instance_id="i-1",
    endpoint="https://ABC.eks.amazonaws.com",
    certificate_authority="UEVN",
)


class FakeSession(Session):
    def __init__(self) -> None:
        self.over, self.stopped = False, 0

    @property
    def ended(self) -> bool:
        return self.over

    def last_output(self) -> str:
        return "TargetNotConnected"

    def stop(self) -> None:
        self.stopped += 1


class World:
    def __init__(self) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.sessions: list[FakeSession] = []
        self.answer = Answer.CLUSTER
        self.probes = 0
        self.starts_ended = False

    def clock(self) -> float:
        self.now += 1.0
        return self.now

    def start(self, target: Target, port: int) -> Session:
        assert (target, port) == (TARGET, 8443)
        self.sessions.append(FakeSession())
        self.sessions[-1].over = self.starts_ended
        return self.sessions[-1]

    def answers(self, port: int, name: str, authority: str) -> Answer:
        assert (port, name, authority) == (8443, "abc.eks.amazonaws.com", "PEM")
        self.probes += 1
        return self.answer

    def looks(self, find: Callable[[], Target] = lambda: TARGET, *, wait: bool = False) -> Looks:
        return kept_open(
            find, 8443, self.said.append, wait=wait, start=self.start, answers=self.answers, clock=self.clock
        )


def until_open(looks: Looks) -> Target:
    return next(each for each in looks if each is not None)


def test_closing_it_ends_the_session() -> None:
    world = World()
    looks = world.looks()
    assert until_open(looks) == TARGET
    looks.close()
    assert [each.stopped for each in world.sessions] == [1]


def test_what_is_not_there_is_refused_with_the_way_to_wait_for_it() -> None:
    def find() -> Target:
        raise NotYetError("the stack dev has no bastion in us-east-1")

    with pytest.raises(RefusedError, match="has no bastion in us-east-1; --wait waits for it"):
        next(World().looks(find))


def test_each_thing_that_is_waited_for_is_said_once() -> None:
    world = World()
    missing = ["no bastion", "no bastion", "no cluster"]

    def find() -> Target:
        if missing:
            raise NotYetError(missing.pop(0))
        return TARGET

    assert until_open(world.looks(find, wait=True)) == TARGET
    assert world.said == ["waiting: no bastion", "waiting: no cluster", world.said[-1]]


def test_a_session_that_ends_is_opened_again() -> None:
    world = World()
    looks = world.looks()
    until_open(looks)
    world.sessions[0].over = True
    assert until_open(looks) == TARGET
    assert [each.stopped for each in world.sessions] == [1, 0]
    assert "opening another" in world.said[1]


def test_a_session_that_lives_on_but_carries_nothing_is_opened_again() -> None:
    world = World()
    looks = world.looks()
    until_open(looks)
    world.answer = Answer.NOBODY
    for _ in range(int(3 * PROBE_SECONDS)):
        if len(world.sessions) == 2:
            break
        next(looks)
    assert len(world.sessions) == 2


def test_an_open_tunnel_is_used_now_and_then_so_that_it_is_never_idle() -> None:
    world = World()
    looks = world.looks()
    until_open(looks)
    before = world.probes
    for _ in range(int(2 * PROBE_SECONDS) + 5):
        assert next(looks) == TARGET
    assert world.probes - before >= 1


def test_after_a_while_of_failures_it_gives_up_with_the_last_words() -> None:
    world = World()
    world.starts_ended = True
    with pytest.raises(RefusedError, match="TargetNotConnected"):
        until_open(world.looks())
    assert len(world.sessions) == ATTEMPTS
    assert all(each.stopped == 1 for each in world.sessions)


def test_a_stranger_at_the_other_end_is_refused_at_once() -> None:
    world = World()
    world.answer = Answer.STRANGER
    with pytest.raises(RefusedError, match="is not the API of llama-dev"):
        until_open(world.looks())
    assert [each.stopped for each in world.sessions] == [1]


def test_an_account_that_does_not_answer_ends_a_new_tunnel_but_not_one_that_was_open() -> None:
    world = World()
    broken = False

    def find() -> Target:
        if broken:
            raise RefusedError("AWS does not answer")
        return TARGET

    looks = world.looks(find)
    until_open(looks)
    broken, world.sessions[0].over = True, True
    assert next(looks) is None
    broken = False
    assert until_open(looks) == TARGET
    broken = True
    with pytest.raises(RefusedError, match="AWS does not answer"):
        next(world.looks(find))


def test_pauses_grow_and_have_an_end() -> None:
    assert keeper.LONGEST_PAUSE_SECONDS < 2.0**ATTEMPTS
