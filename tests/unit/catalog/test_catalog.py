"""The catalog's files load, hold together, and wrong names get a useful answer.

Proved: every row is complete and consistent with the others. Not proved: that AWS, NVIDIA or Meta still say the same;
each row carries its source and day for that.
"""

from __future__ import annotations

from datetime import date

import pytest
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS

from paddock import catalog
from paddock.catalog import Quantization, UnknownNameError
from paddock.catalog.footprint import SystemNode, UnitPrice, bastion_instance, prices_exclude, system_node, unit_price
from paddock.catalog.gpus import gpu_of_text
from paddock.catalog.instances import excluded_instances
from paddock.catalog.vllm import Engine, parse_version

PRICES = ("eks_control_plane", "interface_endpoint_zone", "gp3_gb_month", "kms_key", "s3_standard_gb_month")


def test_every_generation_of_llama_is_there() -> None:
    assert set(catalog.all_models()) == {
        "llama-2-7b",
        "llama-2-13b",
        "llama-2-70b",
        "llama-3-8b",
        "llama-3-70b",
        "llama-3.1-8b",
        "llama-3.1-70b",
        "llama-3.1-405b",
        "llama-3.2-1b",
        "llama-3.2-3b",
        "llama-3.3-70b",
        "llama-4-scout",
        "llama-4-maverick",
        "llama-guard-3-1b",
        "llama-guard-3-8b",
    }


@pytest.mark.parametrize("name", sorted(catalog.all_models()))
def test_every_model_says_its_source_day_license_and_an_unquantized_checkpoint(name: str) -> None:
    model = catalog.model(name)
    assert model.source
    assert isinstance(model.as_of, date)
    assert model.license_url.startswith("https://")
    assert model.hf_repo == model.repository(Quantization.BF16)
    assert model.attention_heads % model.kv_heads == 0


def test_a_checkpoint_that_nobody_published_is_refused_with_those_that_exist() -> None:
    with pytest.raises(
        UnknownNameError, match=r"no int4 checkpoint of llama-3.2-1b is known; there are bf16, fp8, int8"
    ):
        catalog.model("llama-3.2-1b").repository(Quantization.INT4)


@pytest.mark.parametrize("name", sorted(catalog.all_gpus()))
def test_usable_memory_is_less_than_the_driver_and_the_box_say(name: str) -> None:
    gpu = catalog.gpu(name)
    assert gpu.usable_mib < gpu.nominal_gb * 10**9 / 2**20 * 1.0737
    if gpu.driver_mib is not None:
        assert gpu.driver_mib * 0.97 < gpu.usable_mib < gpu.driver_mib
    assert gpu.usable_source


def test_ec2_and_driver_disagree_about_memory_in_both_directions() -> None:
    t4, l4 = catalog.gpu("T4"), catalog.gpu("L4")
    assert (t4.ec2_mib or 0) > (t4.driver_mib or 0)
    assert 0 < (l4.ec2_mib or 0) < (l4.driver_mib or 0)


@pytest.mark.parametrize("name", sorted(catalog.all_instances()))
def test_every_instance_type_is_whole_and_offered_somewhere(name: str) -> None:
    instance = catalog.instance(name)
    assert instance.gpus in {1, 2, 4, 8}
    assert instance.vcpus > 0
    assert instance.memory_mib > 0
    assert 0 < instance.network_baseline_gbps <= instance.network_peak_gbps
    assert instance.regions <= catalog.regions()
    for price in (instance.on_demand_usd_per_hour, instance.spot_usd_per_hour):
        assert price is None or price > 0


def test_only_capacity_block_types_lack_an_on_demand_price() -> None:
    without = {each.instance_type for each in catalog.all_instances().values() if each.on_demand_usd_per_hour is None}
    assert without == {"p5e.48xlarge"}


def test_spot_is_never_dearer_than_on_demand() -> None:
    for each in catalog.all_instances().values():
        if each.spot_usd_per_hour is not None and each.on_demand_usd_per_hour is not None:
            assert each.spot_usd_per_hour <= each.on_demand_usd_per_hour, each.instance_type


