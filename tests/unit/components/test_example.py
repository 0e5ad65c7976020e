"""The example that feeds components from a plan: it registers what the plan says."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pulumi

from tests.unit.components.recorder import build

PROGRAM = Path(__file__).parents[3] / "examples" / "from-a-plan" / "__main__.py"


def test_the_example_registers_what_its_plan_says() -> None:
    def run(_: pulumi.ResourceOptions) -> SimpleNamespace:
        return SimpleNamespace(**runpy.run_path(str(PROGRAM)))

    built = build(run)
    plan = built.result.plan
    groups = built.of("aws:eks/nodeGroup:NodeGroup").values()
    assert [plan.model.placement.instance_type] in [each.get("instanceTypes") for each in groups]
    deployment = next(inputs for token, _, inputs in built.made if token == "kubernetes:apps/v1:Deployment")
    assert plan.model.engine.image in str(deployment)
    # The network knows the peers, and the pool's disk is as fast as the deadlines of a start count on.
    peers = built.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").values()
    assert "10.9.0.0/16" in {each.get("cidrIpv4") for each in peers}
    (template,) = [each for name, each in built.of("aws:ec2/launchTemplate:LaunchTemplate").items() if "gpu" in name]
    speeds = {each["ebs"].get("throughput") for each in template["blockDeviceMappings"]}
    assert plan.model.disk_throughput_mib_s in speeds
