"""Names of arguments that components took before: each is refused with the one that took its place."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from paddock.choices import RENAMED
from paddock.cluster.cluster import ClusterArgs
from paddock.common.inputs import ArgumentError, accepted
from paddock.network.existing_network import ExistingNetworkArgs
from paddock.network.private_network import PrivateNetworkArgs
from paddock.serving.load_balancer import ServiceLoadBalancerArgs
from paddock.weights.bucket import WeightsBucketArgs


@pytest.mark.parametrize(
    ("allowed", "old"),
    [
        (PrivateNetworkArgs, "zones"),
        (PrivateNetworkArgs, "tunnel"),
        (ExistingNetworkArgs, "tunnel"),
        (ClusterArgs, "api_allowlist"),
        (WeightsBucketArgs, "keep"),
        (ServiceLoadBalancerArgs, "private_ca_arn"),
        (ServiceLoadBalancerArgs, "privatelink_principals"),
    ],
)
def test_an_argument_by_its_old_name_is_refused_with_its_new_one(allowed: type[Mapping[str, Any]], old: str) -> None:
    said = f"unknown argument '{old}'; renamed, set '{RENAMED[old]}' instead"
    with pytest.raises(ArgumentError, match=re.escape(said)):
        accepted("Component", {old: 3}, allowed)


def test_an_old_name_of_another_component_is_unknown_like_any_other() -> None:
    with pytest.raises(ArgumentError, match=r"unknown argument 'zones'; (?!renamed)"):
        accepted("WeightsBucket", {"zones": 3}, WeightsBucketArgs)
