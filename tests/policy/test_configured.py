"""Configuration of the pack: exceptions, the budget, licenses; and what is not known of a pool."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from paddock import catalog
from paddock.policy.budget import ANNOTATION as BUDGET
from paddock.policy.budget import over_budget, own_budgets
from paddock.policy.exceptions import excused
from paddock.policy.licenses import ANNOTATIONS, CHECKPOINT, catalog_name, unaccepted
from paddock.policy.model_fit import misfit, misfits
from paddock.privacy.predicates.values import UNKNOWN
from paddock.privacy.resource import Resource
from tests.policy.stack import DEPLOYMENT, GROUP, HEALTHY

TODAY = date(2026, 11, 24)
KEY = "aws:kms/key:Key"
EXCEPTION = {
    "type": KEY,
    "resource": "it",
    "about": "enableKeyRotation",
    "reason": "moved by spring",
    "expires": "2026-11-24",
}
FAULT = "enableKeyRotation: not set"
MODEL = catalog.model("llama-3.1-8b")
ACCEPTED = {"model": MODEL.name, "license": MODEL.license, "by": "a.person", "on": "2026-11-24"}


def placed(**group: Any) -> list[Resource]:
    return [
        Resource(type=DEPLOYMENT, urn="urn::pod", values=HEALTHY[DEPLOYMENT]),
        Resource(type=GROUP, urn="urn::pool", values={**HEALTHY[GROUP], **group}),
    ]


def test_an_exception_excuses_the_fault_of_the_resource_it_names_until_its_last_day() -> None:
    config = {"exceptions": [EXCEPTION]}
    assert excused(config, KEY, "it", FAULT, TODAY) is None
    for type_, name, fault in (
        (KEY, "another", FAULT),
        ("aws:kms/alias:Alias", "it", FAULT),
        (KEY, "it", "policy: open"),
    ):
        assert excused(config, type_, name, fault, TODAY) == fault
    assert excused(None, KEY, "it", FAULT, TODAY) == FAULT


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"expires": "2026-11-23"}, "expired on 2026-11-23"),
        ({"expires": "soon"}, "expires on no day"),
        ({"reason": " "}, "for which reason"),
        ({"about": ""}, "about which fault"),
    ],
)
def test_an_exception_that_does_not_count_says_why(change: dict[str, str], why: str) -> None:
    found = excused({"exceptions": [{**EXCEPTION, **change}]}, KEY, "it", FAULT, TODAY)
    assert found is not None
    assert found.startswith(f"{FAULT}; ")
    assert why in found


def test_words_of_every_fault_excuse_none() -> None:
    exit_ = "not private, gateway: an internet gateway lets data leave the VPC"
    for about, found in (("not private", exit_), ("not private, gateway", exit_), ("an internet gateway", None)):
        assert excused({"exceptions": [{**EXCEPTION, "about": about}]}, KEY, "it", exit_, TODAY) == found


def test_of_two_exceptions_one_that_counts_is_enough() -> None:
    lapsed = {**EXCEPTION, "expires": "2026-11-23"}
    for both in ([lapsed, EXCEPTION], [EXCEPTION, lapsed]):
        assert excused({"exceptions": both}, KEY, "it", FAULT, TODAY) is None


def test_node_groups_over_the_budget_or_without_a_price_are_refused() -> None:
    assert over_budget(placed(), 10_000) is None
    assert "over the budget of 100" in str(over_budget(placed(), 100))
    for group in ({"instanceTypes": UNKNOWN}, {"instanceTypes": ["z9.large"]}, {"scalingConfig": UNKNOWN}):
        assert "no price is known for the node groups pool" in str(over_budget(placed(**group), 10_000))


def unmarked() -> list[Resource]:
    """Deployment and pool without the annotations that say who accepted."""
    pod, pool = placed()
    return [replace(pod, values={**pod.values, "metadata": {}}), pool]


def test_a_license_is_accepted_by_somebody_on_a_day() -> None:
    assert list(unaccepted(unmarked(), [ACCEPTED])) == []
    assert [urn for urn, _ in unaccepted(unmarked(), [])] == ["urn::pod"]
    for change in ({"by": " "}, {"on": "today"}, {"license": "mit"}, {"model": "llama-3.1-70b"}):
        assert [urn for urn, _ in unaccepted(unmarked(), [{**ACCEPTED, **change}])] == ["urn::pod"]


def own(**annotations: Any) -> list[Resource]:
    """A deployment of a model that the catalog does not have."""
    pod, pool = placed()
    inputs: Any = pod.values
    spec = inputs["spec"]["template"]["spec"]
    container = {**spec["containers"][0], "args": ["s3://b/models/llama-mine/bf16"]}
    changed = {"template": {"spec": {**spec, "containers": [container]}}}
    values = {**pod.values, "metadata": {"annotations": annotations}, "spec": changed}
    return [replace(pod, values=values), pool]


def test_a_checkpoint_of_ones_own_says_whence_it_comes_and_who_accepted_its_license() -> None:
    accepted = {ANNOTATIONS[key]: ACCEPTED[key] for key in ANNOTATIONS}
    whole = {**accepted, CHECKPOINT: "hf://org/mine@1"}
    assert list(unaccepted(own(**whole), [])) == []
    for missing in whole:
        rest = {key: each for key, each in whole.items() if key != missing}
        assert [urn for urn, _ in unaccepted(own(**rest), [])] == ["urn::pod"], missing
        assert [urn for urn, _ in unaccepted(own(**{**whole, missing: ""}), [])] == ["urn::pod"], missing
    assert [urn for urn, _ in unaccepted(own(**{**whole, CHECKPOINT: UNKNOWN}), [])] == ["urn::pod"]


def test_a_deployment_says_itself_who_accepted_and_what_its_stack_may_cost() -> None:
    assert list(unaccepted(placed(), [])) == []
    assert list(own_budgets(placed())) == []
    for said, limit in (("900", 900.0), ("lots", 0.0), (UNKNOWN, 0.0)):
        pod, pool = placed()
        marked = replace(pod, values={**pod.values, "metadata": {"annotations": {BUDGET: said}}})
        assert list(own_budgets([marked, pool])) == [limit]


def test_a_pool_of_unknown_nodes_is_refused_and_another_pool_is_not_asked() -> None:
    assert list(misfits(placed())) == []
    for group in ({"instanceTypes": [UNKNOWN]}, {"labels": UNKNOWN}):
        assert [urn for urn, _ in misfits(placed(**group))] == ["urn::pod"]
    assert list(misfits(placed(instanceTypes=["g4dn.xlarge"], labels={"pool": "other"}))) == []
    assert [urn for urn, _ in misfits(placed(instanceTypes=["g4dn.xlarge"]))] == ["urn::pod"]


def test_a_pool_is_also_told_by_the_label_that_eks_gives_its_nodes() -> None:
    """The node group's own name, which no input of labels holds."""
    pod, pool = placed(instanceTypes=["g4dn.xlarge"], nodeGroupName="small")
    inputs: Any = pod.values
    spec = inputs["spec"]["template"]["spec"]
    for name, refused in (("small", ["urn::pod"]), ("large", []), (UNKNOWN, ["urn::pod"])):
        selector = {"eks.amazonaws.com/nodegroup": name}
        chosen = replace(pod, values={"spec": {"template": {"spec": {**spec, "nodeSelector": selector}}}})
        assert [urn for urn, _ in misfits([chosen, pool])] == refused


