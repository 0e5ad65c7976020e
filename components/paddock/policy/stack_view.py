"""Resources of a whole stack as the stack rules see them: the inputs asked for, beside the outputs.

The engine hands a stack rule the outputs of each resource. In a first preview most of them are not known yet, and those
of a Kubernetes object are empty until its cluster stands, so a rule that read them would let pass what it cannot see.
What a program asks for is in the inputs, which the engine shows to resource rules only, and before: they are kept here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pulumi_policy import PolicyResource, ResourceValidationArgs
from pulumi_policy.proxy import UnknownValueError

from paddock.privacy.predicates.values import UNKNOWN, has_unknown
from paddock.privacy.proof import Inventory
from paddock.privacy.resource import Resource

_asked_for: dict[str, dict[str, Any]] = {}
"""Inputs by URN. A pack's process serves one preview or update, and each replaces what the one before it asked for."""


def inputs_of(args: ResourceValidationArgs) -> dict[str, Any]:
    """Inputs of one resource as plain data, and kept for the stack rules."""
    inputs = plain(args.props)
    _asked_for[args.urn] = inputs
    return inputs


def plain(props: Mapping[str, Any]) -> dict[str, Any]:
    """Properties of a resource as plain data, `UNKNOWN` where reading one raises."""
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
    # The engine hands over every number as a float.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def asked_for(resource: PolicyResource) -> Resource:
    """Resource with the inputs that its program asks for."""
    inputs = _asked_for.get(resource.urn)
    return _resource(resource, plain(resource.props) if inputs is None else inputs)


def inventory(resources: Iterable[PolicyResource]) -> Inventory:
    """Inventory that `paddock prove` reads of the same preview, or of an export after the update."""
    return Inventory(tuple(_listed(each) for each in resources))


def _listed(resource: PolicyResource) -> Resource:
    outputs = plain(resource.props)
    # What is only read was not asked for.
    inputs = _asked_for.get(resource.urn, outputs)
    arn = {"arn": outputs["arn"]} if isinstance(outputs.get("arn"), str) else {}
    # An output that is not known yet is no news of an input that nobody set; an ARN that is, names what is updated.
    return _resource(resource, {**arn, **inputs} if has_unknown(outputs) else {**inputs, **outputs}, _id(outputs))


def _resource(resource: PolicyResource, values: Mapping[str, Any], id_: str = "") -> Resource:
    return Resource(
        type=resource.resource_type,
        urn=resource.urn,
        values=values,
        links={key: tuple(each.urn for each in found) for key, found in resource.property_dependencies.items()},
        id=id_,
        # Only what has a provider is made by one; the rest groups others.
        custom=resource.provider is not None,
        provider="" if resource.provider is None else resource.provider.urn,
    )


def _id(outputs: Mapping[str, Any]) -> str:
    """Id of a resource, which the engine does not tell: from the outputs, else the end of the ARN, as in EC2."""
    known, arn = outputs.get("id"), outputs.get("arn")
    if isinstance(known, str):
        return known
    return arn.rpartition("/")[2] if isinstance(arn, str) else ""
