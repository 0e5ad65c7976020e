"""The engine's calls, on the provider protocol.

Not on the SDK's experimental `Provider` class: that cannot say that an object was created but is not ready, loses
unknown values and old inputs, and ends every error with a traceback.
"""

# ruff: noqa: N802, ARG002 — the protocol gives the methods their names and arguments.

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2_grpc, status_pb2
from pulumi.runtime.proto import provider_pb2 as proto

from local.plugins.resource_kubernetes import kubeconfig, settings
from local.plugins.resource_kubernetes.api import Api, ApiError, UnknownKindError, UnreachableError
from local.plugins.resource_kubernetes.changes import Change
from local.plugins.resource_kubernetes.objects import UnsupportedError, kind_of_token
from local.plugins.resource_kubernetes.operations import Operations, RefusedError, UnhealthyError
from local.plugins.resource_kubernetes.values import UnsupportedValueError, from_wire, reveal, to_wire
from local.plugins.resource_kubernetes.waiting import NotGoneError, Report

VERSION = "4.34.2"
"""The release of pulumi-kubernetes whose behaviour this follows."""

_SEED_BYTES = 16
_DIFF_KINDS = {
    Change.ADD: (proto.PropertyDiff.ADD, proto.PropertyDiff.ADD_REPLACE),
    Change.DELETE: (proto.PropertyDiff.DELETE, proto.PropertyDiff.DELETE_REPLACE),
    Change.UPDATE: (proto.PropertyDiff.UPDATE, proto.PropertyDiff.UPDATE_REPLACE),
}
_TOLD_TO_USER = (
    ApiError,
    NotGoneError,
    RefusedError,
    UnknownKindError,
    UnreachableError,
    UnsupportedError,
    UnsupportedValueError,
    kubeconfig.KubeconfigError,
)

Call = TypeVar("Call", bound=Callable[..., Any])


