"""Schemas of pulumi_aws classes are read right, also by many threads at once."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local.aws import schema
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


def test_threads_may_ask_for_classes_at_the_same_time(tmp_path: Path) -> None:
    """Checked in a process and with a cache of its own, as here everything is imported long since."""
    code = (
        "from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "from local.aws.resources import RESOURCES\n"
        "list(Pool(8).map(lambda each: each.schema, RESOURCES.values()))\n"
    )
    argv = [sys.executable, "-W", "ignore", "-c", code]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("paddock/aws-schemas-*/*.json"))) == len(RESOURCES)


def test_the_plugin_starts_without_the_heavy_packages() -> None:
    code = (
        "import sys, local.aws.provider\n"
        "print(sorted({'pulumi_aws', 'boto3', 'botocore', 'moto'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_schema_that_was_cut_off_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_cache", lambda: tmp_path)
    first = schema.class_schema.__wrapped__("pulumi_aws.ec2.Vpc")  # type: ignore[attr-defined]  # the cache's own
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:20])
    assert schema.class_schema.__wrapped__("pulumi_aws.ec2.Vpc") == first  # type: ignore[attr-defined]
    assert file.read_bytes() == whole
