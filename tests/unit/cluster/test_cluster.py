"""Cluster: a control plane that answers inside the VPC alone, encrypted, logged, and its add-ons in order."""

import json

import pulumi
import pytest
import yaml

from paddock.catalog import supported_eks_versions
from paddock.catalog.eks import eks_addons, newest_eks_version
from paddock.cluster.cluster import Cluster
from paddock.cluster.kubeconfig import kubeconfig
from paddock.common.inputs import ArgumentError
from tests.unit.components.cases import args_of, built_case
from tests.unit.components.recorder import Build, Built

CLUSTER = "aws:eks/cluster:Cluster"
GROUP = "aws:eks/nodeGroup:NodeGroup"


def ignored(built: Built, name: str, token: str = CLUSTER) -> list[str]:
    return list(built.options[token, name]["ignore_changes"])


def test_a_newer_catalog_upgrades_no_cluster_that_is_there_and_a_version_that_is_named_does() -> None:
    assert built_case("Cluster").one(CLUSTER)["version"] == newest_eks_version()
    assert "version" in ignored(built_case("Cluster"), "c-cluster")
    assert "version" not in ignored(built_case("Cluster", every=True), "c-cluster")


def test_the_control_plane_stays_in_the_two_zones_of_its_birth(built: Build) -> None:
    args = args_of("Cluster", endpoint_subnet_ids=["subnet-1", "subnet-2", "subnet-3"])
    got = built(lambda opts: Cluster("c", args, opts))
    assert got.one(CLUSTER)["vpcConfig"]["subnetIds"] == ["subnet-1", "subnet-2"]
    assert "vpcConfig.subnetIds" in ignored(got, "c-cluster")


def test_nodes_and_addons_follow_the_control_planes_own_version(built: Build) -> None:
    """The version of a cluster that is there may be another than the one in the program."""
    got = built(lambda opts: Cluster("c", args_of("Cluster"), opts), answers={CLUSTER: {"version": "1.35"}})
    assert got.outputs["kubernetes_version"] == "1.35"
    assert got.one(GROUP)["version"] == "1.35"
    addons = {each["addonName"]: each["addonVersion"] for each in got.of("aws:eks/addon:Addon").values()}
    assert addons == eks_addons().versions["1.35"]


def test_system_nodes_keep_type_and_subnets_of_their_birth() -> None:
    assert {"instanceTypes", "subnetIds"} <= set(ignored(built_case("Cluster"), "c-system", GROUP))


def test_system_nodes_are_of_a_type_that_the_region_offers(built: Build) -> None:
    got = built(lambda opts: Cluster("c", args_of("Cluster", region="me-south-1"), opts))
    assert got.one(GROUP)["instanceTypes"] == ["m6i.large"]
    assert built_case("Cluster").one(GROUP)["instanceTypes"] == ["m7i.large"]


def test_no_addon_is_put_on_system_nodes_that_never_came_up(built: Build) -> None:
    with pytest.raises(Exception, match=r"node group c-system-0a1b2c3 is CREATE_FAILED"):
        built(lambda opts: Cluster("c", args_of("Cluster"), opts), answers={GROUP: {"status": "CREATE_FAILED"}})


