"""Reading of a stack that stands: EKS and Systems Manager by canned answers, kubectl by a stand-in on PATH."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from paddock.catalog.lookup import RefusedError
from paddock.cluster.kubeconfig import Signer
from paddock.operations.doctor import account as reading
from paddock.operations.doctor.account import found_of
from paddock.operations.doctor.diagnosis import diagnose
from paddock.operations.doctor.facts import Addon, Found, Inside, NodeGroup
from paddock.operations.doctor.kubectl import look_inside, stack_outputs, way
from paddock.operations.preflight.row import Unseen
from tests.unit.operations.doctor.recorded import CRASHING, VLLM_LOG, kubectl
from tests.unit.operations.doctor.test_diagnosis import STANDING
from tests.unit.operations.preflight.stacks import REGION, Kept, asked

MESSAGE = "You have requested more vCPU capacity than your current limit"
ISSUE = {"code": "AsgInstanceLaunchFailures", "message": MESSAGE}
ANSWERS: Mapping[str, Any] = {
    "GetCallerIdentity": {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:root"},
    "DescribeCluster": {
        "cluster": {
            "status": "ACTIVE",
            "version": "1.36",
            "endpoint": "https://abc.eks.amazonaws.com",
            "certificateAuthority": {"data": "Q0E="},
        }
    },
    "ListNodegroups": {"nodegroups": ["llama-gpu"]},
    "DescribeNodegroup": {
        "nodegroup": {
            "nodegroupName": "llama-gpu",
            "status": "ACTIVE",
            "health": {"issues": [ISSUE]},
            "scalingConfig": {"desiredSize": 1},
            "releaseVersion": "1.62.0-0f1e2d3c",
            "amiType": "BOTTLEROCKET_x86_64_NVIDIA",
            "version": "1.36",
        }
    },
    "ListAddons": {"addons": ["coredns"]},
    "DescribeAddon": {"addon": {"addonName": "coredns", "status": "ACTIVE", "addonVersion": "v1"}},
    "DescribeAddonVersions": {
        "addons": [
            {
                "addonVersions": [
                    {"addonVersion": "v3", "compatibilities": [{"defaultVersion": False}]},
                    {"addonVersion": "v2", "compatibilities": [{"defaultVersion": True}]},
                ]
            }
        ]
    },
    "GetParameter": {"Parameter": {"Value": "1.63.1-4b5a6978"}},
    "GetServiceQuota": {"Quota": {"Value": 64.0}},
    "DescribeInstances": {"Reservations": []},
    "DescribeInstanceTypes": {"InstanceTypes": []},
}


class Answers(dict[str, Any]):
    """Answers by operation, of which a test changes some, and the parameters that were asked for."""

    names: list[str]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    given = Answers(ANSWERS)
    given.names = []

    def make_api_call(self: Any, operation: str, params: Any) -> Any:
        if operation == "GetParameter":
            given.names.append(params["Name"])
        if isinstance(given[operation], str):
            code = given[operation]
            raise self.exceptions.from_code(code)({"Error": {"Code": code}}, operation)
        return given[operation]

    monkeypatch.setattr(BaseClient, "_make_api_call", make_api_call)
    monkeypatch.setattr(reading, "stack_outputs", lambda _: {"namespace": "llama"})
    monkeypatch.setattr(reading, "_inside", lambda *_: look_inside(kubectl([CRASHING], {"vllm": VLLM_LOG}), "llama"))
    return given


SESSION = Kept(region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")


def read() -> Found:
    return found_of(asked(), SESSION, Signer(), print)


def test_what_eks_says_is_read_with_the_newest_release_and_the_default_add_on(answers: Answers) -> None:
    found = read()
    assert found.groups == (
        NodeGroup(
            name="llama-gpu",
            status="ACTIVE",
            issues=(f"AsgInstanceLaunchFailures: {MESSAGE}",),
            wanted=1,
            release="1.62.0-0f1e2d3c",
            newest_release="1.63.1-4b5a6978",
        ),
    )
    assert found.addons == (Addon(name="coredns", status="ACTIVE", issues=(), version="v1", default_version="v2"),)
    assert answers.names == ["/aws/service/bottlerocket/aws-k8s-1.36-nvidia/x86_64/latest/image_version"]
    assert diagnose(asked(), found).sentence.startswith("EKS cannot keep the node group llama-gpu")


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
@pytest.mark.parametrize("operation", sorted(set(ANSWERS) - {"DescribeInstanceTypes"}))
def test_a_refused_call_is_not_seen_and_never_a_traceback(answers: Answers, operation: str, code: str) -> None:
    answers[operation] = code
    diagnosis = diagnose(asked(), read())
    assert diagnosis.sentence.isprintable()
    if operation not in ("GetCallerIdentity", "DescribeCluster"):
        assert diagnosis.report.not_seen


@pytest.mark.parametrize("operation", sorted(ANSWERS))
@pytest.mark.parametrize("ill", [{}, {"cluster": None}, {"nodegroup": []}, {"addon": {"addonName": 3}}])
def test_an_answer_of_another_form_is_never_a_traceback(answers: Answers, operation: str, ill: Any) -> None:
    answers[operation] = ill
    assert diagnose(asked(), read()).sentence.isprintable()


def test_a_cluster_that_is_not_there_is_asked_for_nothing_more(answers: Answers) -> None:
    answers["DescribeCluster"] = "ResourceNotFoundException"
    found = read()
    assert (found.cluster, found.groups, found.inside) == (None, *2 * (Unseen("there is no cluster to ask"),))


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def _program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def _way(signer: Signer) -> Any:
    return way("llama-dev", REGION, STANDING, bastion=False, port=8443, signer=signer, say=print)


def test_kubectl_has_a_file_of_its_own_that_signs_as_the_stack_does_and_is_gone_afterwards(programs: Path) -> None:
    said = f'"{programs}/said"'
    _program(programs, "kubectl", f'cat "$2"; echo "$2" >> {said}; stat -c %a "$2" >> {said}')
    with _way(Signer("staging", "arn:aws:iam::123456789012:role/deployer")) as ask:
        text = ask(["get", "nodes"])
    file, mode = (programs / "said").read_text().split()
    config = json.loads(text)
    assert config["clusters"][0]["cluster"]["server"] == STANDING.endpoint
    arguments = config["users"][0]["user"]["exec"]["args"]
    assert arguments[-4:] == ["--profile", "staging", "--role-arn", "arn:aws:iam::123456789012:role/deployer"]
    assert mode == "600"
    assert not Path(file).exists()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'error: You must be logged in\x1b[31m' >&2; exit 1", "kubectl: error: You must be logged in?[31m"),
        ("exit 3", "kubectl exited 3"),
    ],
)
def test_a_kubectl_that_fails_is_told_by_its_last_line(programs: Path, script: str, said: str) -> None:
    _program(programs, "kubectl", script)
    with _way(Signer()) as ask:
        inside = look_inside(ask, "llama")
    assert inside == Inside(nodes=Unseen(said), pods=Unseen(said), events=Unseen(said))


def test_without_kubectl_its_page_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with _way(Signer()) as ask:
        inside = look_inside(ask, "llama")
    assert isinstance(inside.nodes, Unseen)
    assert "no kubectl on PATH (https://" in inside.nodes.why


def test_without_the_tunnels_programs_the_way_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("paddock.operations.doctor.kubectl.who_answers", lambda *_: None)
    with (
        pytest.raises(RefusedError, match="session-manager-plugin"),
        way("llama-dev", REGION, STANDING, bastion=True, port=8443, signer=Signer(), say=print),
    ):
        raise AssertionError("there is no way")


@pytest.mark.parametrize(
    ("script", "outputs"),
    [
        ('echo \'{"endpoint": "http://it"}\'', {"endpoint": "http://it"}),
        ("echo 'error: no stack selected' >&2; exit 255", Unseen("pulumi: error: no stack selected")),
        ("echo nothing", Unseen("pulumi's answer is no JSON")),
        ("echo []", Unseen("pulumi's answer is no map")),
    ],
)
def test_outputs_are_pulumis_or_why_there_are_none(programs: Path, script: str, outputs: object) -> None:
    _program(programs, "pulumi", script)
    assert stack_outputs("dev") == outputs
