"""A rollout under load: no request is lost, none is answered empty, and what a pod had taken it finishes."""

from tests.smoke import manifest
from tests.smoke.rollout import Rollout
from tests.smoke.surroundings import VERSION


def test_no_request_is_lost_and_none_is_answered_empty(rollout: Rollout) -> None:
    assert {name: set(became) for name, became in rollout.became.items()} == {
        name: {"whole"} for name in rollout.became
    }
    assert all(sum(became.values()) > 10 for became in rollout.became.values())
    assert all(requests > 10 for requests in rollout.during_drains)


def test_requests_that_a_pod_has_when_it_is_told_to_stop_are_finished(rollout: Rollout) -> None:
    assert rollout.in_flight == 4 * ["whole"]


def test_a_pod_ends_by_itself_within_its_grace(rollout: Rollout) -> None:
    grace = manifest.pod_template(VERSION)["terminationGracePeriodSeconds"]
    for ended in rollout.ended:
        assert not ended.killed
        assert ended.exit_code == 0
        assert ended.hook_seconds + ended.seconds < grace
