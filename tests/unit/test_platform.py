"""LlamaPlatform: the settings of a stack become five components that agree with one plan."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
import yaml

from paddock.common.inputs import ArgumentError
from paddock.plan.plan import PlanError, make_plan
from paddock.platform import LlamaPlatform, service_args
from paddock.platform_args import LlamaPlatformArgs
from paddock.privacy.predicates.images import images_elsewhere
from paddock.privacy.resource import Resource
from paddock.settings import FIELDS, SettingsError, parse_settings, settings_of_stack
from tests.unit.components.recorder import ACCOUNT, PUBLIC_KEY, Build
from tests.unit.components.variants import pool_answers, vpc_answers

ROOT = Path(__file__).parents[2]
IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:{64 * 'a'}"
ARGS: LlamaPlatformArgs = {
    "region": "us-east-1",
    "model": "llama-3.1-8b",
    "vllm_image": IMAGE,
    "concurrent_requests": 2,
}


def test_the_arguments_are_the_settings() -> None:
    """And the key, which is a secret and so no setting, and who signs, which `aws:` keys say."""
    more = {"api_key", "aws_profile", "aws_role_arn"}
    assert LlamaPlatformArgs.__required_keys__ | LlamaPlatformArgs.__optional_keys__ == FIELDS | more


def test_pool_and_pod_are_those_of_the_plan(built: Build) -> None:
    got = built(lambda opts: LlamaPlatform("llama", ARGS, opts))
    plan = got.result.plan.model
    pool = got.of("aws:eks/nodeGroup:NodeGroup")[f"llama-gpu-{plan.placement.instance_type.replace('.', '-')}"]
    pod = got.one("kubernetes:apps/v1:Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert pool["instanceTypes"] == [plan.placement.instance_type]
    assert pool["scalingConfig"]["desiredSize"] == plan.placement.nodes
    assert pod["resources"]["limits"]["nvidia.com/gpu"] == str(plan.pod.gpus)
    assert pod["args"][: 1 + len(plan.engine.args)] == [
        "s3://llama-store/models/llama-3.1-8b/bf16",
        *plan.engine.args,
    ]


def test_what_is_made_beside_the_gpus_is_what_was_priced(built: Build) -> None:
    got = built(lambda opts: LlamaPlatform("llama", ARGS, opts))
    quantity = {line.name: line.quantity for line in got.result.plan.price.lines}
    endpoints = [e for e in got.of("aws:ec2/vpcEndpoint:VpcEndpoint").values() if e["vpcEndpointType"] == "Interface"]
    assert sum(len(endpoint["subnetIds"]) for endpoint in endpoints) == quantity["interface endpoints x zones"]
    assert len(got.of("aws:kms/key:Key")) == quantity["KMS keys"]
    system = got.of("aws:eks/nodeGroup:NodeGroup")["llama-system"]
    assert quantity[f"{system['instanceTypes'][0]} (system nodes)"] == system["scalingConfig"]["desiredSize"]
    templates = got.of("aws:ec2/launchTemplate:LaunchTemplate")
    disks = {
        name: sum(each["ebs"]["volumeSize"] for each in template["blockDeviceMappings"])
        for name, template in templates.items()
    }
    groups = got.of("aws:eks/nodeGroup:NodeGroup")
    gib = sum(disks[name] * group["scalingConfig"]["desiredSize"] for name, group in groups.items())
    bastion = got.one("aws:ec2/instance:Instance")
    assert quantity[f"{bastion['instanceType']} (bastion)"] == 1
    assert gib + bastion["rootBlockDevice"]["volumeSize"] == quantity["gp3 volumes, GiB"]


def test_the_right_to_read_comes_before_the_pod(built: Build) -> None:
    """Pod Identity gives credentials to a pod at its creation only."""
    assert "llama" in built(lambda opts: LlamaPlatform("llama", ARGS, opts)).after("llama-vllm")


def test_bad_settings_are_refused_before_anything_is_registered(built: Build) -> None:
    with pytest.raises(SettingsError, match="paddock:replicas"):
        built(lambda opts: LlamaPlatform("llama", {**ARGS, "replicas": 0}, opts))


def test_what_fits_nowhere_is_refused_with_the_nearest_miss(built: Build) -> None:
    args: LlamaPlatformArgs = {**ARGS, "model": "llama-3.1-70b", "instance_type": "g6.xlarge"}
    with pytest.raises(PlanError, match=r"g6\.xlarge"):
        built(lambda opts: LlamaPlatform("llama", args, opts))


def stack_args(name: str) -> dict[str, Any]:
    config = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{name}.yaml").read_text())["config"]
    return dict(settings_of_stack(config))


STACKS = sorted(path.stem.removeprefix("Pulumi.") for path in (ROOT / "stacks").glob("Pulumi.*.yaml"))
NEEDS_OWN_IMAGE = {"dev", "prod"}
"""Stacks of real accounts name an image of the account's own registry, which no file here can know."""


