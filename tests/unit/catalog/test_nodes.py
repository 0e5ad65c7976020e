"""Allocatable memory and CPU of EKS nodes, against nodes that were measured.

Not proved: Bottlerocket's exact figures on every type; the formulas are the EKS AMI's, which it shares.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paddock.catalog import all_instances, nodes


def test_a_p5_node_leaves_what_karpenter_reports() -> None:
    # EKS facts of 2026-11-24: Karpenter shows 191450m CPU and 1938410Mi for p5.48xlarge. It counts 100 pods where
    # EKS allows 250 with prefix delegation, so ours keeps 11 MiB x 150 more.
    left = nodes.allocatable(vcpus=192, memory_mib=2_097_152, disk_gib=100, gpus=8)
    assert left.cpu_millicores == 191_450
    assert 0 <= 1_938_410 - left.memory_mib <= 11 * 150 + 100


def test_cpu_reserved_follows_the_four_steps() -> None:
    assert [nodes.kube_reserved_cpu_millicores(vcpus) for vcpus in (1, 2, 4, 8, 96)] == [60, 70, 80, 90, 310]


def test_memory_reserved_is_eleven_mib_a_pod_and_255() -> None:
    assert nodes.kube_reserved_memory_mib(58) == 893


def test_pods_are_capped_by_the_size_of_the_node() -> None:
    assert (nodes.max_pods(4), nodes.max_pods(29), nodes.max_pods(30), nodes.max_pods(192)) == (110, 110, 250, 250)


def test_disk_keeps_a_tenth_and_the_kubelets_gibibyte_free() -> None:
    assert nodes.allocatable_ephemeral_mib(100) == 102_400 - 1024 - 10_240
    assert nodes.allocatable_ephemeral_mib(0) == 0


@given(st.sampled_from(sorted(all_instances())), st.integers(20, 500))
def test_nothing_is_ever_more_than_the_machine_has(name: str, disk_gib: int) -> None:
    instance = all_instances()[name]
    left = nodes.left_by_daemons(nodes.allocatable(instance.vcpus, instance.memory_mib, disk_gib, instance.gpus))
    assert 0 < left.cpu_millicores < instance.vcpus * 1000
    assert 0 < left.memory_mib < instance.memory_mib
    assert 0 < left.ephemeral_mib < disk_gib * 1024
    assert left.gpus == instance.gpus
