"""The API key: refused where it would guard nothing, secret wherever Pulumi keeps it; a new one restarts the pods."""

from typing import Any

import pulumi
import pytest
from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key

from paddock.common.inputs import ArgumentError
from paddock.platform import LlamaPlatform
from paddock.platform_args import LlamaPlatformArgs
from paddock.serving.api_key import checked_key, key_digest
from paddock.serving.vllm_service import VllmService
from tests.unit.components.cases import args_of
from tests.unit.components.recorder import Build
from tests.unit.components.variants import IMAGE

AS_A_SECRET = {_special_sig_key: _special_secret_sig}
KEY, OTHER = "a-key-of-the-team", "b-key-of-the-team"
PLATFORM: LlamaPlatformArgs = {
    "region": "us-east-1",
    "model": "llama-3.1-8b",
    "vllm_image": IMAGE,
    "concurrent_requests": 2,
}


def service(built: Build, key: Any) -> Any:
    return built(lambda opts: VllmService("vllm", args_of("VllmService", api_key=key), opts))


@pytest.mark.parametrize(
    "key", ["", "short", "with a space in it 123", "mit-Umläuten-1234567", "new\nline-1234567890", 600 * "x"]
)
def test_a_key_that_would_guard_nothing_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        checked_key("paddock:api_key", key)
    assert "openssl rand -hex 32" in str(refused.value)
    assert not key or key not in str(refused.value)


def test_a_bad_key_is_refused_before_anything_is_registered(built: Build) -> None:
    with pytest.raises(ArgumentError, match="paddock:api_key must be 16 to 512"):
        built(lambda opts: LlamaPlatform("llama", {**PLATFORM, "api_key": "short"}, opts))


def test_the_pod_reads_the_key_from_a_secret_that_cannot_change(built: Build) -> None:
    got = service(built, KEY)
    secret = got.one("kubernetes:core/v1:Secret")
    assert secret["stringData"] == {**AS_A_SECRET, "value": {"api-key": KEY}}
    assert secret["immutable"] is True
    (container,) = got.one("kubernetes:apps/v1:Deployment")["spec"]["template"]["spec"]["containers"]
    (variable,) = [each for each in container["env"] if each["name"] == "VLLM_API_KEY"]
    assert variable["valueFrom"] == {"secretKeyRef": {"name": secret["metadata"]["name"], "key": "api-key"}}
    assert KEY not in str(container)
    assert "vllm-secret" in got.after("vllm-poddisruptionbudget"), "it is there before the pods"


def test_another_key_is_another_secret_so_that_the_pods_are_replaced(built: Build) -> None:
    first, second = (service(built, key).one("kubernetes:core/v1:Secret")["metadata"]["name"] for key in (KEY, OTHER))
    assert first != second
    assert KEY not in first


def test_the_same_key_keeps_its_name(built: Build) -> None:
    names = [service(built, key).one("kubernetes:core/v1:Secret")["metadata"]["name"] for key in (KEY, KEY)]
    assert len(set(names)) == 1


def test_without_a_key_there_is_no_secret(built: Build) -> None:
    got = built(lambda opts: VllmService("vllm", args_of("VllmService"), opts))
    assert got.of("kubernetes:core/v1:Secret") == {}
    assert "VLLM_API_KEY" not in str(got.one("kubernetes:apps/v1:Deployment"))


def test_a_plain_key_becomes_a_secret_and_its_digest_does_not(built: Build) -> None:
    seen: list[bool] = []

    def look(_: pulumi.ResourceOptions) -> object:
        for output in (checked_key("it", KEY), key_digest(checked_key("it", KEY))):
            pulumi.Output.all(output, output.is_secret()).apply(lambda known: seen.append(known[1]))
        return pulumi.ComponentResource("t:t:T", "t")

    built(look)
    assert seen == [True, False]


def test_the_platform_hands_the_key_to_the_service_and_to_nothing_else(built: Build) -> None:
    got = built(lambda opts: LlamaPlatform("llama", {**PLATFORM, "api_key": KEY}, opts))
    holders = [token for token, _, inputs in got.made if KEY in str(inputs)]
    assert holders == ["kubernetes:core/v1:Secret"]
    assert KEY not in got.result.plan.to_json()
