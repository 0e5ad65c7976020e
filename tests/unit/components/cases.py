"""Each component with the arguments that it must have, and with every one: built once, for all tests that look."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pulumi

from paddock import (
    Bastion,
    Cluster,
    DevicePlugin,
    ExistingNetwork,
    GpuNodePool,
    IngestProject,
    PrivateNetwork,
    ServiceLoadBalancer,
    VllmService,
    WeightsBucket,
    WeightsReadAccess,
)
from tests.unit.components.recorder import ACCOUNT, PUBLIC_KEY, Built, build
from tests.unit.components.variants import PACKAGE, vpc_answers

TAGS = {"team": "research"}
NETWORK = {
    "peer_cidrs": ["192.168.0.0/16"],
    "instance_type": "p5en.48xlarge",
    "endpoint_zones": "one",
    "bastion": True,
    "services": ["kms"],
    "bucket_names": ["weights"],
    "dns_names": ["llama.internal.example.com"],
    "image_accounts": ["210987654321"],
    "log_retention_days": 30,
    "tags": TAGS,
}


@dataclass(frozen=True)
class Case:
    component: type[pulumi.ComponentResource]
    name: str
    required: Mapping[str, Any]
    optional: Mapping[str, Any]

    def args(self, *, every: bool) -> dict[str, Any]:
        return {**self.required, **(self.optional if every else {})}


CASES = {
    case.component.__name__: case
    for case in (
        Case(PrivateNetwork, "net", {}, {"vpc_cidr": "10.7.0.0/16", "number_of_availability_zones": 3, **NETWORK}),
        Case(
            ExistingNetwork,
            "net",
            {
                "vpc_id": "vpc-1",
                "node_subnet_ids": ["subnet-n0", "subnet-n1"],
                "endpoint_subnet_ids": ["subnet-e0", "subnet-e1"],
            },
            NETWORK,
        ),
        Case(
            Cluster,
            "c",
            {
                "vpc_id": "vpc-1",
                "endpoint_subnet_ids": ["subnet-1", "subnet-2"],
                "node_subnet_ids": ["subnet-3", "subnet-4"],
            },
            {
                "kubernetes_version": "1.35",
                "node_release_version": "1.35.3-20260714",
                "peer_cidrs": ["10.9.0.0/16"],
                "routed_cidrs": ["10.0.0.0/16", "172.16.0.0/12"],
                "admin_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/ci"],
                "endpoint_public_access_cidrs": ["8.8.8.0/28"],
                "tunnel_port": 8443,
                "aws_profile": "someone",
                "aws_role_arn": f"arn:aws:iam::{ACCOUNT}:role/operator",
                "region": "eu-west-1",
                "node_os": "al2023",
                "deletion_protection": True,
                "log_retention_days": 365,
                "tags": TAGS,
            },
        ),
        Case(
            Bastion,
            "b",
            {
                "cluster_name": "llama-test",
                "cluster_security_group_id": "sg-cluster",
                "vpc_id": "vpc-1",
                "endpoint_cidrs": ["10.0.224.0/24", "10.1.0.0/24"],
                "subnet_id": "subnet-1",
                "region": "us-east-1",
            },
            {"tags": {**TAGS, "paddock:role": "other"}},
        ),
        Case(
            GpuNodePool,
            "p",
            {
                "cluster_name": "llama",
                "kubernetes_version": "1.35",
                "subnet_ids": ["subnet-1"],
                "instance_type": "g6.xlarge",
                "accelerator": "l4",
                "nodes": 2,
                "disk_gib": 100,
            },
            {
                "node_os": "al2023",
                "release_version": "1.35.3-20260714",
                "disk_throughput_mib_s": 800,
                "instance_store": True,
                "capacity_type": "spot",
                "tags": TAGS,
                "group_tags": {"paddock:model": "llama"},
            },
        ),
        Case(
            DevicePlugin,
            "plugin",
            {"image": f"registry.internal/k8s-device-plugin@sha256:{64 * 'a'}", "node_group_name": "p-gpu-1"},
            {"namespace": "plugins"},
        ),
        Case(
            WeightsBucket,
            "w",
            {"model": "llama-3.1-8b", "quantization": "bf16"},
            {"revision": "bf16-0a1b2c3d4e5f", "object_lock_days": 30, "retain": False, "tags": TAGS},
        ),
        Case(
            WeightsReadAccess,
            "w",
            {
                "bucket_name": "weights",
                "key_arn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k",
                "prefix": "models/m/bf16",
                "cluster_name": "llama",
                "namespace": "field",
            },
            {
                "adapter_prefixes": ["models/m/lora-0a1b2c3d4e5f"],
                "service_account": "reader",
                "s3_endpoint_id": "vpce-1",
                "tags": TAGS,
            },
        ),
        Case(
            IngestProject,
            "w",
            {
                "bucket_name": "weights",
                "key_arn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k",
                "model": "m",
                "package": PACKAGE,
            },
            {
                "signing_key_arn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/s",
                "token_secret_arn": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:hugging-face-AbCdEf",
                "repositories": ["paddock/vllm/vllm-openai"],
                "tags": TAGS,
            },
        ),
        Case(
            VllmService,
            "vllm",
            {
                "model_uri": "s3://weights/models/llama-3.1-8b/bf16",
                "image": f"registry.internal/vllm@sha256:{64 * 'a'}",
                "node_group_name": "p-gpu-1",
                "engine_args": ["--served-model-name", "llama-3.1-8b", "--max-model-len", "8192", "--enable-lora"],
                "gpus": 2,
                "cpu_millicores": 3000,
                "memory_mib": 12000,
                "shm_mib": 1024,
                "scratch_mib": 10240,
                "startup_period_seconds": 10,
                "startup_failure_threshold": 30,
            },
            {
                "image_pull_seconds": 400,
                "readiness_period_seconds": 6,
                "liveness_period_seconds": 12,
                "termination_grace_seconds": 90,
                "engine_silent_seconds": 45,
                "engine_env": {"HF_HUB_OFFLINE": "1"},
                "replicas": 2,
                "replicas_per_node": 2,
                "namespace": "field",
                "client_namespaces": ["apps", "jobs"],
                "client_cidrs": ["10.0.224.0/24"],
                "endpoint_cidrs": ["10.0.224.0/24"],
                "s3_cidrs": ["52.216.0.0/15", "3.5.0.0/19"],
                "service_account": "reader",
                "weights_public_key": PUBLIC_KEY,
                "weights_disk_mib": 20480,
                "weights_copy_seconds": 700,
                "adapters": {"sql": "s3://weights/models/llama-3.1-8b/lora-0a1b2c3d4e5f"},
                "adapters_disk_mib": 512,
                "api_key": "a-key-of-the-team",
                "node_port": 30080,
                "annotations": {"paddock.dev/license": "llama3.1"},
            },
        ),
        Case(
            ServiceLoadBalancer,
            "llama",
            {
                "vpc_id": "vpc-1",
                "vpc_cidr": "10.0.0.0/16",
                "subnet_ids": ["subnet-1", "subnet-2"],
                "node_security_group_id": "sg-nodes",
                "autoscaling_group_name": "eks-gpu",
                "domain_name": "llama.internal.example.com",
                "certificate_authority_arn": f"arn:aws:acm-pca:us-east-1:{ACCOUNT}:certificate-authority/1",
            },
            {
                "node_port": 30001,
                "client_cidrs": ["10.9.0.0/16", "172.16.0.0/20"],
                "allowed_principals": ["arn:aws:iam::210987654321:root"],
                "deletion_protection": True,
                "tags": TAGS,
            },
        ),
    )
}


def args_of(component: str, **changes: Any) -> Any:
    """Required arguments of a component, some of them changed and others added."""
    return {**CASES[component].required, **changes}


@cache
def built_case(component: str, *, every: bool = False) -> Built:
    """Resources that a component registers with its required arguments, or with every argument."""
    case = CASES[component]
    args = case.args(every=every)
    answers = vpc_answers(args) if component == "ExistingNetwork" else {}
    return build(lambda opts: case.component(case.name, args, opts), answers=answers)  # type: ignore[arg-type]
