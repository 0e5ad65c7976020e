"""The provider's door: Pulumi's ResourceProvider protocol over gRPC, on the engine's terms.

The SDK's own server for providers written in Python (pulumi.provider.experimental.server, 3.272) is not used: it drops
the old inputs of a diff, without which a refresh cannot tell drift from AWS's own additions; it cannot write unknown
values; and it prints a Python traceback after every refusal, where a user should read one sentence.
"""

# ruff: noqa: N802, ARG002  # gRPC names the methods and hands each a request and a context

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from local.aws.lifecycle import FailedError, Provider
from local.aws.schema import Failure
from local.aws.values import decode_struct, encode_struct
from local.plugins import lifetime
from local.pulumi.journal import remember_created

_KINDS: Final = {
    "add": provider_pb2.PropertyDiff.ADD,
    "delete": provider_pb2.PropertyDiff.DELETE,
    "update": provider_pb2.PropertyDiff.UPDATE,
    "add-replace": provider_pb2.PropertyDiff.ADD_REPLACE,
    "delete-replace": provider_pb2.PropertyDiff.DELETE_REPLACE,
    "update-replace": provider_pb2.PropertyDiff.UPDATE_REPLACE,
}
_PARALLEL_CALLS = 8


def _refusals_as_status(method: Callable[..., Any]) -> Callable[..., Any]:
    """Tell the engine of an error in one line; PADDOCK_LOCAL_DEBUG=1 shows on stderr where it was raised."""

    @wraps(method)
    def answer(self: Servicer, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except Exception as error:  # every refusal, ours or AWS's, must reach the user as a message
            if os.environ.get("PADDOCK_LOCAL_DEBUG"):
                import traceback

                traceback.print_exc()
            context.abort(grpc.StatusCode.UNKNOWN, str(error) or type(error).__name__)

    return answer


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self, provider: Provider, version: str) -> None:
        self._provider = provider
        self._version = version

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self._version)

    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:
        return empty_pb2.Empty()  # calls to the emulation end by themselves, at once

    @_refusals_as_status
    def GetSchema(self, request: Any, context: Any) -> provider_pb2.GetSchemaResponse:
        raise NotImplementedError("the local cloud's `aws` provider has no schema of its own: use pulumi_aws")

    @_refusals_as_status
    def CheckConfig(self, request: Any, context: Any) -> provider_pb2.CheckResponse:
        inputs, failures = self._provider.check_config(decode_struct(request.news))
        return _check_response(inputs, failures)

    @_refusals_as_status
    def DiffConfig(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        olds, news = decode_struct(request.olds), decode_struct(request.news)
        # A provider in another region is another provider: what it manages is elsewhere.
        moved = olds.get("region") != news.get("region")
        return provider_pb2.DiffResponse(changes=_some(olds != news), replaces=["region"] if moved else [], diffs=[])

    @_refusals_as_status
    def Configure(self, request: Any, context: Any) -> provider_pb2.ConfigureResponse:
        self._provider.configure(decode_struct(request.args))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @_refusals_as_status
    def Check(self, request: Any, context: Any) -> provider_pb2.CheckResponse:
        token, name = _type_and_name(request.urn)
        inputs, failures = self._provider.check(
            token, name, decode_struct(request.olds), decode_struct(request.news), request.randomSeed
        )
        return _check_response(inputs, failures)

    @_refusals_as_status
    def Diff(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        token, _ = _type_and_name(request.urn)
        diff = self._provider.diff(
            token, decode_struct(request.old_inputs), decode_struct(request.news), decode_struct(request.olds)
        )
        return provider_pb2.DiffResponse(
            changes=_some(diff.changes),
            replaces=diff.replaces,
            deleteBeforeReplace=diff.delete_before_replace and bool(diff.replaces),
            diffs=sorted({path.split(".")[0].split("[")[0] for path in diff.detailed}),
            detailedDiff={
                path: provider_pb2.PropertyDiff(kind=_KINDS[kind], inputDiff=True)
                for path, kind in diff.detailed.items()
            },
            hasDetailedDiff=True,
        )

    @_refusals_as_status
    def Create(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        token, _ = _type_and_name(request.urn)
        try:
            id_, outputs = self._provider.create(token, decode_struct(request.properties), preview=request.preview)
        except FailedError as failed:
            remember_created(request.urn, failed.id)
            _abort_failed(context, failed, request.properties)
            raise
        if id_ and not context.is_active():
            # The engine died while AWS was making the object: no state will ever name it.
            self._provider.delete(token, id_, outputs)
        elif id_:
            remember_created(request.urn, id_)
        return provider_pb2.CreateResponse(id=id_, properties=encode_struct(outputs))

    @_refusals_as_status
    def Read(self, request: Any, context: Any) -> provider_pb2.ReadResponse:
        token, _ = _type_and_name(request.urn)
        id_, inputs, outputs = self._provider.read(
            token, request.id, decode_struct(request.inputs), decode_struct(request.properties)
        )
        return provider_pb2.ReadResponse(id=id_, inputs=encode_struct(inputs), properties=encode_struct(outputs))

    @_refusals_as_status
    def Update(self, request: Any, context: Any) -> provider_pb2.UpdateResponse:
        token, _ = _type_and_name(request.urn)
        outputs = self._provider.update(
            token,
            request.id,
            decode_struct(request.old_inputs),
            decode_struct(request.olds),
            decode_struct(request.news),
            preview=request.preview,
        )
        return provider_pb2.UpdateResponse(properties=encode_struct(outputs))

    @_refusals_as_status
    def Delete(self, request: Any, context: Any) -> empty_pb2.Empty:
        token, _ = _type_and_name(request.urn)
        self._provider.delete(token, request.id, decode_struct(request.properties))
        return empty_pb2.Empty()

    @_refusals_as_status
    def Invoke(self, request: Any, context: Any) -> provider_pb2.InvokeResponse:
        result, failures = self._provider.invoke(request.tok, decode_struct(request.args))
        return provider_pb2.InvokeResponse(**{"return": encode_struct(result)}, failures=_failures(failures))


def _type_and_name(urn: str) -> tuple[str, str]:
    qualified, name = urn.split("::", 3)[2:]
    return qualified.rsplit("$", 1)[-1], name


def _abort_failed(context: grpc.ServicerContext, failed: FailedError, inputs: Any) -> None:
    """End the call as the official provider does, so that the engine keeps the object with what went wrong."""
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=failed.id, properties=encode_struct(failed.outputs), reasons=[str(failed)], inputs=inputs
        )
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(failed), details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))


def _check_response(inputs: dict[str, Any], failures: list[Failure]) -> provider_pb2.CheckResponse:
    return provider_pb2.CheckResponse(inputs=encode_struct(inputs), failures=_failures(failures))


def _failures(failures: Iterable[Failure]) -> list[provider_pb2.CheckFailure]:
    """Named in the reason: of a property named as such the engine prints the value too, nil for what lies deeper."""
    return [provider_pb2.CheckFailure(reason=f"{failure.path}: {failure.reason}") for failure in failures]


def _some(changes: bool) -> Any:
    return provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE


def serve(provider: Provider, version: str) -> None:
    """Serve one engine until it stops this process or dies."""
    servicer = Servicer(provider, version)
    lifetime.serve(
        lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server),
        lifetime.engine_address(sys.argv),
        parallel_calls=_PARALLEL_CALLS,
        # A creation under way when the engine is killed is undone, as no state will ever name its object.
        finish_calls=True,
    )
