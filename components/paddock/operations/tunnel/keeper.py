"""A tunnel that stays open: found, opened, looked at, and opened again when it drops."""

from __future__ import annotations

from collections.abc import Callable, Generator
from time import monotonic

from paddock.catalog.lookup import RefusedError
from paddock.operations.tunnel.probe import Answer, who_answers
from paddock.operations.tunnel.session import Session
from paddock.operations.tunnel.target import NotYetError, Target

FIND_SECONDS = 5.0
OPENS_WITHIN_SECONDS = 30.0
PROBE_SECONDS = 30.0
"""Systems Manager ends a session that was idle for 20 minutes, and sooner where the account says so. Source: Systems
Manager user guide, "Specify an idle session timeout value", read 2026-11-24. A handshake is no idleness."""
FAILED_PROBES = 2
ATTEMPTS = 8
LONGEST_PAUSE_SECONDS = 15.0

Say = Callable[[str], None]
Looks = Generator[Target | None, None, None]
"""A look at the tunnel: where it leads while it is open, else None."""
Steps = Generator[None, None, bool]


def kept_open(
    find: Callable[[], Target],
    port: int,
    say: Say,
    *,
    wait: bool,
    start: Callable[[Target, int], Session] = Session,
    answers: Callable[[int, str, str], Answer] = who_answers,
    clock: Callable[[], float] = monotonic,
) -> Looks:
    """Look after look, for as long as they are asked for; closing the generator ends the session.

    Raises `RefusedError` where the way does not exist (without `wait`), or where it fails again and again.
    """
    failures, was_open = 0, False
    while True:
        trouble = ""
        try:
            target = yield from _found(find, say, clock, wait=wait or was_open)
        except RefusedError as refused:
            if not was_open:
                raise
            trouble = str(refused)
        else:
            session = start(target, port)
            try:
                if (yield from _opened(session, target, port, answers, clock)):
                    failures, was_open = 0, True
                    say(f"open: 127.0.0.1:{port} leads to the API of {target.cluster}")
                    yield from _watched(session, target, port, answers, clock)
                    say("the session has ended; opening another")
                    continue
                trouble = session.last_output()
            finally:
                session.stop()
        failures += 1
        if failures == ATTEMPTS:
            raise RefusedError(f"the tunnel does not open: {trouble}")
        say(f"the tunnel does not open ({trouble}); trying again")
        yield from _pause(min(2.0**failures, LONGEST_PAUSE_SECONDS), clock)


def _found(
    find: Callable[[], Target], say: Say, clock: Callable[[], float], *, wait: bool
) -> Generator[None, None, Target]:
    told = ""
    while True:
        try:
            return find()
        except NotYetError as missing:
            if not wait:
                raise RefusedError(f"{missing}; --wait waits for it") from None
            if str(missing) != told:
                told = str(missing)
                say(f"waiting: {told}")
        yield from _pause(FIND_SECONDS, clock)


def _opened(
    session: Session,
    target: Target,
    port: int,
    answers: Callable[[int, str, str], Answer],
    clock: Callable[[], float],
) -> Steps:
    deadline = clock() + OPENS_WITHIN_SECONDS
    while not session.ended and clock() < deadline:
        answer = answers(port, target.host, target.authority)
        if answer is Answer.CLUSTER:
            return True
        if answer is Answer.STRANGER:
            raise RefusedError(
                f"what answers through the tunnel is not the API of {target.cluster}: its certificate is not for "
                f"{target.host} or not of the cluster's authority"
            )
        yield
    return False


def _watched(
    session: Session,
    target: Target,
    port: int,
    answers: Callable[[int, str, str], Answer],
    clock: Callable[[], float],
) -> Looks:
    """Watch until the session ends, or lives on but carries nothing."""
    failed, next_probe = 0, clock() + PROBE_SECONDS
    while not session.ended and failed < FAILED_PROBES:
        yield target
        if clock() >= next_probe:
            failed = 0 if answers(port, target.host, target.authority) is Answer.CLUSTER else failed + 1
            next_probe = clock() + PROBE_SECONDS


def _pause(seconds: float, clock: Callable[[], float]) -> Generator[None, None, None]:
    until = clock() + seconds
    while clock() < until:
        yield
