"""Quotas of EC2 that a plan needs: their codes, and the vCPUs of all nodes together."""

import pytest

from paddock.catalog.quotas import quota_of
from paddock.plan.plan import make_plan
from paddock.settings import parse_settings

IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("instance_type", "purchase", "code"),
    [
        ("g6.xlarge", "on_demand", "L-DB2E81BA"),
        ("g6e.xlarge", "spot", "L-3819A6DF"),
        ("p5.48xlarge", "on_demand", "L-417A185B"),
        ("p5en.48xlarge", "spot", "L-C4BD4855"),
        ("p4d.24xlarge", "spot", "L-7212CCBC"),
        ("m7i.large", "on_demand", "L-1216C47A"),
        ("t4g.nano", "on_demand", "L-1216C47A"),
    ],
)
def test_each_family_counts_against_its_quota(instance_type: str, purchase: str, code: str) -> None:
    assert quota_of(instance_type, purchase).code == code


@pytest.mark.parametrize(
    ("settings", "needs"),
    [
        ({"instance_type": "g6.2xlarge", "replicas": 2}, {"L-DB2E81BA": 16, "L-1216C47A": 6}),
        ({"instance_type": "g6.2xlarge", "bastion": False}, {"L-DB2E81BA": 8, "L-1216C47A": 4}),
        ({"instance_type": "g6.2xlarge", "capacity_type": "spot"}, {"L-3819A6DF": 8, "L-1216C47A": 6}),
    ],
)
def test_a_plan_says_the_vcpus_of_all_its_nodes(settings: dict[str, object], needs: dict[str, int]) -> None:
    """Two system nodes of two vCPUs and the bastion's two are more than the five that a new account has."""
    asked = {"model": "llama-3.2-3b", "vllm_image": IMAGE, "quantization": "bf16", **settings}
    plan = make_plan(parse_settings(asked, region="us-east-1"))
    assert {each.code: each.vcpus for each in plan.quotas} == needs
    assert '"L-1216C47A"' in plan.to_json()
