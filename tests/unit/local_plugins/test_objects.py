"""Names, kinds and places, without a cluster."""

from __future__ import annotations

import pytest

from local.plugins.resource_kubernetes.objects import (
    Address,
    Kind,
    UnsupportedError,
    address_of_id,
    automatic_name,
    is_autonamed,
    kind_of,
    kind_of_token,
    path_text,
    refuse_unsupported,
    with_metadata,
    with_name,
)
from local.plugins.resource_kubernetes.values import UNKNOWN, Secret


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("kubernetes:core/v1:Namespace", Kind("v1", "Namespace")),
        ("kubernetes:apps/v1:Deployment", Kind("apps/v1", "Deployment")),
        ("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", Kind("rbac.authorization.k8s.io/v1", "ClusterRole")),
        (
            "kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet",
            Kind("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"),
        ),
        ("kubernetes:farm.dev/v1:IPAllowList", Kind("farm.dev/v1", "IPAllowList")),
    ],
)
def test_a_token_names_a_kind(token: str, kind: Kind) -> None:
    assert kind_of_token(token) == kind


@pytest.mark.parametrize(
    "token",
    [
        "kubernetes:helm.sh/v3:Release",
        "kubernetes:helm.sh/v4:Chart",
        "kubernetes:yaml/v2:ConfigGroup",
        "kubernetes:yaml:ConfigFile",
        "kubernetes:kustomize/v2:Directory",
        "kubernetes:apps/v1:DeploymentPatch",
        "kubernetes:core/v1:ConfigMapList",
        "aws:s3/bucket:Bucket",
    ],
)
def test_what_is_not_supported_is_refused_by_its_name(token: str) -> None:
    with pytest.raises(UnsupportedError, match=token):
        kind_of_token(token)


@pytest.mark.parametrize("key", ["pulumi.com/waitFor", "pulumi.com/replaceUnready"])
def test_an_annotation_that_would_change_the_wait_is_refused(key: str) -> None:
    with pytest.raises(UnsupportedError, match=key):
        refuse_unsupported({"metadata": {"annotations": {key: "x"}}})


def test_a_generated_name_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="generateName"):
        refuse_unsupported({"metadata": {"generateName": "job-"}})


def test_an_object_says_its_own_kind_when_it_does() -> None:
    said = {"apiVersion": "farm.dev/v1", "kind": "Llama"}
    assert kind_of(said, "kubernetes:farm.dev/v1:Other") == Kind("farm.dev/v1", "Llama")
    assert kind_of({"apiVersion": UNKNOWN}, "kubernetes:apps/v1:Deployment") == Kind("apps/v1", "Deployment")


def test_a_missing_name_is_chosen_and_marked_as_chosen() -> None:
    named = with_name({"metadata": {"labels": {"a": "b"}}}, {}, "web-12345678")
    assert named["metadata"]["name"] == "web-12345678"
    assert named["metadata"]["labels"] == {"a": "b"}
    assert is_autonamed(named)


def test_a_chosen_name_is_kept_by_the_next_update() -> None:
    first = with_name({}, {}, "web-11111111")
    assert with_name({}, first, "web-22222222")["metadata"]["name"] == "web-11111111"


def test_a_given_name_is_never_replaced() -> None:
    named = with_name({"metadata": {"name": "web"}}, with_name({}, {}, "web-11111111"), "web-22222222")
    assert named == {"metadata": {"name": "web"}}


def test_metadata_that_is_not_known_yet_is_left_alone() -> None:
    assert with_name({"metadata": UNKNOWN}, {}, "web-1") == {"metadata": UNKNOWN}
    assert with_metadata({"metadata": UNKNOWN}, {"namespace": "x"}) == {"metadata": UNKNOWN}


def test_secret_metadata_stays_secret_when_a_name_is_added() -> None:
    named = with_name({"metadata": Secret({"labels": {"a": "b"}})}, {}, "web-1")
    assert isinstance(named["metadata"], Secret)
    assert named["metadata"].value["name"] == "web-1"


def test_automatic_names_differ_by_seed_and_are_the_same_for_one_seed() -> None:
    assert automatic_name("web", b"1") == automatic_name("web", b"1") != automatic_name("web", b"2")
    assert automatic_name("web", b"1").startswith("web-")


def test_an_id_without_a_namespace_means_the_default_one_only_where_there_are_namespaces() -> None:
    kind = Kind("v1", "ConfigMap")
    namespaced = address_of_id("a", kind, namespaced=True, default_namespace="team")
    cluster_wide = address_of_id("a", kind, namespaced=False, default_namespace="team")
    assert (namespaced, cluster_wide) == (Address(kind, "a", "team"), Address(kind, "a", None))
    assert address_of_id("x/a", kind, namespaced=True, default_namespace="team").resource_id == "x/a"


def test_a_path_reads_as_pulumi_writes_it() -> None:
    assert path_text(("spec", "containers", 0, "env")) == "spec.containers[0].env"
    assert path_text(("metadata", "labels", "a.b/c")) == 'metadata.labels["a.b/c"]'
