"""AWS account and region of a program."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import pulumi
import pulumi_aws as aws
from pulumi.runtime.settings import get_monitor

_answers: WeakKeyDictionary[object, dict[object, Any]] = WeakKeyDictionary()
"""Answers by the connection to the engine, which is another in every program, then by provider and function."""


def ask(function: Callable[..., Any], component: pulumi.Resource) -> Any:
    """Answer of a function without arguments, such as `aws.get_partition`: asked once of a provider in a program.

    A program waits for each answer, and every component needs them.
    """
    known = _answers.setdefault(get_monitor(), {})
    key = component.get_provider("aws:index/getRegion:getRegion"), function
    if key not in known:
        known[key] = function(opts=pulumi.InvokeOptions(parent=component))
    return known[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account and a region: known at the first preview, when no ARN is, so that policies are complete there."""

    partition: str
    id: str
    region: str

    @classmethod
    def of(cls, component: pulumi.Resource) -> "Account":
        return cls(
            partition=ask(aws.get_partition, component).partition,
            id=ask(aws.get_caller_identity, component).account_id,
            region=ask(aws.get_region, component).region,
        )

    def arn(self, service: str, resource: str, owner: str | None = None) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{owner or self.id}:{resource}"
