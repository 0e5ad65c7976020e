"""Names of arguments that components took before: each is refused with the one that took its place."""

import re
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from paddock.choices import RENAMED
from paddock.cluster.cluster import ClusterArgs
from paddock.cluster.gpu_node_pool import GpuNodePoolArgs
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


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (
            {"number_of_availability_zones": "2"},
            "number_of_availability_zones must be a whole number, got '2'; Pulumi's `config.get` gives text",
        ),
        ({"number_of_availability_zones": True}, "number_of_availability_zones must be a whole number, got True"),
        ({"peer_cidrs": "10.0.0.0/16"}, "peer_cidrs must be a list of text, got '10.0.0.0/16'; "),
        ({"peer_cidrs": [10]}, "peer_cidrs must be a list of text, got [10]"),
        ({"bastion": "true"}, "bastion must be true or false, got 'true'; "),
        ({"tags": ["a"]}, "tags must be a map of text to text, got ['a']"),
        ({"vpc_cidr": 10}, "vpc_cidr must be text, got 10"),
        ({"vpc_cidr": 10, "bastion": 0}, "vpc_cidr must be text, got 10; bastion must be true or false, got 0"),
    ],
)
def test_an_argument_of_a_wrong_type_is_refused_in_words(args: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=f"PrivateNetwork: {re.escape(says)}"):
        accepted("PrivateNetwork", args, PrivateNetworkArgs)


def test_an_output_is_taken_where_it_may_stand_and_refused_where_it_decides() -> None:
    output = pulumi.Output.from_input("10.0.0.0/16")
    assert accepted("PrivateNetwork", {"bucket_names": [output]}, PrivateNetworkArgs) == {"bucket_names": [output]}
    with pytest.raises(ArgumentError, match="vpc_cidr must be text, got an output; it decides what is made"):
        accepted("PrivateNetwork", {"vpc_cidr": output}, PrivateNetworkArgs)


def test_none_is_an_argument_that_is_left_out() -> None:
    assert accepted("PrivateNetwork", {"number_of_availability_zones": None}, PrivateNetworkArgs) == {}


def test_all_missing_arguments_are_named_at_once() -> None:
    with pytest.raises(ArgumentError) as refused:
        accepted("GpuNodePool", {"nodes": None, "cluster_name": "a"}, GpuNodePoolArgs)
    missing = ("accelerator", "disk_gib", "instance_type", "kubernetes_version", "nodes", "subnet_ids")
    assert str(refused.value) == "GpuNodePool: " + "; ".join(f"missing argument '{key}'" for key in missing)
