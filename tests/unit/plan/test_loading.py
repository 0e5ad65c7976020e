"""Loading of weights: what streaming and a copy would take, which is taken, and why."""

from dataclasses import replace
from typing import Any

import pytest

from paddock import catalog
from paddock.choices import WeightsLoading
from paddock.plan.loading import Load, LoadingPlan, Way, disk_problem, plan_loading
from paddock.plan.parts import ModelPlan
from paddock.plan.plan import PlanError, make_plan
from paddock.settings import parse_settings
from paddock.sizing import pod_shape
from paddock.units import GB
from tests.unit.components.variants import BASE

G6 = replace(catalog.instance("g6.12xlarge"), network_baseline_gbps=40.0, network_peak_gbps=80.0, nvme_gb=4000)
P5 = catalog.instance("p5.48xlarge")


def load(instance: catalog.Instance = G6, *, gb: float = 100, gpus: int = 4, replicas: int = 1) -> Load:
    return Load(
        instance=instance,
        pod=pod_shape(instance, gpus),
        weights_bytes=int(gb * GB),
        replicas_per_node=replicas,
        network_efficiency=0.5,
    )


def found(asked: WeightsLoading = WeightsLoading.AUTO, **of: Any) -> LoadingPlan:
    return plan_loading(load(**of), asked, safety_factor=2.0)


def planned(**settings: Any) -> ModelPlan:
    return make_plan(parse_settings({**BASE, **settings}, region="us-east-1")).model


def test_every_worker_streams_all_at_half_the_baseline_or_at_the_cards_peak() -> None:
    """40 Gbit/s, of which half: 2.5 GB/s; 80 Gbit/s: 10 GB/s."""
    stream, _ = found().estimates
    assert (stream.way, stream.seconds_low, stream.seconds_high) == (Way.STREAMER, 40.0, 160.0)
    assert stream.restart_seconds == stream.seconds_high
    assert "40 to 160 s, as each of 4 workers reads all of them" in found().why


def test_a_copy_comes_once_through_the_network_or_waits_for_its_cores_and_disk_and_is_then_read() -> None:
    """20 files of 90 to 360 MB/s; 4,000 GB that write 1,000 to 5,200 MB/s and read 2,000 at the least; 100 GB are in
    memory then, of which a pod of g6.12xlarge has more."""
    _, copy = found().estimates
    assert copy.seconds_low == round(100_000 / 5_200, 1)
    assert copy.seconds_high == 100_000 / 1_000 + 100_000 / 2_000
    assert copy.restart_seconds == 50.0


def test_a_copy_that_memory_does_not_hold_is_read_by_every_worker() -> None:
    assert found(gb=400).estimates[1].restart_seconds == 4 * 400_000 / 2_000
    assert found(gb=100, replicas=1).estimates[1].restart_seconds == 100_000 / 2_000


def test_with_one_worker_a_copy_can_only_be_slower() -> None:
    one = found(gb=16, gpus=1)
    assert one.chosen is Way.STREAMER
    assert "comes through the same network first, and so takes longer" in one.why


@pytest.mark.parametrize("gb", [2, 16, 141, 410, 810])
@pytest.mark.parametrize("name", sorted(catalog.all_instances()))
def test_auto_copies_only_where_the_slowest_disk_beats_the_fastest_network(name: str, gb: int) -> None:
    instance = catalog.instance(name)
    for gpus in sorted({1, instance.gpus}):
        auto = found(instance=instance, gb=gb, gpus=gpus)
        stream, copy = auto.estimates
        if auto.chosen is Way.NVME:
            assert copy.is_possible
            assert gpus > 1
            assert copy.seconds_low < stream.seconds_low
            assert copy.seconds_high < stream.seconds_high
        else:
            assert (auto.disk_mib, auto.copy_seconds) == (0, 0)