def test_a_pool_whose_name_is_not_known_yet_is_the_one_that_the_name_is_made_of() -> None:
    pod, small = placed(instanceTypes=["g4dn.xlarge"])
    large = replace(placed()[1], urn="urn::large")
    spec = {**pod.values["spec"]["template"]["spec"], "nodeSelector": {"eks.amazonaws.com/nodegroup": UNKNOWN}}

    def faults(*made_of: str) -> str:
        chosen = replace(pod, values={"spec": {"template": {"spec": spec}}}, links={"spec": made_of})
        return " ".join(text for _, text in misfits([chosen, small, large]))

    assert faults(large.urn) == ""
    assert "does not start on g4dn.xlarge" in faults(small.urn)
    assert "does not start on g4dn.xlarge" in faults(large.urn, small.urn)
    assert "are not known" in faults("urn::cluster")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([UNKNOWN], "are not known"),
        ([UNKNOWN, "--served-model-name", "llama-3.1-405b"], "llama-3.1-405b in"),
        (["s3://b/models/llama-3.1-8b/bf16", "-tp", "2"], "2 GPUs are asked for"),
        (["s3://b/models/llama-3.1-8b/bf16", "--max-model-len", UNKNOWN], "cannot be read"),
        (["s3://b/models/llama-3.1-8b/bf16", "--max-model-len", "0"], "say a number of 1 or more"),
        (["s3://b/models/llama-3.1-8b/bf16", "--max-model-len", "4k", "-dp", "2"], "2 GPUs are asked for"),
        (["--max-model-len", "4096", "s3://b/models/llama-3.1-70b/bf16"], "llama-3.1-70b in bf16 does not start"),
        (["s3://b/models/llama-3.1-8b/bf16", "--max-model-len", "lots"], "cannot be read"),
        (["s3://b/models/llama-3.1-8b/bf16", "-tp", "0"], "say a number of 1 or more"),
        (["s3://b/models/llama-3.1-8b/bf16"], "each GPU lacks"),
        (["s3://b/models/llama-3.1-8b/bf16", "-dpl", "2", "--max-model", "4k"], "2 GPUs are asked for"),
        (["s3://b/models/llama-3.1-8b/bf16", "-dpl", "0"], "--data-parallel-size-local is 0; say a number of 1 or mo"),
        (["s3://b/models/llama-3.1-8b/bf16", "-dpl", "1", "-dp", "-2"], "--data-parallel-size is -2; say a number of "),
        (["s3://b/models/llama-3.1-8b/bf16", "--tensor-parallel=8"], "8 GPUs are asked for"),
        (
            ["s3://b/models/llama-3.1-8b/bf16", "--max-n", "8"],
            "--max-n may be --max-num-batched-tokens, --max-num-s",
        ),
    ],
)
def test_arguments_that_do_not_fit_or_are_not_known_are_refused(arguments: list[object], why: str) -> None:
    assert why in str(misfit(arguments, "g6.xlarge"))


