"""More faults on AWS, as strangers write them: from pages of AWS, reports of breaches, and programs on the web."""

from __future__ import annotations

from typing import Any

from tests.privacy_cases.case import fault, file_only, rule_only
from tests.privacy_cases.endpoints import reader_may, s3
from tests.privacy_cases.identities import ATTACHMENT, GITHUB, MANAGED
from tests.privacy_cases.program import Change, Program, add, put, ref, secret
from tests.privacy_cases.values import (
    BUCKET,
    CLUSTER,
    EVERYWHERE,
    FOREIGN,
    OWN,
    POD_IDENTITY,
    READER,
    STRANGERS_BUCKET,
    SUBNET,
    TABLE,
    VPC,
    bucket_policy,
    endpoint,
    fence,
    fenced,
    reads,
    rights,
    route,
    rule,
    tls,
    trust,
)
from tests.unit.privacy.proof.stacks import allow, document

ROLE = "aws:iam/role:Role"
TOKENS = "oidc.eks.us-east-1.amazonaws.com/id/0A1B2C3D"


def federated(provider: str, conditions: dict[str, dict[str, str]]) -> Change:
    """Role that tokens of a provider may take, under conditions on what the token says."""
    named = {
        operator: {f"{provider}:{key}": value for key, value in keys.items()} for operator, keys in conditions.items()
    }
    arn = f"arn:aws:iam::{OWN}:oidc-provider/{provider}"
    return add(
        ROLE,
        "by-token",
        assumeRolePolicy=trust({"Federated": arn}, "sts:AssumeRoleWithWebIdentity", Condition=named),
    )


def interrupted(program: Program) -> None:
    """Update that ended while it made an internet gateway."""
    type_ = "aws:ec2/internetGateway:InternetGateway"
    made = {"urn": f"urn:pulumi:local::paddock::{type_}::way-out", "type": type_, "custom": True}
    program.data["deployment"]["pending_operations"] = [{"type": "creating", "resource": made}]


def secret_policy(kind: str, name: str, key: str = "policy") -> Change:
    """Policy that the state keeps as a secret, so that nobody reads it in a file; it allows all."""
    return put(kind, name, **{key: secret(document(allow()))})


def of_fence(**more: Any) -> Change:
    return bucket_policy(lambda bucket: [tls(bucket), {**fence(bucket), **more}])


