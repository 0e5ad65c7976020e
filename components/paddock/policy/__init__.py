"""Rules of privacy as importable values; `ALL` is the list for a policy pack of your own.

Importing this starts nothing and loads no Pulumi until a rule is asked for: settings and constructors take the
predicates from here, and the command line must stay quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paddock.policy.rules import (
        ALL,
        every_bucket_has_a_block,
        no_image_by_tag,
        no_internet_gateway,
        no_public_bucket_access,
        no_public_cluster_endpoint,
        no_public_ip,
    )

__all__ = [
    "ALL",
    "every_bucket_has_a_block",
    "no_image_by_tag",
    "no_internet_gateway",
    "no_public_bucket_access",
    "no_public_cluster_endpoint",
    "no_public_ip",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(import_module("paddock.policy.rules"), name)
    raise AttributeError(f"module 'paddock.policy' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
