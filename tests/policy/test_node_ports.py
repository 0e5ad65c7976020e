"""Node ports: let pass only where each node answers through its own pods, as the load balancer for clients needs."""

import pytest

from paddock.privacy.predicates.findings import Problem
from paddock.privacy.predicates.load_balancers import node_port_findings
from paddock.privacy.predicates.values import UNKNOWN

SERVICE = "kubernetes:core/v1:Service"


@pytest.mark.parametrize(
    ("policy", "problems"),
    [({"externalTrafficPolicy": "Local"}, 0), ({"externalTrafficPolicy": "Cluster"}, 1), ({}, 1)],
)
def test_a_node_port_is_let_pass_with_traffic_policy_local_alone(policy: dict[str, str], problems: int) -> None:
    found = node_port_findings(SERVICE, {"spec": {"type": "NodePort", **policy}})
    assert [type(each) for each in found] == problems * [Problem]


def test_a_traffic_policy_that_is_not_known_yet_is_undecided() -> None:
    (found,) = node_port_findings(SERVICE, {"spec": {"type": "NodePort", "externalTrafficPolicy": UNKNOWN}})
    assert not isinstance(found, Problem)