def test_types_that_are_left_out_are_refused_with_the_reason() -> None:
    with pytest.raises(UnknownNameError, match=r"'g6f.xlarge' is not supported: a fraction of a GPU"):
        catalog.instance("g6f.xlarge")
    with pytest.raises(UnknownNameError, match=r"'g7.2xlarge' is not supported: the EKS NVIDIA AMI"):
        catalog.instance("g7.2xlarge")
    assert not set(excluded_instances()) & set(catalog.all_instances())


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("llama-3.1-8B", "llama-3.1-8b"), ("llama3.1-70b", "llama-3.1-70b"), ("lama-3.2-3b", "llama-3.2-3b")],
)
def test_a_misspelt_model_is_answered_with_the_nearest(wrong: str, right: str) -> None:
    with pytest.raises(UnknownNameError, match=f"did you mean '{right}'"):
        catalog.model(wrong)


def test_a_name_like_nothing_is_answered_with_the_list() -> None:
    with pytest.raises(UnknownNameError, match="known are A100-40GB, A100-80GB"):
        catalog.gpu("~~~~~~~")


def test_every_model_has_a_parser_of_tool_calls_or_says_why_not() -> None:
    for each in catalog.all_models().values():
        assert (each.tool_call_parser is None) != (each.no_tool_calls is None), each.name
    assert catalog.model("llama-3.3-70b").tool_call_parser == "llama3_json"
    assert catalog.model("llama-3-70b").no_tool_calls


def test_llama_4_has_the_parser_and_template_of_vllms_docs_and_llama_3_its_own_template() -> None:
    for each in catalog.all_models().values():
        if each.name.startswith("llama-4-"):
            assert each.tool_call_parser == "llama4_pythonic"
            assert each.chat_template == "/vllm-workspace/examples/tool_chat_template_llama4_pythonic.jinja"
        else:
            assert each.chat_template is None


def test_vllm_ranges_change_with_the_version() -> None:
    # The default rose with 0.20.0, which also takes an estimate of CUDA graphs from the KV cache.
    assert catalog.engine("0.19.1").gpu_memory_utilization == pytest.approx(0.90)
    assert catalog.engine("0.20.0").gpu_memory_utilization == pytest.approx(0.92)
    # Read in the wheels, 2026-11-28.
    assert catalog.engine("0.19.0").optional_flags == {"--shutdown-timeout", "--disable-access-log-for-endpoints"}
    assert "--shutdown-timeout" not in catalog.engine("0.18.1").optional_flags


def test_a_vllm_newer_than_the_catalog_is_modelled_as_the_newest_and_says_so() -> None:
    newer = catalog.engine("0.41.2")
    assert (newer.newer_than_catalog, newer.modelled_as) == (True, "0.33.0")
    assert not catalog.engine("0.33.0").newer_than_catalog


@pytest.mark.parametrize("version", ["0.33", "latest", "", "0.33.0beta", "-1.0.0", "0.33.99999999", "0.33.0.1"])
def test_what_is_not_a_vllm_version_is_refused_with_an_example(version: str) -> None:
    with pytest.raises(UnknownNameError, match=r"write it like 0\.33\.0"):
        parse_version(version)


@pytest.mark.parametrize(
    ("version", "release"),
    [("0.14.0rc2.dev348+gdcd80206b", "0.14.0"), ("0.6.4.dev26+g92d86da2.d20241017", "0.6.4"), ("0.6.3.post1", "0.6.3")],
)
def test_a_build_of_vllm_counts_as_the_release_that_it_names(version: str, release: str) -> None:
    assert catalog.engine(version).release == release


def test_a_vllm_older_than_what_is_modelled_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"older than 0\.2\.0"):
        catalog.engine("0.1.7")


