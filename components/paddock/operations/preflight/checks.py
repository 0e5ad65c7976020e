"""All checks of a preflight, in the order of the table: the account, the place, what is served, the way."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from paddock.operations.preflight import account_checks, content_checks, place_checks, way_checks
from paddock.operations.preflight.content_checks import IMAGES, WEIGHTS
from paddock.operations.preflight.facts import Asked, Facts
from paddock.operations.preflight.row import Report, Row, report

if TYPE_CHECKING:
    import boto3

STEPS_TO_COME = frozenset({IMAGES, WEIGHTS})
"""Rows that a whole `paddock deploy` still fills; give them as `later` where these steps follow."""


def decide(asked: Asked, facts: Facts, later: Collection[str] = ()) -> Report:
    """Report on facts; pure. Rows named in `later` that would fail are of a step that is still to come."""
    return report(tuple(_rows(asked, facts)), later)


def preflight(asked: Asked, session: boto3.Session, later: Collection[str] = ()) -> Report:
    """Report on one stack, asked of its account and of this machine. Reads only, and never raises for an answer."""
    from paddock.operations.preflight.account import facts_of
    from paddock.operations.preflight.machine import this_machine

    return decide(asked, facts_of(asked, session, this_machine()), later)


def _rows(asked: Asked, facts: Facts) -> Iterator[Row]:
    yield account_checks.identity(facts)
    yield account_checks.rights(facts)
    yield from account_checks.vcpu_quotas(asked, facts)
    yield from account_checks.counted_quotas(asked, facts)
    yield place_checks.zones(asked, facts)
    yield place_checks.reservations(asked, facts)
    yield place_checks.addresses(asked, facts)
    yield place_checks.kubernetes(asked, facts)
    yield place_checks.driver(asked)
    yield from content_checks.rows(asked, facts)
    yield way_checks.api(asked, facts)
    yield from way_checks.programs(asked, facts)
