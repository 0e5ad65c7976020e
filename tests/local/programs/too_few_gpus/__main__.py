import pulumi
import pulumi_kubernetes as kubernetes

from paddock import Cluster, GpuNodePool, PrivateNetwork, VllmService

network = PrivateNetwork("few", {"instance_type": "g6.xlarge"})
cluster = Cluster(
    "few",
    {
        "kubernetes_version": "1.35",
        "vpc_id": network.vpc_id,
        "endpoint_subnet_ids": network.endpoint_subnet_ids,
        "node_subnet_ids": network.node_subnet_ids,
    },
)
pool = GpuNodePool(
    "few",
    {
        "cluster_name": cluster.cluster_name,
        "kubernetes_version": cluster.kubernetes_version,
        "subnet_ids": network.gpu_subnet_ids,
        "instance_type": "g6.xlarge",
        "accelerator": "l4",
        "nodes": 2,
        "disk_gib": 50,
    },
    pulumi.ResourceOptions(depends_on=[cluster]),
)


def impatient(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Waits seconds for the pods, where a real start may take the better part of an hour."""
    if args.type_ != "kubernetes:apps/v1:Deployment":
        return None
    timeouts = pulumi.CustomTimeouts(create="30s")
    return pulumi.ResourceTransformResult(
        args.props, pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(custom_timeouts=timeouts))
    )


VllmService(
    "few",
    {
        "model_uri": "s3://nowhere/models/none",
        "node_group_name": pool.node_group_name,
        "image": "registry.internal/vllm@sha256:" + "0" * 64,
        "engine_args": ["--tensor-parallel-size", "2"],
        "gpus": 2,
        "cpu_millicores": 500,
        "memory_mib": 1024,
        "shm_mib": 128,
        "scratch_mib": 1024,
        "startup_period_seconds": 1,
        "startup_failure_threshold": 1,
    },
    pulumi.ResourceOptions(
        provider=kubernetes.Provider("few", kubeconfig=cluster.kubeconfig), depends_on=[pool], transforms=[impatient]
    ),
)
