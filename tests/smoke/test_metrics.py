"""Metrics: vLLM serves every one that our files name, and those that dashboards and scalers ask for."""

import re
from pathlib import Path

from tests.smoke.asking import Client
from tests.smoke.kubelet import Kubelet

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"vllm:[a-z_]{3,}")
SEARCHED = ("components", "manifests", "docs", "README.md", "benchmarks", "local")
NEEDED = {
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "vllm:kv_cache_usage_perc",
    "vllm:time_to_first_token_seconds_bucket",
    "vllm:inter_token_latency_seconds_bucket",
    "vllm:generation_tokens_total",
    "vllm:cache_config_info",
}
"""Metrics that what sizing says can be held against; scalers ask for the queue and the use of the cache."""


def test_every_metric_that_is_named_is_served_without_the_key(server: Kubelet) -> None:
    Client(server.pod.address, server.pod.port).complete(stream=True)
    answer = Client(server.pod.address, server.pod.port, key=None).get("/metrics")
    assert answer.status == 200
    served = set(NAME.findall(answer.body.decode()))
    assert NEEDED | named() <= served


def named() -> set[str]:
    files = [each for path in SEARCHED for each in (ROOT / path, *(ROOT / path).rglob("*"))]
    text = (file.read_text() for file in files if file.suffix in {".py", ".j2", ".md", ".toml", ".json", ".yaml"})
    return {name for each in text for name in NAME.findall(each)}
