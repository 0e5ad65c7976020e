"""The EKS endpoint: AWS's defaults are the unsafe ones, so what is not said is refused too."""

from typing import Any

import pytest

from paddock.policy import no_public_cluster_endpoint
from tests.policy.check import LATER, check

CLUSTER = "aws:eks/cluster:Cluster"
PRIVATE = {"endpointPublicAccess": False, "endpointPrivateAccess": True}


def test_a_cluster_that_answers_only_inside_passes() -> None:
    assert check(no_public_cluster_endpoint, CLUSTER, roleArn=LATER, vpcConfig={"subnetIds": [LATER], **PRIVATE}).passes


def test_only_clusters_are_checked() -> None:
    assert check(no_public_cluster_endpoint, "aws:ecs/cluster:Cluster", name="it").passes


@pytest.mark.parametrize(
    ("config", "flag", "got", "fix"),
    [
        ({**PRIVATE, "endpointPublicAccess": True}, "endpointPublicAccess", "got True", "set it to false"),
        ({"endpointPrivateAccess": True}, "endpointPublicAccess", "not set", "set it to false"),
        ({**PRIVATE, "endpointPrivateAccess": False}, "endpointPrivateAccess", "got False", "set it to true"),
        ({"endpointPublicAccess": False}, "endpointPrivateAccess", "not set", "set it to true"),
        # An allow-list narrows who may try, but the endpoint is public all the same.
        (
            {**PRIVATE, "endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]},
            "endpointPublicAccess",
            "got True",
            "set it to false",
        ),
    ],
)
def test_a_public_or_unreachable_endpoint_is_refused_with_the_fix(
    config: dict[str, Any], flag: str, got: str, fix: str
) -> None:
    (problem,) = check(no_public_cluster_endpoint, CLUSTER, vpcConfig=config).problems
    assert problem.startswith(f"vpcConfig.{flag}: {got}; ")
    assert problem.endswith(fix)


def test_a_cluster_that_says_nothing_is_refused_on_both_counts() -> None:
    paths = ["vpcConfig.endpointPublicAccess", "vpcConfig.endpointPrivateAccess"]
    assert check(no_public_cluster_endpoint, CLUSTER, vpcConfig={"subnetIds": [LATER]}).paths == paths
    assert check(no_public_cluster_endpoint, CLUSTER).paths == paths


@pytest.mark.parametrize(
    ("config", "path"),
    [
        (LATER, ".vpcConfig "),
        ({**PRIVATE, "endpointPublicAccess": LATER}, ".vpcConfig.endpointPublicAccess "),
        ({**PRIVATE, "endpointPrivateAccess": LATER}, ".vpcConfig.endpointPrivateAccess "),
    ],
)
def test_an_unknown_endpoint_is_left_to_the_update(config: Any, path: str) -> None:
    result = check(no_public_cluster_endpoint, CLUSTER, vpcConfig=config)
    assert result.problems == []
    assert path in result.undecided


def test_an_open_endpoint_is_refused_while_the_private_one_is_still_unknown() -> None:
    config = {"endpointPublicAccess": True, "endpointPrivateAccess": LATER}
    result = check(no_public_cluster_endpoint, CLUSTER, vpcConfig=config)
    assert result.paths == ["vpcConfig.endpointPublicAccess"]
    assert "endpointPrivateAccess" in result.undecided
