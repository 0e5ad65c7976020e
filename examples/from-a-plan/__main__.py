"""GPU nodes and vLLM as a plan decides them, in a cluster that the reader's own program makes."""

import pulumi
import pulumi_kubernetes as kubernetes

from paddock import Cluster, GpuNodePool, PrivateNetwork, VllmService, WeightsBucket, WeightsReadAccess, make_plan
from paddock.platform import service_args
from paddock.settings import parse_settings

REGION = "us-east-1"
NAME = "lab"

# What `LlamaPlatform` does inside: settings in, a plan out, and components that spend what it says.
plan = make_plan(
    parse_settings(
        {
            "model": "llama-3.2-1b",
            "concurrent_requests": 4,
            "vllm_image": f"123456789012.dkr.ecr.{REGION}.amazonaws.com/paddock/vllm-openai@sha256:{64 * '0'}",
            "peer_cidrs": ["10.9.0.0/16"],
        },
        region=REGION,
    )
)
model = plan.model

weights = WeightsBucket(NAME, {"model": model.name, "quantization": str(model.quantization), "retain": False})
network = PrivateNetwork(NAME, {"instance_type": model.placement.instance_type, "bucket_names": [weights.bucket_name]})
cluster = Cluster(
    NAME,
    {
        "vpc_id": network.vpc_id,
        "endpoint_subnet_ids": network.endpoint_subnet_ids,
        "node_subnet_ids": network.node_subnet_ids,
        "peer_cidrs": plan.network.peer_cidrs,
    },
    pulumi.ResourceOptions(depends_on=[network]),
)
pool = GpuNodePool(
    NAME,
    {
        "cluster_name": cluster.cluster_name,
        "kubernetes_version": cluster.kubernetes_version,
        "subnet_ids": network.gpu_subnet_ids,
        "instance_type": model.placement.instance_type,
        "accelerator": model.placement.gpu.name.lower(),
        "nodes": model.placement.nodes,
        "disk_gib": model.disk_gib,
    },
    pulumi.ResourceOptions(depends_on=[cluster]),
)
reader = WeightsReadAccess(
    NAME,
    {
        "bucket_name": weights.bucket_name,
        "key_arn": weights.key_arn,
        "prefix": weights.prefix,
        "cluster_name": cluster.cluster_name,
        "namespace": NAME,
        "s3_endpoint_id": network.s3_endpoint_id,
    },
)
service = VllmService(
    NAME,
    service_args(plan, weights.uri, network, pool.node_group_name, NAME),
    pulumi.ResourceOptions(
        provider=kubernetes.Provider(NAME, kubeconfig=cluster.kubeconfig), depends_on=[pool, reader]
    ),
)

pulumi.export("endpoint", service.endpoint)
pulumi.export("usd_per_month", plan.price.usd_per_month)
