"""Attacks on the proof: what changes what is not seen, hands on, or comes in by another name."""

from __future__ import annotations

import json
from typing import Any

from tests.privacy_cases.case import Case, Right, door, fault, file_only, harmless
from tests.privacy_cases.objects import RBAC, object_, vllm
from tests.privacy_cases.program import Change, Program, add, each_of, merged, put, ref
from tests.privacy_cases.second_day import updated
from tests.privacy_cases.values import (
    EVERYWHERE,
    FOREIGN,
    FOREIGN_ROOT,
    GROUP_ELSEWHERE,
    OWN,
    POD_IDENTITY,
    STRANGERS_BUCKET,
    SUBNET,
    VPC,
    endpoint,
    reads,
    rule,
    trust,
)
from tests.unit.privacy.proof.stacks import document

NOBODY = {"kind": "User", "name": "system:anonymous", "apiGroup": RBAC}
ADMINISTRATOR = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
GROUP = ref("SecurityGroup", "llama-endpoints")
FOREIGN_KEY = f"arn:aws:kms:us-east-1:{FOREIGN}:key/1"
TARGETS = f"arn:aws:elasticloadbalancing:us-east-1:{OWN}:targetgroup/elsewhere/0a1b2c3d"
LISTENED = ref("TargetGroup", "model", "arn")


def disks(provisioner: str, **parameters: str) -> Change:
    spelled = {key.replace("__", "/").replace("csi/", "csi.storage.k8s.io/"): each for key, each in parameters.items()}
    return object_("storage.k8s.io/v1", "StorageClass", "fast", provisioner=provisioner, parameters=spelled)


def converted(**client: Any) -> Change:
    webhook = {"clientConfig": client, "conversionReviewVersions": ["v1"]}
    spec = {"group": "acme.example", "conversion": {"strategy": "Webhook", "webhook": webhook}}
    return object_("apiextensions.k8s.io/v1", "CustomResourceDefinition", "things.acme.example", spec=spec)


def balanced(to: Any = LISTENED, **more: Any) -> list[Change]:
    """Internal balancer with a group of targets and a listener."""
    return [
        add(
            "aws:lb/loadBalancer:LoadBalancer", "model", internal=True, loadBalancerType="application", subnets=[SUBNET]
        ),
        add("aws:lb/targetGroup:TargetGroup", "model", vpcId=VPC, port=443, protocol="HTTPS", **more),
        add(
            "aws:lb/listener:Listener",
            "model",
            loadBalancerArn=ref("LoadBalancer", "model", "arn"),
            port=443,
            protocol="HTTPS",
            certificateArn=f"arn:aws:acm:us-east-1:{OWN}:certificate/1",
            defaultActions=[{"type": "forward", "targetGroupArn": to}],
        ),
    ]


def old_rule(**more: Any) -> Change:
    values = {"protocol": "-1", "fromPort": 0, "toPort": 0, "securityGroupId": GROUP, **more}
    return add("aws:ec2/securityGroupRule:SecurityGroupRule", **values)


def older_template(program: Program) -> None:
    """Template of which a newer version is seen than the one that the nodes start from."""
    program.one("LaunchTemplate")["outputs"] |= {"latestVersion": 7, "defaultVersion": 7}
    asked = program.one("NodeGroup")["inputs"]["launchTemplate"]
    program.given(program.one("NodeGroup"), {"launchTemplate": {**asked, "version": "1"}})


def without(kind: str, name: str, key: str, **values: Any) -> list[Change]:
    """Next update no longer asks for an input that stands, and changes a tag."""

    def dropped(program: Program) -> None:
        new = program.steps[-1]["newState"] if program.steps else {}
        new["inputs"] = {each: value for each, value in new["inputs"].items() if each != key}

    return [put(kind, name, **values), updated(kind, name, tags=merged(team="search")), dropped]


def renamed(program: Program) -> None:
    """Next update has the bucket policy under a new name, by an alias."""
    old = program.one("BucketPolicy", "llama-store")
    new = {**old, "urn": f"{old['urn']}-policy"}
    program.steps = [{"op": "same", "urn": new["urn"], "oldState": old, "newState": new}]