@pytest.mark.parametrize("name", STACKS)
def test_every_stack_builds(name: str, built: Build) -> None:
    args = stack_args(name)
    if name in NEEDS_OWN_IMAGE:
        with pytest.raises(SettingsError, match=r"\A1 setting is wrong:\n.*paddock:vllm_image is missing"):
            built(lambda opts: LlamaPlatform("llama", args, opts))  # type: ignore[arg-type]
        args["vllm_image"] = IMAGE
    assert built(lambda opts: LlamaPlatform("llama", args, opts)).loose == set()  # type: ignore[arg-type]


def test_an_existing_vpc_is_used_in_the_place_of_a_new_one(built: Build) -> None:
    args: LlamaPlatformArgs = {
        **ARGS,
        "vpc_id": "vpc-0123456789abcdef0",
        "node_subnet_ids": ["subnet-00000000000000001", "subnet-00000000000000002"],
        "endpoint_subnet_ids": ["subnet-00000000000000003", "subnet-00000000000000004"],
        "endpoint_zones": "one",
    }
    got = built(lambda opts: LlamaPlatform("llama", args, opts), answers=vpc_answers(args))
    quantity = {line.name: line.quantity for line in got.result.plan.price.lines}
    endpoints = [e for e in got.of("aws:ec2/vpcEndpoint:VpcEndpoint").values() if e["vpcEndpointType"] == "Interface"]
    assert {tuple(endpoint["subnetIds"]) for endpoint in endpoints} == {("subnet-00000000000000003",)}
    assert len(endpoints) == quantity["interface endpoints x zones"]
    assert got.outputs["vpc_id"] == "vpc-0123456789abcdef0"


def test_what_people_decided_stands_on_the_deployment(built: Build) -> None:
    args = {
        **stack_args("local"),
        "license": {"license": "llama3.1", "by": "a.person", "on": "2026-11-24"},
        "monthly_budget_usd": 1500,
        "doors": [
            {"kind": "dns", "resource": "llama-vpc", "who": "name servers of x.org", "reason": "partner of ours"}
        ],
    }
    got = built(lambda opts: LlamaPlatform("llama", args, opts))  # type: ignore[arg-type]
    assert got.one("kubernetes:apps/v1:Deployment")["metadata"]["annotations"] == {
        "paddock.dev/doors": json.dumps(args["doors"]),
        "paddock.dev/license": "llama3.1",
        "paddock.dev/license-accepted-by": "a.person",
        "paddock.dev/license-accepted-on": "2026-11-24",
        "paddock.dev/monthly-budget-usd": "1500",
        "pulumi.com/patchFieldManager": "paddock",
    }


def test_the_kubernetes_provider_knows_the_cluster_by_its_endpoint_whatever_the_kubeconfig_says(built: Build) -> None:
    """A changed kubeconfig then replaces nothing; through Pulumi's own provider: tests/local/test_tunnel.py."""
    got = built(lambda opts: LlamaPlatform("llama", ARGS, opts))
    provider = got.of("pulumi:providers:kubernetes")["llama-kubernetes"]
    cluster = json.loads(provider["kubeconfig"])["clusters"][0]["cluster"]
    assert provider["clusterIdentifier"] == f"https://{cluster['tls-server-name']}"
    assert cluster["server"] == "https://127.0.0.1:8443"


@pytest.mark.parametrize("key", ["vllm_image", "device_plugin_image"])
def test_an_image_of_another_account_is_refused_before_anything_is_made(key: str, built: Build) -> None:
    """Found by the identity of whoever runs Pulumi: the endpoints' policies let nodes pull from that account alone."""
    args: Any = {**ARGS, "node_os": "al2023", "device_plugin_image": IMAGE, key: IMAGE.replace(ACCOUNT, "210987654321")}
    made: list[LlamaPlatform] = []
    with pytest.raises(
        ArgumentError, match=rf"paddock:{key} is in account 210987654321, but nodes pull from {ACCOUNT} alone"
    ):
        built(lambda opts: made.append(LlamaPlatform("llama", args, opts)))
    assert made == []


