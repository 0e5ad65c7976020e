"""Choices and defaults that settings, plan and components share."""

import re
from enum import StrEnum

DEFAULT_VPC_CIDR = "10.0.0.0/16"
DEFAULT_ZONES = 2
DEFAULT_LOG_RETENTION_DAYS = 90
DEFAULT_TUNNEL_PORT = 8443
HTTPS_PORT = 443

BUCKET_NAME = re.compile(
    r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)(?!\d+(?:\.\d+){3}$)(?!.*(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)"
    r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
)
"""Name of a general purpose bucket. Source: S3 user guide, bucketnamingrules, read 2026-11-28."""

REVISION_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
"""Folder of a revision of a model's weights, and of the model."""
ADAPTER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
"""Name of a LoRA adapter, which clients send as `model`: it stands in a path and in vLLM's `name=path`, which `=` and
`,` would end (LoRAParserAction of entrypoints/common/cli_args.py, 0.33.0)."""
MOST_ADAPTERS = 32
"""Adapters of a pod: each has its folder in the reader's IAM policy, of which a role has 10,240 characters in all.
Source: IAM user guide, reference_iam-quotas, read 2026-11-29."""

MOST_LOCK_DAYS = 36_500
"""S3's limit of object lock, 100 years. Source: S3 user guide, object-lock, read 2026-11-29."""
PINNED_PACKAGE = re.compile(
    r"paddock\[images\] @ (https://[^\s@]+\.whl#sha256=[0-9a-f]{64}|git\+https://[^\s@]+@[0-9a-f]{40})"
)
PINNED_PACKAGE_FORM = "`paddock[images] @ https://….whl#sha256=<64 hex digits>` or `… @ git+https://…@<commit>`"
"""Requirement of pip for a build that has rights: by digest or commit, so that it is what somebody chose, and without
a password in the address."""
SECRET_ARN = re.compile(r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}")

ACCOUNT_ID = re.compile(r"[0-9]{12}")

RENAMED = {
    "api_allowlist": "endpoint_public_access_cidrs",
    "context_tokens": "max_model_len",
    "inter_token_ms": "max_itl_ms",
    "keep": "retain",
    "keep_weights": "retain_weights",
    "licence": "license",
    "private_ca_arn": "certificate_authority_arn",
    "privatelink_principals": "allowed_principals",
    "ttft_ms": "max_ttft_ms",
    "tunnel": "bastion",
    "zones": "number_of_availability_zones",
}
"""Keys of stack files and arguments of components written before 2026-11-28, by the name that took their place."""


class EndpointZones(StrEnum):
    """Zones in which interface endpoints have addresses."""

    ALL = "all"
    ONE = "one"


class WeightsLoading(StrEnum):
    """Way of a pod's weights from S3 into GPU memory."""

    AUTO = "auto"
    """The faster of the others where that is sure, else the streamer."""
    STREAMER = "streamer"
    NVME = "nvme"


class NodeOs(StrEnum):
    """The operating system of the nodes."""

    BOTTLEROCKET = "bottlerocket"
    AL2023 = "al2023"
