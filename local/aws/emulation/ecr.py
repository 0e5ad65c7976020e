"""Registry of the emulated account: it has the image that stack files of the local cloud name, as nothing pulls one."""

from __future__ import annotations

import json

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.ecr.models import ECRBackend, ecr_backends

REGION = "us-east-1"
REPOSITORY = "paddock/vllm-openai"
DIGEST = f"sha256:{64 * '0'}"
"""Has only the form of a digest, in stacks/Pulumi.local.yaml too."""
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def install() -> None:
    """Put the image there."""
    ecr: ECRBackend = ecr_backends[ACCOUNT][REGION]
    if REPOSITORY in ecr.repositories:
        return
    ecr.create_repository(
        repository_name=REPOSITORY,
        registry_id=ACCOUNT,
        encryption_config={},
        image_scan_config={},
        image_tag_mutability="IMMUTABLE",
        image_tag_mutability_exclusion_filters=None,
        tags=[],
    )
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "layers": []})
    ecr.put_image(REPOSITORY, manifest, "local", MANIFEST_TYPE, DIGEST)