def test_others_than_the_creator_administer_it_by_entries_of_their_own() -> None:
    got = built_case("Cluster", every=True)
    assert got.one("aws:eks/accessEntry:AccessEntry")["principalArn"] == "arn:aws:iam::123456789012:role/ci"
    association = got.one("aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
    assert association["policyArn"] == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    assert association["accessScope"] == {"type": "cluster"}


def test_the_control_plane_may_not_make_the_log_group_again_that_a_destroy_removed() -> None:
    policy = built_case("Cluster").of("aws:iam/rolePolicy:RolePolicy")["c-control-plane-logs"]["policy"]
    (denied,) = json.loads(policy)["Statement"]
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/eks/c-test/cluster"
    assert (denied["Effect"], denied["Action"]) == ("Deny", ["logs:CreateLogGroup"])
    assert denied["Resource"] == [group, f"{group}:*"]


def test_services_have_addresses_clear_of_every_network_that_pods_speak_to() -> None:
    got = built_case("Cluster", every=True)
    assert got.one(CLUSTER)["kubernetesNetworkConfig"] == {"serviceIpv4Cidr": "10.100.0.0/16"}
    assert "kubernetesNetworkConfig" in ignored(got, "c-cluster")
    assert "kubernetesNetworkConfig" not in built_case("Cluster").one(CLUSTER)


def test_an_allowlist_opens_the_api_to_those_networks_and_nodes_still_reach_it_inside() -> None:
    vpc = built_case("Cluster", every=True).one(CLUSTER)["vpcConfig"]
    assert vpc == {
        "subnetIds": ["subnet-1", "subnet-2"],
        "endpointPrivateAccess": True,
        "endpointPublicAccess": True,
        "publicAccessCidrs": ["8.8.8.0/28"],
    }


def test_with_a_tunnel_the_kubeconfig_leads_to_this_machine_under_the_clusters_own_name() -> None:
    got = json.loads(built_case("Cluster", every=True).outputs["kubeconfig"])
    assert got["clusters"][0]["cluster"] == {
        "server": "https://127.0.0.1:8443",
        "tls-server-name": "10.0.0.1",
        "certificate-authority-data": "Q0E=",
    }


def test_the_logs_are_encrypted_with_a_key_that_logs_use_for_this_group_alone() -> None:
    got = built_case("Cluster")
    assert got.one("aws:cloudwatch/logGroup:LogGroup")["kmsKeyId"].endswith("/c-logs")
    administered, used = json.loads(got.of("aws:kms/key:Key")["c-logs"]["policy"])["Statement"]
    assert used["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/eks/c-test/cluster"
    assert used["Condition"] == {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group}}
    assert administered["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert not {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"} & set(administered["Action"])
    assert not [action for each in (administered, used) for action in each["Action"] if "*" in action]


def test_peers_that_are_the_whole_internet_are_refused_by_the_packs_own_predicate(built: Build) -> None:
    with pytest.raises(ArgumentError, match=r"Cluster: cidrIpv4: got 0.0.0.0/0, which lets every address in"):
        built(lambda opts: Cluster("c", args_of("Cluster", peer_cidrs=["0.0.0.0/0"]), opts))


def test_the_log_group_has_the_name_that_eks_writes_to() -> None:
    got = built_case("Cluster")
    assert got.one("aws:cloudwatch/logGroup:LogGroup")["name"] == f"/aws/eks/{got.one(CLUSTER)['name']}/cluster"


def test_network_plugin_before_nodes_and_coredns_after_them() -> None:
    got = built_case("Cluster")
    assert "c-vpc-cni" in got.after("c-system")
    assert {"c-eks-pod-identity-agent", "c-vpc-cni-AmazonEKS_CNI_Policy"} <= got.after("c-vpc-cni")
    assert "c-system" in got.after("c-coredns")


def test_broken_gpus_are_seen_on_nodes_that_pods_without_a_gpu_stay_off() -> None:
    """The add-on's DCGM server is on no GPU node without the toleration, and all GPUs then count as whole."""
    got = built_case("Cluster")
    agent = got.of("aws:eks/addon:Addon")["c-eks-node-monitoring-agent"]
    (tolerated,) = json.loads(agent["configurationValues"])["dcgmAgent"]["tolerations"]
    (taint,) = built_case("GpuNodePool").one(GROUP)["taints"]
    assert (tolerated["key"], tolerated["value"], tolerated["effect"]) == (taint["key"], taint["value"], "NoSchedule")
    assert taint["effect"] == "NO_SCHEDULE"
    assert "c-system" in got.after("c-eks-node-monitoring-agent")


def test_the_kubeconfig_holds_no_secret_and_signs_with_the_callers_identity() -> None:
    config = yaml.safe_load(kubeconfig("llama-prod", "https://10.0.0.1", "Q0E=", "eu-west-1"))
    (user,) = config["users"]
    assert user["user"].keys() == {"exec"}
    assert user["user"]["exec"]["command"] == "aws"
    assert user["user"]["exec"]["args"][:2] == ["eks", "get-token"]
    assert config["clusters"][0]["cluster"] == {"server": "https://10.0.0.1", "certificate-authority-data": "Q0E="}


@pytest.mark.parametrize("version", supported_eks_versions())
def test_every_addon_has_the_version_of_the_catalog(version: str, built: Build) -> None:
    args = args_of("Cluster", kubernetes_version=version)
    addons = built(lambda opts: Cluster("c", args, opts)).of("aws:eks/addon:Addon").values()
    assert {each["addonName"]: each["addonVersion"] for each in addons} == eks_addons().versions[version]


def test_where_the_catalog_knows_no_version_eks_takes_its_default(built: Build) -> None:
    args = args_of("Cluster", kubernetes_version="1.99")
    addons = built(lambda opts: Cluster("c", args, opts)).of("aws:eks/addon:Addon").values()
    assert [each for each in addons if each.get("addonVersion")] == []


def test_the_network_plugin_has_its_rights_by_pod_identity_and_nodes_have_none_of_them() -> None:
    got = built_case("Cluster")
    (association,) = got.of("aws:eks/addon:Addon")["c-vpc-cni"]["podIdentityAssociations"]
    assert association == {"serviceAccount": "aws-node", "roleArn": "arn:aws:iam::123456789012:role/c-vpc-cni"}
    trusted = json.loads(got.of("aws:iam/role:Role")["c-vpc-cni"]["assumeRolePolicy"])["Statement"][0]
    assert trusted["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert trusted["Condition"]["StringEquals"] == {
        "aws:SourceAccount": "123456789012",
        "aws:RequestTag/eks-cluster-name": "c-test",
        "aws:RequestTag/kubernetes-namespace": "kube-system",
        "aws:RequestTag/kubernetes-service-account": "aws-node",
    }
    attached = got.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    node = {name.removeprefix("c-system-node-") for name in attached if name.startswith("c-system-node-")}
    assert node == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}


def test_an_unknown_operating_system_is_refused_before_anything_is_made(built: Build) -> None:
    with pytest.raises(ArgumentError, match="Cluster: node_os must be one of bottlerocket, al2023, got 'windows'"):
        built(lambda opts: Cluster("c", args_of("Cluster", node_os="windows"), opts))


def test_the_kubeconfig_is_an_output_of_the_cluster_that_was_made() -> None:
    got = built_case("Cluster")
    assert isinstance(got.result.kubeconfig, pulumi.Output)
    assert json.loads(got.outputs["kubeconfig"])["current-context"] == "c-test"
