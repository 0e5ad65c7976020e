"""The rules of a service's NetworkPolicy: what is allowed, and that no list that came out empty allows everyone."""

from typing import Any

import pulumi
import pytest

from paddock.common.inputs import ArgumentError
from paddock.serving.network_policy import egress_rules, ingress_rules


def blocks(rule: Any, side: str) -> list[str]:
    return [peer["ipBlock"]["cidr"] for peer in rule[side]]


def test_without_aws_a_pod_reaches_names_and_credentials_alone() -> None:
    dns, credentials = egress_rules(None, None)
    assert [(each["protocol"], each["port"]) for each in dns["ports"]] == [("UDP", 53), ("TCP", 53)]
    assert dns["to"][0]["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}
    assert blocks(credentials, "to") == ["169.254.170.23/32"]


def test_aws_is_reached_by_https_at_the_named_addresses() -> None:
    rules = egress_rules(["10.0.224.0/24"], ["52.216.0.0/15", "3.5.0.0/19"])[2:]
    assert [blocks(rule, "to") for rule in rules] == [["10.0.224.0/24"], ["52.216.0.0/15", "3.5.0.0/19"]]
    assert all(rule["ports"] == [{"protocol": "TCP", "port": 443}] for rule in rules)


@pytest.mark.parametrize("value", [(), []])
def test_no_callers_make_no_rule_and_not_one_for_everyone(value: Any) -> None:
    assert ingress_rules([], value or None, 8000) == []
    assert ingress_rules([], [], 8000) == []


def test_callers_reach_the_port_of_the_service_alone() -> None:
    namespaces, networks = ingress_rules(["apps", "jobs"], ["10.0.0.0/16"], 8000)
    assert namespaces["from"][0]["namespaceSelector"]["matchExpressions"][0]["values"] == ["apps", "jobs"]
    assert blocks(networks, "from") == ["10.0.0.0/16"]
    assert namespaces["ports"] == networks["ports"] == [{"protocol": "TCP", "port": 8000}]


@pytest.mark.parametrize(
    ("cidr", "message"),
    [
        ("0.0.0.0/0", "s3_cidrs has 0.0.0.0/0; each must be /8 or narrower"),
        ("0.0.0.0/1", "s3_cidrs has 0.0.0.0/1"),
        ("10.0.0.1/16", "must be IPv4 ranges such as 10.0.0.0/16, got '10.0.0.1/16'"),
        ("internet", "got 'internet'"),
    ],
)
def test_the_internet_is_no_list_of_places(cidr: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        egress_rules(None, [cidr])


def known(value: Any) -> Any:
    """Value of an Output, under mocks that nothing calls."""
    seen: list[Any] = []

    def run() -> None:
        pulumi.Output.from_input(value).apply(seen.append)

    pulumi.runtime.test(run)()  # type: ignore[no-untyped-call]  # the SDK does not say its types here
    return seen[0]


def test_addresses_that_are_known_later_are_checked_later() -> None:
    (*_, s3) = egress_rules(None, pulumi.Output.from_input(["3.5.0.0/19"]))
    assert known(s3["to"]) == [{"ipBlock": {"cidr": "3.5.0.0/19"}}]
    for late in ([], ["0.0.0.0/0"]):
        with pytest.raises(ArgumentError):
            known(egress_rules(None, pulumi.Output.from_input(late))[-1]["to"])
