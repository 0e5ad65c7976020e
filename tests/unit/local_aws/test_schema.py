"""Schemas of pulumi_aws classes are read right, also by many threads at once."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys

import pytest

from local.aws.resources import RESOURCES
from local.aws.schema import Fields, ListOf, MapOf, Scalar, class_schema

TYPES = sorted(RESOURCES)


@pytest.mark.parametrize("pulumi_type", TYPES)
def test_a_definition_speaks_of_its_class(pulumi_type: str) -> None:
    resource, schema = RESOURCES[pulumi_type], RESOURCES[pulumi_type].schema
    known = schema.arguments.by_name.keys()
    named = (resource.replace_on, resource.sets, resource.renames)
    assert schema.token == pulumi_type
    assert resource.emulated <= known | {"region"}  # IAM has none
    assert {re.split(r"[.\[]", path)[0] for paths in named for path in paths} <= known
    assert resource.identity | resource.documents | resource.provider_only | resource.defaults.keys() <= known
    assert resource.changing | resource.secret_outputs <= schema.outputs


@pytest.mark.parametrize("pulumi_type", TYPES)
def test_required_arguments_are_those_that_the_class_requires(pulumi_type: str) -> None:
    module, name = RESOURCES[pulumi_type].sdk.rsplit(".", 1)
    source = inspect.getsource(getattr(importlib.import_module(module), name)._internal_init)
    fields = RESOURCES[pulumi_type].schema.arguments.by_name.values()
    assert {field.python_name for field in fields if field.required} == set(
        re.findall(r"Missing required property '(\w+)'", source)
    )


def test_kinds_are_read_at_any_depth() -> None:
    arguments = class_schema("pulumi_aws.eks.NodeGroup").arguments.by_name
    assert arguments["labels"].kind == MapOf(Scalar(str))
    assert arguments["instanceTypes"].kind == ListOf(Scalar(str))
    assert isinstance(arguments["taints"].kind, ListOf)
    scaling = arguments["scalingConfig"].kind
    assert isinstance(scaling, Fields)
    assert (scaling.by_name["maxSize"].python_name, scaling.by_name["maxSize"].kind) == ("max_size", Scalar(int))


def test_threads_may_ask_for_classes_at_the_same_time() -> None:
    """Checked in a process of its own, as here everything is imported long since."""
    code = (
        "from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "from local.aws.resources import RESOURCES\n"
        "list(Pool(8).map(lambda each: each.schema, RESOURCES.values()))\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_plugin_starts_without_the_heavy_packages() -> None:
    code = (
        "import sys, local.aws.provider\n"
        "print(sorted({'pulumi_aws', 'boto3', 'botocore', 'moto'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
