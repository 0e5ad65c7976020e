"""LlamaPlatform with every option on, in as few variants as the options that exclude each other allow.

What checks of documents and objects see is collected from these, so that a new component is checked without a list.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from paddock.platform import LlamaPlatform
from paddock.settings import Settings
from paddock.settings.errors import API_KEY
from tests.unit.components.recorder import ACCOUNT, PUBLIC_KEY, ZONES, Built, build

IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/paddock/vllm@sha256:{64 * 'a'}"
PACKAGE = f"paddock[images] @ https://example.com/paddock-0.1.0-py3-none-any.whl#sha256={64 * '0'}"
CHECKPOINT = {
    "source": f"hf://org/mine@{40 * 'c'}",
    "license": "llama3.1",
    "quantization": "fp8",
    "layers": 32,
    "hidden": 4096,
    "intermediate": 14336,
    "attention_heads": 32,
    "kv_heads": 8,
    "head_dim": 128,
    "vocab": 128256,
    "max_context_tokens": 131072,
    "unquantized": ["0.q_proj", "*.down_proj"],
}
BASE: dict[str, Any] = {"region": "us-east-1", "model": "llama-3.1-8b", "vllm_image": IMAGE}

VARIANTS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "everything on": {
        "quantization": "fp8",
        "max_model_len": 4096,
        "requests_per_second": 0.5,
        "input_tokens": 1000,
        "output_tokens": 200,
        "max_ttft_ms": 60_000.0,
        "max_itl_ms": 1_000.0,
        "kv_cache_dtype": "fp8",
        "adapters": {"sql": "lora-0a1b2c3d4e5f", "tone": "support-tone/lora-0a1b2c3d4e5f"},
        "max_loras": 1,
        "max_lora_rank": 32,
        "rank_by": "latency",
        "replicas": 2,
        "instance_type": "g6.2xlarge",
        "kubernetes_version": "1.35",
        "node_release_version": "1.35.3-20260714",
        "vpc_cidr": "10.20.0.0/16",
        "number_of_availability_zones": 3,
        "endpoint_zones": "one",
        "peer_cidrs": ["10.30.0.0/16"],
        "endpoint_public_access_cidrs": ["8.8.8.8/32"],
        "admin_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/ci"],
        "bastion": True,
        "tunnel_port": 9443,
        "node_os": "al2023",
        "device_plugin_image": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/paddock/device-plugin@sha256:{64 * 'b'}",
        "image_accounts": ["210987654321"],
        "deletion_protection": True,
        "log_retention_days": 30,
        "domain_name": "llama.internal.example.com",
        "certificate_authority_arn": f"arn:aws:acm-pca:us-east-1:{ACCOUNT}:certificate-authority/0a1b2c3d",
        "client_cidrs": ["10.40.0.0/16"],
        "allowed_principals": [f"arn:aws:iam::{ACCOUNT}:role/caller"],
        "doors": [
            {
                "kind": "security-group",
                "resource": "llama-lb-from-0",
                "who": "network 10.40.0.0/16",
                "reason": "the office calls it",
            }
        ],
        "license": {"license": "llama3.1", "by": "Legal, Example Ltd", "on": "2026-11-24"},
        "ingest_package": PACKAGE,
        "ingest_token_secret_arn": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:hugging-face-AbCdEf",
        "monthly_budget_usd": 1_000_000.0,
        "retain_weights": False,
        "weights_revision": "fp8-0a1b2c3d4e5f",
        "weights_lock_days": 30,
        "weights_loading": "nvme",
        API_KEY: "a-key-of-the-variant",
        "tags": {"team": "research"},
    },
    "a checkpoint of one's own": {"model": "llama-mine", "checkpoint": CHECKPOINT},
    "in an existing network": {
        "concurrent_requests": 2,
        "quality_floor": "near-lossless",
        "capacity_type": "spot",
        "weights_bucket": "llama-store-0a1b2c3",
        "weights_key_arn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0a1b2c3d",
        "weights_revision": "release-7",
        "weights_public_key": PUBLIC_KEY,
        "vllm_version": "0.32.0",
        "vpc_id": "vpc-0123456789abcdef0",
        "node_subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "endpoint_subnet_ids": ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"],
        "domain_name": "llama.internal.example.com",
        "certificate_arn": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/0a1b2c3d",
    },
}


def variant_settings(name: str) -> dict[str, Any]:
    """Settings of a variant as `parse_settings` takes them: all but the key, which the platform takes beside them."""
    return {key: each for key, each in {**BASE, **VARIANTS[name]}.items() if key != API_KEY}


def by_key(settings: Settings) -> dict[str, Any]:
    """The values of settings by the keys of a stack file, in which those of the model stand beside the others."""
    return dict(settings) | settings.model.model_dump(by_alias=True)


@cache
def built_variants() -> dict[str, Built]:
    """Resources that each variant registers; made once a run."""
    return {name: built_platform(args) for name, args in VARIANTS.items()}


def built_platform(args: dict[str, Any], name: str = "llama") -> Built:
    answers = vpc_answers(args) if "vpc_id" in args else {}
    return build(lambda opts: LlamaPlatform(name, {**BASE, **args}, opts), answers=answers)  # type: ignore[typeddict-item]


def vpc_answers(args: Mapping[str, Any]) -> dict[str, Any]:
    """AWS's answers about a VPC of these subnets that nothing leaves."""
    subnets = [*args["node_subnet_ids"], *args["endpoint_subnet_ids"]]

    def get_subnet(asked: dict[str, Any]) -> dict[str, Any]:
        i = subnets.index(asked["id"])
        return {
            "id": asked["id"],
            "vpcId": args["vpc_id"],
            "availabilityZone": ZONES[i % 2],
            "availabilityZoneId": f"use1-az{1 + i % 2}",
            "cidrBlock": f"10.0.{16 * i}.0/20",
            "availableIpAddressCount": 4000,
            "mapPublicIpOnLaunch": False,
        }

    return {
        "aws:ec2/getVpcs:getVpcs": {"ids": [args["vpc_id"]]},
        "aws:ec2/getSubnets:getSubnets": {"ids": subnets},
        "aws:ec2/getVpc:getVpc": {
            "cidrBlock": "10.0.0.0/16",
            "cidrBlockAssociations": [{"cidrBlock": "10.0.0.0/16"}],
            "enableDnsSupport": True,
            "enableDnsHostnames": True,
        },
        "aws:ec2/getSubnet:getSubnet": get_subnet,
        "aws:ec2/getRouteTables:getRouteTables": {"ids": ["rtb-1"]},
        "aws:ec2/getRouteTable:getRouteTable": {
            "routeTableId": "rtb-1",
            "associations": [{"main": True, "subnetId": ""}],
            "routes": [],
        },
    }


def pool_answers(platform: str, *instance_types: str, **group: Any) -> dict[str, Any]:
    """Functions of AWS that show a platform's cluster with a GPU pool on each of these types, and its system nodes."""
    pools = {
        f"{platform}-gpu-{kind}": {
            "instanceTypes": [kind],
            "labels": {"paddock.dev/pool": f"{platform}-gpu"},
            "capacityType": "ON_DEMAND",
            "status": "ACTIVE",
            "tags": {"paddock:model": "llama-3.1-8b"},
            **group,
        }
        for kind in instance_types
    }
    system = {"instanceTypes": ["m7i.large"], "labels": {"paddock.dev/pool": f"{platform}-system"}, "status": "ACTIVE"}
    system["capacityType"] = "ON_DEMAND"
    groups = {**pools, f"{platform}-system": system}
    return {
        "aws:eks/getClusters:getClusters": {"names": ["another", f"{platform}-test"]},
        "aws:eks/getNodeGroups:getNodeGroups": {"names": list(groups)},
        "aws:eks/getNodeGroup:getNodeGroup": lambda asked: groups[asked["nodeGroupName"]],
    }
