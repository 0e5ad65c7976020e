"""Faults that a rule must refuse, and harmless variations that none may: the table behind `docs/privacy.md`."""

from tests.policy.mutation import GONE, Mutation, rows
from tests.policy.stack import (
    ACCEPTED,
    ACCOUNT,
    BALANCER,
    BLOCK,
    BOX,
    BUCKET,
    CLUSTER,
    DEPLOYMENT,
    DIGEST,
    ENCRYPTION,
    ENDPOINT_SERVICE,
    FROM_SECRET,
    GROUP,
    IMAGE,
    INSTANCE,
    KEY,
    LISTENER,
    MODEL_URI,
    NAMESPACE,
    NETWORK_POLICY,
    POD,
    POLICY,
    REPOSITORY,
    ROLE_POLICY,
    SECURITY,
    SERVICE,
    TEMPLATE,
    TLS,
    VERSIONING,
    VOLUME,
    VPC_ENDPOINT,
    VPCE,
    allow,
    deny,
)
from tests.unit.privacy.proof.stacks import document
from tools.markdown import item

EC2 = "aws:ec2/"
ALL_PORTS = {"protocol": "-1", "fromPort": 0, "toPort": 0}
OPEN = [{"cidrBlocks": ["0.0.0.0/0"], **ALL_PORTS}]
OPEN_6 = [{"ipv6CidrBlocks": ["::/0"], **ALL_PORTS}]
GROUP_ID = {"securityGroupId": "sg-0123456789abcdef0", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
VPC_ID = "vpc-0123456789abcdef0"
TABLE_ID = "rtb-0123456789abcdef0"
S3_BLOCK = "aws-s3-bucket-disallow-public-access"
GATEWAY = "aws-vpc-disallow-internet-gateway"
IP = "aws-ec2-disallow-public-ip"
ENDPOINT = "aws-eks-cluster-disallow-public-endpoint"
RESTRICTED = "kubernetes-pod-require-restricted"
HOST = "kubernetes-pod-disallow-host-access"
WILDCARD = "aws-iam-policy-disallow-wildcard"
FIT = "paddock-model-require-fitting-pool"
LIMITS = "kubernetes-pod-require-limits"
INSIDE = f"{BOX}.securityContext"

ANYTHING = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
BALANCER_ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/it/0123456789abcdef"
TARGET_ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/llama/0123456789abcdef"
TARGET = {"loadBalancerArn": BALANCER_ARN, "defaultActions": [{"type": "forward", "targetGroupArn": TARGET_ARN}]}
FIXED_RESPONSE = {"contentType": "text/plain", "statusCode": "404"}
FIXED = {
    "loadBalancerArn": BALANCER_ARN,
    "defaultActions": [{"type": "fixed-response", "fixedResponse": FIXED_RESPONSE}],
}
NO_TLS = {"sslPolicy": GONE, "certificateArn": GONE}
MACHINE = {"ami": "ami-0123456789abcdef0", "instanceType": "t4g.nano"}
SAFE_MACHINE = {**MACHINE, "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1}}
ROOT_DISK = {"rootBlockDevice": {"encrypted": True}}

OF_A_FOLDER = VPCE | {"Resource": "arn:aws:s3:::b/x/*"}
OF_A_ROLE_ALONE = deny({**VPCE["Condition"], "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/it"}})
MUTATIONS = [
    *rows(
        GATEWAY,
        ("an internet gateway", f"{EC2}internetGateway:InternetGateway", {}),
        ("a NAT gateway", f"{EC2}natGateway:NatGateway", {"subnetId": "subnet-0123456789abcdef0"}),
        ("an egress-only gateway", f"{EC2}egressOnlyInternetGateway:EgressOnlyInternetGateway", {"vpcId": VPC_ID}),
        ("a carrier gateway", f"{EC2}carrierGateway:CarrierGateway", {"vpcId": VPC_ID}),
        ("the default VPC", f"{EC2}defaultVpc:DefaultVpc", {}),
        (
            "a route to an internet gateway",
            f"{EC2}route:Route",
            {"routeTableId": TABLE_ID, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-0123456789abcdef0"},
            "route",
        ),
        (
            "an inline route to NAT",
            f"{EC2}routeTable:RouteTable",
            {"routes": [{"cidrBlock": "0.0.0.0/0", "natGatewayId": "nat-0123456789abcdef0"}]},
            "route",
        ),
        proof="gateway",
    ),
    *rows(
        IP,
        ("an Elastic IP", f"{EC2}eip:Eip", {}),
        ("a subnet of public addresses", f"{EC2}subnet:Subnet", {"mapPublicIpOnLaunch": True}),
        ("nodes with public addresses", TEMPLATE, {"networkInterfaces": [{"associatePublicIpAddress": "true"}]}),
        (
            "a machine with a public address",
            INSTANCE,
            {**SAFE_MACHINE, **ROOT_DISK, "associatePublicIpAddress": True},
        ),
        ("SSH to nodes for everyone", GROUP, {"launchTemplate": GONE, "remoteAccess": {"ec2SshKey": "k"}}),
        proof="public-address",
    ),
    *rows(
        "aws-ec2-security-group-disallow-open-ingress",
        ("ingress from everywhere", SECURITY, {"ingress": OPEN}),
        ("ingress from everywhere, IPv6", SECURITY, {"ingress": OPEN_6}),
        (
            "an ingress rule",
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {**GROUP_ID, "cidrIpv4": "0.0.0.0/0"},
        ),
        (
            "an old-style ingress rule",
            f"{EC2}securityGroupRule:SecurityGroupRule",
            {"type": "ingress", "cidrBlocks": ["0.0.0.0/0"], **ALL_PORTS, "securityGroupId": "sg-0123456789abcdef0"},
        ),
        proof="security-group",
    ),
    *rows(
        "aws-ec2-security-group-disallow-open-egress",
        ("egress to everywhere", SECURITY, {"egress": OPEN}),
        ("egress to everywhere, IPv6", SECURITY, {"egress": OPEN_6}),
        ("an egress rule", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", {**GROUP_ID, "cidrIpv6": "::/0"}),
    ),
    *rows(
        ENDPOINT,
        ("a public Kubernetes API", CLUSTER, {"vpcConfig.endpointPublicAccess": True}, "cluster-endpoint"),
        ("no private Kubernetes API", CLUSTER, {"vpcConfig.endpointPrivateAccess": False}),
        ("an API left at its default", CLUSTER, {"vpcConfig.endpointPublicAccess": GONE}, "cluster-endpoint"),
    ),
    *rows("aws-eks-cluster-require-secrets-encryption", ("plain secrets", CLUSTER, {"encryptionConfig": GONE})),
    *rows(
        "aws-eks-cluster-require-control-plane-logs",
        ("no logs", CLUSTER, {"enabledClusterLogTypes": GONE}),
        ("no audit log", CLUSTER, {"enabledClusterLogTypes": ["api", "authenticator", "scheduler"]}),
    ),
    *rows(
        S3_BLOCK,
        ("public ACLs accepted", BLOCK, {"blockPublicAcls": False}),
        ("public policies accepted", BLOCK, {"blockPublicPolicy": False}),
        ("public ACLs in force", BLOCK, {"ignorePublicAcls": False}),
        ("public policies in force", BLOCK, {"restrictPublicBuckets": GONE}),
        ("a public ACL", BUCKET, {"acl": "public-read"}),
        proof="bucket-access",
    ),
    *rows("aws-s3-bucket-require-public-access-block", ("no public access block", BLOCK, {"": GONE}, "bucket-access")),
    *rows("aws-s3-bucket-require-versioning", ("no versioning", VERSIONING, {"": GONE})),
    *rows("aws-s3-bucket-require-encryption", ("no encryption", ENCRYPTION, {"": GONE})),
    *rows("aws-s3-bucket-require-policy", ("no bucket policy", POLICY, {"": GONE}, "bucket-network")),
    *rows(
        "aws-s3-bucket-versioning-disallow-suspension",
        ("versioning suspended", VERSIONING, {"versioningConfiguration.status": "Suspended"}),
    ),
    *rows(
        "aws-s3-bucket-encryption-require-kms",
        (
            "S3's own key",
            ENCRYPTION,
            {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        ),
    ),
    *rows(
        "aws-s3-bucket-policy-require-tls",
        ("plain HTTP to the bucket", POLICY, {"policy": document(VPCE)}),
        ("plain HTTP to one folder", POLICY, {"policy": document(TLS | {"Resource": "arn:aws:s3:::b/tmp/*"}, VPCE)}),
    ),
    *rows(
        "aws-s3-bucket-policy-require-vpc-endpoint",
        ("no endpoint wanted", POLICY, {"policy": document(TLS)}),
        (
            "one folder tied to the endpoint",
            POLICY,
            {"policy": document(TLS, VPCE | {"Resource": "arn:aws:s3:::b/x/*"})},
        ),
        ("tied to the endpoint for one role", POLICY, {"policy": document(TLS, OF_A_ROLE_ALONE)}),
        ("old versions read from anywhere", POLICY, {"policy": document(TLS, ACCOUNT | {"Action": "s3:GetObject"})}),
        proof="bucket-network",
    ),
    *rows("aws-kms-key-require-rotation", ("a key that stays", KEY, {"enableKeyRotation": GONE})),
    *rows(
        "aws-ebs-volume-require-encryption",
        ("a plain volume", VOLUME, {"availabilityZone": "us-east-1a", "size": 8, "encrypted": GONE}),
        ("a machine on a plain disk", INSTANCE, {**SAFE_MACHINE, "rootBlockDevice": GONE}),
        ("a plain node disk", TEMPLATE, {"blockDeviceMappings.0.ebs.encrypted": "false"}),
    ),
    *rows(
        "aws-ec2-instance-require-imdsv2",
        ("metadata without a token", TEMPLATE, {"metadataOptions.httpTokens": "optional"}),
        ("metadata over two hops", TEMPLATE, {"metadataOptions.httpPutResponseHopLimit": 2}),
        ("metadata left at its default", TEMPLATE, {"metadataOptions": GONE}),
        ("a machine with metadata for all", INSTANCE, {**MACHINE, **ROOT_DISK, "metadataOptions": GONE}),
    ),
    *rows(
        WILDCARD,
        ("every action", ROLE_POLICY, {"policy": allow("*")}),
        ("a wildcard action", ROLE_POLICY, {"policy": allow("s3:Get*")}),
        ("every resource", ROLE_POLICY, {"policy": allow("s3:GetObject", "*")}),
        (
            "NotAction",
            ROLE_POLICY,
            {"policy": document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:x"})},
        ),
        (
            "an administrator",
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            {"role": "r", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        ),
        (
            "a role for everyone",
            "aws:iam/role:Role",
            {"assumeRolePolicy": document({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"})},
            "role-trust",
        ),
    ),
    *rows(
        "aws-lb-disallow-internet-facing",
        ("a public load balancer", BALANCER, {"internal": False}, "load-balancer"),
        ("a Service with a public balancer", SERVICE, {"spec.type": "LoadBalancer"}, "service"),
        ("a port on every node", SERVICE, {"spec.type": "NodePort"}),
    ),
    *rows(
        "aws-ecr-repository-require-immutability",
        ("tags that move", REPOSITORY, {"imageTagMutability": "MUTABLE"}),
        ("images nobody scans", REPOSITORY, {"imageScanningConfiguration": GONE}),
    ),
    *rows("kubernetes-pod-disallow-image-tag", ("an image by tag", DEPLOYMENT, {f"{BOX}.image": IMAGE[:52] + ":1"})),
    *rows(
        "kubernetes-pod-disallow-foreign-registry",
        ("an image from elsewhere", DEPLOYMENT, {f"{BOX}.image": f"docker.io/vllm/vllm@{DIGEST}"}),
    ),
    *rows(
        RESTRICTED,
        ("a privileged container", DEPLOYMENT, {f"{INSIDE}.privileged": True}),
        ("privilege escalation", DEPLOYMENT, {f"{INSIDE}.allowPrivilegeEscalation": GONE}),
        ("a root user", DEPLOYMENT, {f"{POD}.securityContext.runAsNonRoot": GONE}),
        ("user 0", DEPLOYMENT, {f"{INSIDE}.runAsUser": 0}),
        ("no seccomp profile", DEPLOYMENT, {f"{POD}.securityContext.seccompProfile": GONE}),
        ("a writable root", DEPLOYMENT, {f"{INSIDE}.readOnlyRootFilesystem": False}),
        ("capabilities kept", DEPLOYMENT, {f"{INSIDE}.capabilities": GONE}),
        ("a capability added", DEPLOYMENT, {f"{INSIDE}.capabilities.add": ["SYS_ADMIN"]}),
        ("a namespace that enforces nothing", NAMESPACE, {"metadata.labels": {}}),
    ),
    *rows(
        HOST,
        ("the node's network", DEPLOYMENT, {f"{POD}.hostNetwork": True}),
        ("the node's processes", DEPLOYMENT, {f"{POD}.hostPID": True}),
        ("the node's shared memory", DEPLOYMENT, {f"{POD}.hostIPC": True}),
        ("a port of the node", DEPLOYMENT, {f"{BOX}.ports": [{"containerPort": 80, "hostPort": 80}]}),
    ),
    *rows(
        LIMITS,
        ("no memory limit", DEPLOYMENT, {f"{BOX}.resources.limits": GONE}),
        ("no CPU request", DEPLOYMENT, {f"{BOX}.resources.requests": GONE}),
    ),
    *rows(
        "aws-lb-listener-require-tls",
        ("a listener in plain text", LISTENER, {**TARGET, **NO_TLS, "protocol": "TCP", "port": 80}),
        ("a listener of HTTP", LISTENER, {**TARGET, **NO_TLS, "protocol": "HTTP", "port": 80}),
    ),
    *rows(
        "aws-vpc-endpoint-service-disallow-everyone",
        (
            "PrivateLink for everyone",
            ENDPOINT_SERVICE,
            {"acceptanceRequired": True, "allowedPrincipals": ["*"]},
            "endpoint-service",
        ),
        ("PrivateLink without a look", ENDPOINT_SERVICE, {"acceptanceRequired": False}),
        (
            "one more principal, which is everyone",
            "aws:ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple",
            {"vpcEndpointServiceId": "vpce-svc-0123456789abcdef0", "principalArn": "*"},
            "endpoint-service",
        ),
    ),
    *rows(
        "aws-vpc-endpoint-require-policy",
        ("an endpoint without a policy", VPC_ENDPOINT, {"policy": GONE}),
        (
            "an endpoint that denies plain HTTP alone",
            VPC_ENDPOINT,
            {"policy": document(ANYTHING, TLS)},
            "endpoint-policy",
        ),
        (
            "an endpoint for all who use TLS",
            VPC_ENDPOINT,
            {"policy": document({**ANYTHING, "Condition": {"Bool": {"aws:SecureTransport": "true"}}})},
            "endpoint-policy",
        ),
        ("an endpoint for anyone's resources", VPC_ENDPOINT, {"policy": document(ANYTHING)}, "endpoint-policy"),
    ),
    *rows(
        "kubernetes-pod-disallow-plain-secret",
        ("a token in the environment", DEPLOYMENT, {f"{BOX}.env": [{"name": "HF_TOKEN", "value": "hf_0"}]}),
    ),
    *rows("kubernetes-namespace-require-network-policy", ("no NetworkPolicy", NETWORK_POLICY, {"": GONE})),
    *rows(
        "paddock-model-require-accepted-license",
        ("a license that nobody accepted", DEPLOYMENT, {"metadata.annotations": {}}),
        ("another model's license", DEPLOYMENT, {"metadata.annotations": {"paddock.dev/license": "mit"}}),
    ),
    *rows(
        "paddock-cost-disallow-over-budget",
        (
            "nodes over the budget",
            DEPLOYMENT,
            {"metadata.annotations": {**ACCEPTED, "paddock.dev/monthly-budget-usd": "1"}},
        ),
    ),
    *rows(
        "kubernetes-pod-disallow-registry-of-another-region",
        ("another region's registry", DEPLOYMENT, {f"{BOX}.image": IMAGE.replace("us-east-1", "eu-west-1")}),
    ),
    *rows(
        FIT,
        ("a model that is too large", DEPLOYMENT, {f"{BOX}.args": ["s3://b/models/llama-3.1-70b/bf16"]}),
        ("more GPUs than the node has", DEPLOYMENT, {f"{BOX}.args": [MODEL_URI, "--tensor-parallel-size", "8"]}),
    ),
]

HARMLESS = [
    Mutation("more replicas", DEPLOYMENT, {"spec.replicas": 3}),
    Mutation("a larger node", GROUP, {"instanceTypes": ["g6e.2xlarge"]}),
    Mutation("a shorter context", DEPLOYMENT, {f"{BOX}.args": [MODEL_URI, "--max-model-len", "4096"]}),
    Mutation("another user", DEPLOYMENT, {f"{INSIDE}.runAsUser": 2000}),
    Mutation("a low port", DEPLOYMENT, {f"{INSIDE}.capabilities.add": ["NET_BIND_SERVICE"]}),
    Mutation("a headless service", SERVICE, {"spec.clusterIP": "None"}),
    Mutation("ingress from the VPC", SECURITY, {"ingress": [{"cidrBlocks": ["10.0.0.0/16"], **ALL_PORTS}]}),
    Mutation("egress to the VPC", SECURITY, {"egress": [{"cidrBlocks": ["10.0.0.0/16"], **ALL_PORTS}]}),
    Mutation("a count of addresses", f"{EC2}vpc:Vpc", {"enableNetworkAddressUsageMetrics": True}),
    Mutation("a key that AWS cannot rotate", KEY, {"enableKeyRotation": False, "customerMasterKeySpec": "RSA_2048"}),
    Mutation("two KMS layers", ENCRYPTION, {"rules.0.applyServerSideEncryptionByDefault.sseAlgorithm": "aws:kms:dsse"}),
    Mutation("reading through the account's endpoints alone", POLICY, {"policy": document(TLS, ACCOUNT)}),
    Mutation("the one action without a resource", ROLE_POLICY, {"policy": allow("ecr:GetAuthorizationToken", "*")}),
    Mutation("metadata switched off", TEMPLATE, {"metadataOptions": {"httpEndpoint": "disabled"}}),
    Mutation(
        "an endpoint for named resources",
        VPC_ENDPOINT,
        {"policy": document({**ANYTHING, "Resource": "arn:aws:s3:::b/*"})},
    ),
    Mutation("a listener of HTTPS", LISTENER, {**FIXED, "protocol": "HTTPS", "port": 443}),
    Mutation(
        "PrivateLink for one role",
        ENDPOINT_SERVICE,
        {"acceptanceRequired": True, "allowedPrincipals": ["arn:aws:iam::210987654321:role/app"]},
    ),
    Mutation("a token from a Secret", DEPLOYMENT, {f"{BOX}.env": [FROM_SECRET]}),
    Mutation("a machine for operators", INSTANCE, {**SAFE_MACHINE, **ROOT_DISK}),
    Mutation(
        "a budget that holds it",
        DEPLOYMENT,
        {"metadata.annotations": {**ACCEPTED, "paddock.dev/monthly-budget-usd": "5000"}},
    ),
    Mutation("tags on the cluster", CLUSTER, {"tags": {"team": "search"}}),
    Mutation("a config volume", DEPLOYMENT, {f"{POD}.volumes": [{"name": "c", "configMap": {"name": "c"}}]}),
]


def page() -> str:
    """`docs/privacy.md`."""
    return (
        "# What the policy pack refuses\n\n"
        "Generated from `tests/policy/mutations.py` by `python -m tests.policy.mutations`; a test compares them.\n\n"
        "Each runs at two levels. Unit: the inputs alone, through every rule (`tests/policy/test_mutations.py`).\n"
        "Engine: done to our own program by a Pulumi transform and previewed by the real engine under the pack, those\n"
        "of different resources side by side (`tests/local/test_mutated_programs.py`). `paddock prove` reads each\n"
        "preview too, and must name the rule that is said last. What the program has none of is added to it.\n\n"
        f"## {len(MUTATIONS)} faults, each refused by the rule named\n\n"
        + "".join(
            item(
                f"**{each.says}**: `{each.rule}`, of `{each.resource_type}`"
                + (f"; proof: `{each.proof}`" if each.proof else "")
            )
            + "\n"
            for each in MUTATIONS
        )
        + f"\n## {len(HARMLESS)} variations, all let through\n\n"
        + "".join(item(f"**{each.says}**: `{each.resource_type}`") + "\n" for each in HARMLESS)
    )


if __name__ == "__main__":
    from pathlib import Path

    (Path(__file__).parents[2] / "docs" / "privacy.md").write_text(page(), encoding="utf-8")
