"""The table of services that are called: complete rows, and the page that shows them."""

from pathlib import Path

import pytest

from paddock.catalog.endpoints import InterfaceEndpoint, interface_endpoints
from paddock.economics import endpoints_price

PAGE = (Path(__file__).parents[3] / "docs" / "network.md").read_text(encoding="utf-8")
ALL = interface_endpoints(bastion=True)


@pytest.mark.parametrize("endpoint", ALL, ids=lambda each: each.service)
def test_every_service_has_a_caller_actions_names_and_a_source(endpoint: InterfaceEndpoint) -> None:
    assert endpoint.called_by
    assert endpoint.actions
    assert endpoint.dns_names
    assert endpoint.source
    prefix = endpoint.service.split(".")[0]
    assert {action.partition(":")[0] for action in endpoint.actions} == {prefix}
    assert all("{region}" in name for name in endpoint.dns_names)


def test_what_nothing_calls_is_not_made() -> None:
    services = {each.service for each in ALL}
    assert services == {"ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts", "ssm", "ssmmessages"}
    assert services - {each.service for each in interface_endpoints(bastion=False)} == {"ssm", "ssmmessages"}


@pytest.mark.parametrize("endpoint", ALL, ids=lambda each: each.service)
def test_the_page_says_who_calls_each(endpoint: InterfaceEndpoint) -> None:
    when = "with the tunnel" if endpoint.with_bastion else "always"
    assert f"| `{endpoint.service}` | {endpoint.called_by} | {when} |" in PAGE


@pytest.mark.parametrize("tunnel", [False, True])
def test_the_pages_prices_are_those_of_the_catalog(tunnel: bool) -> None:
    prices = [f"{endpoints_price(zones, bastion=tunnel).usd_per_month:,.2f}" for zones in (1, 2, 3)]
    assert f"({len(interface_endpoints(bastion=tunnel))}) | {' | '.join(prices)} |" in PAGE
