"""The things that samples and tests refer to, each made once, when first asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.private_ca import active_authority
from tests.unit.local.aws.life import Life, Made


def trust(service: str, *actions: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions or ("sts:AssumeRole",))}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


READ_ONLY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"}]}
)
KEY_OF_LOGS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
                "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
                "Resource": "*",
                "Condition": {
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:123456789012:log-group:it*"
                    }
                },
            },
        ],
    }
)
READ_AND_LIST = READ_ONLY.replace("s3:GetObject", "s3:ListBucket")


@dataclass
class World:
    """Makes each thing that others need once, when first asked for."""

    life: Life
    _made: dict[str, Made] = field(default_factory=dict)
    _authority: str = ""

    def _once(self, token: str, name: str, /, **args: Any) -> Made:
        if name not in self._made:
            self._made[name] = self.life.make(token, name, **args)
        return self._made[name]

    @property
    def vpc(self) -> Made:
        return self._once(
            "aws:ec2/vpc:Vpc", "vpc", cidrBlock="10.0.0.0/16", enableDnsHostnames=True, enableDnsSupport=True
        )

    @property
    def other_vpc(self) -> Made:
        return self._once("aws:ec2/vpc:Vpc", "other", cidrBlock="10.9.0.0/16")

    def subnet(self, index: int) -> Made:
        return self._once(
            "aws:ec2/subnet:Subnet",
            f"subnet-{index}",
            vpcId=self.vpc.id,
            cidrBlock=f"10.0.{index}.0/24",
            availabilityZone=f"us-east-1{'abcdef'[index]}",
        )

    @property
    def subnet_ids(self) -> list[str]:
        return [self.subnet(0).id, self.subnet(1).id]

    @property
    def route_table(self) -> Made:
        return self._once("aws:ec2/routeTable:RouteTable", "table", vpcId=self.vpc.id)

    @property
    def gateway(self) -> Made:
        return self._once("aws:ec2/internetGateway:InternetGateway", "gateway", vpcId=self.vpc.id)

    @property
    def group(self) -> Made:
        return self._once("aws:ec2/securityGroup:SecurityGroup", "group", vpcId=self.vpc.id)

    @property
    def log_group(self) -> Made:
        return self._once("aws:cloudwatch/logGroup:LogGroup", "flows", name="flows")

    @property
    def template(self) -> Made:
        options = {"httpTokens": "required"}
        return self._once("aws:ec2/launchTemplate:LaunchTemplate", "template", metadataOptions=options)

    def role(self, service: str, *actions: str) -> Made:
        return self._once(
            "aws:iam/role:Role", service.split(".")[0], assumeRolePolicy=trust(f"{service}.amazonaws.com", *actions)
        )

    @property
    def profile(self) -> Made:
        return self._once("aws:iam/instanceProfile:InstanceProfile", "profile", role=self.role("ec2")["name"])

    @property
    def arm_image(self) -> str:
        return self.image("arm64")

    def image(self, architecture: str) -> str:
        name = f"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"
        found, _ = self.life.provider.invoke("aws:ssm/getParameter:getParameter", {"name": name})
        return str(found["insecureValue"])

    @property
    def pod_role(self) -> Made:
        return self.role("pods.eks", "sts:AssumeRole", "sts:TagSession")

    @property
    def key(self) -> Made:
        return self._once("aws:kms/key:Key", "key")

    @property
    def key_of_logs(self) -> Made:
        return self._once("aws:kms/key:Key", "key-of-logs", policy=KEY_OF_LOGS)

    @property
    def other_key(self) -> Made:
        return self._once("aws:kms/key:Key", "other-key")

    @property
    def bucket(self) -> Made:
        return self._once("aws:s3/bucket:Bucket", "bucket", forceDestroy=True)

    @property
    def versioned_bucket(self) -> Made:
        made = self._once("aws:s3/bucket:Bucket", "versioned-bucket", forceDestroy=True)
        on = {"bucket": made.id, "versioningConfiguration": {"status": "Enabled"}}
        self._once("aws:s3/bucketVersioning:BucketVersioning", "versioning", **on)
        return made

    def domain_list(self, name: str) -> Made:
        token = "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList"
        return self._once(token, name, domains=["*.example.com"])

    def rule_group(self, name: str) -> Made:
        return self._once("aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup", name)

    @property
    def cluster(self) -> Made:
        return self._once(
            "aws:eks/cluster:Cluster",
            "cluster",
            roleArn=self.role("eks")["arn"],
            vpcConfig={"subnetIds": self.subnet_ids},
            accessConfig={"authenticationMode": "API"},
        )

    @property
    def access_entry(self) -> Made:
        return self._once(
            "aws:eks/accessEntry:AccessEntry",
            "entry",
            clusterName=self.cluster.id,
            principalArn=self.role("ssm")["arn"],
        )

    @property
    def node_group(self) -> Made:
        return self._once(
            "aws:eks/nodeGroup:NodeGroup",
            "nodes",
            clusterName=self.cluster.id,
            nodeRoleArn=self.role("ec2")["arn"],
            subnetIds=self.subnet_ids,
            scalingConfig={"desiredSize": 1, "minSize": 0, "maxSize": 2},
        )

    @property
    def autoscaling_group(self) -> str:
        return str(self.node_group["resources"][0]["autoscalingGroups"][0]["name"])

    @property
    def authority(self) -> str:
        """A private CA, which Pulumi does not make here."""
        if not self._authority:
            self._authority = active_authority(self.life.provider._cloud({}).client("acm-pca"))
        return self._authority

    def certificate(self, domain: str = "llama.test.internal") -> Made:
        return self._once(
            "aws:acm/certificate:Certificate", domain, domainName=domain, certificateAuthorityArn=self.authority
        )

    def balancer(self, name: str = "balancer") -> Made:
        return self._once(
            "aws:lb/loadBalancer:LoadBalancer",
            name,
            loadBalancerType="network",
            internal=True,
            subnets=self.subnet_ids,
            securityGroups=[self.group.id],
        )

    def targets(self, name: str = "targets") -> Made:
        return self._once("aws:lb/targetGroup:TargetGroup", name, vpcId=self.vpc.id, protocol="TCP", port=30080)

    @property
    def zone(self) -> Made:
        return self._once("aws:route53/zone:Zone", "zone", name="zone.test.internal", vpcs=[{"vpcId": self.vpc.id}])
