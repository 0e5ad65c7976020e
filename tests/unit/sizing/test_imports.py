"""Sizing is light: it loads no cloud library, and quickly. Each claim is checked in a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("pulumi", "pulumi_aws", "boto3", "botocore", "pydantic", "rich", "typer", "yaml")

PROBE = """
import json, sys, time
before = time.process_time()
import {module}
print(json.dumps([time.process_time() - before, sorted(sys.modules)]))
"""


def loaded(module: str) -> tuple[float, set[str]]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(module=module)], capture_output=True, text=True, check=True, timeout=60
    )
    seconds, names = json.loads(done.stdout)
    return seconds, set(names)


@pytest.mark.parametrize("module", ["paddock.catalog", "paddock.sizing", "paddock.economics", "paddock.common.subnets"])
def test_deciding_loads_no_cloud_library(module: str) -> None:
    _, names = loaded(module)
    assert not names & set(HEAVY)


def test_settings_and_plan_load_pydantic_and_no_cloud_library() -> None:
    _, names = loaded("paddock.plan.plan")
    assert not names & {"pulumi", "pulumi_aws", "boto3", "botocore"}


@pytest.mark.alone
def test_importing_sizing_takes_less_than_100_ms() -> None:
    # CPU time, and the best of five: the bound is on the code, not on what else the machine does.
    assert min(loaded("paddock.sizing")[0] for _ in range(5)) < 0.100
