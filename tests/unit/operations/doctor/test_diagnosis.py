"""Diagnosis of a stack that stands, on recorded answers of kubectl: what is wrong is said in one sentence first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from paddock.operations.doctor.diagnosis import diagnose, telling
from paddock.operations.doctor.facts import Addon, Found, NodeGroup, Standing
from paddock.operations.doctor.kubectl import look_inside
from paddock.operations.preflight.facts import Caller, NoCaller
from paddock.operations.preflight.row import State, Unseen
from tests.unit.operations.doctor import recorded
from tests.unit.operations.doctor.recorded import NODES, POD, VLLM_LOG, WEIGHTS_REFUSED, kubectl, node, ready
from tests.unit.operations.preflight.stacks import asked

CALLER = Caller(account="123456789012", arn="arn:aws:iam::123456789012:user/me", principal=None)
STANDING = Standing(
    status="ACTIVE", version="1.36", endpoint="https://abc.eks.amazonaws.com", certificate_authority="", issues=()
)
GROUP = NodeGroup(
    name="llama-gpu", status="ACTIVE", issues=(), wanted=1, release="1.63.1-4b5a6978", newest_release="1.63.1-4b5a6978"
)
ADDON = Addon(name="coredns", status="ACTIVE", issues=(), version="v1", default_version="v1")


def found(
    pods: Sequence[Any] = (recorded.SERVING,),
    logs: Mapping[str, Sequence[str]] | None = None,
    nodes: Sequence[Any] = NODES,
    **changed: Any,
) -> Found:
    stack = asked()
    good = Found(
        caller=CALLER,
        cluster=STANDING,
        groups=(GROUP,),
        addons=(ADDON,),
        quotas={need.code: 64.0 for need in stack.plan.quotas},
        vcpus_in_use={need.code: need.vcpus for need in stack.plan.quotas},
        inside=look_inside(kubectl(pods, logs, nodes), "llama"),
        outputs={"endpoint": "http://vllm.llama:8000/v1"},
    )
    return replace(good, **changed)


def test_of_a_stack_that_serves_nothing_is_wrong() -> None:
    diagnosis = diagnose(asked(), found())
    assert (diagnosis.sentence, diagnosis.wrong) == ("Nothing is wrong: 1 of 1 pods are ready.", False)
    assert {row.state for row in diagnosis.report.rows} == {State.PASS}


@pytest.mark.parametrize(
    ("pod", "logs", "said"),
    [
        (
            recorded.CRASHING,
            {"vllm": VLLM_LOG},
            f"The container vllm of {POD} crashes again and again (7 restarts, exit status 1): {VLLM_LOG[2]}",
        ),
        (
            recorded.PULL_FAILS,
            {},
            f"The image of the container vllm of {POD} cannot be pulled: {recorded.MESSAGE_OF_PULL}.",
        ),
        (recorded.NO_GPU, {}, f"No node has a free GPU for the pod {POD}: {recorded.SCHEDULER}"),
        (
            recorded.WEIGHTS,
            {"weights": WEIGHTS_REFUSED},
            f"The init container weights of {POD} refuses to let the model start: {WEIGHTS_REFUSED[1]}.",
        ),
        (
            recorded.KILLED,
            {},
            f"The container vllm of {POD} needs more memory than its limit and was killed (OOMKilled).",
        ),
        (
            recorded.STARTING,
            {"vllm": ["INFO loading weights"]},
            f"The pod {POD} is starting, 0 of 1 are ready; it said last: INFO loading weights.",
        ),
    ],
    ids=["crash", "pull", "gpu", "weights", "memory", "starting"],
)
def test_a_pod_that_does_not_serve_is_told_by_its_cause(pod: Any, logs: Mapping[str, Sequence[str]], said: str) -> None:
    diagnosis = diagnose(asked(), found([pod], logs))
    assert diagnosis.sentence == said
    assert diagnosis.wrong
    assert [row.name for row in diagnosis.report.failed] == ["pods"]


def test_the_log_of_the_pod_that_fails_is_shown_and_events_newest_last_and_without_commands_to_a_terminal() -> None:
    diagnosis = diagnose(asked(), found([recorded.SERVING, recorded.CRASHING], {"vllm": VLLM_LOG}))
    assert diagnosis.log_of == f"{POD}/vllm"
    assert diagnosis.log[-1] == VLLM_LOG[-1]
    assert [event.reason for event in diagnosis.events] == ["Pulled", "BackOff"]
    assert diagnosis.events[1].message == "Back-off restarting failed container ?[31mvllm"


def test_what_only_follows_is_not_taken_for_the_cause() -> None:
    assert telling(VLLM_LOG).startswith("(EngineCore pid=281) ValueError: 16.0 GiB")
    assert telling(["one", "two"]) == "two"
    assert telling([]) == ""
    memory = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"
    assert telling([memory, "RuntimeError: Engine core initialization failed. See root cause above."]) == memory


def test_a_group_that_eks_cannot_fill_comes_before_the_pod_that_waits_for_it() -> None:
    group = replace(GROUP, issues=("VcpuLimitExceeded: You have requested more vCPU capacity than your limit of 0",))
    diagnosis = diagnose(asked(), found([recorded.NO_GPU], groups=(group,)))
    assert diagnosis.sentence.startswith("EKS cannot keep the node group llama-gpu: VcpuLimitExceeded")


def test_a_node_that_is_not_ready_is_named_with_its_reason() -> None:
    sick = node("gpu-1", 1, ready("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."))
    diagnosis = diagnose(asked(), found(nodes=[*NODES[:2], sick]))
    assert diagnosis.sentence == (
        "The node gpu-1 is not ready: NodeStatusUnknown: Kubelet stopped posting node status."
    )


def test_drift_is_told_and_is_no_failure() -> None:
    group, addon = replace(GROUP, release="1.62.0-0f1e2d3c"), replace(ADDON, default_version="v2")
    diagnosis = diagnose(asked(), found(groups=(group,), addons=(addon,)))
    assert not diagnosis.wrong
    rows = {row.name: row for row in diagnosis.report.rows}
    assert "1.62.0-0f1e2d3c has drifted" in rows["AMI"].found
    assert rows["AMI"].mend.startswith("set paddock:node_release_version to 1.63.1-4b5a6978")
    assert "differs from EKS's default" in rows["add-on"].found


@pytest.mark.parametrize(
    ("changed", "said", "wrong"),
    [
        ({"caller": NoCaller("no credentials are found")}, "AWS does not know who asks", True),
        ({"cluster": None}, "There is no cluster llama-dev in us-east-1: `paddock deploy dev` makes it.", True),
        ({"cluster": Unseen("AWS answers AccessDenied to DescribeCluster")}, "could not be asked about", True),
        ({"cluster": replace(STANDING, status="FAILED")}, "The cluster llama-dev is FAILED.", True),
        ({"inside": Unseen("the tunnel does not open: no")}, "the cluster itself could not be asked", False),
        ({"addons": (replace(ADDON, status="DEGRADED"),)}, "Add-on: coredns v1, DEGRADED.", True),
    ],
)
def test_what_is_around_the_pods_is_told_too(changed: dict[str, Any], said: str, wrong: bool) -> None:
    diagnosis = diagnose(asked(), found(**changed))
    assert said in diagnosis.sentence
    assert diagnosis.wrong is wrong


def test_no_pods_at_all_are_wrong() -> None:
    assert diagnose(asked(), found([])).sentence.startswith("There is no pod in the namespace")


@pytest.mark.parametrize(
    "ill", ["", "null", "[]", '{"items": 7}', '{"items": [3]}', '{"items": [{}]}', "<html>", "[" * 9999]
)
def test_an_ill_answer_of_kubectl_is_never_a_traceback(ill: str) -> None:
    diagnosis = diagnose(asked(), found(inside=look_inside(lambda _: ill, "llama")))
    assert diagnosis.wrong
    assert diagnosis.sentence.isprintable()


FIELDS = ("status", "metadata", "conditions", "containerStatuses", "state", "lastState", "restartCount", "name")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [None, 7, "text", [], {}, [None], "\x1b]0;evil\x07"])
def test_a_field_of_another_form_is_read_over(field: str, value: Any) -> None:
    def ill(raw: Any) -> Any:
        if isinstance(raw, dict):
            return {key: value if key == field else ill(each) for key, each in raw.items()}
        return [ill(each) for each in raw] if isinstance(raw, list) else raw

    def answer(words: Sequence[str]) -> str | Unseen:
        said = kubectl([recorded.CRASHING], {"vllm": VLLM_LOG})(words)
        if isinstance(said, Unseen) or words[0] != "get":
            return said
        return json.dumps(ill(json.loads(said)))

    diagnosis = diagnose(asked(), found(inside=look_inside(answer, "llama")))
    assert diagnosis.sentence.isprintable()
