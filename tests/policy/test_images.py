"""Images by digest: what counts as one, in which kinds, and what an unknown value may hide."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.policy import no_image_by_tag
from paddock.privacy.predicates.images import image_problem
from tests.policy.check import LATER, RuleResult, check

DIGEST = "sha256:" + "0123456789abcdef" * 4
FIXED = f"registry.example/vllm/vllm-openai@{DIGEST}"
MOVABLE = "vllm/vllm-openai:v0.33.0"


def pod(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "good", "image": FIXED}], **fields}


def template(spec: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"labels": {"image": "a-label"}}, "spec": spec}


KINDS: dict[str, Any] = {
    "core/v1:Pod": lambda spec: {"spec": spec},
    "core/v1:PodPatch": lambda spec: {"spec": spec},
    "core/v1:PodTemplate": lambda spec: {"template": template(spec)},
    "core/v1:PodList": lambda spec: {"items": [{"spec": spec}]},
    "core/v1:ReplicationController": lambda spec: {"spec": {"template": template(spec)}},
    "apps/v1:DaemonSet": lambda spec: {"spec": {"template": template(spec)}},
    "apps/v1:Deployment": lambda spec: {"spec": {"template": template(spec)}},
    "apps/v1:ReplicaSet": lambda spec: {"spec": {"template": template(spec)}},
    "apps/v1:StatefulSet": lambda spec: {"spec": {"template": template(spec)}},
    "batch/v1:CronJob": lambda spec: {"spec": {"jobTemplate": {"spec": {"template": template(spec)}}}},
    "batch/v1:Job": lambda spec: {"spec": {"template": template(spec)}},
    "leaderworkerset.x-k8s.io/v1:LeaderWorkerSet": lambda spec: {
        "spec": {"leaderWorkerTemplate": {"leaderTemplate": template(pod()), "workerTemplate": template(spec)}}
    },
    "ray.io/v1:RayCluster": lambda spec: {"spec": {"workerGroupSpecs": [{"template": template(spec)}]}},
}


def checked(kind: str, spec: Any) -> RuleResult:
    return check(no_image_by_tag, f"kubernetes:{kind}", **KINDS[kind](spec))


@pytest.mark.parametrize("kind", KINDS)
def test_every_pod_bearing_kind_passes_by_digest_is_refused_by_tag_and_waits_when_unknown(kind: str) -> None:
    assert checked(kind, pod()).passes
    bad = {"name": "bad", "image": MOVABLE}
    for field in ("containers", "initContainers", "ephemeralContainers"):
        refused = checked(kind, pod(**{field: [{"name": "good", "image": FIXED}, bad]}))
        assert len(refused.problems) == 1
        assert refused.paths[0].endswith(f"{field}[1].image")
        assert f"'{MOVABLE}' is named by a tag" in refused.problems[0]
        for unknown in (LATER, [LATER], [{"name": "later", "image": LATER}]):
            waiting = checked(kind, pod(**{field: unknown}))
            assert waiting.problems == []
            assert f".{field}" in waiting.undecided
    assert checked(kind, LATER).undecided


def test_an_image_mounted_as_a_volume_is_an_image_too() -> None:
    def volume(reference: str) -> RuleResult:
        return checked("core/v1:Pod", pod(volumes=[{"name": "weights", "image": {"reference": reference}}]))

    assert volume(FIXED).passes
    assert volume(MOVABLE).paths == ["spec.volumes[0].image.reference"]
    assert volume(LATER).undecided


def test_an_operators_own_image_field_is_checked() -> None:
    prometheus = "kubernetes:monitoring.coreos.com/v1:Prometheus"
    assert check(no_image_by_tag, prometheus, spec={"image": FIXED}).passes
    assert check(no_image_by_tag, prometheus, spec={"image": "quay.io/prometheus/prometheus:v3"}).paths == [
        "spec.image"
    ]


def test_an_unknown_argument_hides_no_image() -> None:
    container = {"name": "vllm", "image": FIXED, "args": [LATER, "--port"], "env": [{"name": "KEY", "value": LATER}]}
    assert checked("apps/v1:Deployment", pod(containers=[container], serviceAccountName=LATER)).passes


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("core/v1:ConfigMap", {"data": {"image": MOVABLE}}),
        ("core/v1:Secret", {"stringData": {"image": MOVABLE}}),
        ("core/v1:SecretList", {"items": [{"stringData": {"image": MOVABLE}}]}),
        ("apiextensions.k8s.io/v1:CustomResourceDefinition", {"spec": {"example": {"image": MOVABLE}}}),
        ("core/v1:Service", {"metadata": {"annotations": {"image": MOVABLE}}, "spec": {"selector": {"image": "vllm"}}}),
        ("core/v1:PersistentVolume", {"spec": {"rbd": {"image": "a-ceph-block-device"}}}),
        ("core/v1:Namespace", {"metadata": {"name": LATER}}),
    ],
)
def test_keys_named_image_that_nothing_runs_pass(kind: str, inputs: dict[str, Any]) -> None:
    assert check(no_image_by_tag, f"kubernetes:{kind}", **inputs).passes


def test_a_helm_release_is_refused_since_its_images_cannot_be_seen() -> None:
    (problem,) = check(no_image_by_tag, "kubernetes:helm.sh/v3:Release", chart="vllm").problems
    assert "helm.v4.Chart" in problem


def test_what_is_not_kubernetes_is_not_checked() -> None:
    assert check(no_image_by_tag, "aws:apprunner/service:Service", image=MOVABLE).passes


@pytest.mark.parametrize(
    "image",
    [FIXED, f"vllm@{DIGEST}", f"localhost:5000/a/b__c-d.e@{DIGEST}", f"1.dkr.ecr.us-east-1.amazonaws.com/a@{DIGEST}"],
)
def test_a_repository_and_a_sha256_digest_is_the_accepted_form(image: str) -> None:
    assert image_problem(image) is None


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("vllm", "named by a tag"),
        ("vllm:latest", "named by a tag"),
        ("registry.example:5000/vllm", "named by a tag"),
        ("", "named by a tag"),
        (f"vllm:v1@{DIGEST}", "a tag beside its digest"),
        (f"registry.example:5000/vllm:v1@{DIGEST}", "a tag beside its digest"),
        (f"vllm@{DIGEST[:-1]}", "no valid name and digest"),
        (f"vllm@{DIGEST}0", "no valid name and digest"),
        (f"vllm@{DIGEST.upper()}", "no valid name and digest"),
        (f"vllm@sha512:{'0' * 128}", "no valid name and digest"),
        (f"@{DIGEST}", "no valid name and digest"),
        (f"Vllm@{DIGEST}", "no valid name and digest"),
        (f"vllm@{DIGEST}\n", "no valid name and digest"),
        (f"vllm latest@{DIGEST}", "no valid name and digest"),
    ],
)
def test_anything_else_is_refused_with_the_form_to_write(image: str, said: str) -> None:
    problem = image_problem(image)
    assert problem is not None
    assert said in problem
    assert problem.endswith("write <repository>@sha256:<64 hex digits>")


@given(st.text(alphabet="abAB01/:@._-$`'\"{} \n", max_size=30))
def test_whatever_is_accepted_has_no_tag_and_no_sign_that_a_shell_or_a_template_reads(repository: str) -> None:
    if image_problem(f"{repository}@{DIGEST}") is None:
        registry, slash, name = repository.rpartition("/")
        assert re.fullmatch(r"[a-z0-9._-]+", name)
        assert re.fullmatch(r"[A-Za-z0-9.:/_-]+", registry) if slash else registry == ""