WAYS = [
    fault(
        "Client VPN ends in a nodes' subnet: laptops stand in the VPC",
        add("aws:ec2clientvpn/endpoint:Endpoint", "laptops", clientCidrBlock="10.200.0.0/22"),
        add(
            "aws:ec2clientvpn/networkAssociation:NetworkAssociation",
            clientVpnEndpointId=ref("Endpoint", "laptops"),
            subnetId=SUBNET,
        ),
    ),
    fault(
        "Cloud WAN takes the VPC into the company's network over the world",
        add(
            "aws:networkmanager/vpcAttachment:VpcAttachment",
            coreNetworkId="core-network-0a1b2c3d4e5f60718",
            vpcArn=ref("Vpc", "llama-vpc", "arn"),
            subnetArns=[ref("Subnet", "llama-nodes-0", "arn")],
        ),
    ),
    fault(
        "default route to a core network",
        route("coreNetworkArn", f"arn:aws:networkmanager::{OWN}:core-network/core-network-0a1b2c3d4e5f60718"),
    ),
    fault("default route to the local gateway of an Outpost", route("localGatewayId", "lgw-0a1b2c3d4e5f60718")),
    fault(
        "inline route of the pods' table to a Gateway Load Balancer endpoint elsewhere",
        put(
            "RouteTable",
            "llama-private",
            routes=[{"cidrBlock": EVERYWHERE, "vpcEndpointId": "vpce-0a1b2c3d4e5f60718"}],
        ),
    ),
    fault(
        "default table of the VPC is adopted, with a route to an internet gateway of another stack",
        add(
            "aws:ec2/defaultRouteTable:DefaultRouteTable",
            defaultRouteTableId=ref("Vpc", "llama-vpc", "defaultRouteTableId"),
            routes=[{"cidrBlock": EVERYWHERE, "gatewayId": "igw-0a1b2c3d4e5f60718"}],
        ),
    ),
    fault(
        "target of a default route is secret",
        add(
            "aws:ec2/route:Route",
            routeTableId=TABLE,
            destinationCidrBlock=EVERYWHERE,
            gatewayId=secret("igw-0a1b2c3d4e5f60718"),
        ),
    ),
    fault(
        "address on the internet for the interface of a node",
        add(
            "aws:ec2/eipAssociation:EipAssociation",
            allocationId="eipalloc-0a1b2c3d4e5f60718",
            networkInterfaceId="eni-0a1b2c3d4e5f60718",
        ),
    ),
    fault("both halves of IPv4 let in", *[rule("Ingress", f"half-{i}", cidrIpv4=f"{i * 128}.0.0.0/1") for i in (0, 1)]),
    fault(
        "ranges that a group lets in are secret",
        put(
            "DefaultSecurityGroup",
            ingress=[{"cidrBlocks": secret([EVERYWHERE]), "protocol": "-1", "fromPort": 0, "toPort": 0}],
        ),
    ),
    fault(
        "nodes of our own group of machines, with addresses on the internet",
        add(
            "aws:ec2/launchTemplate:LaunchTemplate",
            "self-managed",
            networkInterfaces=[{"associatePublicIpAddress": "true"}],
            metadataOptions={"httpTokens": "required", "httpPutResponseHopLimit": 1},
            blockDeviceMappings=[{"ebs": {"encrypted": "true"}}],
        ),
        add(
            "aws:autoscaling/group:Group",
            launchTemplate={"id": ref("LaunchTemplate", "self-managed")},
            vpcZoneIdentifiers=[SUBNET],
        ),
    ),
    fault(
        "notebook in the VPC that has the internet by SageMaker",
        add(
            "aws:sagemaker/notebookInstance:NotebookInstance",
            instanceType="ml.t3.medium",
            subnetId=SUBNET,
            directInternetAccess="Enabled",
        ),
    ),
    fault(
        "function in the VPC with a web address that asks for no identity",
        add("aws:lambda/function:Function", "api", vpcConfig={"subnetIds": [SUBNET]}),
        add("aws:lambda/functionUrl:FunctionUrl", functionName="api", authorizationType="NONE"),
    ),
    fault(
        "second configuration of the DNS firewall fails open",
        add(
            "aws:route53/resolverFirewallConfig:ResolverFirewallConfig",
            resourceId=VPC,
            firewallFailOpen="ENABLED",
        ),
    ),
    fault(
        "log of every name that pods ask for, to the bucket of a stranger",
        add(
            "aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig",
            "queries",
            destinationArn=f"arn:aws:s3:::{STRANGERS_BUCKET}",
        ),
        add(
            "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation",
            resolverQueryLogConfigId=ref("ResolverQueryLogConfig", "queries"),
            resourceId=VPC,
        ),
    ),
    *[
        fault(f"endpoint to {service}: {what}", endpoint(service))
        for service, what in {
            "lambda": "a function outside of the VPC has the internet",
            "states": "its tasks call any web address",
            "events": "it delivers to web addresses of others",
            "codebuild": "its builds have the internet",
            "email": "it sends mail",
        }.items()
    ],
    file_only("an update was interrupted while it made an internet gateway", interrupted),
]

