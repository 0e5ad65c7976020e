"""What each call does to a cluster, against a fake API server.

That the real one validates, defaults and refuses as these tests assume is shown by tests/local.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from local.plugins.resource_kubernetes.api import ApiError, UnknownKindError
from local.plugins.resource_kubernetes.objects import AUTONAMED, SKIP_AWAIT, TIMEOUT_SECONDS, UnsupportedError
from local.plugins.resource_kubernetes.operations import Operations, RefusedError, UnhealthyError
from local.plugins.resource_kubernetes.values import UNKNOWN, Secret, reveal
from local.plugins.resource_kubernetes.waiting import NotGoneError
from tests.unit.local_plugins.fake_api import FakeApi

Open = Callable[..., Operations]
Object = dict[str, Any]

_CONFIG_MAP, _DEPLOYMENT, _SECRET = (
    "kubernetes:core/v1:ConfigMap",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:core/v1:Secret",
)
_LLAMA = "kubernetes:farm.dev/v1:Llama"
_IMMUTABLE_SELECTOR = (422, 'Deployment "web" is invalid: spec.selector: field is immutable', ["spec.selector"])


def quiet(_: str) -> None:
    """For operations whose progress a test does not read."""


def config_map(**data: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "team"},
        "data": data,
    }


def deployment(replicas: int = 1, annotations: Object | None = None) -> Object:
    metadata = {"name": "web", "namespace": "team", "annotations": annotations or {}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def llama() -> Object:
    return {"apiVersion": "farm.dev/v1", "kind": "Llama", "metadata": {"name": "kuzco", "namespace": "team"}}


class TestCheck:
    def test_what_the_program_left_out_is_filled_in(self, opened: Open) -> None:
        checked = opened().check(_CONFIG_MAP, "settings", {}, {"data": {"a": "b"}}, b"seed", None)
        assert checked["apiVersion"] == "v1"
        assert checked["kind"] == "ConfigMap"
        assert checked["metadata"]["namespace"] == "team"
        assert checked["metadata"]["annotations"] == {AUTONAMED: "true"}
        assert checked["metadata"]["name"].startswith("settings-")

    def test_the_providers_namespace_comes_before_the_kubeconfigs(self, opened: Open) -> None:
        checked = opened(namespace="prod").check(_CONFIG_MAP, "settings", {}, {}, b"", None)
        assert checked["metadata"]["namespace"] == "prod"

    def test_a_kind_without_namespaces_loses_the_one_given_by_mistake(self, opened: Open) -> None:
        given = {"metadata": {"name": "team", "namespace": "odd"}}
        checked = opened().check("kubernetes:core/v1:Namespace", "team", {}, given, b"", None)
        assert checked["metadata"] == {"name": "team"}

    def test_an_unknown_built_in_kind_is_refused_with_those_that_exist(self, opened: Open) -> None:
        with pytest.raises(UnknownKindError, match="no kind apps/v1 Deploymentt; apps/v1 has Deployment"):
            opened().check("kubernetes:apps/v1:Deploymentt", "web", {}, {}, b"", None)

    def test_a_custom_kind_may_come_later_and_is_taken_for_namespaced(self, opened: Open) -> None:
        assert opened().check(_LLAMA, "kuzco", {}, {}, b"", None)["metadata"]["namespace"] == "team"

    def test_a_patch_is_refused(self, opened: Open) -> None:
        with pytest.raises(UnsupportedError, match="DeploymentPatch"):
            opened().check("kubernetes:apps/v1:DeploymentPatch", "web", {}, {}, b"", None)


class TestCreate:
    def test_the_object_is_applied_under_pulumis_name_and_strictly(self, opened: Open, api: FakeApi) -> None:
        resource_id, _ = opened().create(_CONFIG_MAP, config_map(a="b"), 0, quiet)
        assert resource_id == "team/settings"
        assert api.applied() == [config_map(a="b")]
        query = [query for method, _, query, _ in api.requests if method == "PATCH"]
        assert query == [{"fieldManager": "pulumi-kubernetes", "force": "false", "fieldValidation": "Strict"}]

    def test_the_state_is_the_live_object_without_its_bookkeeping(self, opened: Open) -> None:
        _, state = opened().create(_CONFIG_MAP, config_map(a="b"), 0, quiet)
        assert state["metadata"]["uid"] == "uid-1"
        assert "managedFields" not in state["metadata"]

    def test_what_is_secret_going_in_is_secret_coming_out(self, opened: Open, api: FakeApi) -> None:
        _, state = opened().create(_CONFIG_MAP, config_map(a=Secret("hunter2"), b="open"), 0, quiet)
        assert state["data"] == {"a": Secret("hunter2"), "b": "open"}
        assert api.applied()[0]["data"]["a"] == "hunter2"

    def test_the_content_of_a_secret_is_always_secret(self, opened: Open) -> None:
        inputs = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "aHVudGVyMg=="}}
        _, state = opened().create(_SECRET, inputs, 0, quiet)
        assert state["data"] == Secret({"a": "aHVudGVyMg=="})

    def test_an_object_that_exists_is_not_taken_over(self, opened: Open, api: FakeApi) -> None:
        opened().create(_CONFIG_MAP, config_map(a="old"), 0, quiet)
        with pytest.raises(RefusedError, match=r"ConfigMap team/settings already exists.*upsert_existing_objects"):
            opened().create(_CONFIG_MAP, config_map(a="new"), 0, quiet)
        assert [obj["data"] for obj in api.applied()] == [{"a": "old"}]

    def test_an_object_that_exists_is_taken_over_where_the_provider_is_told_so(
        self, opened: Open, api: FakeApi
    ) -> None:
        opened().create(_CONFIG_MAP, config_map(a="old"), 0, quiet)
        opened(upsertExistingObjects="true").create(_CONFIG_MAP, config_map(a="new"), 0, quiet)
        assert [obj["data"] for obj in api.applied()] == [{"a": "old"}, {"a": "new"}]

    def test_a_definition_still_on_its_way_is_waited_for(self, opened: Open, api: FakeApi) -> None:
        reports: list[str] = []

        def report(message: str) -> None:
            reports.append(message)
            api.resources["farm.dev/v1"] = [("llamas", "Llama", True)]

        assert opened().create(_LLAMA, llama(), 0, report)[0] == "team/kuzco"
        assert "no kind farm.dev/v1 Llama" in reports[0]

    def test_a_definition_that_never_comes_is_an_error(self, opened: Open) -> None:
        with pytest.raises(UnknownKindError, match=r"farm\.dev/v1 Llama"):
            opened().create(_LLAMA, llama(), 0, quiet)

    def test_others_fields_are_not_taken_over_and_the_way_to_do_it_is_named(self, opened: Open, api: FakeApi) -> None:
        api.refusals.append(lambda method, *_: (409, "conflict with kubectl", []) if method == "PATCH" else None)
        with pytest.raises(RefusedError, match=r"conflict with kubectl.*pulumi.com/patchForce"):
            opened().create(_CONFIG_MAP, config_map(), 0, quiet)

    @pytest.mark.parametrize(
        ("settings", "annotation", "force"),
        [
            ({}, "true", "true"),
            ({"enablePatchForce": "true"}, None, "true"),
            ({"enablePatchForce": "true"}, "false", "false"),
        ],
    )
    def test_the_objects_annotation_decides_before_the_provider(
        self, opened: Open, api: FakeApi, settings: dict[str, str], annotation: str | None, force: str
    ) -> None:
        inputs = config_map()
        if annotation:
            inputs["metadata"]["annotations"] = {"pulumi.com/patchForce": annotation}
        opened(**settings).create(_CONFIG_MAP, inputs, 0, quiet)
        assert [query["force"] for method, _, query, _ in api.requests if method == "PATCH"] == [force]


class TestWaiting:
    def test_creation_ends_when_the_object_is_ready(self, opened: Open, api: FakeApi) -> None:
        reports: list[str] = []

        def report(message: str) -> None:
            reports.append(message)
            ready = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
            found = api.objects["/apis/apps/v1/namespaces/team/deployments/web"]
            found["status"] = {"observedGeneration": found["metadata"]["generation"], **ready}

        _, state = opened().create(_DEPLOYMENT, deployment(), 5, report)
        assert state["status"]["availableReplicas"] == 1
        assert "has not seen this version" in reports[0]
        assert reports[-1] == "", "the status line is cleared"

    def test_a_pod_without_a_node_gives_the_schedulers_reason_and_stays_in_the_state(
        self, opened: Open, api: FakeApi
    ) -> None:
        api.statuses["Deployment"] = {"replicas": 1, "updatedReplicas": 1}
        no_node = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes: insufficient nvidia.com/gpu"}
        api.objects["/api/v1/namespaces/team/pods/web-1"] = {"metadata": {}, "status": {"conditions": [no_node]}}
        with pytest.raises(UnhealthyError) as caught:
            opened().create(_DEPLOYMENT, deployment(), 0.05, quiet)
        assert caught.value.said == [
            "Deployment team/web is not ready after 0.05 s: 0 of 1 replicas are available",
            "a pod has no node: 0/3 nodes: insufficient nvidia.com/gpu",
        ]
        assert caught.value.resource_id == "team/web"
        assert caught.value.state["metadata"]["uid"]

    def test_the_annotation_sets_the_timeout_where_the_resource_does_not(self, opened: Open, api: FakeApi) -> None:
        api.statuses["Deployment"] = {"updatedReplicas": 1}
        with pytest.raises(UnhealthyError, match=r"after 0[.]05 s"):
            opened().create(_DEPLOYMENT, deployment(annotations={TIMEOUT_SECONDS: "0.05"}), 0, quiet)

    def test_an_object_annotated_to_skip_the_wait_is_done_at_once(self, opened: Open) -> None:
        state = opened().create(_DEPLOYMENT, deployment(annotations={SKIP_AWAIT: "true"}), 0, quiet)[1]
        assert "status" not in state

    def test_a_cancelled_update_ends_the_wait_at_once(
        self, opened: Open, api: FakeApi, cancelled: threading.Event
    ) -> None:
        api.statuses["Deployment"] = {"updatedReplicas": 1}
        started = time.monotonic()
        with pytest.raises(UnhealthyError, match="the update was cancelled"):
            opened().create(_DEPLOYMENT, deployment(), 600, lambda _: cancelled.set())
        assert time.monotonic() - started < 5

    def test_an_object_deleted_while_it_starts_is_an_error(self, opened: Open, api: FakeApi) -> None:
        api.statuses["Deployment"] = {"updatedReplicas": 1}
        with pytest.raises(UnhealthyError, match="deleted by someone else"):
            opened().create(_DEPLOYMENT, deployment(), 5, lambda _: api.objects.clear())


class TestPreview:
    def test_a_preview_asks_the_server_and_changes_nothing(self, opened: Open, api: FakeApi) -> None:
        state = opened().preview_creation(_CONFIG_MAP, config_map(a="b"))
        assert api.applied(dry_run=True) == [config_map(a="b")]
        assert api.objects == {}
        assert state["data"] == {"a": "b"}

    def test_what_only_the_update_will_tell_is_unknown(self, opened: Open) -> None:
        metadata = opened().preview_creation(_CONFIG_MAP, config_map())["metadata"]
        assert metadata["uid"] is metadata["resourceVersion"] is UNKNOWN
        assert metadata["name"] == "settings"

    def test_an_address_that_the_dry_run_invents_is_unknown(self, opened: Open, api: FakeApi) -> None:
        inputs: Object = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "team"}}
        inputs["spec"] = {"clusterIP": "10.0.0.9", "ports": [{"port": 80}]}
        token = "kubernetes:core/v1:Service"
        assert opened().preview_creation(token, inputs)["spec"]["clusterIP"] == "10.0.0.9"
        made = api._made
        api._made = lambda path, body: made(path, body | {"spec": {"clusterIP": "10.0.0.9"}})  # type: ignore[method-assign]
        inputs["spec"].pop("clusterIP")
        assert opened().preview_creation(token, inputs)["spec"]["clusterIP"] is UNKNOWN

    def test_inputs_not_known_yet_are_not_sent(self, opened: Open, api: FakeApi) -> None:
        state = opened().preview_creation(_CONFIG_MAP, config_map(a=UNKNOWN))
        assert state["data"] == {"a": UNKNOWN}
        assert state["status"] is UNKNOWN
        assert api.applied(dry_run=True) == []

    def test_a_field_that_the_server_does_not_know_fails_the_preview(self, opened: Open, api: FakeApi) -> None:
        api.refusals.append(
            lambda method, *_: (400, ".spec.imgae: field not declared", []) if method == "PATCH" else None
        )
        with pytest.raises(ApiError, match="imgae"):
            opened().preview_creation(_DEPLOYMENT, deployment())

    def test_a_namespace_still_to_come_is_stood_in_for(self, opened: Open, api: FakeApi) -> None:
        api.refusals.append(
            lambda _method, path, _body: (404, 'namespaces "team" not found', []) if "/team/" in path else None
        )
        state = opened().preview_creation(_CONFIG_MAP, config_map(a="b"))
        assert [obj["metadata"]["namespace"] for obj in api.applied(dry_run=True)] == ["team", "default"]
        assert state["metadata"]["namespace"] == "team"

    def test_the_object_being_replaced_does_not_fail_the_preview_of_its_successor(
        self, opened: Open, api: FakeApi
    ) -> None:
        api.refusals.append(lambda _method, path, _body: _IMMUTABLE_SELECTOR if path.endswith("/web") else None)
        assert opened().preview_creation(_DEPLOYMENT, deployment())["metadata"]["name"] == "web"

    def test_a_definition_still_to_come_leaves_the_object_unverified(self, opened: Open) -> None:
        assert opened().preview_creation(_LLAMA, llama())["status"] is UNKNOWN

    def test_what_refers_to_something_still_to_come_is_left_unverified(self, opened: Open, api: FakeApi) -> None:
        api.refusals.append(
            lambda method, *_: (403, 'serviceaccount "runner" not found', []) if method == "PATCH" else None
        )
        assert opened().preview_creation(_DEPLOYMENT, deployment())["status"] is UNKNOWN

    def test_the_preview_of_an_update_keeps_what_stays(self, opened: Open) -> None:
        opened().create(_CONFIG_MAP, config_map(a="b"), 0, quiet)
        state = opened().preview_update(_CONFIG_MAP, {}, config_map(a="c"))
        assert state["metadata"]["uid"] == "uid-1"
        assert state["metadata"]["resourceVersion"] is UNKNOWN

    def test_the_preview_of_an_update_with_unknowns_lays_them_over_the_old_object(self, opened: Open) -> None:
        old = config_map(a="b") | {"metadata": {"name": "settings", "namespace": "team", "uid": "uid-9"}}
        state = opened().preview_update(_CONFIG_MAP, old, config_map(a=UNKNOWN))
        assert (state["metadata"]["uid"], state["data"]["a"]) == ("uid-9", UNKNOWN)


class TestDiff:
    def test_equal_inputs_have_no_difference_and_ask_nobody(self, opened: Open, api: FakeApi) -> None:
        assert opened().diff(_DEPLOYMENT, deployment(), deployment()).differences == []
        assert api.requests == []

    def test_a_change_that_the_server_takes_for_impossible_is_a_replacement(self, opened: Open, api: FakeApi) -> None:
        api.refusals.append(
            lambda method, *_: (
                (422, "invalid: spec.x: field is immutable", ["spec.replicas"]) if method == "PATCH" else None
            )
        )
        found = opened().diff(_DEPLOYMENT, deployment(1), deployment(2))
        assert [(str(d), d.replaces) for d in found.differences] == [("spec.replicas", True)]
        assert found.delete_first

    def test_a_server_that_refuses_for_other_reasons_does_not_make_it_a_replacement(
        self, opened: Open, api: FakeApi
    ) -> None:
        api.refusals.append(lambda method, *_: (400, "bad field", []) if method == "PATCH" else None)
        found = opened().diff(_DEPLOYMENT, deployment(1), deployment(2))
        assert [d.replaces for d in found.differences] == [False]

    def test_ignored_changes_are_no_difference(self, opened: Open) -> None:
        assert opened().diff(_DEPLOYMENT, deployment(1), deployment(2), ["spec.replicas"]).differences == []

    def test_secrecy_alone_is_no_difference(self, opened: Open) -> None:
        assert opened().diff(_CONFIG_MAP, config_map(a="b"), config_map(a=Secret("b"))).differences == []


class TestRead:
    def test_an_object_that_nobody_touched_reads_as_it_was_written(self, opened: Open) -> None:
        inputs = config_map(a=Secret("b"))
        resource_id, state = opened().create(_CONFIG_MAP, inputs, 0, quiet)
        reading = opened().read(_CONFIG_MAP, resource_id, inputs, state)
        assert reading is not None
        assert (reading.inputs, reading.state) == (inputs, state)

    def test_a_change_made_elsewhere_shows_in_the_inputs(self, opened: Open, api: FakeApi) -> None:
        inputs = config_map(a="b")
        _, state = opened().create(_CONFIG_MAP, inputs, 0, quiet)
        api.objects["/api/v1/namespaces/team/configmaps/settings"]["data"]["a"] = "edited"
        reading = opened().read(_CONFIG_MAP, "team/settings", inputs, state)
        assert reading is not None
        assert reading.inputs["data"] == {"a": "edited"}

    def test_an_object_deleted_elsewhere_is_gone(self, opened: Open) -> None:
        assert opened().read(_CONFIG_MAP, "team/settings", config_map(), config_map()) is None

    def test_a_custom_object_is_gone_with_its_definition(self, opened: Open) -> None:
        assert opened().read(_LLAMA, "team/kuzco", llama(), llama()) is None

    def test_an_object_that_became_unready_is_reported_with_its_reason(self, opened: Open, api: FakeApi) -> None:
        api.statuses["Deployment"] = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
        _, state = opened().create(_DEPLOYMENT, deployment(), 5, quiet)
        api.objects["/apis/apps/v1/namespaces/team/deployments/web"]["status"]["availableReplicas"] = 0
        with pytest.raises(UnhealthyError, match="0 of 1 replicas are available") as caught:
            opened().read(_DEPLOYMENT, "team/web", deployment(), state)
        assert caught.value.inputs == deployment()

    def test_text_given_to_a_secret_is_compared_with_what_the_server_shows_of_it(
        self, opened: Open, api: FakeApi
    ) -> None:
        inputs = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "team"}}
        inputs["stringData"] = {"password": "hunter2"}
        live = {"metadata": {"name": "s", "namespace": "team"}, "data": {"password": "aHVudGVyMg=="}}
        api.objects["/api/v1/namespaces/team/secrets/s"] = {**live, "data": {"password": "b3RoZXI="}}
        reading = opened().read(_SECRET, "team/s", inputs, live)
        assert reading is not None
        assert reveal(reading.inputs["stringData"]) == {"password": "other"}

    def test_an_imported_object_gets_the_inputs_that_would_have_made_it(self, opened: Open, api: FakeApi) -> None:
        metadata = {"name": "settings", "uid": "u", "managedFields": [], "labels": {"a": "b"}}
        api.objects["/api/v1/namespaces/team/configmaps/settings"] = config_map(a="b") | {"metadata": metadata}
        reading = opened().read(_CONFIG_MAP, "settings", {}, {})
        assert reading is not None
        assert reading.resource_id == "team/settings"
        assert reading.inputs["metadata"] == {"name": "settings", "labels": {"a": "b"}}


class TestDelete:
    def test_a_deleted_object_is_gone_when_the_call_returns(self, opened: Open, api: FakeApi) -> None:
        _, state = opened().create(_CONFIG_MAP, config_map(), 0, quiet)
        opened().delete(_CONFIG_MAP, "team/settings", state, 0, quiet)
        assert api.objects == {}
        body = next(body for method, _, _, body in api.requests if method == "DELETE")
        assert body["propagationPolicy"] == "Foreground"

    def test_deleting_what_is_gone_succeeds(self, opened: Open) -> None:
        opened().delete(_CONFIG_MAP, "team/settings", config_map(), 0, quiet)
        opened().delete(_LLAMA, "team/kuzco", llama(), 0, quiet)

    def test_what_holds_an_object_is_named_when_it_does_not_go(self, opened: Open, api: FakeApi) -> None:
        _, state = opened().create(_CONFIG_MAP, config_map(), 0, quiet)
        api.finalizing = True
        with pytest.raises(
            NotGoneError, match=r"still there after 0.05 s: it waits for its finalizers example.com/held"
        ):
            opened().delete(_CONFIG_MAP, "team/settings", state, 0.05, quiet)

    def test_an_unknown_propagation_is_refused_with_those_that_exist(self, opened: Open) -> None:
        odd = config_map() | {"metadata": {"annotations": {"pulumi.com/deletionPropagationPolicy": "sideways"}}}
        with pytest.raises(RefusedError, match="foreground, background, orphan"):
            opened().delete(_CONFIG_MAP, "team/settings", odd, 0, quiet)
