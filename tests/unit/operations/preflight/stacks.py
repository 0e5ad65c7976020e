"""Stacks and facts of an account in which nothing would fail, from which each test takes one thing away."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import boto3

from paddock.operations.preflight.checks import decide
from paddock.operations.preflight.facts import (
    Asked,
    Caller,
    EksSupport,
    Facts,
    Folder,
    Machine,
    Rights,
    Vpc,
    Zone,
)
from paddock.operations.preflight.row import Report, Row
from paddock.plan.plan import make_plan
from paddock.settings import parse_settings

TODAY = date(2026, 11, 29)
IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/paddock/vllm-openai@sha256:{64 * 'a'}"
LICENSE = {"license": "llama3.1", "by": "someone", "on": "2026-11-24"}
GIGABYTE = 10**9
REGION = "us-east-1"


@cache
def _plain(**values: Any) -> Asked:
    return _asked(values)


def _asked(values: dict[str, Any]) -> Asked:
    given = {"model": "llama-3.1-8b", "vllm_image": IMAGE, "license": LICENSE} | values
    given = {key: value for key, value in given.items() if value is not None}
    settings = parse_settings(given, region=REGION, to_deploy=False)
    plan = make_plan(settings.model_copy(update={"monthly_budget_usd": None}))
    return Asked(stack="dev", stack_file="stacks/Pulumi.dev.yaml", settings=settings, plan=plan, today=TODAY)


def asked(**values: Any) -> Asked:
    """The stack `dev` with settings changed; None leaves one out."""
    try:
        return _plain(**values)
    except TypeError:  # a list or a map is no key of a cache
        return _asked(values)


def shards(size_bytes: int, count: int = 4) -> dict[str, int]:
    files = {f"model-{i + 1:05}-of-{count:05}.safetensors": size_bytes // count for i in range(count)}
    return {**files, "config.json": 800, "tokenizer_config.json": 900, "model.safetensors.index.json": 20_000}


def facts(stack: Asked, **changed: Any) -> Facts:
    """Facts of an account in which nothing fails, with some changed."""
    image = stack.plan.model.engine.image
    good = Facts(
        caller=Caller(
            account="123456789012",
            arn="arn:aws:iam::123456789012:user/me",
            principal="arn:aws:iam::123456789012:user/me",
        ),
        rights=Rights(denied=(), open=(), allowed=120),
        quotas={need.code: 1000.0 for need in stack.plan.quotas}
        | {"L-F678F1CE": 5.0, "L-29B6F2EB": 50.0, "L-69A177A2": 50.0},
        vcpus_in_use={},
        vpcs=(Vpc(id="vpc-default", cidrs=("172.31.0.0/16",), own=False),),
        endpoints_in_use=0,
        load_balancers_in_use=0,
        zones=tuple(Zone(name=f"us-east-1{'abcdef'[i]}", id=f"use1-az{i + 1}") for i in range(6)),
        offering=("use1-az1", "use1-az2"),
        subnets=(),
        reservations=(),
        eks={
            "1.36": EksSupport(status="STANDARD_SUPPORT", standard_support_ends=date(2027, 8, 2)),
            "1.33": EksSupport(status="EXTENDED_SUPPORT", standard_support_ends=date(2026, 7, 29)),
        },
        cluster_version=None,
        cluster_endpoint=None,
        images={image: True} if image else {},
        folder=Folder(
            bucket="weights", prefix="models/llama-3.1-8b/bf16", files=shards(stack.plan.model.weights_bytes)
        ),
        certificate=None,
        authority=None,
        machine=Machine(
            versions={"pulumi": "3.214.0", "aws": "2.31.0", "session-manager-plugin": "1.2.707.0"},
            addresses=("192.168.1.7",),
        ),
    )
    return replace(good, **changed)


def judged(stack: Asked, **changed: Any) -> Report:
    return decide(stack, facts(stack, **changed))


def the_row(report: Report, name: str) -> Row:
    (found,) = [row for row in report.rows if row.name == name]
    return found


class Kept(boto3.Session):
    """A session that makes one client of a service: making them is slow."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._kept: dict[str, Any] = {}

    def client(self, service_name: str, *args: Any, **given: Any) -> Any:  # type: ignore[override]
        if service_name not in self._kept:
            self._kept[service_name] = super().client(service_name, *args, **given)  # type: ignore[call-overload]
        return self._kept[service_name]
