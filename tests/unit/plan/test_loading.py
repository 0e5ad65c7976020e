"""Loading of weights: what streaming and copying would take, and why streaming is taken."""

from dataclasses import replace

import pytest

from paddock import catalog
from paddock.plan.loading import Way, plan_loading
from paddock.plan.plan import make_plan
from paddock.settings import parse_settings
from paddock.units import GB
from tests.unit.components.variants import BASE

G6 = replace(catalog.instance("g6.12xlarge"), network_baseline_gbps=40.0, nvme_gb=3760)


def test_every_worker_streams_all_and_a_copy_is_read_once_a_replica() -> None:
    """40 Gbit/s, of which half: 2.5 GB/s."""
    found = plan_loading(G6, weights_bytes=100 * GB, workers=4, replicas_per_node=1, network_efficiency=0.5)
    assert [(each.way, each.seconds, each.is_lower_bound) for each in found.estimates] == [
        (Way.STREAM, 160.0, False),
        (Way.COPY, 40.0, True),
    ]
    assert "160 s, as each of 4 workers reads all" in found.why
    assert "40 s or more, but is not made yet" in found.why


def test_with_one_worker_a_copy_can_only_be_slower() -> None:
    found = plan_loading(G6, weights_bytes=16 * GB, workers=1, replicas_per_node=2, network_efficiency=0.5)
    stream, copy = found.estimates
    assert stream.seconds == copy.seconds == 12.8
    assert "and so take longer" in found.why


@pytest.mark.parametrize(
    ("nvme_gb", "replicas", "is_possible"), [(0, 1, False), (99, 1, False), (199, 2, False), (201, 2, True)]
)
def test_a_copy_needs_an_instance_store_that_holds_it(nvme_gb: int, replicas: int, is_possible: bool) -> None:
    found = plan_loading(
        replace(G6, nvme_gb=nvme_gb),
        weights_bytes=100 * GB,
        workers=2,
        replicas_per_node=replicas,
        network_efficiency=0.5,
    )
    assert found.estimates[1].is_possible is is_possible
    assert ("no NVMe of its own" in found.why) is not is_possible


def test_a_plan_streams_and_says_the_seconds_within_its_start_up_budget() -> None:
    model = make_plan(parse_settings(BASE, region="us-east-1")).model
    assert model.loading.chosen is Way.STREAM
    (stream, _) = model.loading.estimates
    assert 0 < stream.seconds < model.probes.startup_seconds