def test_nodes_reach_images_of_an_account_that_is_named(built: Build) -> None:
    """Rule of the policy pack; what the proof says of it: tests/unit/privacy/proof/test_doors.py."""
    args: Any = {**ARGS, "vllm_image": IMAGE.replace(ACCOUNT, "210987654321"), "image_accounts": ["210987654321"]}
    got = built(lambda opts: LlamaPlatform("llama", args, opts))
    resources = [Resource(type=token, urn=name, values=inputs) for token, name, inputs in got.made]
    assert list(images_elsewhere(resources)) == []
    policy = got.of("aws:ec2/vpcEndpoint:VpcEndpoint")["llama-ecr-dkr"]["policy"]
    assert json.loads(policy)["Statement"][2]["Resource"] == ["arn:aws:ecr:us-east-1:210987654321:repository/*"]


def gpu_types(got: Any) -> list[str]:
    groups = got.of("aws:eks/nodeGroup:NodeGroup").values()
    return [kind for group in groups for kind in group["instanceTypes"] if kind != "m7i.large"]


def test_a_newer_ranking_moves_no_pool_that_stands(built: Build) -> None:
    """Choices of the birth stay, as the cluster's version does. Prices moved, so that another type is first."""
    (ranked_first,) = gpu_types(built(lambda opts: LlamaPlatform("llama", ARGS, opts)))
    with mock.patch("pulumi.log.info") as said:
        got = built(lambda opts: LlamaPlatform("llama", ARGS, opts), answers=pool_answers("llama", "g6e.xlarge"))
    assert gpu_types(got) == ["g6e.xlarge"] != [ranked_first]
    plan = got.result.plan.model
    assert (plan.placement.instance_type, plan.placement.gpu.name) == ("g6e.xlarge", "L40S")
    assert said.call_args[0][0].startswith("g6e.xlarge is kept, as the pool stands on it, and holds Llama 3.1 8B")
    assert f"the cheapest today is {ranked_first}, to which paddock:instance_type moves" in said.call_args[0][0]


def test_a_pool_of_the_type_that_is_ranked_first_changes_nothing_of_the_plan(built: Build) -> None:
    new = built(lambda opts: LlamaPlatform("llama", ARGS, opts))
    (kind,) = gpu_types(new)
    with mock.patch("pulumi.log.info") as said:
        again = built(lambda opts: LlamaPlatform("llama", ARGS, opts), answers=pool_answers("llama", kind))
    assert again.result.plan.digest == new.result.plan.digest
    assert not said.called


def test_a_type_that_the_stack_file_names_is_asked_of_nobody(built: Build) -> None:
    args: LlamaPlatformArgs = {**ARGS, "instance_type": "g6.2xlarge"}
    got = built(lambda opts: LlamaPlatform("llama", args, opts), answers=pool_answers("llama", "g6e.xlarge"))
    assert gpu_types(got) == ["g6.2xlarge"]
    assert not [token for token, _ in got.asked if token.startswith("aws:eks/")]


def test_in_the_middle_of_a_move_the_better_of_the_two_pools_is_kept(built: Build) -> None:
    answers = pool_answers("llama", "p5.48xlarge", "g6e.xlarge")
    assert gpu_types(built(lambda opts: LlamaPlatform("llama", ARGS, opts), answers=answers)) == ["g6e.xlarge"]


@pytest.mark.parametrize(
    "group", [{"status": "DELETING"}, {"capacityType": "SPOT"}, {"tags": {"paddock:model": "llama-3.2-1b"}}]
)
def test_a_pool_that_goes_in_any_case_keeps_nothing(group: Any, built: Build) -> None:
    answers = pool_answers("llama", "g6e.xlarge", **group)
    assert gpu_types(built(lambda opts: LlamaPlatform("llama", ARGS, opts), answers=answers)) != ["g6e.xlarge"]


def test_a_pool_that_no_longer_holds_what_is_asked_is_not_replaced_but_refused_with_the_setting(built: Build) -> None:
    args: LlamaPlatformArgs = {**ARGS, "concurrent_requests": 200}
    with pytest.raises(PlanError, match=r"stands on g6\.xlarge \(.*does not hold Llama 3\.1 8B") as refused:
        built(lambda opts: LlamaPlatform("llama", args, opts), answers=pool_answers("llama", "g6.xlarge"))
    named = re.search(r"set paddock:instance_type to (\S+), the cheapest that holds it", str(refused.value))
    assert named is not None
    followed: LlamaPlatformArgs = {**args, "instance_type": named[1]}
    assert gpu_types(built(lambda opts: LlamaPlatform("llama", followed, opts))) == [named[1]]


