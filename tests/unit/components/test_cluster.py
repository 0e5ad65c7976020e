"""Cluster: a control plane that answers inside the VPC alone, encrypted, logged, and its add-ons in order."""

import json

import pulumi
import pytest
import yaml

from paddock.catalog import supported_eks_versions
from paddock.catalog.eks import eks_addons
from paddock.cluster.cluster import CONTROL_PLANE_LOGS, Cluster, ClusterArgs
from paddock.cluster.kubeconfig import kubeconfig
from paddock.common.inputs import ArgumentError
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


def test_an_allowlist_opens_the_api_to_those_networks_and_nodes_still_reach_it_inside(built: Build) -> None:
    args: ClusterArgs = {**ARGS, "endpoint_public_access_cidrs": ["203.0.113.0/28"]}
    vpc = built(lambda opts: Cluster("c", args, opts)).one(CLUSTER)["vpcConfig"]
    assert vpc == {
        "subnetIds": ["subnet-1", "subnet-2"],
        "endpointPrivateAccess": True,
        "endpointPublicAccess": True,
        "publicAccessCidrs": ["203.0.113.0/28"],
    }


def test_with_a_tunnel_the_kubeconfig_leads_to_this_machine_under_the_clusters_own_name(built: Build) -> None:
    args: ClusterArgs = {**ARGS, "tunnel_port": 8443}
    got = json.loads(built(lambda opts: Cluster("c", args, opts)).outputs["kubeconfig"])
    assert got["clusters"][0]["cluster"] == {
        "server": "https://127.0.0.1:8443",
        "tls-server-name": "10.0.0.1",
        "certificate-authority-data": "Q0E=",
    }


def test_secrets_are_encrypted_with_a_rotating_key_and_every_log_is_kept(built: Build) -> None:
    got = built(lambda opts: Cluster("c", ARGS, opts))
    cluster = got.one(CLUSTER)
    assert cluster["encryptionConfig"]["resources"] == ["secrets"]
    rotated = {name: key["enableKeyRotation"] for name, key in got.of("aws:kms/key:Key").items()}
    assert rotated == {"c-secrets": True, "c-logs": True}
    assert cluster["encryptionConfig"]["provider"]["keyArn"].endswith("/c-secrets")
    assert cluster["enabledClusterLogTypes"] == list(CONTROL_PLANE_LOGS)


def test_the_logs_are_encrypted_with_a_key_that_logs_use_for_this_group_alone(built: Build) -> None:
    got = built(lambda opts: Cluster("c", ARGS, opts))
    assert got.one("aws:cloudwatch/logGroup:LogGroup")["kmsKeyId"].endswith("/c-logs")
    administered, used = json.loads(got.of("aws:kms/key:Key")["c-logs"]["policy"])["Statement"]
    assert used["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/eks/c-test/cluster"
    assert used["Condition"] == {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group}}
    assert administered["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert not {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"} & set(administered["Action"])
    assert not [action for each in (administered, used) for action in each["Action"] if "*" in action]


def test_logs_are_kept_and_the_cluster_guarded_as_asked(built: Build) -> None:
    def seen(args: ClusterArgs) -> tuple[int, bool]:
        got = built(lambda opts: Cluster("c", args, opts))
        days = got.one("aws:cloudwatch/logGroup:LogGroup")["retentionInDays"]
        return days, got.one(CLUSTER)["deletionProtection"]

    assert seen(ARGS) == (90, False)
    assert seen({**ARGS, "log_retention_days": 365, "deletion_protection": True}) == (365, True)


def test_peers_that_are_the_whole_internet_are_refused_by_the_packs_own_predicate(built: Build) -> None:
    with pytest.raises(ArgumentError, match=r"Cluster: cidrIpv4: got 0.0.0.0/0, which lets every address in"):
        built(lambda opts: Cluster("c", {**ARGS, "peer_cidrs": ["0.0.0.0/0"]}, opts))


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
    assert {"c-eks-pod-identity-agent", "c-vpc-cni-AmazonEKS_CNI_Policy"} <= after["c-vpc-cni"]
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


