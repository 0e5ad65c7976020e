"""The bill: every line is there, has a source and a day, and the sum is the sum."""

from __future__ import annotations

from datetime import date

import pytest

from paddock.catalog import CapacityType, Purchase, instance
from paddock.catalog.footprint import UnitPrice
from paddock.economics import HOURS_PER_MONTH, Price, endpoints_price, price
from paddock.economics.price import usd_per_hour

GIB = 2**30


def priced(
    kind: str = "g6e.xlarge", nodes: int = 1, purchase: Purchase | CapacityType = CapacityType.ON_DEMAND
) -> Price:
    return price(instance(kind), nodes, purchase, disk_gib=60, endpoint_zones=2, bastion=False, weights_bytes=15 * GIB)


def test_the_sum_is_the_sum_of_the_lines() -> None:
    bill = priced(nodes=3)
    assert bill.usd_per_hour == pytest.approx(sum(line.usd_per_hour for line in bill.lines), abs=1e-4)
    assert bill.usd_per_month == pytest.approx(bill.usd_per_hour * 730, abs=0.01)
    assert HOURS_PER_MONTH == 730


def test_gpu_nodes_are_counted_and_kept_apart() -> None:
    assert priced(nodes=3).gpu_usd_per_hour == pytest.approx(3 * 1.861)


def test_the_lines_of_a_small_platform() -> None:
    lines = {line.name: (line.quantity, line.usd_per_hour) for line in priced().lines}
    assert lines == {
        "g6e.xlarge (on-demand)": (1, 1.861),
        "m7i.large (system nodes)": (2, 0.2016),
        "EKS control plane": (1, 0.10),
        "interface endpoints x zones": (12, 0.12),
        "gp3 volumes, GiB": (164, pytest.approx(164 * 0.08 / 730, abs=1e-6)),
        "weights in S3, GiB": (15.0, pytest.approx(15 * 0.023 / 730, abs=1e-6)),
        "KMS keys": (5, pytest.approx(5 / 730, abs=1e-6)),
    }


def test_endpoints_cost_by_the_zone_and_the_tunnel_takes_two_more() -> None:
    one, all_zones, bastion = (
        endpoints_price(1, bastion=False),
        endpoints_price(3, bastion=False),
        endpoints_price(1, bastion=True),
    )
    assert (one.quantity, all_zones.quantity, bastion.quantity) == (6, 18, 8)
    assert all_zones.usd_per_hour == pytest.approx(3 * one.usd_per_hour)


def test_every_line_has_a_source_and_the_bill_carries_the_oldest_day() -> None:
    bill = priced()
    assert all(line.source for line in bill.lines)
    assert bill.as_of == min(line.as_of for line in bill.lines) == date(2026, 1, 19)
    assert bill.excludes


def test_spot_is_another_price_from_another_source() -> None:
    spot = priced("g6e.4xlarge", purchase=CapacityType.SPOT)
    assert spot.gpu_usd_per_hour == pytest.approx(1.1536)
    assert "spot" in spot.lines[0].name
    assert spot.lines[0].source != priced("g6e.4xlarge").lines[0].source


def test_a_savings_plan_is_known_by_its_limits_and_says_so() -> None:
    found = instance("g6e.xlarge").price(Purchase.SAVINGS_PLAN)
    assert found is not None
    assert found.usd_per_hour_low == pytest.approx(0.34 * 1.861)
    assert found.usd_per_hour == 1.861
    assert found.source.startswith("at most the price on demand")
    assert "up to 66 %" in found.source
    assert priced(purchase=Purchase.SAVINGS_PLAN).lines[0].name == "g6e.xlarge (savings-plan)"


def test_a_reservation_is_billed_as_on_demand() -> None:
    reserved = instance("p5.48xlarge").price(Purchase.RESERVED)
    assert reserved is not None
    assert reserved.usd_per_hour == reserved.usd_per_hour_low == 55.04
    assert "on-demand rate" in reserved.source


@pytest.mark.parametrize("purchase", list(Purchase))
def test_what_is_sold_in_no_known_way_has_no_price(purchase: Purchase) -> None:
    assert instance("p5e.48xlarge").price(purchase) is None


def test_every_way_of_a_node_group_is_a_way_to_pay() -> None:
    assert {each.value for each in CapacityType} < {each.value for each in Purchase}


def test_a_type_without_such_a_price_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no spot price of g6e\.xlarge is known"):
        priced("g6e.xlarge", purchase=CapacityType.SPOT)


def test_a_unit_price_by_the_month_is_spread_over_730_hours() -> None:
    assert usd_per_hour(UnitPrice(usd_per_month=73, source="s", as_of=date(2026, 1, 1))) == pytest.approx(0.1)
    with pytest.raises(ValueError, match="needs usd_per_hour or usd_per_month"):
        usd_per_hour(UnitPrice(source="s", as_of=date(2026, 1, 1)))
