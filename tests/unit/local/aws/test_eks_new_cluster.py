"""Refusals of a new EKS cluster. A file of its own, as beside another cluster every new one is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.unit.local.aws.world import World

ZONE_REFUSED = (
    "(UnsupportedAvailabilityZoneException) when calling the CreateCluster operation: Cannot create cluster 'refused' "
    "because us-east-1e, the targeted availability zone, does not currently have sufficient capacity to support the "
    "cluster. Retry and choose from these availability zones: us-east-1a, us-east-1b, us-east-1c, us-east-1d, "
    "us-east-1f"
)
"""EKS's words, with another cluster and other zones: aws-samples/aws-workshop-for-kubernetes#529."""


@pytest.fixture(scope="module")
def eks(endpoint: str, session: boto3.Session) -> Any:
    return session.client("eks", endpoint_url=endpoint)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda w: {"roleArn": w.role("ec2")["arn"]},
            "its trust policy does not allow eks.amazonaws.com sts:AssumeRole",
        ),
        (
            lambda _: {"roleArn": "arn:aws:iam::123456789012:role/none"},
            "could not be assumed because it does not exist",
        ),
        (lambda w: {"resourcesVpcConfig": {"subnetIds": [w.subnet(0).id]}}, "at least two different AZs"),
        (
            lambda w: {"resourcesVpcConfig": {"subnetIds": [w.subnet(0).id, w.subnet(4).id]}},
            ZONE_REFUSED,
        ),
        (lambda _: {"resourcesVpcConfig": {"subnetIds": ["subnet-none"]}}, "'subnet-none' does not exist"),
        (
            lambda w: {"resourcesVpcConfig": {"subnetIds": w.subnet_ids, "endpointPublicAccess": False}},
            "Private and public endpoint access cannot both be disabled",
        ),
        (
            lambda w: {
                "resourcesVpcConfig": {
                    "subnetIds": w.subnet_ids,
                    "endpointPublicAccess": False,
                    "endpointPrivateAccess": True,
                    "publicAccessCidrs": ["203.0.113.0/24"],
                }
            },
            "only be specified when public endpoint access is enabled",
        ),
        (
            lambda w: {"resourcesVpcConfig": {"subnetIds": w.subnet_ids, "securityGroupIds": ["sg-none"]}},
            "'sg-none' does not exist",
        ),
        (lambda _: {"version": "1.19"}, "unsupported Kubernetes version 1.19; supported: 1.31, "),
        (lambda _: {"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.0.4.0/22"}}, "overlaps the VPC's 10.0.0.0/16"),
        (lambda _: {"kubernetesNetworkConfig": {"serviceIpv4Cidr": "8.8.0.0/16"}}, "must be a /12 to /24 within"),
        (
            lambda _: {
                "encryptionConfig": [
                    {"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:us-east-1:123456789012:key/none"}}
                ]
            },
            "key/none does not exist",
        ),
        (lambda _: {"computeConfig": {"enabled": True}}, "computeConfig is not emulated by the local cloud"),
        (lambda _: {"name": "-"}, "name is '-', which does not match"),
    ],
)
def test_a_cluster_is_refused(change: Callable[[World], dict[str, Any]], message: str, world: World, eks: Any) -> None:
    arguments = {
        "name": "refused",
        "roleArn": world.role("eks")["arn"],
        "resourcesVpcConfig": {"subnetIds": world.subnet_ids},
        **change(world),
    }
    with pytest.raises(ClientError, match=re.escape(message)):
        eks.create_cluster(**arguments)
    assert eks.list_clusters()["clusters"] == []
