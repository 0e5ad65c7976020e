"""A store for weights and the build that fills it, as the platform connects them."""

import pulumi

from paddock import IngestProject, WeightsBucket

config = pulumi.Config()
weights = WeightsBucket("llama", {"model": "llama-3.2-1b", "quantization": "bf16", "retain": False})
build = IngestProject(
    "llama",
    {
        "bucket_name": weights.bucket_name,
        "key_arn": weights.key_arn,
        "model": "llama-3.2-1b",
        "package": config.require("package"),
        "repositories": ["paddock/vllm/vllm-openai"],
    },
)
pulumi.export("project", build.project_name)
