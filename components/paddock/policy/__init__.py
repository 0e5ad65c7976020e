# ruff: noqa: F403, F405
"""Rules of privacy as importable values; `ALL` is the list for a policy pack of your own.

Importing this starts nothing and loads no Pulumi until a rule is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a star: the names are listed once, below, and a test holds that they are the rules
    from paddock.policy.resource_rules import *
    from paddock.policy.stack_rules import *

__all__ = [
    "ALL",
    "bucket_encryption_with_kms",
    "bucket_endpoint_only",
    "bucket_tls_only",
    "bucket_versions_kept",
    "cluster_logs_kept",
    "cluster_secrets_encrypted",
    "cost_within_budget",
    "disks_encrypted",
    "doors_declared",
    "endpoint_service_for_named",
    "endpoints_limited",
    "every_bucket_has_a_block",
    "every_bucket_has_a_policy",
    "every_bucket_is_encrypted",
    "every_bucket_keeps_versions",
    "every_namespace_is_fenced",
    "instance_metadata_by_token",
    "key_rotation",
    "limits_set",
    "listeners_encrypted",
    "model_fits_its_pool",
    "model_license_accepted",
    "no_foreign_image",
    "no_host_access",
    "no_iam_wildcard",
    "no_image_by_tag",
    "no_image_of_another_region",
    "no_internet_gateway",
    "no_open_egress",
    "no_open_ingress",
    "no_plain_secret",
    "no_public_bucket_access",
    "no_public_cluster_endpoint",
    "no_public_ip",
    "no_public_load_balancer",
    "pods_restricted",
    "registry_kept_clean",
    "stack_proved_private",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        homes = (import_module(f"paddock.policy.{home}") for home in ("stack_rules", "resource_rules"))
        return next(getattr(home, name) for home in homes if hasattr(home, name))
    raise AttributeError(f"module 'paddock.policy' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