@pytest.mark.parametrize("version", supported_eks_versions())
def test_every_addon_has_the_version_of_the_catalog(version: str, built: Build) -> None:
    args: ClusterArgs = {**ARGS, "kubernetes_version": version}
    addons = built(lambda opts: Cluster("c", args, opts)).of("aws:eks/addon:Addon").values()
    assert {each["addonName"]: each["addonVersion"] for each in addons} == eks_addons().versions[version]


def test_where_the_catalog_knows_no_version_eks_takes_its_default(built: Build) -> None:
    args: ClusterArgs = {**ARGS, "kubernetes_version": "1.99"}
    addons = built(lambda opts: Cluster("c", args, opts)).of("aws:eks/addon:Addon").values()
    assert [each for each in addons if each.get("addonVersion")] == []


def test_the_network_plugin_has_its_rights_by_pod_identity_and_nodes_have_none_of_them(built: Build) -> None:
    got = built(lambda opts: Cluster("c", ARGS, opts))
    (association,) = got.of("aws:eks/addon:Addon")["c-vpc-cni"]["podIdentityAssociations"]
    assert association == {"serviceAccount": "aws-node", "roleArn": "arn:aws:iam::123456789012:role/c-vpc-cni"}
    trusted = json.loads(got.of("aws:iam/role:Role")["c-vpc-cni"]["assumeRolePolicy"])["Statement"][0]
    assert trusted["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    attached = got.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    node = {name.removeprefix("c-system-node-") for name in attached if name.startswith("c-system-node-")}
    assert node == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}


def test_network_policies_are_enforced(built: Build) -> None:
    addon = built(lambda opts: Cluster("c", ARGS, opts)).of("aws:eks/addon:Addon")["c-vpc-cni"]
    assert json.loads(addon["configurationValues"])["enableNetworkPolicy"] == "true"


@pytest.mark.parametrize(
    ("asked", "ami_type", "disks"),
    [
        ({}, "BOTTLEROCKET_x86_64", {"/dev/xvda": 4, "/dev/xvdb": 40}),
        ({"node_os": "al2023"}, "AL2023_x86_64_STANDARD", {"/dev/xvda": 60}),
    ],
)
def test_system_nodes_run_what_is_asked_for(
    asked: dict[str, str], ami_type: str, disks: dict[str, int], built: Build
) -> None:
    args: ClusterArgs = {**ARGS, **asked}  # type: ignore[typeddict-item]
    got = built(lambda opts: Cluster("c", args, opts))
    assert got.one("aws:eks/nodeGroup:NodeGroup")["amiType"] == ami_type
    template = got.one("aws:ec2/launchTemplate:LaunchTemplate")
    assert {each["deviceName"]: each["ebs"]["volumeSize"] for each in template["blockDeviceMappings"]} == disks
    metadata = template["metadataOptions"]
    assert (metadata["httpTokens"], metadata["httpPutResponseHopLimit"]) == ("required", 1)


def test_an_unknown_operating_system_is_refused_before_anything_is_made(built: Build) -> None:
    with pytest.raises(ArgumentError, match="Cluster: node_os must be one of bottlerocket, al2023, got 'windows'"):
        built(lambda opts: Cluster("c", {**ARGS, "node_os": "windows"}, opts))


def test_pods_get_prefixes_of_addresses(built: Build) -> None:
    addon = built(lambda opts: Cluster("c", ARGS, opts)).of("aws:eks/addon:Addon")["c-vpc-cni"]
    assert json.loads(addon["configurationValues"])["env"]["ENABLE_PREFIX_DELEGATION"] == "true"


def test_the_kubeconfig_is_an_output_of_the_cluster_that_was_made(built: Build) -> None:
    got = built(lambda opts: Cluster("c", ARGS, opts))
    assert isinstance(got.result.kubeconfig, pulumi.Output)
    assert json.loads(got.outputs["kubeconfig"])["current-context"] == "c-test"
