"""Our own platform against every rule: it keeps them all."""

from typing import Any

from paddock.platform import LlamaPlatform
from tests.policy.check import refused_by
from tests.unit.components.recorder import build

SETTINGS: Any = {
    "region": "us-east-1",
    "model": "llama-3.1-8b",
    "vllm_image": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:{64 * 'a'}",
    "concurrent_requests": 2,
    "license": {"license": "llama3.1", "by": "a.person", "on": "2026-11-24"},
    "monthly_budget_usd": 1000,
}


def test_our_platform_keeps_every_rule() -> None:
    made = [
        (kind, name, {**inputs, "bucket": "llama-store"} if kind == "aws:s3/bucket:Bucket" else inputs)
        for kind, name, inputs in build(lambda opts: LlamaPlatform("llama", SETTINGS, opts)).made
    ]
    assert made
    assert list(refused_by(made)) == []
