"""The engine's calls over real gRPC, with an engine that only listens. The real engine: tests/local."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2_grpc, status_pb2
from pulumi.runtime.proto import provider_pb2 as proto

from local.plugins.resource_kubernetes.provider import Provider
from local.plugins.resource_kubernetes.values import Secret, from_wire, to_wire
from tests.unit.local_plugins import fake_api
from tests.unit.local_plugins.fake_api import FakeApi

_CONFIG_MAP_URN = "urn:pulumi:dev::farm::farm:index:Field$kubernetes:core/v1:ConfigMap::settings"
_DEPLOYMENT_URN = "urn:pulumi:dev::farm::kubernetes:apps/v1:Deployment::web"
_DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "team"},
    "spec": {"replicas": 1},
}


class Engine(engine_pb2_grpc.EngineServicer):
    def __init__(self) -> None:
        self.lines: list[Any] = []

    def Log(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ARG002, N802 — the protocol's names
        self.lines.append(request)
        return Empty()


@contextmanager
def served(register: Any, servicer: object) -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(4))
    register(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def provider(engine: Engine, api: FakeApi) -> Iterator[Any]:
    register = provider_pb2_grpc.add_ResourceProviderServicer_to_server
    with (
        served(engine_pb2_grpc.add_EngineServicer_to_server, engine) as engine_address,
        served(register, Provider(engine_address)) as address,
        grpc.insecure_channel(address) as channel,
    ):
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        stub.Configure(proto.ConfigureRequest(args=to_wire({"kubeconfig": Secret(fake_api.kubeconfig(api.url))})))
        yield stub


def test_an_object_goes_from_check_through_update_to_deletion(provider: Any, api: FakeApi) -> None:
    news = to_wire({"data": {"a": "b"}})
    inputs = provider.Check(proto.CheckRequest(urn=_CONFIG_MAP_URN, news=news, randomSeed=b"s")).inputs
    created = provider.Create(proto.CreateRequest(urn=_CONFIG_MAP_URN, properties=inputs))
    changed = to_wire(from_wire(inputs) | {"metadata": from_wire(inputs)["metadata"] | {"labels": {"x": "y"}}})
    diff = provider.Diff(
        proto.DiffRequest(urn=_CONFIG_MAP_URN, id=created.id, old_inputs=inputs, news=changed, olds=created.properties)
    )
    assert (list(diff.diffs), list(diff.replaces)) == (["metadata"], [])
    assert list(diff.detailedDiff) == ["metadata.labels"]
    updated = provider.Update(
        proto.UpdateRequest(urn=_CONFIG_MAP_URN, id=created.id, olds=created.properties, news=changed)
    )
    assert from_wire(updated.properties)["metadata"]["labels"] == {"x": "y"}
    read = provider.Read(
        proto.ReadRequest(urn=_CONFIG_MAP_URN, id=created.id, inputs=changed, properties=updated.properties)
    )
    assert from_wire(read.inputs) == from_wire(changed)
    provider.Delete(proto.DeleteRequest(urn=_CONFIG_MAP_URN, id=created.id, properties=updated.properties))
    assert api.objects == {}


def test_a_proposed_name_is_used_as_it_is(provider: Any) -> None:
    options = proto.CheckRequest.AutonamingOptions(proposed_name="settings-dev")
    checked = provider.Check(proto.CheckRequest(urn=_CONFIG_MAP_URN, autonaming=options))
    assert from_wire(checked.inputs)["metadata"]["name"] == "settings-dev"


def test_an_object_that_does_not_become_ready_is_kept_with_its_reasons(
    provider: Any, api: FakeApi, engine: Engine
) -> None:
    api.statuses["Deployment"] = {"replicas": 1, "updatedReplicas": 1}
    with pytest.raises(grpc.RpcError) as caught:
        provider.Create(proto.CreateRequest(urn=_DEPLOYMENT_URN, properties=to_wire(_DEPLOYMENT), timeout=0.05))
    packed = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    detail = proto.ErrorResourceInitFailed()
    assert status_pb2.Status.FromString(packed).details[0].Unpack(detail)
    assert detail.id == "team/web"
    assert list(detail.reasons) == ["Deployment team/web is not ready after 0.05 s: 0 of 1 replicas are available"]
    assert from_wire(detail.inputs) == _DEPLOYMENT
    assert from_wire(detail.properties)["metadata"]["uid"] == "uid-1"
    shown = [(line.message, line.ephemeral, line.urn) for line in engine.lines]
    waiting = "waiting for Deployment team/web: 0 of 1 replicas are available"
    assert shown == [(waiting, True, _DEPLOYMENT_URN)], "said once, however often it was looked at"


def test_a_refusal_is_plain_text_and_leaves_the_resource_known_to_be_untouched(provider: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        provider.Check(proto.CheckRequest(urn="urn:pulumi:dev::farm::kubernetes:helm.sh/v3:Release::chart"))
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "kubernetes:helm.sh/v3:Release: Helm charts and releases are not supported" in caught.value.details()
    assert "Traceback" not in caught.value.details()


@pytest.mark.parametrize(
    ("method", "request_", "named"),
    [
        ("Invoke", proto.InvokeRequest(tok="kubernetes:yaml:decode"), "kubernetes:yaml:decode"),
        ("Call", proto.CallRequest(tok="kubernetes:core/v1:Pod/exec"), "kubernetes:core/v1:Pod/exec"),
        ("Construct", proto.ConstructRequest(type="kubernetes:kustomize/v2:Directory"), "kubernetes:kustomize/v2"),
        ("Construct", proto.ConstructRequest(type="kubernetes:farm/v1:Barn"), "kubernetes:farm/v1:Barn"),
    ],
)
def test_what_is_not_supported_is_named(provider: Any, method: str, request_: Any, named: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        getattr(provider, method)(request_)
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert named in caught.value.details()
    assert "not supported" in caught.value.details()


def test_a_fault_of_the_provider_shows_where_it_happened(provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr("local.plugins.resource_kubernetes.operations.Operations.diff", faulty)
    with pytest.raises(grpc.RpcError) as caught:
        provider.Diff(proto.DiffRequest(urn=_CONFIG_MAP_URN))
    assert caught.value.code() == grpc.StatusCode.UNKNOWN
    assert "LookupError: a bug" in caught.value.details()


def test_no_kubeconfig_is_needed_until_there_is_an_object(provider: Any) -> None:
    provider.Configure(proto.ConfigureRequest(args=to_wire({"kubeconfig": "/no/such/file"})))
    with pytest.raises(grpc.RpcError) as caught:
        provider.Check(proto.CheckRequest(urn=_CONFIG_MAP_URN))
    assert "cannot read the kubeconfig /no/such/file" in caught.value.details()


def test_another_cluster_replaces_the_provider(provider: Any) -> None:
    old = to_wire({"kubeconfig": fake_api.kubeconfig("http://a")})
    new = to_wire({"kubeconfig": fake_api.kubeconfig("http://b")})
    diff = provider.DiffConfig(proto.DiffRequest(old_inputs=old, news=new))
    assert list(diff.replaces) == ["kubeconfig"]
    same = provider.DiffConfig(proto.DiffRequest(old_inputs=old, news=old))
    assert same.changes == proto.DiffResponse.DIFF_NONE


def test_a_preview_tells_no_uid(provider: Any, api: FakeApi) -> None:
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "team"}}
    answer = provider.Create(proto.CreateRequest(urn=_CONFIG_MAP_URN, properties=to_wire(inputs), preview=True))
    assert answer.id == ""
    assert api.objects == {}


def test_cancelling_is_answered(provider: Any) -> None:
    assert provider.Cancel(Empty()) == Empty()


def test_log_severities_are_those_of_this_sdk() -> None:
    assert engine_pb2.LogSeverity.Value("INFO") == engine_pb2.INFO