DOCUMENTS = [
    fault(
        "fence for any account that has an endpoint", of_fence(Condition={"StringNotLike": {"aws:VpceAccount": "*"}})
    ),
    fault(
        "fence by private addresses, which every VPC of the world may have",
        of_fence(Condition={"NotIpAddress": {"aws:VpcSourceIp": "10.0.0.0/16"}}),
    ),
    fault(
        "fence by an address of the office, in place of the VPC, with half of the internet in it",
        of_fence(Condition={"NotIpAddress": {"aws:SourceIp": ["0.0.0.0/1", "203.0.113.0/24"]}}),
    ),
    fault("fence of old versions alone", of_fence(Action="s3:GetObjectVersion")),
    fault(
        "fence binds the identities of our account alone",
        of_fence(Principal={"AWS": f"arn:aws:iam::{OWN}:root"}),
        put("Bucket", "llama-store", acl="authenticated-read"),
    ),
    fault(
        "another account may read, named by its canonical id",
        bucket_policy(lambda bucket: [*fenced(bucket), reads(bucket, {"CanonicalUser": "f" * 64})]),
    ),
    fault("bucket policy is secret", secret_policy("BucketPolicy", "llama-store")),
    fault("policy of the S3 endpoint is secret", secret_policy("VpcEndpoint", "llama-s3")),
    fault("who may take the pods' role is secret", secret_policy("Role", "llama-reader", "assumeRolePolicy")),
    fault(
        "second public access block of the bucket, with gaps: the one applied last holds",
        add(
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            bucket=BUCKET,
            blockPublicAcls=False,
            blockPublicPolicy=False,
            ignorePublicAcls=False,
            restrictPublicBuckets=False,
        ),
    ),
    fault(
        "S3 endpoint for our identities and everybody's buckets but one",
        s3(document({**allow(), "NotResource": "arn:aws:s3:::prod-secrets/*"})),
    ),
    fault(
        "website of the bucket",
        add(
            "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
            bucket=BUCKET,
            indexDocument={"suffix": "index.html"},
        ),
    ),
    fault(
        "SFTP server on the internet that serves the bucket",
        add("aws:transfer/server:Server", "sftp", endpointType="PUBLIC", protocols=["SFTP"]),
        add(
            "aws:transfer/user:User",
            serverId=ref("Server", "sftp"),
            userName="partner",
            homeDirectory="/llama-store",
            role=f"arn:aws:iam::{OWN}:role/sftp",
        ),
    ),
    fault(
        "role for any service account of the cluster: the subject is a wildcard",
        federated(
            TOKENS,
            {"StringLike": {"sub": "system:serviceaccount:*"}, "StringEquals": {"aud": "sts.amazonaws.com"}},
        ),
    ),
    fault(
        "role for GitHub Actions of any repository: the subject is repo:*",
        federated(GITHUB, {"StringLike": {"sub": "repo:*"}, "StringEquals": {"aud": "sts.amazonaws.com"}}),
    ),
    fault(
        "role for pipelines of any project on gitlab.com",
        federated("gitlab.com", {"StringLike": {"sub": "project_path:*:ref_type:branch:ref:main"}}),
    ),
    fault(
        "role for a role of that name in any account",
        put(
            "Role",
            "llama-reader",
            assumeRolePolicy=trust("*", Condition={"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}}),
        ),
    ),
    fault(
        "role for visitors of any Cognito pool",
        add(
            ROLE,
            "visitors",
            assumeRolePolicy=trust({"Federated": "cognito-identity.amazonaws.com"}, "sts:AssumeRoleWithWebIdentity"),
        ),
    ),
    rule_only("pods may take roles of any account", reader_may("sts:AssumeRole", "arn:aws:iam::*:role/*")),
    rule_only("pods may hand any role to a machine", reader_may(["iam:PassRole", "ec2:RunInstances"], "*")),
    rule_only(
        "pods may do everything but to one resource",
        add(
            "aws:iam/rolePolicy:RolePolicy",
            role=READER,
            policy=document(
                {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::prod-secrets/*"}
            ),
        ),
    ),
    rule_only(
        "nodes' role has all of S3 in a policy written inside it",
        put("Role", "llama-gpu-node", inlinePolicies=[{"name": "all", "policy": rights("s3:*", "*")}]),
    ),
    rule_only(
        "pods are power users by a managed policy",
        add(ATTACHMENT, role=READER, policyArn=f"{MANAGED}/PowerUserAccess"),
    ),
    rule_only(
        "policy of the stack for everything, attached to the pods' role",
        add("aws:iam/policy:Policy", "all", policy=rights("*", "*")),
        add(ATTACHMENT, role=READER, policyArn=ref("Policy", "all", "arn")),
    ),
    rule_only(
        "role whose permissions boundary is an administrator's and whose rights are all of KMS",
        add(
            ROLE,
            "bounded",
            assumeRolePolicy=POD_IDENTITY,
            permissionsBoundary=f"{MANAGED}/AdministratorAccess",
            inlinePolicies=[{"name": "keys", "policy": rights("kms:*", "*")}],
        ),
    ),
    fault(
        "events of the account go to the bus of another account",
        add("aws:cloudwatch/eventRule:EventRule", "all", eventPattern='{"source": ["aws.s3"]}'),
        add(
            "aws:cloudwatch/eventTarget:EventTarget",
            rule=ref("EventRule", "all", "name"),
            arn=f"arn:aws:events:us-east-1:{FOREIGN}:event-bus/default",
        ),
    ),
    fault(
        "shell command that Systems Manager runs on every machine",
        add("aws:ssm/association:Association", name="AWS-RunShellScript", parameters={"commands": "curl x"}),
    ),
    fault(
        "where the API of the cluster may be reached from is secret",
        put("Cluster", "llama-cluster", vpcConfig=secret({"endpointPublicAccess": True})),
    ),
    fault(
        "API of the cluster is public for all addresses of IPv6 and one of IPv4",
        put(
            "Cluster",
            "llama-cluster",
            vpcConfig=lambda program: {
                **program.old,
                "endpointPublicAccess": True,
                "publicAccessCidrs": ["203.0.113.7/32", "::/0"],
            },
        ),
    ),
    fault(
        "pods of a service account get a role that nobody sees, by Pod Identity",
        add(
            "aws:eks/podIdentityAssociation:PodIdentityAssociation",
            clusterName=CLUSTER,
            namespace="llama",
            serviceAccount="other",
            roleArn=f"arn:aws:iam::{FOREIGN}:role/sink",
        ),
    ),
]

CASES = [*WAYS, *DOCUMENTS]
