"""Update or replacement, and what a refresh takes for a change. Which of it the real API server allows: tests/local."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.plugins.resource_kubernetes.changes import (
    Change,
    Difference,
    differences,
    is_ignored,
    must_delete_first,
    refreshed_inputs,
)
from local.plugins.resource_kubernetes.objects import AUTONAMED, Kind

_DEPLOYMENT = Kind("apps/v1", "Deployment")
_JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


def found(old: dict[str, Any], new: dict[str, Any], kind: Kind, **options: Any) -> dict[str, str]:
    return {str(d): f"{d.change}{' replaces' if d.replaces else ''}" for d in differences(old, new, kind, **options)}


@given(st.dictionaries(st.text(max_size=3), _JSON, max_size=4))
def test_nothing_differs_from_itself(obj: dict[str, Any]) -> None:
    assert differences(obj, obj, _DEPLOYMENT) == []


def test_each_changed_field_is_named_with_how_it_changed() -> None:
    old = {"spec": {"replicas": 1, "paused": True, "list": [1, 2]}}
    new = {"spec": {"replicas": 2, "minReadySeconds": 5, "list": [1]}}
    assert found(old, new, _DEPLOYMENT) == {
        "spec.replicas": "update",
        "spec.paused": "delete",
        "spec.minReadySeconds": "add",
        "spec.list[1]": "delete",
    }


def test_null_and_absent_are_one() -> None:
    assert found({"spec": {"a": None}}, {"spec": {}}, _DEPLOYMENT) == {}


def test_true_is_not_one() -> None:
    assert found({"a": True}, {"a": 1}, _DEPLOYMENT) == {"a": "update"}


@pytest.mark.parametrize(
    ("kind", "old", "new", "expected"),
    [
        (_DEPLOYMENT, {"spec": {"selector": {"a": "1"}}}, {"spec": {"selector": {"a": "2"}}}, "update replaces"),
        (_DEPLOYMENT, {"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}, "update replaces"),
        (_DEPLOYMENT, {"metadata": {"namespace": "a"}}, {"metadata": {"namespace": "b"}}, "update replaces"),
        (_DEPLOYMENT, {"metadata": {"labels": {}}}, {"metadata": {"labels": {"a": "b"}}}, "add"),
        (Kind("v1", "ConfigMap"), {"data": {"a": "1"}}, {"data": {"a": "2"}}, "update replaces"),
        (Kind("v1", "Secret"), {"stringData": {"a": "1"}}, {"stringData": {"a": "2"}}, "update replaces"),
        (Kind("v1", "Service"), {"spec": {"clusterIP": "a"}}, {"spec": {"clusterIP": "b"}}, "update replaces"),
        (Kind("v1", "Service"), {"spec": {"ports": [1]}}, {"spec": {"ports": [2]}}, "update"),
        (
            Kind("batch/v1", "Job"),
            {"spec": {"template": {"x": 1}}},
            {"spec": {"template": {"x": 2}}},
            "update replaces",
        ),
        (Kind("v1", "Pod"), {"spec": {"nodeName": "a"}}, {"spec": {"nodeName": "b"}}, "update replaces"),
        (Kind("v1", "Pod"), {"spec": {"tolerations": []}}, {"spec": {"tolerations": [{"a": 1}]}}, "add"),
        (Kind("v1", "Pod"), {"spec": {"containers": []}}, {}, "delete replaces"),
        (
            Kind("rbac.authorization.k8s.io/v1", "RoleBinding"),
            {"roleRef": {"name": "a"}},
            {"roleRef": {"name": "b"}},
            "update replaces",
        ),
        (Kind("farm.dev/v1", "Deployment"), {"spec": {"selector": 1}}, {"spec": {"selector": 2}}, "update"),
    ],
)
def test_a_field_is_updated_or_replaced_for(
    kind: Kind, old: dict[str, Any], new: dict[str, Any], expected: str
) -> None:
    assert list(found(old, new, kind).values()) == [expected]


def test_a_config_map_may_change_in_place_where_the_provider_is_told_so() -> None:
    kind, old, new = Kind("v1", "ConfigMap"), {"data": {"a": "1"}}, {"data": {"a": "2"}}
    mutable = frozenset({"ConfigMap"})
    assert found(old, new, kind, mutable=mutable) == {"data.a": "update"}
    sealed = {"immutable": True}
    assert found(old | sealed, new | sealed, kind, mutable=mutable) == {"data.a": "update replaces"}


def test_the_old_object_goes_first_only_when_both_would_have_one_name() -> None:
    named = {"metadata": {"name": "a", "namespace": "n"}}
    moved = {"metadata": {"name": "a", "namespace": "m"}}
    chosen = {"metadata": {"name": "a", "namespace": "n", "annotations": {AUTONAMED: "true"}}}
    assert must_delete_first(named, named, _DEPLOYMENT)
    assert not must_delete_first(named, moved, _DEPLOYMENT)
    assert not must_delete_first(chosen, chosen, _DEPLOYMENT)


@pytest.mark.parametrize(
    ("pattern", "ignored"),
    [
        ("spec.replicas", False),
        ("spec.template", True),
        ("spec.template.spec.containers[0].image", True),
        ("spec.template.spec.containers[*].image", True),
        ("spec.template.spec.containers[1].image", False),
        ("spec.template.spec.containers[0].image.tag", False),
    ],
)
def test_ignore_changes_covers_a_field_and_what_is_inside_it(pattern: str, ignored: bool) -> None:
    image = Difference(("spec", "template", "spec", "containers", 0, "image"), Change.UPDATE, replaces=False)
    assert is_ignored(image, [pattern]) is ignored


def test_ignore_changes_reads_quoted_keys() -> None:
    label = Difference(("metadata", "labels", "a.b/c"), Change.UPDATE, replaces=False)
    assert is_ignored(label, ['metadata.labels["a.b/c"]'])
    assert not is_ignored(label, ['metadata.labels["a.b"]'])


@given(_JSON, _JSON)
def test_a_refresh_changes_nothing_when_the_cluster_did_not(inputs: Any, live: Any) -> None:
    assert refreshed_inputs(inputs, live, live) == inputs


def test_a_value_that_the_server_writes_in_its_own_way_is_no_change() -> None:
    live = {"cpu": "500m", "replicas": 2}
    assert refreshed_inputs({"cpu": "0.5"}, live, live | {"replicas": 3}) == {"cpu": "0.5"}


def test_a_value_changed_in_the_cluster_shows_in_the_inputs() -> None:
    assert refreshed_inputs({"replicas": 2}, {"replicas": 2}, {"replicas": 5}) == {"replicas": 5}


def test_a_value_removed_in_the_cluster_leaves_the_inputs() -> None:
    inputs, before = {"labels": {"a": "1", "b": "2"}}, {"labels": {"a": "1", "b": "2"}}
    assert refreshed_inputs(inputs, before, {"labels": {"a": "1"}}) == {"labels": {"a": "1"}}


def test_what_others_add_is_not_ours() -> None:
    inputs = {"containers": [{"name": "web", "image": "a"}]}
    before = {"containers": [{"name": "web", "image": "a"}]}
    now = {"containers": [{"name": "sidecar"}, {"name": "web", "image": "a", "tty": True}], "nodeName": "n1"}
    assert refreshed_inputs(inputs, before, now) == inputs


def test_our_container_is_found_by_name_when_others_stand_before_it() -> None:
    inputs = {"containers": [{"name": "web", "image": "a"}]}
    now = {"containers": [{"name": "sidecar"}, {"name": "web", "image": "evil"}]}
    assert refreshed_inputs(inputs, inputs, now) == {"containers": [{"name": "web", "image": "evil"}]}


def test_a_plain_list_changed_in_the_cluster_is_taken_as_it_is() -> None:
    assert refreshed_inputs({"args": ["a"]}, {"args": ["a"]}, {"args": ["a", "b"]}) == {"args": ["a", "b"]}