def excusing(about: str) -> Change:
    """Exception that the team made for one fault, by these words."""
    each = {
        "type": "aws:ec2/vpnGateway:VpnGateway",
        "resource": "mutant",
        "about": about,
        "reason": "agreed with the security team",
        "expires": "2099-12-31",
    }
    return lambda program: program.configured.update({"paddock-stack-require-private-proof": {"exceptions": [each]}})


def nodes_of_karpenter(**more: Any) -> Change:
    spec = {
        "amiSelectorTerms": [{"alias": "al2023@v20260101"}],
        "role": "llama-nodes",
        "associatePublicIPAddress": False,
        "subnetSelectorTerms": [{"id": SUBNET}],
        "securityGroupSelectorTerms": [{"id": GROUP}],
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
    }
    return object_("karpenter.k8s.aws/v1", "EC2NodeClass", "gpu", spec={**spec, **more})


def before_others(action: str) -> Change:
    spec = {"priority": 1, "subject": {"namespaces": {}}, "egress": [{"action": action, "to": [{"namespaces": {}}]}]}
    return object_("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", "first", spec=spec)


CASES: list[Case] = [
    fault(
        "patch of a binding that makes callers without a name administrators",
        object_(f"{RBAC}/v1", "ClusterRoleBindingPatch", "cluster-admin", subjects=[NOBODY]),
    ),
    fault(
        "list of bindings with one for callers without a name",
        object_(f"{RBAC}/v1", "ClusterRoleBindingList", items=[{"roleRef": ADMINISTRATOR, "subjects": [NOBODY]}]),
    ),
    fault(
        "jobs are sent to another cluster by Kueue",
        object_("kueue.x-k8s.io/v1beta1", "MultiKueueCluster", "far", spec={"kubeConfig": {"location": "far"}}),
    ),
    harmless("queue of jobs by Kueue", object_("kueue.x-k8s.io/v1beta1", "ClusterQueue", "all", spec={})),
    fault("objects are converted at an address outside", converted(url="https://stranger.example/convert")),
    harmless("objects are converted by a service of the cluster", converted(service={"name": "x", "namespace": "y"})),
    Case(
        "next update leaves out the rules of a group that stand open, and AWS keeps them",
        Right.REFUSE,
        each_of(
            without(
                "SecurityGroup",
                "llama-endpoints",
                "ingress",
                ingress=[{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": [EVERYWHERE]}],
            )
        ),
        asks=frozenset({"proof"}),
    ),
    file_only(
        "next update leaves out routes that stand, and AWS keeps them",
        *without(
            "RouteTable", "llama-private", "routes", routes=[{"cidrBlock": EVERYWHERE, "gatewayId": "igw-0a1b2c3d"}]
        ),
    ),
    Case(
        "next update renames the bucket policy by an alias",
        Right.PASS,
        renamed,
        asks=frozenset({"proof"}),
    ),
    fault(
        "class of disks that copies what pods write into a stranger's bucket",
        disks("fsx.csi.aws.com", deploymentType="SCRATCH_2", s3ExportPath=f"s3://{STRANGERS_BUCKET}/out"),
    ),
    fault("class of disks with a stranger's key", disks("ebs.csi.aws.com", encrypted="true", kmsKeyId=FOREIGN_KEY)),
    harmless(
        "class of encrypted disks with our key",
        disks("ebs.csi.aws.com", type="gp3", encrypted="true", kmsKeyId=ref("Key", "llama-key", "arn"), iops="3000"),
    ),
    harmless("class of disks by their file system", disks("ebs.csi.aws.com", csi__fstype="xfs", throughput="500")),
    fault(
        "endpoint gets a group of another stack, by an association",
        add(
            "aws:ec2/securityGroupAssociation:SecurityGroupAssociation",
            vpcEndpointId=ref("VpcEndpoint"),
            securityGroupId=GROUP_ELSEWHERE,
        ),
    ),
    harmless(
        "endpoint gets a group of the stack, by an association",
        add(
            "aws:ec2/securityGroupAssociation:SecurityGroupAssociation",
            vpcEndpointId=ref("VpcEndpoint"),
            securityGroupId=GROUP,
        ),
    ),
    fault(
        "interface gets a group of another stack",
        add(
            "aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment",
            networkInterfaceId="eni-0a1b2c3d",
            securityGroupId=GROUP_ELSEWHERE,
        ),
    ),
    fault(
        "old rule lets a group of another account in",
        old_rule(type="ingress", sourceSecurityGroupId=f"{FOREIGN}/{GROUP_ELSEWHERE}"),
    ),
    harmless("old rule lets a group of the stack in", old_rule(type="ingress", sourceSecurityGroupId=GROUP)),
    fault("listener forwards to targets of another stack", *balanced(TARGETS)),
    fault("nodes start from an older version of their template", older_template),
    harmless(
        "nodes start from the latest version, by name", put("NodeGroup", launchTemplate=merged(version="$Latest"))
    ),
    door(
        "bucket with a policy of its own beside ours, which lets a partner read",
        put("Bucket", "llama-store", policy=lambda program: document(reads(program.bucket, FOREIGN_ROOT))),
    ),
    door(
        "role for machines outside, by certificates",
        add("aws:iam/role:Role", "far", assumeRolePolicy=trust({"Service": "rolesanywhere.amazonaws.com"})),
    ),
    door(
        "role for machines that are not in AWS, by Systems Manager",
        add("aws:iam/role:Role", "far", assumeRolePolicy=trust({"Service": "ssm.amazonaws.com"})),
    ),
    harmless("role for pods", add("aws:iam/role:Role", "tool", assumeRolePolicy=POD_IDENTITY)),
    *[
        fault(
            f"exception by the words of every fault: {about}",
            add("aws:ec2/vpnGateway:VpnGateway", vpcId=VPC),
            excusing(about),
        )
        for about in ("not private", "not private, ")
    ],
    door(
        "two doors of one name",
        rule("Ingress", cidrIpv4="10.200.0.0/16"),
        add(
            "aws:ec2/securityGroup:SecurityGroup",
            vpcId=VPC,
            ingress=[{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["10.200.0.0/16"]}],
        ),
    ),
    harmless(
        "rule of a listener for our own targets",
        *balanced(),
        add(
            "aws:lb/listenerRule:ListenerRule",
            listenerArn=ref("Listener", "model", "arn"),
            actions=[{"type": "forward", "targetGroupArn": LISTENED}],
            conditions=[{"pathPattern": {"values": ["/v1/*"]}}],
        ),
    ),
    *[
        harmless(
            f"target of a group: {target}",
            *balanced(targetType=kind),
            add("aws:lb/targetGroupAttachment:TargetGroupAttachment", targetGroupArn=LISTENED, targetId=target),
        )
        for kind, target in (("instance", "i-0a1b2c3d"), ("ip", "10.0.1.5"))
    ],
    harmless("group of users", add("aws:iam/group:Group", "operators")),
    harmless(
        "disk of the account, by its id",
        object_(
            "core/v1",
            "PersistentVolume",
            "disk",
            spec={"csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-0a1b"}, "accessModes": ["ReadWriteOnce"]},
        ),
    ),
    fault(
        "disk that is a server's on the internet",
        object_("core/v1", "PersistentVolume", "disk", spec={"nfs": {"server": "203.0.113.7", "path": "/"}}),
    ),
    harmless(
        "authority of the cluster's own certificates",
        object_("cert-manager.io/v1", "ClusterIssuer", "own", spec={"ca": {"secretName": "ca"}}),
    ),
    harmless(
        "secrets of the account as files of pods",
        object_(
            "secrets-store.csi.x-k8s.io/v1",
            "SecretProviderClass",
            "own",
            "llama",
            spec={"provider": "aws", "parameters": {"objects": json.dumps([{"objectName": "x"}])}},
        ),
    ),
    harmless("nodes of Karpenter in our subnets, with our groups", nodes_of_karpenter()),
    fault(
        "nodes of Karpenter in subnets that are not seen",
        nodes_of_karpenter(subnetSelectorTerms=[{"tags": {"team": "any"}}]),
    ),
    harmless("policy that denies before the namespaces' own", before_others("Deny")),
    fault("policy that allows before the namespaces' own", before_others("Allow")),
    harmless(
        "pods behind a gateway of the cluster, by their load",
        object_("inference.networking.k8s.io/v1", "InferencePool", "model", "llama", spec={"selector": {}}),
    ),
    *[door(f"endpoint whose readers are not followed: {each}", endpoint(each)) for each in ("sqs", "dynamodb")],
    harmless("endpoint for certificates of our own authorities", endpoint("acm-pca")),
    harmless("variable of the model that only ends like a key", vllm(env=[{"name": "VLLM_NCCL_KEY", "value": "x"}])),
]
