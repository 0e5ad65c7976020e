"""GPU nodes and vLLM as a plan decides them, in a cluster that the reader's own program makes."""

import pulumi
import pulumi_kubernetes as kubernetes

from paddock import Cluster, GpuNodePool, VllmService, WeightsReadAccess, make_plan
from paddock.platform import cluster_args, pool_args, private_network, read_access_args, service_args
from paddock.settings import parse_settings
from paddock.weights.planned import weights_public_key, weights_store

REGION = "us-east-1"
NAME = "lab"
TAGS = {"team": "lab"}

# What `LlamaPlatform` does inside: settings in, a plan out, and components that spend what it says.
plan = make_plan(
    parse_settings(
        {
            "model": "llama-3.2-1b",
            "concurrent_requests": 4,
            "vllm_image": f"123456789012.dkr.ecr.{REGION}.amazonaws.com/paddock/vllm-openai@sha256:{64 * '0'}",
            "peer_cidrs": ["10.9.0.0/16"],
            "retain_weights": False,
        },
        region=REGION,
    )
)

weights = weights_store(NAME, plan)
network = private_network(NAME, plan, weights.bucket_name)
cluster = Cluster(NAME, cluster_args(plan, network, TAGS), pulumi.ResourceOptions(depends_on=[network]))
pool = GpuNodePool(NAME, pool_args(plan, network, cluster, TAGS), pulumi.ResourceOptions(depends_on=[cluster]))
reader = WeightsReadAccess(NAME, read_access_args(plan, weights, network, cluster, NAME, TAGS))
service = VllmService(
    NAME,
    service_args(
        plan,
        weights.uri,
        network,
        pool.node_group_name,
        NAME,
        weights_public_key=weights_public_key(plan, weights),
    ),
    pulumi.ResourceOptions(
        provider=kubernetes.Provider(NAME, kubeconfig=cluster.kubeconfig), depends_on=[pool, reader]
    ),
)

pulumi.export("endpoint", service.endpoint)
pulumi.export("usd_per_month", plan.price.usd_per_month)
