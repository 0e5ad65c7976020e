"""One private Llama: settings, plan, network, cluster, pool, weights, serving."""

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from paddock.catalog.lookup import RefusedError
from paddock.platform import LlamaPlatform
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
    pulumi.export("endpoint_service_name", llama.endpoint_service_name)
    pulumi.export("model", plan.model.display_name)
    pulumi.export("quantization", str(plan.model.quantization))
    pulumi.export("instance", f"{plan.model.placement.nodes} x {plan.model.placement.instance_type}")
    pulumi.export("usd_per_hour", plan.price.usd_per_hour)
    pulumi.export("usd_per_month", plan.price.usd_per_month)
    pulumi.export("prices_as_of", str(plan.price.as_of))
    pulumi.export("max_concurrency", plan.model.kv_cache.max_concurrency)
    pulumi.export("plan_digest", plan.digest)
    pulumi.export("weights_uri", llama.weights_uri)
    pulumi.export("cluster_name", llama.cluster_name)
    pulumi.export("namespace", llama.namespace)
    pulumi.export("vpc_id", llama.vpc_id)
    pulumi.export("node_subnet_ids", llama.node_subnet_ids)


main()
