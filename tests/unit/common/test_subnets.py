"""The division of a VPC: any legal VPC gives subnets that fit, and everything else a clear refusal."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.common.subnets import MAX_VPC_PREFIX, MAX_ZONES, MIN_VPC_PREFIX, MIN_ZONES, PRIVATE_RANGES, plan_subnets


@st.composite
def vpcs(draw: st.DrawFn) -> IPv4Network:
    private = draw(st.sampled_from([each for each in PRIVATE_RANGES if each.prefixlen <= MIN_VPC_PREFIX]))
    prefix = draw(st.integers(MIN_VPC_PREFIX, MAX_VPC_PREFIX))
    number = draw(st.integers(0, 2 ** (prefix - private.prefixlen) - 1))
    return IPv4Network((int(private.network_address) + (number << (32 - prefix)), prefix))


zones = st.integers(MIN_ZONES, MAX_ZONES)


@given(vpcs(), zones)
def test_one_subnet_of_each_kind_a_zone_all_inside_the_vpc_and_none_overlaps(vpc: IPv4Network, count: int) -> None:
    plan = plan_subnets(str(vpc), count)
    every = (*plan.node_cidrs, *plan.endpoint_cidrs)
    assert len(plan.node_cidrs) == len(plan.endpoint_cidrs) == plan.zones == count
    assert all(each.subnet_of(vpc) for each in every)
    assert not any(one.overlaps(other) for one, other in combinations(every, 2))


@given(vpcs(), zones)
def test_nodes_get_at_least_half_the_vpc_and_endpoints_a_27_to_a_24(vpc: IPv4Network, count: int) -> None:
    plan = plan_subnets(str(vpc), count)
    assert sum(each.num_addresses for each in plan.node_cidrs) >= vpc.num_addresses / 2
    assert all(24 <= each.prefixlen <= 27 for each in plan.endpoint_cidrs)
    assert len({each.prefixlen for each in plan.node_cidrs[:3]}) == 1


@given(vpcs(), st.integers(MIN_ZONES, MAX_ZONES - 1))
def test_one_more_zone_moves_no_subnet_that_is_there(vpc: IPv4Network, count: int) -> None:
    # A moved subnet is a replaced one, with nodes in it.
    before, after = plan_subnets(str(vpc), count), plan_subnets(str(vpc), count + 1)
    assert after.node_cidrs[:count] == before.node_cidrs
    assert after.endpoint_cidrs[:count] == before.endpoint_cidrs


@given(vpcs(), zones, vpcs())
def test_a_peer_that_overlaps_is_refused_and_any_other_is_not(vpc: IPv4Network, count: int, peer: IPv4Network) -> None:
    if vpc.overlaps(peer):
        with pytest.raises(ValueError, match="overlaps peer_cidrs"):
            plan_subnets(str(vpc), count, [str(peer)])
    else:
        assert plan_subnets(str(vpc), count, [str(peer)]) == plan_subnets(str(vpc), count)


@given(st.text(), st.integers(), st.lists(st.text(), max_size=2))
def test_anything_else_is_a_value_error_and_nothing_worse(cidr: str, count: int, peers: list[str]) -> None:
    with suppress(ValueError):
        plan_subnets(cidr, count, peers)


def test_the_default_vpc_is_divided_like_this() -> None:
    plan = plan_subnets("10.0.0.0/16", 2)
    assert [str(each) for each in plan.node_cidrs] == ["10.0.0.0/18", "10.0.64.0/18"]
    assert [str(each) for each in plan.endpoint_cidrs] == ["10.0.224.0/24", "10.0.225.0/24"]
    assert str(plan_subnets("10.0.0.0/16", 4).node_cidrs[3]) == "10.0.192.0/19"


@pytest.mark.parametrize(
    ("cidr", "count", "says"),
    [
        ("10.0.0.0/15", 2, "vpc_cidr must be /16 to /22, got 10.0.0.0/15; AWS allows no larger VPC"),
        ("10.0.0.0/24", 2, "vpc_cidr must be /16 to /22, got 10.0.0.0/24; smaller leaves no room for pods"),
        ("10.0.0.9/16", 2, "got '10.0.0.9/16'; the range that holds it is 10.0.0.0/16"),
        ("8.8.0.0/16", 2, "vpc_cidr must be a private range, got 8.8.0.0/16; use one inside 10.0.0.0/8"),
        ("10.0.0.0/16", 1, "number_of_availability_zones must be 2 to 4, got 1; EKS needs two"),
        ("10.0.0.0/16", 5, "number_of_availability_zones must be 2 to 4, got 5"),
        ("ten", 2, "vpc_cidr must be an IPv4 range such as 10.0.0.0/16, got 'ten'"),
    ],
)
def test_the_refusal_says_what_is_allowed_what_was_given_and_the_way_out(cidr: str, count: int, says: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the whole message is compared
        plan_subnets(cidr, count)
    assert says in str(refused.value)


def test_addresses_are_real_ones() -> None:
    assert plan_subnets("192.168.0.0/22", 4).node_cidrs[0].network_address == IPv4Address("192.168.0.0")
