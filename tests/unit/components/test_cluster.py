"""Cluster: a control plane that answers inside the VPC alone, encrypted, logged, and its add-ons in order."""

import json

import pulumi
import yaml

from paddock.cluster import CONTROL_PLANE_LOGS, Cluster, ClusterArgs, kubeconfig
from tests.unit.components.recorder import Build

ARGS: ClusterArgs = {
    "kubernetes_version": "1.35",
    "vpc_id": "vpc-1",
    "endpoint_subnet_ids": ["subnet-1", "subnet-2"],
    "node_subnet_ids": ["subnet-3", "subnet-4"],
}
CLUSTER = "aws:eks/cluster:Cluster"


def test_no_child_escapes_the_component(built: Build) -> None:
    assert built(lambda opts: Cluster("c", ARGS, opts)).loose == set()


def test_the_api_answers_inside_the_vpc_alone(built: Build) -> None:
    vpc = built(lambda opts: Cluster("c", ARGS, opts)).one(CLUSTER)["vpcConfig"]
    assert vpc == {"subnetIds": ["subnet-1", "subnet-2"], "endpointPrivateAccess": True, "endpointPublicAccess": False}


def test_secrets_are_encrypted_with_a_rotating_key_and_every_log_is_kept(built: Build) -> None:
    got = built(lambda opts: Cluster("c", ARGS, opts))
    cluster = got.one(CLUSTER)
    assert cluster["encryptionConfig"]["resources"] == ["secrets"]
    assert cluster["encryptionConfig"]["provider"]["keyArn"].endswith("/c-secrets")
    assert got.one("aws:kms/key:Key")["enableKeyRotation"] is True
    assert cluster["enabledClusterLogTypes"] == list(CONTROL_PLANE_LOGS)


def test_access_is_by_access_entries(built: Build) -> None:
    assert built(lambda opts: Cluster("c", ARGS, opts)).one(CLUSTER)["accessConfig"]["authenticationMode"] == "API"


def test_the_log_group_has_the_name_that_eks_writes_to(built: Build) -> None:
    got = built(lambda opts: Cluster("c", ARGS, opts))
    assert got.one("aws:cloudwatch/logGroup:LogGroup")["name"] == f"/aws/eks/{got.one(CLUSTER)['name']}/cluster"


def test_peered_networks_reach_the_api_and_nothing_else(built: Build) -> None:
    args: ClusterArgs = {**ARGS, "peer_cidrs": ["10.9.0.0/16"]}
    rule = built(lambda opts: Cluster("c", args, opts)).one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert (rule["securityGroupId"], rule["cidrIpv4"], rule["fromPort"], rule["toPort"]) == (
        "sg-cluster",
        "10.9.0.0/16",
        443,
        443,
    )


def test_network_plugin_before_nodes_and_coredns_after_them(built: Build) -> None:
    after = built(lambda opts: Cluster("c", ARGS, opts)).after
    assert "c-vpc-cni" in after["c-system"]
    assert "c-system" in after["c-coredns"]


def test_the_kubeconfig_holds_no_secret_and_signs_with_the_callers_identity() -> None:
    config = yaml.safe_load(kubeconfig("llama-prod", "https://10.0.0.1", "Q0E=", "eu-west-1"))
    (user,) = config["users"]
    assert user["user"].keys() == {"exec"}
    assert user["user"]["exec"]["command"] == "aws"
    assert user["user"]["exec"]["args"][:2] == ["eks", "get-token"]
    assert config["clusters"][0]["cluster"] == {"server": "https://10.0.0.1", "certificate-authority-data": "Q0E="}


def test_nodes_give_pods_no_way_to_the_instances_identity(built: Build) -> None:
    metadata = built(lambda opts: Cluster("c", ARGS, opts)).one("aws:ec2/launchTemplate:LaunchTemplate")[
        "metadataOptions"
    ]
    assert (metadata["httpTokens"], metadata["httpPutResponseHopLimit"]) == ("required", 1)


def test_pods_get_prefixes_of_addresses(built: Build) -> None:
    addon = built(lambda opts: Cluster("c", ARGS, opts)).of("aws:eks/addon:Addon")["c-vpc-cni"]
    assert json.loads(addon["configurationValues"])["env"]["ENABLE_PREFIX_DELEGATION"] == "true"


def test_the_kubeconfig_is_an_output_of_the_cluster_that_was_made(built: Build) -> None:
    got = built(lambda opts: Cluster("c", ARGS, opts))
    assert isinstance(got.result.kubeconfig, pulumi.Output)
    assert json.loads(got.outputs["kubeconfig"])["current-context"] == "c-test"
