"""A whole stack as the stack rules see it: what was asked for, beside what came of it.

The engine hands a stack rule the outputs of each resource. In a first preview most of them are not known yet, and those
of a Kubernetes object are empty until its cluster stands, so a rule that read them would let pass what it cannot see.
What a program asks for is in the inputs, which the engine shows to resource rules only, and before: they are kept here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pulumi_policy import PolicyResource, ResourceValidationArgs
from pulumi_policy.proxy import UnknownValueError

from paddock.privacy.predicates import UNKNOWN, Placed
from paddock.privacy.proof import Inventory, Resource

_asked_for: dict[str, dict[str, Any]] = {}
"""Inputs by URN. A pack's process serves one preview or update, and each replaces what the one before it asked for."""


def inputs_of(args: ResourceValidationArgs) -> dict[str, Any]:
    """The inputs of one resource as plain data, and kept for the stack rules."""
    inputs = plain(args.props)
    _asked_for[args.urn] = inputs
    return inputs


def plain(props: Mapping[str, Any]) -> dict[str, Any]:
    """A policy's view of a resource as plain data, `UNKNOWN` where reading it raises."""
    return {key: _plain(props, key) for key in props}


def _plain(container: Any, key: str | int) -> Any:
    try:
        value = container[key]
    except UnknownValueError:
        return UNKNOWN
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(value, i) for i in range(len(value))]
    return value


def placed(resource: PolicyResource) -> Placed:
    sources = {key: {each.urn for each in found} for key, found in resource.property_dependencies.items()}
    inputs = _asked_for.get(resource.urn)
    return Placed(
        resource_type=resource.resource_type,
        urn=resource.urn,
        inputs=plain(resource.props) if inputs is None else inputs,
        sources=sources,
    )


def inventory(resources: Iterable[PolicyResource]) -> Inventory:
    """What `paddock prove` reads of the same preview, or of an export after the update."""
    return Inventory(tuple(_listed(each) for each in resources))


def _listed(resource: PolicyResource) -> Resource:
    outputs = plain(resource.props)
    # What is only read was not asked for.
    inputs = _asked_for.get(resource.urn, outputs)
    return Resource(
        urn=resource.urn,
        type=resource.resource_type,
        name=resource.name,
        # An output that is not known yet is no news of an input that nobody set.
        values=inputs if _has_unknown(outputs) else {**inputs, **outputs},
        links={key: tuple(each.urn for each in found) for key, found in resource.property_dependencies.items()},
        id=_id(outputs),
        # Only what has a provider is made by one; the rest groups others.
        custom=resource.provider is not None,
    )


def _has_unknown(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_has_unknown(each) for each in value.values())
    return value is UNKNOWN or (isinstance(value, list) and any(_has_unknown(each) for each in value))


def _id(outputs: Mapping[str, Any]) -> str:
    """The engine does not tell it: from the outputs, else the end of the ARN, which is the id in EC2 and Route 53."""
    known, arn = outputs.get("id"), outputs.get("arn")
    if isinstance(known, str):
        return known
    return arn.rpartition("/")[2] if isinstance(arn, str) else ""
