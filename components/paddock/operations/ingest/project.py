"""Arguments of the build's project, from the plan."""

from __future__ import annotations

import pulumi

from paddock.operations.images.inventory import repositories
from paddock.plan.parts import IngestPlan
from paddock.plan.plan import Plan
from paddock.weights.bucket import KeptWeights, WeightsBucket
from paddock.weights.ingest_project import IngestProject, IngestProjectArgs


def ingest_project(
    name: str, plan: Plan, weights: WeightsBucket | KeptWeights, opts: pulumi.ResourceOptions
) -> IngestProject | None:
    """The build's project; None where the plan has none."""
    return None if plan.ingest is None else IngestProject(name, project_args(plan, plan.ingest, weights), opts)


def project_args(plan: Plan, ingest: IngestPlan, weights: WeightsBucket | KeptWeights) -> IngestProjectArgs:
    """Arguments of `IngestProject`: one model's folder, and the repositories of the stack's own images."""
    images = {"vllm_image": plan.model.engine.image, "device_plugin_image": plan.cluster.device_plugin_image}
    named = {key: image for key, image in images.items() if image is not None}
    made: IngestProjectArgs = {
        "bucket_name": weights.bucket_name,
        "key_arn": weights.key_arn,
        "model": plan.model.name,
        "package": ingest.package,
        "repositories": repositories(str(plan.cluster.node_os), plan.model.engine.vllm_version, named),
        "tags": dict(plan.tags),
    }
    # A store that signs says by which key.
    if (signing_key_arn := getattr(weights, "signing_key_arn", None)) is not None:
        made["signing_key_arn"] = signing_key_arn
    if ingest.token_secret_arn is not None:
        made["token_secret_arn"] = ingest.token_secret_arn
    return made
