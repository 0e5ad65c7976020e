"""The recorded EKS as plain boto3 and the AWS CLI see it: what it gives back, and what it refuses."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from local.aws.recorded.region import ControlPlane
from paddock.common.iam import pod_identity_trust
from tests.unit.local.aws.life import Life
from tests.unit.local.aws.world import World, trust


@pytest.fixture(scope="module")
def eks(endpoint: str, session: boto3.Session) -> Any:
    return session.client("eks", endpoint_url=endpoint)


@pytest.fixture
def nodes(world: World, eks: Any) -> Iterator[dict[str, Any]]:
    """Arguments of a node group that would be made; a test makes it with its own over them."""
    arguments = {
        "clusterName": world.cluster.id,
        "nodegroupName": "gpu",
        "nodeRole": world.role("ec2")["arn"],
        "subnets": world.subnet_ids,
        "scalingConfig": {"minSize": 0, "desiredSize": 1, "maxSize": 2},
    }
    yield arguments
    for name in eks.list_nodegroups(clusterName=world.cluster.id)["nodegroups"]:
        eks.delete_nodegroup(clusterName=world.cluster.id, nodegroupName=name)


def test_a_described_cluster_leads_to_the_control_plane(world: World, eks: Any) -> None:
    cluster = eks.describe_cluster(name=world.cluster.id)["cluster"]
    assert cluster["endpoint"] == "https://127.0.0.1:6443"
    assert cluster["certificateAuthority"]["data"] == "Q0E="


def test_what_there_is_is_listed_and_chosen_from(nodes: dict[str, Any], world: World, eks: Any) -> None:
    cluster, subject = (
        world.cluster.id,
        {"namespace": "llama", "serviceAccount": "vllm", "roleArn": world.pod_role["arn"]},
    )
    eks.create_nodegroup(**nodes)
    eks.create_addon(clusterName=cluster, addonName="coredns")
    made = eks.create_pod_identity_association(clusterName=cluster, **subject)["association"]["associationId"]
    update = eks.update_cluster_config(name=cluster, upgradePolicy={"supportType": "EXTENDED"})["update"]["id"]
    assert eks.list_clusters()["clusters"] == [cluster]
    assert eks.list_nodegroups(clusterName=cluster)["nodegroups"] == ["gpu"]
    assert eks.list_addons(clusterName=cluster, maxResults=5)["addons"] == ["coredns"]
    assert update in eks.list_updates(name=cluster)["updateIds"]
    for namespace, found in (("llama", [made]), ("other", [])):
        listed = eks.list_pod_identity_associations(clusterName=cluster, namespace=namespace)["associations"]
        assert [each["associationId"] for each in listed] == found
    view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    assert eks.list_access_entries(clusterName=cluster, associatedPolicyArn=view)["accessEntries"] == []
    eks.delete_pod_identity_association(clusterName=cluster, associationId=made)
    eks.delete_addon(clusterName=cluster, addonName="coredns")


def test_the_authority_is_given_as_eks_gives_it(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("-----BEGIN CERTIFICATE-----\n")
    loaded = ControlPlane.load("https://127.0.0.1:1", file)
    assert base64.b64decode(loaded.certificate_authority) == file.read_bytes()


def test_a_second_cluster_is_refused_with_the_way_out(world: World, eks: Any, endpoint: str) -> None:
    arguments = {"roleArn": world.role("eks")["arn"], "resourcesVpcConfig": {"subnetIds": world.subnet_ids}}
    with pytest.raises(ClientError, match=f"one control plane, and the cluster '{world.cluster.id}' in us-east-1"):
        eks.create_cluster(name="second", **arguments)
    elsewhere = boto3.client(
        "eks", "us-west-2", endpoint_url=endpoint, aws_access_key_id="local", aws_secret_access_key="local"
    )
    with pytest.raises(ClientError, match="start a second local cloud"):
        elsewhere.create_cluster(name="second", **arguments)


def test_a_cluster_with_node_groups_or_protection_stays(nodes: dict[str, Any], world: World, eks: Any) -> None:
    eks.create_nodegroup(**nodes)
    with pytest.raises(ClientError, match="Cluster has nodegroups attached: gpu"):
        eks.delete_cluster(name=world.cluster.id)
    eks.update_cluster_config(name=world.cluster.id, deletionProtection=True)
    with pytest.raises(ClientError, match="deletion protection"):
        eks.delete_cluster(name=world.cluster.id)
    eks.update_cluster_config(name=world.cluster.id, deletionProtection=False)


def test_a_cluster_holds_on_to_its_network_and_lets_go(world: World, life: Life) -> None:
    ec2 = life.provider._cloud({}).ec2
    group_id = world.cluster["vpcConfig"]["clusterSecurityGroupId"]
    [group] = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    assert {"Key": f"kubernetes.io/cluster/{world.cluster.id}", "Value": "owned"} in group["Tags"]
    with pytest.raises(ClientError, match="DependencyViolation"):
        world.subnet(0).delete()


def test_one_thing_of_a_cluster_is_updated_at_a_time(world: World, eks: Any) -> None:
    with pytest.raises(ClientError, match="Exactly one of these can be updated at a time"):
        eks.update_cluster_config(
            name=world.cluster.id, deletionProtection=True, upgradePolicy={"supportType": "STANDARD"}
        )
    with pytest.raises(ClientError, match="update from API to CONFIG_MAP"):
        eks.update_cluster_config(name=world.cluster.id, accessConfig={"authenticationMode": "CONFIG_MAP"})


def test_an_update_can_be_looked_up(world: World, eks: Any) -> None:
    made = eks.update_cluster_config(name=world.cluster.id, upgradePolicy={"supportType": "STANDARD"})["update"]
    found = eks.describe_update(name=world.cluster.id, updateId=made["id"])["update"]
    assert (found["status"], found["type"]) == ("Successful", "UpgradePolicyUpdate")


def test_a_cluster_goes_up_one_version_at_a_time(world: World, eks: Any) -> None:
    assert world.cluster["version"] == "1.36"
    not_emulated = "A rollback to the minor version before is not emulated by the local cloud."
    unsupported = "Unsupported Kubernetes minor version update from 1.36 to "
    for other, refusal in (("1.34", f"{unsupported}1.34"), ("1.35", not_emulated), ("1.36", f"{unsupported}1.36")):
        with pytest.raises(ClientError, match=re.escape(refusal)):
            eks.update_cluster_version(name=world.cluster.id, version=other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: {"instanceTypes": ["g9.large"]}, "instance types do not exist: [g9.large]"),
        (
            lambda _: {"instanceTypes": ["p6-b200.48xlarge"]},
            "p6-b200.48xlarge is not offered in the node group's zones",
        ),
        (
            lambda _: {"instanceTypes": ["g5g.xlarge"], "amiType": "AL2023_x86_64_NVIDIA"},
            "g5g.xlarge (arm64) cannot run",
        ),
        (lambda w: {"nodeRole": w.role("eks")["arn"]}, "does not allow ec2.amazonaws.com"),
        (lambda _: {"subnets": ["subnet-none"]}, "'subnet-none' does not exist"),
        (lambda _: {"scalingConfig": {"minSize": 2, "desiredSize": 1, "maxSize": 3}}, "got 2, 1, 3"),
        (lambda _: {"capacityType": "FREE"}, "capacityType is 'FREE'; allowed: ON_DEMAND, SPOT, CAPACITY_BLOCK"),
        (lambda _: {"version": "1.31"}, "version 1.31 cannot join a cluster of version 1.36"),
        (lambda _: {"launchTemplate": {"id": "lt-none"}}, "lt-none"),
        (lambda w: {"launchTemplate": {"id": w.template.id, "version": "9"}}, "cannot be used"),
        (lambda w: {"launchTemplate": {"id": w.template.id}, "diskSize": 100}, "within the launch template"),
        (
            lambda _: {
                "taints": [{"key": "a", "effect": "NO_SCHEDULE"}, {"key": "a", "effect": "NO_SCHEDULE", "value": "b"}]
            },
            "Taints must differ",
        ),
        (lambda _: {"updateConfig": {"maxUnavailable": 1, "maxUnavailablePercentage": 50}}, "takes either"),
    ],
)
def test_a_node_group_is_refused(
    change: Callable[[World], dict[str, Any]], message: str, nodes: dict[str, Any], world: World, eks: Any
) -> None:
    with pytest.raises(ClientError, match=re.escape(message)):
        eks.create_nodegroup(**{**nodes, **change(world)})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"instanceType": "g6.xlarge"}, "either the launch template or the node group, not both"),
        ({"iamInstanceProfile": {"name": "nodes"}}, "must not set IamInstanceProfile"),
        ({"networkInterfaces": [{"subnetId": "subnet-1"}]}, "must not name a subnet"),
        ({"instanceMarketOptions": {"marketType": "spot"}}, "must not ask for spot"),
        ({"imageId": "ami-12345678"}, "cannot be given with a custom AMI"),
    ],
)
def test_a_launch_template_that_eks_cannot_use_is_refused(
    data: dict[str, Any], message: str, nodes: dict[str, Any], life: Life, eks: Any
) -> None:
    template = life.make("aws:ec2/launchTemplate:LaunchTemplate", "bad", **data)
    with pytest.raises(ClientError, match=message):
        eks.create_nodegroup(
            **nodes,
            launchTemplate={"id": template.id},
            instanceTypes=["g6.xlarge"],
            amiType="AL2023_x86_64_NVIDIA",
        )


def test_a_gpu_instance_gets_the_ami_with_drivers_unless_told(nodes: dict[str, Any], eks: Any) -> None:
    made = eks.create_nodegroup(**nodes, instanceTypes=["g6.xlarge"])["nodegroup"]
    assert made["amiType"] == "AL2023_x86_64_NVIDIA"


def test_a_node_group_moves_to_another_version_of_its_template_only(
    nodes: dict[str, Any], world: World, life: Life, eks: Any
) -> None:
    eks.create_nodegroup(**nodes, launchTemplate={"id": world.template.id})
    other = life.make("aws:ec2/launchTemplate:LaunchTemplate", "other", userData="aGk=")
    where = {"clusterName": nodes["clusterName"], "nodegroupName": "gpu"}
    with pytest.raises(ClientError, match="must stay"):
        eks.update_nodegroup_version(**where, launchTemplate={"id": other.id})
    world.template.update(metadataOptions={"httpTokens": "optional"})
    eks.update_nodegroup_version(**where, launchTemplate={"id": world.template.id, "version": "2"})
    assert eks.describe_nodegroup(**where)["nodegroup"]["launchTemplate"]["version"] == "2"


def test_the_creator_and_the_nodes_have_access_entries(nodes: dict[str, Any], world: World, eks: Any) -> None:
    eks.create_nodegroup(**nodes)
    creator = "arn:aws:iam::123456789012:user/local"
    assert eks.list_access_entries(clusterName=world.cluster.id)["accessEntries"] == [creator, nodes["nodeRole"]]
    [policy] = eks.list_associated_access_policies(clusterName=world.cluster.id, principalArn=creator)[
        "associatedAccessPolicies"
    ]
    assert policy["policyArn"].endswith("/AmazonEKSClusterAdminPolicy")
    entry = eks.describe_access_entry(clusterName=world.cluster.id, principalArn=nodes["nodeRole"])["accessEntry"]
    assert entry["type"] == "EC2_LINUX"


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (
            "create_access_entry",
            {"principalArn": "arn:aws:iam::123456789012:user/local"},
            "already in use on this cluster",
        ),
        ("create_access_entry", {"principalArn": "arn:aws:iam::123456789012:role/none"}, "is no role or user"),
        (
            "create_access_entry",
            {"principalArn": "arn:aws:iam::123456789012:root", "kubernetesGroups": ["system:masters"]},
            "system:masters is invalid",
        ),
        (
            "create_access_entry",
            {"principalArn": "arn:aws:iam::123456789012:root", "type": "EC2_LINUX", "kubernetesGroups": ["a"]},
            "cannot be given for an access entry of type EC2_LINUX",
        ),
        ("describe_access_entry", {"principalArn": "arn:aws:iam::123456789012:role/none"}, "could not be found"),
        (
            "associate_access_policy",
            {
                "principalArn": "arn:aws:iam::123456789012:user/local",
                "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSKingPolicy",
                "accessScope": {"type": "cluster"},
            },
            "AmazonEKSKingPolicy is not one of",
        ),
        (
            "associate_access_policy",
            {
                "principalArn": "arn:aws:iam::123456789012:user/local",
                "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
                "accessScope": {"type": "namespace"},
            },
            "namespaces is given when, and only when",
        ),
        ("create_addon", {"addonName": "cuda"}, "Addon cuda specified is not supported"),
        ("create_addon", {"addonName": "coredns", "configurationValues": "[1]"}, "must be an object"),
        ("create_addon", {"addonName": "coredns", "configurationValues": "{"}, "neither JSON nor YAML"),
        ("create_addon", {"addonName": "coredns", "addonVersion": "1.14"}, "version specified is not supported"),
        ("create_addon", {"addonName": "coredns", "addonVersion": "v9.0.0-eksbuild.1"}, "the newest that the catalog"),
        (
            "create_addon",
            {"addonName": "vpc-cni", "configurationValues": '{"enableNetworkPolicy": true}'},
            'must be the text "true" or "false"',
        ),
        (
            "create_addon",
            {
                "addonName": "eks-node-monitoring-agent",
                "configurationValues": '{"dcgmAgent": {"runtimeClassName": "n"}}',
            },
            "[$.dcgmAgent.runtimeClassName: is not defined in the schema and the schema does not allow additional",
        ),
        (
            "create_addon",
            {"addonName": "eks-node-monitoring-agent", "configurationValues": '{"tolerations": []}'},
            "[$.tolerations: is not defined in the schema",
        ),
        ("describe_addon", {"addonName": "coredns"}, "No addon: coredns found"),
        (
            "create_pod_identity_association",
            {"namespace": "a", "serviceAccount": "b", "roleArn": "arn:aws:iam::123456789012:role/none"},
            "does not exist",
        ),
        ("list_insights", {}, "does not know the operation ListInsights"),
    ],
)
def test_what_belongs_to_a_cluster_is_refused(
    call: str, arguments: dict[str, Any], message: str, world: World, eks: Any
) -> None:
    with pytest.raises(ClientError, match=re.escape(message)):
        getattr(eks, call)(clusterName=world.cluster.id, **arguments)


def test_a_pod_role_must_let_eks_tag_the_session(world: World, life: Life, eks: Any) -> None:
    role = life.make("aws:iam/role:Role", "untagged", assumeRolePolicy=trust("pods.eks.amazonaws.com"))
    subject = {"clusterName": world.cluster.id, "namespace": "llama", "serviceAccount": "vllm"}
    with pytest.raises(ClientError, match=r"does not allow pods\.eks\.amazonaws\.com sts:TagSession"):
        eks.create_pod_identity_association(**subject, roleArn=role["arn"])
    made = eks.create_pod_identity_association(**subject, roleArn=world.pod_role["arn"])["association"]
    with pytest.raises(ClientError, match="Association already exists"):
        eks.create_pod_identity_association(**subject, roleArn=world.pod_role["arn"])
    eks.delete_pod_identity_association(clusterName=world.cluster.id, associationId=made["associationId"])


@pytest.mark.parametrize(
    ("changed", "taken"),
    [({}, True), ({"namespace": "other"}, False), ({"service_account": "other"}, False), ({"cluster": "o"}, False)],
)
def test_a_role_that_no_pod_of_the_association_would_get_is_refused(
    changed: dict[str, str], taken: bool, world: World, life: Life, eks: Any
) -> None:
    subject = {"cluster": world.cluster.id, "namespace": "llama", "service_account": "vllm"}
    allowed = {**subject, **changed}
    document = pod_identity_trust("123456789012", allowed["cluster"], allowed["namespace"], allowed["service_account"])
    role = life.make("aws:iam/role:Role", f"reader-{'-'.join(changed)}", assumeRolePolicy=document)
    association = {"clusterName": world.cluster.id, "namespace": "llama", "serviceAccount": "vllm"}
    if not taken:
        with pytest.raises(ClientError, match=r"does not allow pods\.eks\.amazonaws\.com sts:AssumeRole"):
            eks.create_pod_identity_association(**association, roleArn=role["arn"])
        return
    made = eks.create_pod_identity_association(**association, roleArn=role["arn"])["association"]
    eks.delete_pod_identity_association(clusterName=world.cluster.id, associationId=made["associationId"])


def test_an_addon_without_a_version_gets_the_one_that_aws_names_for_the_cluster(world: World, eks: Any) -> None:
    named = eks.describe_addon_versions(addonName="kube-proxy", kubernetesVersion=world.cluster["version"])
    [[version]] = [each["addonVersions"] for each in named["addons"]]
    made = eks.create_addon(clusterName=world.cluster.id, addonName="kube-proxy")["addon"]
    eks.delete_addon(clusterName=world.cluster.id, addonName="kube-proxy")
    assert made["addonVersion"] == version["addonVersion"]
    assert version["addonVersion"].startswith(f"v{world.cluster['version']}.")


def test_an_addon_owns_the_identities_of_its_pods(world: World, eks: Any) -> None:
    cluster = world.cluster.id
    eks.create_addon(
        clusterName=cluster,
        addonName="aws-ebs-csi-driver",
        podIdentityAssociations=[{"serviceAccount": "ebs-csi-controller-sa", "roleArn": world.pod_role["arn"]}],
    )
    [association] = eks.list_pod_identity_associations(clusterName=cluster)["associations"]
    with pytest.raises(ClientError, match="is owned by"):
        eks.delete_pod_identity_association(clusterName=cluster, associationId=association["associationId"])
    eks.delete_addon(clusterName=cluster, addonName="aws-ebs-csi-driver")
    assert eks.list_pod_identity_associations(clusterName=cluster)["associations"] == []


def test_a_refused_addon_leaves_no_identity_behind(world: World, eks: Any) -> None:
    cluster, right = world.cluster.id, {"serviceAccount": "a", "roleArn": world.pod_role["arn"]}
    wrong = {"serviceAccount": "b", "roleArn": world.pod_role["arn"] + "-missing"}
    with pytest.raises(ClientError):
        eks.create_addon(clusterName=cluster, addonName="aws-ebs-csi-driver", podIdentityAssociations=[right, wrong])
    assert eks.list_pod_identity_associations(clusterName=cluster)["associations"] == []
    eks.create_addon(clusterName=cluster, addonName="aws-ebs-csi-driver", podIdentityAssociations=[right])
    with pytest.raises(ClientError):
        eks.update_addon(clusterName=cluster, addonName="aws-ebs-csi-driver", podIdentityAssociations=[wrong])
    [kept] = eks.list_pod_identity_associations(clusterName=cluster)["associations"]
    assert kept["serviceAccount"] == "a"
    eks.delete_addon(clusterName=cluster, addonName="aws-ebs-csi-driver")


def test_everything_can_be_tagged_by_its_arn(world: World, eks: Any) -> None:
    arn = world.access_entry["accessEntryArn"]
    eks.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    eks.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    with pytest.raises(ClientError, match=r"BadRequestException.*must not begin with 'aws:'"):
        eks.tag_resource(resourceArn=arn, tags={"aws:x": "1"})
    with pytest.raises(ClientError, match="NotFoundException") as refused:
        eks.list_tags_for_resource(resourceArn=arn[:-1])
    assert refused.value.response["Error"]["Code"] == "NotFoundException", "as of tags EKS has codes of its own"


def test_a_presigned_identity_request_is_answered(endpoint: str, session: boto3.Session) -> None:
    """`aws eks get-token` is such a request, which the authenticator sends on."""
    url = session.client("sts", endpoint_url=endpoint).generate_presigned_url("get_caller_identity")
    connection = HTTPConnection(urlsplit(endpoint).netloc)
    connection.request("GET", url.removeprefix(endpoint))
    assert b"arn:aws:iam::123456789012:user/local" in connection.getresponse().read()
    connection.close()


def test_access_policies_and_versions_can_be_listed(eks: Any) -> None:
    names = {policy["name"] for policy in eks.list_access_policies()["accessPolicies"]}
    assert "AmazonEKSClusterAdminPolicy" in names
    [newest] = [each for each in eks.describe_cluster_versions()["clusterVersions"] if each["defaultVersion"]]
    assert newest["clusterVersion"] == "1.36"
    assert json.dumps(newest["endOfStandardSupportDate"], default=str) == '"2027-08-02 00:00:00+00:00"'
