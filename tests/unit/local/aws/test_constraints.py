"""AWS's limits are read from every model that the provider uses, and told in words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.session import get_session

from local.aws import constraints
from local.aws.resources import RESOURCES
from local.aws.values import UNKNOWN, Secret

SERVICES = sorted({resource.operation[0] for resource in RESOURCES.values()} | {"sts"})


def _shape(service: str, operation: str) -> Any:
    return get_session().get_service_model(service).operation_model(operation).input_shape


def _patterns(shape: Shape, seen: set[str], found: set[str]) -> set[str]:
    if shape.name not in seen:
        seen.add(shape.name)
        if pattern := shape.metadata.get("pattern"):
            found.add(pattern)
        inner: list[Shape] = []
        if isinstance(shape, StructureShape):
            inner = list(shape.members.values())
        elif isinstance(shape, ListShape):
            inner = [shape.member]
        elif isinstance(shape, MapShape):
            inner = [shape.key, shape.value]
        for each in inner:
            _patterns(each, seen, found)
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_every_pattern_of_the_models_can_be_read(service: str) -> None:
    model = get_session().get_service_model(service)
    found: set[str] = set()
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        if shape is not None:
            _patterns(shape, set(), found)
    for pattern in found:
        constraints._compiled(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", "Größe 1", True),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", "a#b", False),
        (r"^[0-9A-Za-z][A-Za-z0-9\-_]*", "llama 8b", False),
        (r"^[0-9A-Za-z][A-Za-z0-9\-_]*", "llama-8b", True),
    ],
)
def test_patterns_mean_in_python_what_they_mean_in_java(pattern: str, text: str, matches: bool) -> None:
    assert bool(constraints._compiled(pattern).fullmatch(text)) is matches


def test_limits_hold_at_any_depth() -> None:
    shape = _shape("eks", "CreateNodegroup")
    found = constraints.failures(shape, {"labels": {"k" * 64: "v"}, "taints": [{"effect": "NOPE"}]})
    assert [failure.path for failure in found] == [f"labels.{'k' * 64}", "taints[0].effect"]


def test_arguments_are_matched_to_members_whatever_their_case_or_new_name() -> None:
    shape = _shape("kms", "CreateKey")
    found = list(
        constraints.early_failures(shape, {"customerMasterKeySpec": "RSA"}, {"customerMasterKeySpec": "KeySpec"})
    )
    assert [failure.path for failure in found] == ["customerMasterKeySpec"]


def test_the_one_item_of_a_list_may_stand_for_the_list() -> None:
    shape = _shape("eks", "CreateCluster")
    found = list(constraints.early_failures(shape, {"logging": {"clusterLogging": {"types": ["everything"]}}}, {}))
    assert [failure.path for failure in found] == ["logging.clusterLogging.types[0]"]


def test_secrets_are_checked_and_unknowns_are_not() -> None:
    shape = _shape("logs", "CreateLogGroup")
    assert list(constraints.early_failures(shape, {"logGroupName": Secret("no spaces")}, {}))
    assert not list(constraints.early_failures(shape, {"logGroupName": UNKNOWN, "tags": {"a": UNKNOWN}}, {}))


def test_long_lists_of_choices_are_cut() -> None:
    [failure] = constraints.failures(_shape("ec2", "RunInstances"), {"InstanceType": "g6.xlrge"})
    assert re.search(r"and \d+ more; did you mean 'g6\.xlarge'\?", failure.reason)
