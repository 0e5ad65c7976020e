"""What the AWS server adds to moto: a whole EKS, and the refusals of other services that moto leaves out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def teach(owner: type, *methods: Callable[..., Any]) -> None:
    """Put methods in the place of the owner's of the same names: moto has no hooks for what it does not foresee."""
    for method in methods:
        setattr(owner, method.__name__, method)