def _answered(call: Call) -> Call:
    """Turn what a call raises into the status that the engine understands.

    Codes matter: the engine takes UNKNOWN and INTERNAL for "the resource may be half made" and keeps it pending.
    """

    @wraps(call)
    def answer(self: Provider, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return call(self, request, context)
        except UnhealthyError as error:
            _abort_unhealthy(context, error)
        except _TOLD_TO_USER as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        except Exception:
            # A fault of this provider, which its author must see.
            context.abort(grpc.StatusCode.UNKNOWN, traceback.format_exc())

    return answer  # type: ignore[return-value]  # `wraps` keeps the signature


def _abort_unhealthy(context: grpc.ServicerContext, error: UnhealthyError) -> NoReturn:
    detail = Packed()
    detail.Pack(
        proto.ErrorResourceInitFailed(
            id=error.resource_id,
            properties=to_wire(error.state),
            inputs=to_wire(error.inputs),
            reasons=error.said,
        )
    )
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=str(error), details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, str(error))
    raise AssertionError("abort raises")


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine for one configured provider. Every call runs in a thread of its own."""

    def __init__(self, engine_address: str) -> None:
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine_address))
        self._cancelled = threading.Event()
        self._settings = settings.Settings()
        self._opened: Operations | None = None
        self._lock = threading.Lock()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return proto.ProviderHandshakeResponse(accept_secrets=True, supports_autonaming_configuration=True)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    @_answered
    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        settings.parse(from_wire(request.news))
        return proto.CheckResponse(inputs=request.news)

    @_answered
    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Another cluster means that everything in the old one is replaced."""
        old, new = from_wire(request.old_inputs or request.olds), from_wire(request.news)
        changed = sorted(key for key in old.keys() | new.keys() if reveal(old.get(key)) != reveal(new.get(key)))
        changes = proto.DiffResponse.DIFF_SOME if changed else proto.DiffResponse.DIFF_NONE
        return proto.DiffResponse(changes=changes, diffs=changed, replaces=settings.replacing(old, new, changed))

    @_answered
    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        given = from_wire(request.args) or {
            key.removeprefix("kubernetes:config:"): value for key, value in request.variables.items()
        }
        self._settings = settings.parse(given)
        return proto.ConfigureResponse(acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True)

    def _operations(self) -> Operations:
        """Opened at first use: a program without Kubernetes objects needs no kubeconfig."""
        with self._lock:
            if self._opened is None:
                chosen = self._settings
                connection = kubeconfig.load(chosen.kubeconfig, context=chosen.context, cluster=chosen.cluster)
                self._opened = Operations(Api(connection), chosen, connection.namespace, self._cancelled)
            return self._opened

    @_answered
    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        wish = request.autonaming
        proposed = wish.proposed_name if request.HasField("autonaming") else None
        inputs = self._operations().check(
            _token(request.urn),
            _name(request.urn),
            from_wire(request.olds),
            from_wire(request.news),
            request.randomSeed or os.urandom(_SEED_BYTES),
            proposed,
        )
        return proto.CheckResponse(inputs=to_wire(inputs))

    @_answered
    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        found = self._operations().diff(
            _token(request.urn), from_wire(request.old_inputs), from_wire(request.news), list(request.ignoreChanges)
        )
        detail = {
            str(found_in): proto.PropertyDiff(kind=_DIFF_KINDS[found_in.change][found_in.replaces], inputDiff=True)
            for found_in in found.differences
        }
        return proto.DiffResponse(
            changes=proto.DiffResponse.DIFF_SOME if detail else proto.DiffResponse.DIFF_NONE,
            diffs=sorted({str(d.path[0]) for d in found.differences}),
            replaces=[str(d) for d in found.differences if d.replaces],
            deleteBeforeReplace=found.delete_first,
            detailedDiff=detail,
            hasDetailedDiff=bool(detail),
        )

    @_answered
    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        token, inputs = _token(request.urn), from_wire(request.properties)
        if request.preview:
            return proto.CreateResponse(properties=to_wire(self._operations().preview_creation(token, inputs)))
        resource_id, state = self._operations().create(token, inputs, request.timeout, self._reporter(request.urn))
        return proto.CreateResponse(id=resource_id, properties=to_wire(state))

    @_answered
    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        found = self._operations().read(
            _token(request.urn), request.id, from_wire(request.inputs), from_wire(request.properties)
        )
        if found is None:
            return proto.ReadResponse()
        return proto.ReadResponse(id=found.resource_id, properties=to_wire(found.state), inputs=to_wire(found.inputs))

    @_answered
    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        token, inputs = _token(request.urn), from_wire(request.news)
        if request.preview:
            state = self._operations().preview_update(token, from_wire(request.olds), inputs)
        else:
            state = self._operations().update(token, inputs, request.timeout, self._reporter(request.urn))
        return proto.UpdateResponse(properties=to_wire(state))

    @_answered
    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        state = from_wire(request.properties)
        self._operations().delete(_token(request.urn), request.id, state, request.timeout, self._reporter(request.urn))
        return Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """End every wait; what was applied is remembered as not ready."""
        self._cancelled.set()
        return Empty()

    @_answered
    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        raise UnsupportedError(f"{request.tok}: functions are")

    @_answered
    def Call(self, request: Any, context: grpc.ServicerContext) -> Any:
        raise UnsupportedError(f"{request.tok}: methods are")

    @_answered
    def Construct(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind_of_token(request.type)
        raise UnsupportedError(f"{request.type}: components are")

    @_answered
    def Parameterize(self, request: Any, context: grpc.ServicerContext) -> Any:
        raise UnsupportedError("parameters, such as definitions to generate types from, are")

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "the schema comes with Pulumi's own Kubernetes provider")

    def GetMapping(self, request: Any, context: grpc.ServicerContext) -> Any:
        return proto.GetMappingResponse()

    def GetMappings(self, request: Any, context: grpc.ServicerContext) -> Any:
        return proto.GetMappingsResponse()

    def _reporter(self, urn: str) -> Report:
        """Shows one changing line beside the resource, and says nothing twice."""
        last = ""

        def report(message: str) -> None:
            nonlocal last
            if message == last:
                return
            last = message
            line = engine_pb2.LogRequest(severity=engine_pb2.INFO, message=message, urn=urn, ephemeral=True)
            # Progress is not worth failing an update for; an engine that is gone ends this process by itself.
            with suppress(grpc.RpcError):
                self._engine.Log(line)

        return report


def _token(urn: str) -> str:
    """The resource's own type: the last of the types that a URN lists from its parents down."""
    return urn.split("::")[2].rpartition("$")[2]


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]
