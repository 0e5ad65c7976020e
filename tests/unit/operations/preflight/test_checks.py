"""Checks of a preflight, pure: each thing that is wrong fails one row, named, with what mends it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest

from paddock import catalog
from paddock.operations.preflight.checks import STEPS_TO_COME, decide
from paddock.operations.preflight.facts import (
    Certificate,
    EksSupport,
    Facts,
    Folder,
    Machine,
    NoCaller,
    Reservation,
    Rights,
    Signature,
    Subnet,
    Vpc,
)
from paddock.operations.preflight.row import State, Unseen
from paddock.settings.own_checkpoint import as_settings, own_checkpoint
from tests.unit.operations.preflight.stacks import IMAGE, TODAY, asked, facts, judged, shards, the_row

GPU_QUOTA = "L-DB2E81BA"
SERVED = {
    "domain_name": "llama.example.com",
    "certificate_arn": f"arn:aws:acm:us-east-1:123456789012:certificate/{36 * '0'}",
}
EXISTING = {
    "vpc_id": f"vpc-{17 * '0'}",
    "node_subnet_ids": ("subnet-" + 17 * "1", "subnet-" + 17 * "2"),
    "endpoint_subnet_ids": ("subnet-" + 17 * "3", "subnet-" + 17 * "4"),
}


def test_nothing_fails_where_all_is_there_and_every_check_has_a_row() -> None:
    report = judged(asked())
    assert not report.failed
    assert not report.not_seen
    names = [row.name for row in report.rows]
    assert len(names) == len(set(names))
    assert names[:2] == ["identity", "rights"]
    for name in ("zones", "reservations", "addresses", "kubernetes", "driver", "images", "weights", "license"):
        assert the_row(report, name).state is State.PASS, name
    assert report.summary == f"nothing would fail: {len(names) - 3} pass"


def test_a_quota_too_small_is_named_with_the_command_that_raises_it() -> None:
    stack = asked()
    need = {each.code: each.vcpus for each in stack.plan.quotas}[GPU_QUOTA]
    quotas = {**facts(stack).quotas, GPU_QUOTA: float(need)}
    assert the_row(judged(stack, quotas=quotas), f"quota {GPU_QUOTA}").state is State.PASS
    report = judged(stack, quotas=quotas, vcpus_in_use={GPU_QUOTA: 8})
    (row,) = report.failed
    assert row.name == f"quota {GPU_QUOTA}"
    assert row.found == f"{need} vCPUs, 8 of them in use"
    assert "Running On-Demand G and VT instances" in row.needed
    assert row.mend == (
        "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-DB2E81BA "
        f"--desired-value {need + 8} --region us-east-1"
    )


def test_spot_counts_against_its_own_quota() -> None:
    stack = asked(capacity_type="spot")
    report = judged(stack, quotas={**facts(stack).quotas, "L-3819A6DF": 0.0, GPU_QUOTA: 0.0})
    assert [row.name for row in report.failed] == ["quota L-3819A6DF"]


def test_a_quota_too_small_even_for_an_empty_account_fails_though_nothing_is_known_of_the_rest() -> None:
    stack, dark = asked(), Unseen("AWS answers UnauthorizedOperation to DescribeInstances")
    small = {**facts(stack).quotas, GPU_QUOTA: 0.0}
    assert the_row(judged(stack, quotas=small, vcpus_in_use=dark), f"quota {GPU_QUOTA}").state is State.FAIL
    assert the_row(judged(stack, vcpus_in_use=dark), f"quota {GPU_QUOTA}").state is State.UNSEEN


@pytest.mark.parametrize(
    ("code", "changed", "settings"),
    [
        (
            "L-F678F1CE",
            {"vpcs": tuple(Vpc(id=f"vpc-{i}", cidrs=(f"10.{i + 1}.0.0/16",), own=False) for i in range(5))},
            {},
        ),
        (
            "L-29B6F2EB",
            {"endpoints_in_use": 45, "subnets": (Subnet(id=EXISTING["node_subnet_ids"][0], zone_id="use1-az1"),)},
            EXISTING,
        ),
        ("L-69A177A2", {"load_balancers_in_use": 50}, SERVED),
    ],
)
def test_a_number_of_something_near_its_quota_fails(
    code: str, changed: dict[str, Any], settings: dict[str, Any]
) -> None:
    row = the_row(judged(asked(**settings), **changed), f"quota {code}")
    assert row.state is State.FAIL
    assert f"--quota-code {code}" in row.mend


def test_a_stack_that_stands_counts_its_own_vpc_not_twice() -> None:
    own = Vpc(id="vpc-own", cidrs=("10.0.0.0/16",), own=True)
    others = tuple(Vpc(id=f"vpc-{i}", cidrs=(f"10.{i + 1}.0.0/16",), own=False) for i in range(4))
    assert the_row(judged(asked(), vpcs=(own, *others)), "quota L-F678F1CE").state is State.PASS


def test_a_type_that_is_offered_only_where_eks_puts_no_subnets_is_named() -> None:
    row = the_row(judged(asked(), offering=("use1-az3",)), "zones")
    assert row.state is State.FAIL
    assert "EKS refuses use1-az3" in row.found
    assert "paddock:instance_type" in row.mend


def test_a_type_that_no_zone_offers_is_named() -> None:
    row = the_row(judged(asked(), offering=()), "zones")
    assert (row.state, row.found) == (State.FAIL, f"no zone offers {asked().plan.model.placement.instance_type}")


def test_a_subnet_in_a_zone_that_eks_refuses_is_named() -> None:
    stack = asked(**EXISTING)
    subnets = (
        Subnet(id=EXISTING["node_subnet_ids"][0], zone_id="use1-az1"),
        Subnet(id=EXISTING["node_subnet_ids"][1], zone_id="use1-az3"),
    )
    row = the_row(judged(stack, subnets=subnets), "zones")
    assert row.state is State.FAIL
    assert f"{EXISTING['node_subnet_ids'][1]} in use1-az3" in row.found


def test_too_few_zones_name_the_number_that_there_is() -> None:
    row = the_row(judged(asked(number_of_availability_zones=3), zones=facts(asked()).zones[:3]), "zones")  # type: ignore[index]
    assert row.state is State.FAIL
    assert "paddock:number_of_availability_zones to 2" in row.mend


def test_reservations_are_named_and_a_block_is_said_not_to_be_taken() -> None:
    found = (
        Reservation(id="cr-1", zone="us-east-1a", available=2, block=False),
        Reservation(id="cr-2", zone="us-east-1b", available=1, block=True),
    )
    row = the_row(judged(asked(), reservations=found), "reservations")
    assert row.state is State.PASS
    assert "cr-1 (2 free, us-east-1a)" in row.found
    assert "cr-2 (block, not taken" in row.found


@pytest.mark.parametrize(
    ("version", "answer", "state"),
    [
        ("1.36", EksSupport(status="STANDARD_SUPPORT", standard_support_ends=date(2027, 8, 2)), State.PASS),
        ("1.36", EksSupport(status="EXTENDED_SUPPORT", standard_support_ends=None), State.FAIL),
        ("1.36", EksSupport(status="UNSUPPORTED", standard_support_ends=None), State.FAIL),
    ],
)
def test_kubernetes_is_in_standard_support_as_eks_says(version: str, answer: EksSupport, state: State) -> None:
    assert the_row(judged(asked(), eks={version: answer}), "kubernetes").state is state


def test_kubernetes_is_judged_by_the_catalogs_dates_where_eks_does_not_say() -> None:
    dark = Unseen("AWS answers AccessDeniedException to DescribeClusterVersions")
    assert the_row(judged(asked(), eks=dark), "kubernetes").state is State.PASS
    late = replace(asked(), today=date(2027, 9, 1))
    assert the_row(judged(late, eks=dark), "kubernetes").state is State.FAIL


def test_a_cluster_that_stands_in_extended_support_goes_on() -> None:
    stands = {"eks": {"1.36": EksSupport(status="EXTENDED_SUPPORT", standard_support_ends=None)}}
    assert the_row(judged(asked(), cluster_version="1.36", **stands), "kubernetes").state is State.PASS


def test_a_driver_too_old_for_the_images_cuda_is_not_passed() -> None:
    assert the_row(judged(asked()), "driver").found.startswith("580 in bottlerocket")
    pinned = asked(node_release_version="1.47.0-0f1e2d3c")
    row = the_row(judged(pinned), "driver")
    assert row.state is State.UNSEEN
    assert "paddock:node_release_version" in row.mend
    assert the_row(judged(asked(node_release_version="1.62.0-0f1e2d3c")), "driver").state is State.PASS


def test_a_missing_image_is_named_with_the_command_that_copies_it() -> None:
    row = the_row(judged(asked(), images={IMAGE: False}), "images")
    assert (row.state, row.found) == (State.FAIL, "missing: paddock/vllm-openai@sha256:aaaaaaaa")
    assert row.mend == "paddock images sync --create-repositories --stack-file stacks/Pulumi.dev.yaml"
    unset = the_row(judged(asked(vllm_image=None)), "images")
    assert (unset.state, unset.found) == (State.FAIL, "paddock:vllm_image is not set")


def _folder(files: dict[str, int]) -> Folder:
    return Folder(bucket="weights", prefix="models/llama-3.1-8b/bf16", files=files)


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("config.json", "lacks config.json"),
        ("tokenizer_config.json", "lacks tokenizer_config.json"),
        ("model.safetensors.index.json", "lacks model.safetensors.index.json"),
        ("model-00003-of-00004.safetensors", "lacks 1 of 4 shards: model-00003-of-00004.safetensors"),
    ],
)
def test_a_checkpoint_that_lacks_a_file_is_named(lost: str, said: str) -> None:
    stack = asked()
    files = shards(stack.plan.model.weights_bytes)
    del files[lost]
    row = the_row(judged(stack, folder=_folder(files)), "weights")
    assert row.state is State.FAIL
    assert row.found.endswith(said)
    push = "paddock weights push --from hf://meta-llama/Llama-3.1-8B-Instruct --stack-file"
    assert row.mend == f"{push} {asked().stack_file}"


def test_a_checkpoint_too_small_a_revoked_one_none_and_no_store_fail() -> None:
    stack = asked()
    whole = shards(stack.plan.model.weights_bytes)
    for folder, said in (
        (_folder(shards(stack.plan.model.weights_bytes // 2)), "GB of safetensors"),
        (_folder({**whole, "revoked.json": 1}), "is revoked"),
        (_folder({}), "nothing in s3://weights/models/llama-3.1-8b/bf16"),
        (Folder(bucket=None, prefix="models/llama-3.1-8b/bf16"), "the stack has no store yet"),
    ):
        row = the_row(judged(stack, folder=folder), "weights")
        assert row.state is State.FAIL
        assert said in row.found


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (Signature(problems=(), unread=(), checked=("signature", "sizes")), State.PASS),
        (Signature(problems=("x is missing",), unread=(), checked=("signature", "sizes")), State.FAIL),
        (Signature(problems=(), unread=("model.sig",), checked=("sizes",)), State.FAIL),
        (Unseen("asking KMS failed"), State.FAIL),
    ],
)
def test_a_signature_that_holds_says_more_of_the_size_than_the_catalogs_estimate(found: Any, state: State) -> None:
    stack = asked(weights_revision="bf16-0e9e39f249a1")
    folder = _folder(shards(stack.plan.model.weights_bytes // 2) | {"model.sig": 900})
    assert the_row(judged(stack, folder=folder, signature=found), "weights").state is state


def test_a_signed_checkpoint_says_so() -> None:
    files = shards(asked().plan.model.weights_bytes) | {"model.sig": 900}
    assert "GB, signed" in the_row(judged(asked(), folder=_folder(files)), "weights").found


@pytest.mark.parametrize(
    ("found", "state", "said"),
    [
        (
            Signature(problems=(), unread=("S3 checksums",), checked=("signature", "sizes")),
            State.PASS,
            "signature, sizes",
        ),
        (Signature(problems=("a.safetensors was replaced",), unread=(), checked=()), State.FAIL, "was replaced"),
        (Signature(problems=(), unread=("model.sig cannot be read",), checked=()), State.UNSEEN, "cannot be read"),
        (Unseen("asking KMS failed"), State.UNSEEN, "asking KMS failed"),
        (None, State.NOT_ASKED, "nothing of the revision"),
    ],
)
def test_a_pinned_revision_is_held_against_its_signature(found: Any, state: State, said: str) -> None:
    row = the_row(judged(asked(weights_revision="bf16-0e9e39f249a1"), signature=found), "signature")
    assert row.state is state
    assert said in row.found
    assert the_row(judged(asked()), "signature").state is State.NOT_ASKED


def test_images_and_weights_are_of_the_next_steps_where_deploy_says_so() -> None:
    stack = asked(vllm_image=None)
    found = facts(stack, folder=Folder(bucket=None, prefix="p"))
    assert {row.name for row in decide(stack, found).failed} == {"images", "weights"}
    report = decide(stack, found, STEPS_TO_COME)
    assert not report.failed
    assert "2 made by the next steps" in report.summary


def test_a_missing_license_is_named_with_the_line_to_write() -> None:
    row = the_row(judged(asked(license=None)), "license")
    assert row.state is State.FAIL
    assert "paddock:license: {license: llama3.1, by: <name>" in row.mend
    assert "https://" in row.mend


@pytest.mark.parametrize(
    ("certificate", "state"),
    [
        (Certificate(status="ISSUED", names=("llama.example.com",), expires=TODAY + timedelta(90)), State.PASS),
        (Certificate(status="ISSUED", names=("*.example.com",), expires=None), State.PASS),
        (Certificate(status="ISSUED", names=("*.com",), expires=None), State.FAIL),
        (Certificate(status="ISSUED", names=("llama.example.com",), expires=TODAY - timedelta(1)), State.FAIL),
        (Certificate(status="PENDING_VALIDATION", names=("llama.example.com",), expires=None), State.FAIL),
    ],
)
def test_a_certificate_is_issued_for_the_name_and_not_expired(certificate: Certificate, state: State) -> None:
    assert the_row(judged(asked(**SERVED), certificate=certificate), "certificate").state is state


def test_addresses_that_a_peer_has_are_named_with_a_free_range() -> None:
    peer = Vpc(id="vpc-peer", cidrs=("10.9.0.0/16", "10.0.128.0/17"), own=False)
    row = the_row(judged(asked(peer_cidrs=["10.9.0.0/16"]), vpcs=(peer,)), "addresses")
    assert (row.state, row.found) == (State.FAIL, "10.0.0.0/16 overlaps vpc-peer, the peer of paddock:peer_cidrs")
    assert row.mend.endswith("such as 10.1.0.0/16")
    alike = the_row(judged(asked(), vpcs=(Vpc(id="vpc-other", cidrs=("10.0.0.0/16",), own=False),)), "addresses")
    assert alike.state is State.PASS
    assert "vpc-other could not be peered" in alike.found


def test_a_plan_over_its_budget_fails_and_no_other_row_does() -> None:
    report = judged(asked(monthly_budget_usd=10.0))
    assert [row.name for row in report.failed] == ["budget"]


def test_what_is_not_on_this_machine_is_named_with_its_page() -> None:
    bare = Machine(versions={"pulumi": None, "aws": None, "session-manager-plugin": None}, addresses=())
    report = judged(asked(), machine=bare)
    assert [row.name for row in report.failed] == ["api", "pulumi", "aws", "session-manager-plugin"]
    assert all(row.mend.startswith("https://") for row in report.failed)


def test_without_a_bastion_the_way_to_the_api_is_what_this_machines_addresses_say() -> None:
    inside = asked(bastion=False, peer_cidrs=["192.168.0.0/16"])
    assert the_row(judged(inside), "api").state is State.PASS
    assert the_row(judged(asked(bastion=False, peer_cidrs=["172.16.0.0/12"])), "api").state is State.UNSEEN
    public = asked(bastion=False, endpoint_public_access_cidrs=["8.8.8.8/32"])
    assert the_row(judged(public), "api").state is State.UNSEEN
    assert the_row(judged(public), "session-manager-plugin").state is State.NOT_ASKED


def test_refused_rights_are_all_named_and_open_ones_are_not_seen() -> None:
    row = the_row(
        judged(asked(), rights=Rights(denied=("eks:CreateCluster", "iam:PassRole"), open=(), allowed=3)), "rights"
    )
    assert row.state is State.FAIL
    assert "eks:CreateCluster, iam:PassRole" in row.mend
    assert (
        the_row(judged(asked(), rights=Rights(denied=(), open=("ec2:CreateVpc",), allowed=3)), "rights").state
        is State.UNSEEN
    )


def test_a_caller_whom_aws_does_not_know_fails_alone() -> None:
    dark = Unseen("not asked, as AWS does not know the caller")
    nobody = {
        each.name: dark
        for each in fields(Facts)
        if each.name not in ("caller", "quotas", "images", "machine", "cluster_endpoint")
    }
    report = judged(asked(), caller=NoCaller("no credentials are found"), **nobody, quotas={}, images={IMAGE: dark})
    assert [row.name for row in report.failed] == ["identity"]
    assert "aws sso login" in report.failed[0].mend
    assert f"{len(report.not_seen)} could not be seen" in report.summary
    assert ": weights" not in report.summary, "many are counted alone"


def test_a_checkpoint_of_ones_own_is_pushed_from_its_address() -> None:
    scheme = catalog.scheme(catalog.Quantization.BF16)
    own = own_checkpoint(catalog.model("llama-3.1-8b"), scheme, None, "s3://mine/copy", "ours-1.0")
    accepted = {"license": "ours-1.0", "by": "someone", "on": "2026-11-24"}
    stack = asked(model="mine", max_model_len=2048, checkpoint=as_settings(own), license=accepted)
    assert the_row(judged(stack), "license").state is State.PASS
    row = the_row(judged(stack, folder=Folder(bucket="weights", prefix="models/mine/bf16", files={})), "weights")
    assert row.mend == f"paddock weights push --from s3://mine/copy --stack-file {stack.stack_file}"