@pytest.mark.parametrize(
    ("version", "gpu", "seqs", "tokens"),
    [
        ("0.33.0", "L4", 256, 2048),
        ("0.33.0", "A100-80GB", 256, 2048),
        ("0.33.0", "H100", 1024, 8192),
        ("0.33.0", "B200", 1024, 16384),
        ("0.27.1", "B200", 1024, 8192),
        # V0: one step holds the whole context, or 512 tokens where that is long.
        ("0.7.3", "H100", 256, 8192),
    ],
)
def test_batch_defaults_follow_version_and_gpu_as_vllm_chooses_them(
    version: str, gpu: str, seqs: int, tokens: int
) -> None:
    engine: Engine = catalog.engine(version)
    batch = engine.batch(catalog.gpu(gpu), 8192)
    assert (batch.max_num_seqs, batch.max_num_batched_tokens) == (seqs, tokens)


@pytest.mark.parametrize(
    ("version", "gpu", "tokens"),
    [("0.33.0", "L4", 8192), ("0.9.1", "H100", 16_384), ("0.33.0", "B200", 16_384), ("0.7.3", "H100", 8192)],
)
def test_a_program_that_makes_an_llm_has_larger_steps_than_the_server(version: str, gpu: str, tokens: int) -> None:
    assert catalog.engine(version).batch(catalog.gpu(gpu), 8192, offline=True).max_num_batched_tokens == tokens


def test_v0_reads_a_long_context_in_chunks() -> None:
    assert catalog.engine("0.7.3").batch(catalog.gpu("H100"), 131_072).max_num_batched_tokens == 512


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("NVIDIA GeForce RTX 3090", "RTX-3090"),
        ("H100-80GB", "H100"),
        ("H100 NVL", "H100-NVL"),
        ("NVIDIA RTX PRO 6000 Blackwell (95GB VRAM)", "RTX-PRO-6000"),
        ("A100 (GCE a2-highgpu-1g)", "A100-40GB"),
        ("NVIDIA A100-SXM4-80GB", "A100-80GB"),
        ("Tesla T4", "T4"),
        ("NVIDIA L40S", "L40S"),
        ("8xH100", "H100"),
    ],
)
def test_a_card_is_known_by_how_logs_name_it(text: str, name: str) -> None:
    found = gpu_of_text(text)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "text", ["A100", "12GB card", "AMD Radeon PRO W7900", "", "RTX A4000", "L40", "T400", "GH200", "H1000"]
)
def test_a_card_that_the_text_leaves_open_is_not_guessed(text: str) -> None:
    assert gpu_of_text(text) is None


def test_only_versions_in_standard_support_are_offered_and_the_newest_is_last() -> None:
    assert catalog.supported_eks_versions() == ("1.35", "1.36")
    assert catalog.newest_eks_version() == "1.36"


@pytest.mark.parametrize("name", PRICES)
def test_every_price_has_a_source_and_a_day(name: str) -> None:
    price: UnitPrice = unit_price(name)
    assert (price.usd_per_hour or price.usd_per_month or 0) > 0
    assert price.source
    assert isinstance(price.as_of, date)


def test_the_system_node_has_a_shape_and_a_price() -> None:
    node: SystemNode = system_node("us-east-1")
    assert node.usd_per_hour > 0
    assert node.vcpus == 2
    assert prices_exclude()


def lacking(region: str, instance_type: str) -> set[str]:
    """Zones of a region in which EKS takes nodes and EC2 lacks the type, by moto's copy of EC2's answers."""
    offerings = INSTANCE_TYPE_OFFERINGS["availability-zone-id"][region]
    zones = {each["Location"] for each in offerings} - {"use1-az3", "usw1-az2", "cac1-az3"}
    assert zones
    return zones - {each["Location"] for each in offerings if each["InstanceType"] == instance_type}


@pytest.mark.parametrize("region", sorted(catalog.regions()))
def test_system_node_and_bastion_are_types_that_every_zone_of_the_region_offers(region: str) -> None:
    assert lacking(region, system_node(region).instance_type) == set()
    assert lacking(region, bastion_instance(region).instance_type) == set()


def test_the_usual_types_are_not_offered_everywhere() -> None:
    assert lacking("me-south-1", system_node("us-east-1").instance_type)
    assert lacking("me-central-1", bastion_instance("us-east-1").instance_type)
