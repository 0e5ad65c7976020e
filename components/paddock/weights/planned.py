"""Store of the weights that a plan asks for, and the key that its pods trust."""

import pulumi

from paddock.plan.plan import Plan
from paddock.weights.bucket import KeptWeights, WeightsBucket, WeightsBucketArgs, weights_prefix


def weights_store(name: str, plan: Plan, opts: pulumi.ResourceOptions | None = None) -> WeightsBucket | KeptWeights:
    """A new bucket, or the kept one that the plan names."""
    model = plan.model
    if model.weights_bucket is not None and model.weights_key_arn is not None:
        return KeptWeights.of(model.weights_bucket, model.weights_key_arn, model.name, model.weights_folder)
    args: WeightsBucketArgs = {
        "model": model.name,
        "quantization": str(model.quantization),
        "revision": model.weights_folder,
        "retain": model.retain_weights,
        "tags": dict(plan.tags),
    }
    if model.weights_lock_days is not None:
        args["object_lock_days"] = model.weights_lock_days
    return WeightsBucket(name, args, opts)


def adapter_prefixes(plan: Plan) -> list[str]:
    """Folders of the adapters in the store, each once."""
    return [weights_prefix(*each.split("/")) for each in sorted(set(plan.model.adapters.revisions.values()))]


def adapter_uris(plan: Plan, model_uri: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """Addresses of the adapters by the names that clients use, in the bucket of the model's own."""

    def beside(prefix: str) -> pulumi.Input[str]:
        def address(uri: str) -> str:
            # Before models/<model>/<revision> of its own.
            return f"{uri.rsplit('/', 3)[0]}/{prefix}"

        return address(model_uri) if isinstance(model_uri, str) else known.apply(address)

    known = pulumi.Output.from_input(model_uri)
    return {name: beside(weights_prefix(*each.split("/"))) for name, each in plan.model.adapters.revisions.items()}


def weights_public_key(plan: Plan, store: WeightsBucket | KeptWeights) -> pulumi.Input[str] | None:
    """Key by which pods check the revision; None where none is pinned, and so none is checked."""
    model = plan.model
    if model.weights_revision is None:
        return None
    if model.weights_public_key is not None:
        return model.weights_public_key
    # Settings refuse a kept store without the key.
    return store.public_key_pem if isinstance(store, WeightsBucket) else None
