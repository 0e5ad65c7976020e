"""The provider over gRPC, as the engine calls it: values in protocol buffers, and refusals as one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from local.aws import rpc
from local.aws.lifecycle import Provider
from local.aws.rpc import Servicer
from local.aws.values import UNKNOWN, Secret, decode, decode_struct, encode, encode_struct, reveal
from local.pulumi import journal
from tests.unit.local.aws.life import Life
from tests.unit.local.plugins.served import served

URN = "urn:pulumi:dev::llama::paddock:index:Network$aws:ec2/vpc:Vpc::llama-vpc"
SEED = b"0" * 32

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.just(UNKNOWN),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | inner.map(Secret),
)


@pytest.fixture
def stub(provider: Provider) -> Iterator[Any]:
    servicer = Servicer(provider, "7.0.0")
    with (
        served(provider_pb2_grpc.add_ResourceProviderServicer_to_server, servicer) as address,
        grpc.insecure_channel(address) as channel,
    ):
        yield provider_pb2_grpc.ResourceProviderStub(channel)


@pytest.fixture(autouse=True)
def remembered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Entries of the journal of made objects."""
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(rpc, "remember_created", lambda urn, id_: told.append((urn, id_)))
    return told


@given(json_values)
def test_a_value_survives_the_wire(value: Any) -> None:
    assert decode(encode(value)) == value


def test_the_unknowns_and_secrets_of_this_sdk_are_recognised() -> None:
    sdk = pulumi.runtime.rpc
    secret = {sdk._special_sig_key: sdk._special_secret_sig, "value": "hunter2"}
    assert decode(encode({"later": sdk.UNKNOWN, "key": secret})) == {"later": UNKNOWN, "key": Secret("hunter2")}


def test_an_output_value_is_unwrapped() -> None:
    output = {"4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4", "secret": True}
    assert decode(encode(output)) == Secret(UNKNOWN)
    assert decode(encode({**output, "value": "v", "secret": False})) == "v"


def test_an_asset_is_refused() -> None:
    with pytest.raises(ValueError, match="assets"):
        decode(encode({"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17"}))


def _check(stub: Any, **args: Any) -> Any:
    return stub.Check(provider_pb2.CheckRequest(urn=URN, news=encode_struct(args), randomSeed=SEED))


def test_a_resource_lives_over_the_wire(stub: Any, remembered: list[tuple[str, str]]) -> None:
    inputs = _check(stub, cidrBlock="10.0.0.0/16", tags={"a": Secret("b")}).inputs
    made = stub.Create(provider_pb2.CreateRequest(urn=URN, properties=inputs))
    assert remembered == [(URN, made.id)]
    assert decode_struct(made.properties)["tags"] == Secret({"a": "b"})

    moved = _check(stub, cidrBlock="10.1.0.0/16").inputs
    diff = stub.Diff(provider_pb2.DiffRequest(urn=URN, id=made.id, old_inputs=inputs, olds=made.properties, news=moved))
    assert diff.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(diff.replaces) == ["cidrBlock"]
    assert not diff.deleteBeforeReplace
    assert diff.detailedDiff["cidrBlock"].kind == provider_pb2.PropertyDiff.UPDATE_REPLACE
    assert diff.detailedDiff["tags"].kind == provider_pb2.PropertyDiff.DELETE

    updated = _check(stub, cidrBlock="10.0.0.0/16", enableDnsHostnames=True).inputs
    answer = stub.Update(
        provider_pb2.UpdateRequest(urn=URN, id=made.id, old_inputs=inputs, olds=made.properties, news=updated)
    )
    assert decode_struct(answer.properties)["enableDnsHostnames"] is True

    read = stub.Read(provider_pb2.ReadRequest(urn=URN, id=made.id, inputs=updated, properties=answer.properties))
    assert (read.id, read.inputs, read.properties) == (made.id, updated, answer.properties)
    stub.Delete(provider_pb2.DeleteRequest(urn=URN, id=made.id, properties=answer.properties))
    assert (
        stub.Read(provider_pb2.ReadRequest(urn=URN, id=made.id, inputs=updated, properties=answer.properties)).id == ""
    )


def test_a_preview_answers_with_unknowns_and_makes_nothing(stub: Any, remembered: list[tuple[str, str]]) -> None:
    inputs = _check(stub, cidrBlock="10.0.0.0/16").inputs
    made = stub.Create(provider_pb2.CreateRequest(urn=URN, properties=inputs, preview=True))
    assert (made.id, remembered) == ("", [])
    assert decode_struct(made.properties)["arn"] is UNKNOWN


def test_bad_arguments_are_check_failures(stub: Any) -> None:
    [failure] = _check(stub, cidrBlok="10.0.0.0/16").failures
    assert (failure.property, failure.reason) == ("", "cidrBlok: unknown argument; did you mean 'cidrBlock'?")


def test_a_refusal_is_one_sentence_without_a_traceback(stub: Any) -> None:
    inputs = _check(stub, cidrBlock="10.0.0.0/8").inputs
    with pytest.raises(grpc.RpcError) as refused:
        stub.Create(provider_pb2.CreateRequest(urn=URN, properties=inputs))
    assert "InvalidVpc.Range" in refused.value.details()
    assert "Traceback" not in refused.value.details()
    assert "\n" not in refused.value.details()


def test_functions_answer_over_the_wire(stub: Any) -> None:
    token = "aws:index/getCallerIdentity:getCallerIdentity"
    answer = stub.Invoke(provider_pb2.InvokeRequest(tok=token))
    assert decode_struct(getattr(answer, "return"))["arn"] == "arn:aws:iam::123456789012:user/local"
    bad = stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=encode_struct({"idd": "x"})))
    assert [failure.reason.split(":")[0] for failure in bad.failures] == ["idd"]


def test_another_region_is_another_provider(stub: Any) -> None:
    olds, news = encode_struct({"region": "us-east-1"}), encode_struct({"region": "us-west-2"})
    assert list(stub.DiffConfig(provider_pb2.DiffRequest(olds=olds, news=news)).replaces) == ["region"]
    assert list(stub.DiffConfig(provider_pb2.DiffRequest(olds=olds, news=olds)).replaces) == []


class DeadEngine:
    """The context of a call whose caller is gone."""

    def is_active(self) -> bool:
        return False


def test_what_a_dead_engine_asked_for_is_undone(life: Life, remembered: list[tuple[str, str]]) -> None:
    """The module's end finds the VPC, should it survive."""
    inputs = life.check("aws:ec2/vpc:Vpc", "llama-vpc", {"cidrBlock": "10.0.0.0/16"})
    request = provider_pb2.CreateRequest(urn=URN, properties=encode_struct(inputs))
    made = Servicer(life.provider, "7.0.0").Create(request, DeadEngine())
    assert remembered == []
    assert life.provider.read("aws:ec2/vpc:Vpc", made.id, inputs, {})[0] == ""


def test_the_journal_is_the_local_clouds() -> None:
    assert journal.remember_created.__module__ == "local.pulumi.journal"


def test_reveal_forgets_what_was_not_given() -> None:
    assert reveal({"a": Secret({"b": None, "c": [Secret(1)]}), "d": None}) == {"a": {"c": [1]}}
