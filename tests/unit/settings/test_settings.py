"""Settings: what is right is taken, what is wrong is refused as a whole, in words that lead out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from paddock.catalog import Quantization
from paddock.settings import FIELDS, KEYS, Settings, SettingsError, parse_settings, settings_of_stack
from paddock.settings.descriptions import descriptions
from paddock.settings.errors import API_KEY
from paddock.settings.fields import BY_KEY

IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:{'a' * 64}"
RIGHT: Mapping[str, object] = {"model": "llama-3.1-8b", "vllm_image": IMAGE}


def parsed(region: str = "us-east-1", **more: object) -> Settings:
    here = {**RIGHT, "vllm_image": IMAGE.replace("us-east-1", region)}
    return parse_settings({**here, **more}, region=region)


def problems(region: str = "us-east-1", **more: object) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        parsed(region, **more)
    return refused.value.problems


def test_two_keys_and_a_region_are_enough() -> None:
    settings = parsed()
    model = settings.model
    assert model.quantization == "bf16"
    assert model.max_model_len == 8192
    assert model.concurrent_requests == 4
    assert model.replicas == 1
    assert (model.requests_per_second, model.input_tokens, model.output_tokens) == (None, None, None)
    assert (model.max_ttft_ms, model.max_itl_ms, model.quality_floor) == (None, None, None)
    assert (model.kv_cache_dtype, model.max_loras, model.rank_by) == ("auto", 0, "cost")
    assert model.instance_type is None
    assert model.capacity_type == "on_demand"
    assert model.vllm_version == "0.33.0"
    assert model.retain_weights is True
    assert settings.kubernetes_version is None
    assert settings.vpc_cidr == IPv4Network("10.0.0.0/16")
    assert settings.number_of_availability_zones == 2
    assert settings.peer_cidrs == ()
    assert settings.tags == {}


def test_settings_cannot_be_changed_afterwards() -> None:
    settings = parsed(tags={"team": "a"})
    with pytest.raises(ValidationError):
        settings.number_of_availability_zones = 3
    with pytest.raises(TypeError):
        settings.tags["team"] = "b"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"model": "llama-3.1-8"}, "paddock:model: unknown model 'llama-3.1-8'; did you mean 'llama-3.1-8b'?"),
    ({"model": 8}, "paddock:model must be text, got 8"),
    ({"modle": "x"}, "paddock:modle: unknown key; did you mean 'paddock:model'?"),
    (
        {"vllm_image": "vllm/vllm-openai:latest"},
        "paddock:vllm_image must be by digest: 'vllm/vllm-openai:latest' is named by a tag",
    ),
    (
        {"vllm_image": "vllm@sha256:abc"},
        "paddock:vllm_image must be by digest: 'vllm@sha256:abc' has no valid name and digest",
    ),
    (
        {"vllm_image": f"docker.io/vllm/vllm-openai@sha256:{'a' * 64}"},
        "paddock:vllm_image is in 'docker.io', which nodes cannot reach; they pull from <account>.dkr.ecr.us-east-1.a",
    ),
    (
        {"vllm_image": IMAGE.replace("us-east-1", "eu-west-1")},
        "paddock:vllm_image is in '123456789012.dkr.ecr.eu-west-1.amazonaws.com', which nodes cannot reach",
    ),
    (
        {"node_os": "al2023", "device_plugin_image": f"nvcr.io/nvidia/k8s-device-plugin@sha256:{'a' * 64}"},
        "paddock:device_plugin_image is in 'nvcr.io', which nodes cannot reach",
    ),
    ({"vllm_image": f"vllm:v1@sha256:{'a' * 64}"}, "paddock:vllm_image must be by digest: 'vllm:v1@sha256:"),
    (
        {"quantization": "fp4"},
        f"paddock:quantization must be one of {', '.join(Quantization)}, got 'fp4'; did you mean 'nvfp4'?",
    ),
    ({"quantization": None}, f"paddock:quantization must be one of {', '.join(Quantization)}, got None"),
    ({"max_model_len": 0}, "paddock:max_model_len must be a whole number from 256 to 10,485,760, got 0"),
    ({"max_model_len": "8k"}, "paddock:max_model_len must be a whole number from 256 to 10,485,760, got '8k'"),
    (
        {"max_model_len": 200_000},
        "paddock:max_model_len is 200,000, but llama-3.1-8b reads at most 131,072; lower it",
    ),
    ({"concurrent_requests": 0}, "paddock:concurrent_requests must be a whole number from 1 to 4,096, got 0"),
    ({"replicas": 0}, "paddock:replicas must be a whole number from 1 to 64, got 0"),
    ({"replicas": True}, "paddock:replicas must be a whole number from 1 to 64, got True"),
    ({"replicas": 1.5}, "paddock:replicas must be a whole number from 1 to 64, got 1.5"),
    (
        {"instance_type": "g6.xlrage"},
        "paddock:instance_type: unknown GPU instance type 'g6.xlrage'; did you mean 'g6.xlarge'?",
    ),
    (
        {"instance_type": "g6f.xlarge"},
        "paddock:instance_type: instance type 'g6f.xlarge' is not supported: a fraction of a GPU",
    ),
    (
        {"instance_type": "p6-b200.48xlarge", "quantization": "int8"},
        "paddock:quantization is int8, but the NVIDIA B200 SXM of p6-b200.48xlarge cannot run it; choose bf16",
    ),
    (
        {"instance_type": "g6e.xlarge", "capacity_type": "spot"},
        "paddock:capacity_type is spot, but no such price of g6e.xlarge is known",
    ),
    ({"quality_floor": "good"}, "paddock:quality_floor must be one of "),
    ({"kv_cache_dtype": "int8"}, "paddock:kv_cache_dtype must be one of auto, fp8, fp8_e4m3, fp8_e5m2, got 'int8'"),
    ({"rank_by": "price"}, "paddock:rank_by must be one of cost, cost-per-token, latency, got 'price'"),
    ({"max_loras": -1}, "paddock:max_loras must be a whole number from 0 to 256, got -1"),
    (
        {"max_lora_rank": 12},
        "paddock:max_lora_rank must be one of 1, 8, 16, 32, 64, 128, 256, 320, 512, got 12",
    ),
    ({"max_lora_rank": 32}, "paddock:max_lora_rank is 32, but paddock:adapters has none; remove the rank"),
    ({"max_loras": 2}, "paddock:max_loras is 2, but paddock:adapters has 0, so slots would take memory"),
    ({"adapters": {"sql": "lora-1"}, "max_loras": 2}, "paddock:max_loras is 2, but paddock:adapters has 1, so slots"),
    ({"adapters": {"sql": "lora-1"}, "max_loras": 0}, "paddock:max_loras is 0, but paddock:adapters has 1; remove it"),
    ({"adapters": ["sql"]}, "paddock:adapters must be a map of text to text, got ['sql']"),
    ({"adapters": {"SQL": "lora-1"}}, "paddock:adapters must have names of lower-case letters, digits, dots, hyphens"),
    ({"adapters": {"a=b": "lora-1"}}, "paddock:adapters must have names of lower-case letters, digits, dots, hyphens"),
    ({"adapters": {"..": "lora-1"}}, "paddock:adapters must have names of lower-case letters, digits, dots, hyphens"),
    ({"adapters": {"sql": 20261129}}, "paddock:adapters must name a revision for sql, as text such as lora-0e9e39f249"),
    ({"adapters": {"sql": "a/b/c"}}, "paddock:adapters must name a revision for sql, as text such as lora-0e9e39f249"),
    ({"adapters": {"sql": "m/*"}}, "paddock:adapters must name a revision for sql, as text such as lora-0e9e39f249a1"),
    ({"adapters": {f"a{i}": "r" for i in range(33)}}, "paddock:adapters must be at most 32 adapters, got 33"),
    ({"adapters": {"llama-3.1-8b": "lora-1"}}, "paddock:adapters has 'llama-3.1-8b', by which clients ask for the mod"),
    (
        {"adapters": {"sql": "bf16-1"}, "weights_revision": "bf16-1"},
        "paddock:adapters[sql] is llama-3.1-8b/bf16-1, the model's own weights; name a revision of an adapter",
    ),
    ({"max_ttft_ms": 0}, "paddock:max_ttft_ms must be a number above 0, up to 3,600,000, got 0"),
    ({"max_itl_ms": "fast"}, "paddock:max_itl_ms must be a number above 0, up to 60,000, got 'fast'"),
    ({"max_ttft_ms": float("nan")}, "paddock:max_ttft_ms must be a number above 0, up to 3,600,000, got nan"),
    ({"requests_per_second": 2}, "paddock:input_tokens is missing; a rate, and an average request, need input_tokens"),
    ({"input_tokens": 100}, "paddock:output_tokens is missing; a rate, and an average request, need input_tokens"),
    (
        {"requests_per_second": 2, "input_tokens": 1000, "output_tokens": 100, "concurrent_requests": 4},
        "paddock:requests_per_second and paddock:concurrent_requests are two ways to say the load; remove one",
    ),
    (
        {"input_tokens": 8000, "output_tokens": 1000},
        "paddock:input_tokens and output_tokens are 9,000 together, more than paddock:max_model_len 8,192; lower them",
    ),
    (
        {"quantization": "int4", "quality_floor": "near-lossless"},
        "paddock:quantization is int4, which is four-bit, below paddock:quality_floor near-lossless; change one",
    ),
    (
        {"quantization": "nf4"},
        "paddock:quantization is nf4, which vLLM reads from files only, but nodes stream weights from S3; choose bf16",
    ),
    ({"capacity_type": "savings_plan"}, "paddock:capacity_type must be one of on_demand, spot, got 'savings_plan'"),
    ({"capacity_type": "reserved"}, "paddock:capacity_type must be one of on_demand, spot, got 'reserved'"),
    ({"vllm_version": "latest"}, "paddock:vllm_version: 'latest' is not a vLLM version; write it like 0.33.0"),
    (
        {"kubernetes_version": 1.35},
        'paddock:kubernetes_version must be text, got the number 1.35; put it in quotes, "1.35"',
    ),
    (
        {"capacity_type": "CAPACITY_BLOCK"},
        "paddock:capacity_type must be one of on_demand, spot, got 'CAPACITY_BLOCK'; capacity reservations and",
    ),
    (
        {"capacity_reservation_id": "cr-0123456789abcdef0"},
        "paddock:capacity_reservation_id: capacity reservations and Capacity Blocks cannot be named yet; an open",
    ),
    (
        {"admin_principal_arns": ["arn:aws:iam::123456789012:root"]},
        "paddock:admin_principal_arns[0] must be a role or user by ARN, such as arn:aws:iam::123456789012:role/ci, got",
    ),
    (
        {"node_release_version": "1.35.3-20260714"},
        "paddock:node_release_version is 1.35.3-20260714, but paddock:node_os is bottlerocket, whose releases look",
    ),
    (
        {
            "node_release_version": "1.35.3-20260714",
            "kubernetes_version": "1.36",
            "node_os": "al2023",
            "device_plugin_image": IMAGE,
        },
        "paddock:node_release_version is 1.35.3-20260714, but paddock:kubernetes_version is 1.36; name a release that",
    ),
    (
        {"node_release_version": "latest"},
        "paddock:node_release_version must be an AMI release as EKS spells it, such as 1.62.0-0f1e2d3c (bottlerocket)",
    ),
    (
        {"kubernetes_version": "1.31"},
        "paddock:kubernetes_version must be a version in standard support, 1.35 or 1.36, got '1.31'",
    ),
    ({"vpc_cidr": "10.0.0.0"}, "paddock:vpc_cidr must be /16 to /22, got 10.0.0.0/32"),
    ({"vpc_cidr": "ten"}, "paddock:vpc_cidr must be an IPv4 range such as 10.0.0.0/16, got 'ten'"),
    (
        {"vpc_cidr": "10.0.0.0/28"},
        "paddock:vpc_cidr must be /16 to /22, got 10.0.0.0/28; smaller leaves no room for pods",
    ),
    (
        {"number_of_availability_zones": 1},
        "paddock:number_of_availability_zones must be a whole number from 2 to 4, got 1",
    ),
    ({"peer_cidrs": "10.1.0.0/16"}, "paddock:peer_cidrs must be a list, got '10.1.0.0/16'"),
    ({"peer_cidrs": ["10.1.0.0/16", "x"]}, "paddock:peer_cidrs[1] must be an IPv4 range such as 10.0.0.0/16, got 'x'"),
    ({"peer_cidrs": ["10.0.128.0/20"]}, "paddock:vpc_cidr 10.0.0.0/16 overlaps peer_cidrs 10.0.128.0/20"),
    ({"retain_weights": "yes"}, "paddock:retain_weights must be true or false, got 'yes'"),
    ({"tags": ["a"]}, "paddock:tags must be a map of text to text, got ['a']"),
    ({"tags": {"a": 1}}, "paddock:tags must map text to text, got 'a': 1; put both in quotes"),
    ({"tags": {"aws:x": "1"}}, "paddock:tags must not set 'aws:x'"),
    ({"tags": {"": "1"}}, "paddock:tags has a tag that AWS refuses"),
    ({"tags": {str(number): "" for number in range(41)}}, "paddock:tags must be at most 40 tags, got 41"),
    (
        {"model": "llama-3.2-1b", "quantization": "int4"},
        "paddock:quantization is int4, but no such checkpoint of llama-3.2-1b is known; choose bf16 or fp8 or int8",
    ),
]


@pytest.mark.parametrize(("wrong", "says"), WRONG, ids=[says[:70] for _, says in WRONG])
def test_one_wrong_setting_is_one_message_with_key_value_and_way_out(wrong: dict[str, Any], says: str) -> None:
    (problem,) = problems(**wrong)
    assert problem.startswith(says)


@pytest.mark.parametrize(
    ("region", "says"),
    [
        ("", "aws:region is missing; `pulumi config set aws:region us-east-1`"),
        ("us-east1", "aws:region must be a region with GPU instances, got 'us-east1'; did you mean 'us-east-1'?"),
    ],
)
def test_a_region_that_is_missing_or_unknown_is_named(region: str, says: str) -> None:
    assert problems(region) == (says,)


def test_a_region_without_the_pinned_instance_is_answered_with_those_that_have_it() -> None:
    (problem,) = problems("eu-west-3", instance_type="p6-b300.48xlarge")
    assert problem.startswith("paddock:instance_type p6-b300.48xlarge is not offered in eu-west-3; it is in ")
    assert "us-east-1" in problem


def test_missing_keys_say_what_they_are_for() -> None:
    with pytest.raises(SettingsError) as refused:
        parse_settings({}, region="us-east-1")
    assert [problem.split(";")[0] for problem in refused.value.problems] == [
        "paddock:model is missing",
        "paddock:vllm_image is missing",
    ]
    assert "`paddock images sync` copies it" in refused.value.problems[1]


def test_all_problems_come_at_once_also_those_between_keys() -> None:
    found = problems(
        "nowhere", modle=1, number_of_availability_zones=9, max_model_len=500_000, peer_cidrs=["10.0.0.0/8"]
    )
    assert len(found) == 4, found
    assert any("unknown key" in each for each in found)
    assert any("number_of_availability_zones must be" in each for each in found)
    assert any("500,000" in each for each in found)
    assert any("nowhere" in each for each in found)


def test_a_wrong_key_does_not_drag_its_neighbours_into_false_complaints() -> None:
    # peer_cidrs overlaps nothing that is known, since the VPC's own range is unreadable.
    assert len(problems(vpc_cidr="x", peer_cidrs=["10.0.0.0/8"])) == 1


def test_the_error_is_one_text_with_a_problem_a_line() -> None:
    with pytest.raises(SettingsError) as refused:
        parsed(number_of_availability_zones=9, replicas=0)
    assert str(refused.value).splitlines() == [
        "2 settings are wrong:",
        "  - paddock:replicas must be a whole number from 1 to 64, got 0",
        "  - paddock:number_of_availability_zones must be a whole number from 2 to 4, got 9",
    ]


def test_stack_configuration_is_decoded_by_what_each_key_takes() -> None:
    arguments = settings_of_stack(
        {
            "aws:region": "eu-west-1",
            "aws:profile": "someone",
            "paddock:model": "llama-3.2-1b",
            "paddock:vllm_image": IMAGE.replace("us-east-1", "eu-west-1"),
            "paddock:kubernetes_version": "1.35",
            "paddock:number_of_availability_zones": "3",
            "paddock:retain_weights": "false",
            "paddock:requests_per_second": "2.5",
            "paddock:input_tokens": "1000",
            "paddock:output_tokens": "200",
            "paddock:max_ttft_ms": "500",
            "paddock:max_loras": "1",
            "paddock:adapters": '{"sql": "lora-1", "tone": "support-tone/lora-2"}',
            "paddock:quality_floor": "near-lossless",
            "paddock:peer_cidrs": '["10.9.0.0/16"]',
            "paddock:tags": '{"team": "a"}',
        }
    )
    settings = parse_settings(arguments, region=str(arguments.pop("region")))
    assert (settings.region, settings.number_of_availability_zones, settings.model.retain_weights) == (
        "eu-west-1",
        3,
        False,
    )
    assert settings.kubernetes_version == "1.35"
    assert (settings.model.requests_per_second, settings.model.max_ttft_ms, settings.model.max_loras) == (2.5, 500.0, 1)
    assert settings.model.adapter_revisions == {"sql": "llama-3.2-1b/lora-1", "tone": "support-tone/lora-2"}
    assert settings.model.quality_floor == "near-lossless"
    assert settings.peer_cidrs == (IPv4Network("10.9.0.0/16"),)
    assert settings.tags == {"team": "a"}


def test_what_cannot_be_decoded_is_left_for_parse_to_name() -> None:
    arguments = settings_of_stack({"aws:region": "us-east-1", "paddock:number_of_availability_zones": "two"})
    assert arguments == {"region": "us-east-1", "number_of_availability_zones": "two"}


def test_every_field_is_a_key_but_the_region_which_is_the_providers() -> None:
    assert KEYS | {"region"} == FIELDS
    assert descriptions().keys() == FIELDS | {API_KEY, "aws_profile", "aws_role_arn"}


STATED = {
    "bf16, as published": "bf16",
    "auto, as the model computes": "auto",
    "0, none": 0,
    "all of adapters": 0,
    "true": True,
    "false": False,
}
"""Defaults as the descriptions state them, where they say more than the value."""


def test_every_default_that_is_a_value_is_the_one_that_the_description_states() -> None:
    checked = set()
    for key, field in BY_KEY.items():
        if field.is_required() or field.default_factory is not None or field.default in (None, ()):
            continue
        stated = descriptions()[key].split("Default: ")[1].removesuffix(".")
        assert str(STATED.get(stated, stated)) == str(field.default), key
        checked.add(key)
    assert {"vpc_cidr", "number_of_availability_zones", "log_retention_days", "tunnel_port", "max_model_len"} <= checked


@pytest.mark.parametrize("version", ["0.26.0", "0.19.1", "0.5.4"])
def test_a_vllm_that_cannot_start_in_our_pods_is_not_deployed(version: str) -> None:
    with pytest.raises(SettingsError, match=r"does not start here: .* use 0\.27\.0 or newer"):
        parsed(vllm_version=version)
    assert parsed(vllm_version="0.27.0").model.vllm_version == "0.27.0"


def test_the_bare_word_on_is_a_licenses_day_though_yaml_reads_it_as_true() -> None:
    written = yaml.safe_load("{license: llama3.1, by: a.person, on: 2026-11-24}")
    assert True in written
    image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:{'a' * 64}"
    settings = parse_settings({"model": "llama-3.1-8b", "vllm_image": image, "license": written}, region="us-east-1")
    assert settings.model.license is not None
    assert str(settings.model.license.on) == "2026-11-24"


@pytest.mark.parametrize("key", ["monthly_budget_usd", "requests_per_second", "max_ttft_ms", "max_itl_ms"])
def test_a_whole_number_is_a_number_and_one_too_large_is_refused_in_one_sentence(key: str) -> None:
    lengths: dict[str, Any] = {"input_tokens": 100, "output_tokens": 100}
    settings = parsed(**lengths | {key: 2000})
    value = getattr(settings if key == "monthly_budget_usd" else settings.model, key)
    assert (type(value), value) == (float, 2000)
    for large in (10**400, 10**5000, -(10**400)):
        (problem,) = problems(**lengths | {key: large})
        assert re.fullmatch(rf"paddock:{key} must be a number above 0, up to [\d,]+, got .{{1,60}}", problem)
    (problem,) = problems(**lengths | {key: True})
    assert problem.endswith("got True")


def test_a_license_that_is_no_map_is_told_its_keys() -> None:
    for wrong in ("llama3.1", ["llama3.1"], 3):
        assert problems(license=wrong) == (f"paddock:license must be a map of license, by and on, got {wrong!r}",)