def test_what_fits_for_certain_or_by_one_of_the_models_checkpoints_passes() -> None:
    assert misfit([UNKNOWN, "--served-model-name=llama-3.1-8b", "--max-model-len=4096"], "g6e.xlarge") is None
    assert misfit(["another/model"], "g6e.xlarge") is None


@pytest.mark.parametrize(
    "length", ["infk", "1e400k", "inf", "nan", "nank", "1.5K", "-1k", f"{'9' * 400}k", "9" * 400, "9" * 5000, "-2", "k"]
)
@pytest.mark.parametrize("flag", ["--max-model-len", "--max-num-batched-tokens"])
def test_a_length_that_is_no_number_of_tokens_is_a_finding_in_one_sentence(flag: str, length: str) -> None:
    fault = str(misfit(["s3://b/models/llama-3.1-8b/bf16", flag, length], "g6e.xlarge"))
    assert fault.startswith(f"the arguments of vllm cannot be read: {flag} is ")
    assert len(fault) < 250


@pytest.mark.parametrize("share", ["0", "1.01", "-0.5", "inf", "nan", "most"])
def test_a_share_of_memory_is_above_0_and_at_most_1(share: str) -> None:
    arguments = ["s3://b/models/llama-3.1-8b/bf16", "--max-model-len", "4k", "--gpu-memory-utilization", share]
    assert "--gpu-memory-utilization is " in str(misfit(arguments, "g6e.xlarge"))
    assert misfit([*arguments, "--gpu-memory-utilization", "0.95"], "g6e.xlarge") is None
    assert "does not start" in str(misfit([*arguments, "--gpu-memory-utilization", "1"], "g6e.xlarge"))


def test_the_license_of_a_model_behind_an_unclear_argument_is_not_known() -> None:
    assert catalog_name(["s3://b/models/llama-3.1-8b/bf16", "--max-n", "8"]) is None
    assert catalog_name(["s3://b/models/llama-3.1-8b/bf16", "--max-model", "8"]) == "llama-3.1-8b"


@pytest.mark.parametrize("length", ["32k", "32K", "25.6k", "auto", "-1"])
def test_a_length_is_read_as_vllm_reads_it(length: str) -> None:
    """32k is 32,000 tokens and 32K 32,768; auto is the longest that fits."""
    assert misfit(["s3://b/models/llama-3.1-8b/bf16", "--max-model-len", length], "g6e.xlarge") is None


def test_a_pool_is_also_told_by_labels_that_kubelet_and_cloud_give_its_nodes() -> None:
    pod, pool = placed(instanceTypes=["g4dn.xlarge", "g6e.xlarge"])
    inputs: Any = pod.values
    spec = inputs["spec"]["template"]["spec"]

    def refused(**wanted: str) -> bool:
        selector = {key.replace("_", "."): value for key, value in wanted.items()}
        chosen = replace(pod, values={"spec": {"template": {"spec": {**spec, "nodeSelector": selector}}}})
        return bool(list(misfits([chosen, pool])))

    assert refused(**{"topology.kubernetes.io/zone": "us-east-1a", "kubernetes.io/arch": "amd64"})
    assert refused(**{"node.kubernetes.io/instance-type": "g4dn.xlarge"})
    assert not refused(**{"node.kubernetes.io/instance-type": "g6e.xlarge"})


@pytest.mark.parametrize(
    ("checkpoint", "dtype", "why"),
    [
        # 30 GiB of weights, on 22.
        ("bf16", "float32", "does not start"),
        ("bf16", "bfloat16", None),
        ("bf16", "auto", None),
        ("fp8", "float32", "is for unquantized weights"),
        ("bf16", "fp16", "--dtype is 'fp16'; say auto, half"),
    ],
)
def test_a_dtype_is_read(checkpoint: str, dtype: str, why: str | None) -> None:
    arguments = [f"s3://b/models/llama-3.1-8b/{checkpoint}", "--max-model-len=4096", "--dtype", dtype]
    found = misfit(arguments, "g6.xlarge")
    assert found is None if why is None else why in (found or "")


def test_a_dtype_of_a_checkpoint_that_is_not_known_leaves_out_those_that_do_not_have_it() -> None:
    arguments = [UNKNOWN, "--served-model-name=llama-3.1-8b", "--max-model-len=4096", "--dtype=float32"]
    assert misfit(arguments, "g6e.xlarge") is None
    assert "does not start" in str(misfit(arguments, "g6.xlarge"))
