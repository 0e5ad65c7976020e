"""Additions of the AWS server to moto: recorded types, and the refusals of AWS that moto leaves out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from moto.core.exceptions import ServiceException

CALLER: Final = "user/local"
"""Identity of every caller: moto's own, `arn:aws:sts::…:user/moto`, is no principal that IAM or EKS could hold."""


class Refused(ServiceException):
    """A refusal, made with the code and the message that AWS gives it."""


def teach(owner: type, *methods: Callable[..., Any]) -> None:
    """Put methods in the place of the owner's of the same names: moto has no hooks for what it does not foresee."""
    for method in methods:
        setattr(owner, method.__name__, method)