def test_405b_is_copied_on_p5_and_streamed_on_p5en_whose_network_is_twice_as_fast() -> None:
    on_p5, on_p5en = (
        planned(model="llama-3.1-405b", quantization="fp8", max_model_len=4096, instance_type=name).loading
        for name in ("p5.48xlarge", "p5en.48xlarge")
    )
    assert (on_p5.chosen, on_p5en.chosen) == (Way.NVME, Way.STREAMER)
    assert "Weights are copied to the node's NVMe once and read there, in " in on_p5.why
    assert "would stream in 262 to 525 s, as each of 8 workers reads all of them" in on_p5.why
    assert "A container that restarts in its pod would take 27 s or less from the disk, and 525 s" in on_p5.why
    assert "is not surely faster" in on_p5en.why


def test_1b_streams() -> None:
    assert planned(model="llama-3.2-1b").loading.chosen is Way.STREAMER


@pytest.mark.parametrize("way", [WeightsLoading.STREAMER, WeightsLoading.NVME])
def test_what_is_asked_for_is_taken_and_said(way: WeightsLoading) -> None:
    for instance in (G6, P5):
        asked = found(way, instance=instance)
        assert str(asked.chosen) == str(way)
        assert "as weights_loading says" in asked.why


def test_a_disk_that_is_exactly_full_holds_the_copies_and_one_byte_less_does_not() -> None:
    """The image and, a replica, its scratch and the copy with all beside it; kubelet and eviction keep a tenth."""
    right = load(replicas=2)
    at = next(gb for gb in range(1, 4000) if load(replace(G6, nvme_gb=gb), replicas=2).store_mib >= right.needed_mib)
    assert disk_problem(load(replace(G6, nvme_gb=at), replicas=2)) is None
    smaller = disk_problem(load(replace(G6, nvme_gb=at - 1), replicas=2))
    assert smaller is not None
    assert f"the instance store of g6.12xlarge has {at - 1:,} GB" in smaller
    assert f"2 x the weights with their scratch take {right.needed_mib:,} MiB" in smaller
    full = replace(right, instance=replace(G6, nvme_gb=at))
    slack_bytes = int((full.store_mib - full.needed_mib) / 2 / 1.02 * 2**20)
    assert disk_problem(replace(full, weights_bytes=full.weights_bytes + slack_bytes - 2**21)) is None
    assert disk_problem(replace(full, weights_bytes=full.weights_bytes + slack_bytes + 2**21)) is not None


def test_a_copy_has_room_for_what_lies_beside_the_tensors() -> None:
    copy = found(WeightsLoading.NVME)
    assert copy.disk_mib * 2**20 > 100 * GB * 1.02 + 1023 * 2**20
    assert copy.copy_seconds == 2 * copy.estimates[1].seconds_high


def test_without_an_instance_store_nothing_is_copied_and_asking_for_it_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bare = replace(P5, nvme_gb=0)
    auto = found(instance=bare, gpus=8)
    assert auto.chosen is Way.STREAMER
    assert "p5.48xlarge has no instance store (local NVMe), so no copy is made there" in auto.why
    assert not auto.estimates[1].is_possible
    monkeypatch.setattr("paddock.plan.plan.disk_problem", lambda of: disk_problem(replace(of, instance=bare)))
    with pytest.raises(PlanError) as refused:
        planned(weights_loading="nvme")
    assert str(refused.value) == (
        "paddock:weights_loading is nvme, but p5.48xlarge has no instance store (local NVMe); set "
        "paddock:weights_loading to streamer, or name another paddock:instance_type"
    )


def test_a_plan_streams_and_says_the_seconds_within_its_start_up_budget() -> None:
    model = planned()
    assert model.loading.chosen is Way.STREAMER
    (stream, _) = model.loading.estimates
    assert 0 < stream.seconds_low <= stream.seconds_high < model.probes.startup_seconds


def test_the_start_up_budget_of_a_copy_is_of_its_reading_as_the_copy_is_done_before() -> None:
    streamed, copied = (planned(instance_type="g6.12xlarge", weights_loading=way) for way in ("streamer", "nvme"))
    slower = copied.loading.start_seconds - streamed.loading.start_seconds
    assert copied.probes.startup_seconds - streamed.probes.startup_seconds == pytest.approx(2 * slower, abs=10)