def test_kept_weights_are_read_again_and_nothing_of_them_is_made(built: Build) -> None:
    """The right to read, and the way through the network, and no bucket, key or policy of one."""
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0a1b2c3d"
    kept: Any = {**ARGS, "weights_bucket": "llama-store-0a1b2c3", "weights_key_arn": key}
    got = built(lambda opts: LlamaPlatform("llama", kept, opts))
    assert [token for token, _, _ in got.made if token.startswith("aws:s3/")] == []
    assert "llama-key" not in got.of("aws:kms/key:Key")
    policies = got.of("aws:iam/rolePolicy:RolePolicy")
    assert "arn:aws:s3:::llama-store-0a1b2c3/models/llama-3.1-8b/bf16/*" in policies["llama-reader"]["policy"]
    assert key in policies["llama-reader-key"]["policy"]
    assert "arn:aws:s3:::llama-store-0a1b2c3/*" in got.of("aws:ec2/vpcEndpoint:VpcEndpoint")["llama-s3"]["policy"]
    assert got.outputs["weights_uri"] == "s3://llama-store-0a1b2c3/models/llama-3.1-8b/bf16"


def test_a_pinned_revision_is_read_by_the_pods_and_checked_by_the_key_that_the_stack_makes(built: Build) -> None:
    got = built(lambda opts: LlamaPlatform("llama", {**ARGS, "weights_revision": "bf16-0a"}, opts))
    assert got.outputs["weights_uri"] == "s3://llama-store/models/llama-3.1-8b/bf16-0a"
    reader = got.of("aws:iam/rolePolicy:RolePolicy")["llama-reader"]["policy"]
    assert "arn:aws:s3:::llama-store/models/llama-3.1-8b/bf16-0a/*" in reader
    asked = [args for token, args in got.asked if token == "aws:kms/getPublicKey:getPublicKey"]
    assert [each["keyId"].rpartition("/")[2] for each in asked] == ["llama-signing-key"]
    assert got.one("kubernetes:core/v1:ConfigMap")["data"]["weights.pem"] == PUBLIC_KEY
    (check,) = got.one("kubernetes:apps/v1:Deployment")["spec"]["template"]["spec"]["initContainers"]
    assert check["args"][1] == "s3://llama-store/models/llama-3.1-8b/bf16-0a"


@pytest.mark.parametrize("way", ["streamer", "nvme"])
def test_the_pools_disk_and_the_pod_go_the_same_way_of_loading(built: Build, way: str) -> None:
    got = built(lambda opts: LlamaPlatform("llama", {**ARGS, "weights_loading": way}, opts))
    pod = got.one("kubernetes:apps/v1:Deployment")["spec"]["template"]["spec"]
    (template,) = [
        each for name, each in got.of("aws:ec2/launchTemplate:LaunchTemplate").items() if name.startswith("llama-gpu")
    ]
    copies = way == "nvme"
    assert ("userData" in template) is copies
    assert [each["name"] for each in pod.get("initContainers", [])] == (["copy-weights"] if copies else [])
    (model,) = pod["containers"]
    assert (model["args"][0] == "/weights") is copies
    assert "runai_streamer" in model["args"]


def test_a_plan_that_pins_a_revision_is_never_deployed_without_the_key() -> None:
    plan = make_plan(parse_settings({**ARGS, "weights_revision": "bf16-0a"}, region="us-east-1"))
    network: Any = SimpleNamespace(endpoint_cidrs=[], s3_cidrs=[])
    with pytest.raises(PlanError, match="give the key that signed it"):
        service_args(plan, "s3://b/models/m/r", network, "gpu", "llama")


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({}, []),
        ({"aws_profile": "llamas"}, ["--profile", "llamas"]),
        (
            {"aws_profile": "llamas", "aws_role_arn": "arn:aws:iam::123456789012:role/deploy"},
            ["--profile", "llamas", "--role-arn", "arn:aws:iam::123456789012:role/deploy"],
        ),
    ],
)
def test_the_kubeconfig_signs_as_the_stacks_aws_provider_does(given: Any, options: list[str], built: Build) -> None:
    got = built(lambda opts: LlamaPlatform("llama", {**ARGS, **given}, opts))
    (user,) = json.loads(got.of("pulumi:providers:kubernetes")["llama-kubernetes"]["kubeconfig"])["users"]
    assert user["user"]["exec"]["args"][8:] == options
