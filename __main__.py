"""One private Llama: settings, plan, network, cluster, pool, weights, serving."""

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from paddock import LlamaPlatform
from paddock.catalog.lookup import RefusedError
from paddock.settings import API_KEY, PREFIX, aws_identity, settings_of_stack


def main() -> None:
    config = {**get_config_env(), **CONFIG.get()}
    secrets = [key for key in config if is_config_secret(key)]
    try:
        args = settings_of_stack(config, secrets)
        if PREFIX + API_KEY in secrets:
            args |= {API_KEY: config[PREFIX + API_KEY]}
        args |= aws_identity(config, secrets)[0]
        llama = LlamaPlatform("llama", args)
    except RefusedError as refused:
        raise pulumi.RunError(str(refused)) from None

    plan = llama.plan
    pulumi.export("endpoint", llama.endpoint)
    """Base URL for OpenAI clients: of the load balancer where there is one, else inside the cluster."""
    pulumi.export("endpoint_service_name", llama.endpoint_service_name)
    """Endpoint service to which clients' VPCs connect by PrivateLink; empty without `allowed_principals`."""
    pulumi.export("model", plan.model.display_name)
    """The model as people write it; clients name it by `paddock:model`."""
    pulumi.export("quantization", str(plan.model.quantization))
    """The one that was chosen of those that the settings accept."""
    pulumi.export("instance", f"{plan.model.placement.nodes} x {plan.model.placement.instance_type}")
    """Number and type of the GPU nodes."""
    pulumi.export("usd_per_hour", plan.price.usd_per_hour)
    """Price of all that the plan counts, by list prices."""
    pulumi.export("usd_per_month", plan.price.usd_per_month)
    """The same for 730 hours."""
    pulumi.export("prices_as_of", str(plan.price.as_of))
    """The day on which the oldest of these prices was read."""
    pulumi.export("max_concurrency", plan.model.kv_cache.max_concurrency)
    """Requests of the full context that the KV cache of one replica holds at once."""
    pulumi.export("notice", plan.model.notice)
    """Text that the model's license wants shown to users, such as on a website."""
    pulumi.export("plan_digest", plan.digest)
    """SHA-256 of the plan: two stacks with the same were decided alike."""
    pulumi.export("weights_uri", llama.weights_uri)
    """Folder in S3 from which vLLM reads the weights."""
    pulumi.export("cluster_name", llama.cluster_name)
    """The EKS cluster, for `aws eks update-kubeconfig`."""
    pulumi.export("namespace", llama.namespace)
    """Namespace of the pods, for `kubectl -n`."""
    pulumi.export("vpc_id", llama.vpc_id)
    """The VPC in which all of it is."""
    pulumi.export("node_subnet_ids", llama.node_subnet_ids)
    """Subnets of nodes and pods, one a zone."""


main()
