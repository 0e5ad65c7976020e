"""Reading a checkpoint's folder: the model, the scheme, the bytes, and an answer to every kind of broken file.

Proved on small folders with real headers. Not proved: any published repository; their headers are not at hand.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.catalog import Model, Quantization, model, scheme
from paddock.catalog.lookup import RefusedError
from paddock.sizing.checkpoints.checkpoint import read_checkpoint
from paddock.sizing.checkpoints.safetensors import read_header
from paddock.sizing.memory.parallelism import Parallelism, PipelineRank, pipeline_ranks
from paddock.sizing.memory.parameters import total_parameters
from paddock.sizing.memory.weights import rank_bytes, rope_cache_bytes
from tests.unit.sizing.checkpoints import (
    CONFIG,
    PROJECTIONS,
    Tensors,
    fp8_tensors,
    gptq_tensors,
    plain_tensors,
    write_checkpoint,
    write_header,
    write_safetensors,
)

ALONE = PipelineRank(2, first=True, last=True)
GPTQ: dict[str, Any] = {"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128, "sym": True}}
FP8: dict[str, Any] = {
    "quantization_config": {
        "quant_method": "compressed-tensors",
        "config_groups": {
            "group_0": {
                "weights": {"num_bits": 8, "type": "float", "strategy": "channel"},
                "input_activations": {"num_bits": 8, "type": "float", "dynamic": True},
            }
        },
    }
}


def stored(tensors: Tensors) -> int:
    bits = {"BF16": 16, "F16": 16, "I32": 32, "F8_E4M3": 8}
    total = 0
    for dtype, shape in tensors.values():
        values = 1
        for size in shape:
            values *= size
        total += values * bits[dtype] // 8
    return total


def test_an_unquantized_folder_is_read_to_the_byte(tmp_path: Path) -> None:
    found = read_checkpoint(write_checkpoint(tmp_path / "tiny", plain_tensors()))
    assert found.checkpoint_bytes == stored(plain_tensors()) == 2 * total_parameters(found.model)
    assert (found.model.name, found.model.vocab, found.model.head_dim) == ("tiny", 1001, 64)
    assert found.scheme is scheme(Quantization.BF16)


def test_a_gpu_holds_the_tensors_read_the_padding_and_the_rotary_cache(tmp_path: Path) -> None:
    found = read_checkpoint(write_checkpoint(tmp_path, plain_tensors()))
    padding = 2 * (1024 - 1001) * 256 * 2
    held = found.rank_bytes(Parallelism(), ALONE)
    assert held == found.checkpoint_bytes + padding + rope_cache_bytes(found.model)


def test_shards_and_one_file_are_the_same_checkpoint(tmp_path: Path) -> None:
    one = read_checkpoint(write_checkpoint(tmp_path / "one", plain_tensors()))
    three = read_checkpoint(write_checkpoint(tmp_path / "three", plain_tensors(), shards=3))
    assert one.tensors == three.tensors


def test_a_model_of_the_catalog_is_read_as_it_is_written_there(tmp_path: Path) -> None:
    known = model("llama-3.2-1b")
    config: dict[str, Any] = {
        "hidden_size": known.hidden,
        "intermediate_size": known.intermediate,
        "num_attention_heads": known.attention_heads,
        "num_key_value_heads": known.kv_heads,
        "num_hidden_layers": known.layers,
        "head_dim": known.head_dim,
        "vocab_size": known.vocab,
        "max_position_embeddings": known.max_context_tokens,
        "tie_word_embeddings": True,
        "rope_scaling": {"rope_type": "llama3", "factor": 32.0, "original_max_position_embeddings": 8192},
    }
    tensors: Tensors = {
        "model.embed_tokens.weight": ("BF16", (known.vocab, known.hidden)),
        "model.norm.weight": ("BF16", (known.hidden,)),
    }
    for layer in range(known.layers):
        prefix, hidden, inner = f"model.layers.{layer}.", known.hidden, known.intermediate
        for name, shape in {
            "self_attn.q_proj": (hidden, hidden),
            "self_attn.k_proj": (512, hidden),
            "self_attn.v_proj": (512, hidden),
            "self_attn.o_proj": (hidden, hidden),
            "mlp.gate_proj": (inner, hidden),
            "mlp.up_proj": (inner, hidden),
            "mlp.down_proj": (hidden, inner),
            "input_layernorm": (hidden,),
            "post_attention_layernorm": (hidden,),
        }.items():
            tensors[f"{prefix}{name}.weight"] = ("BF16", shape)
    found = read_checkpoint(write_checkpoint(tmp_path, tensors, **config))
    told_otherwise = {"name", "display_name", "hf_repo", "license", "license_url", "checkpoints", "source", "as_of"}
    told_otherwise |= {"tool_call_parser"}
    for field in fields(Model):
        if field.name not in told_otherwise | {"rope_cache_tokens"}:
            assert getattr(found.model, field.name) == getattr(known, field.name), field.name
    for split in (Parallelism(), Parallelism(4), Parallelism(2, 2)):
        for rank in pipeline_ranks(known, split.pipeline):
            assert found.rank_bytes(split, rank) == rank_bytes(known, found.scheme, split, rank)


def test_biases_a_head_width_and_tied_embeddings_are_taken_from_the_configuration(tmp_path: Path) -> None:
    config = {**CONFIG, "tie_word_embeddings": True}
    tensors = plain_tensors(config)
    for layer in range(2):
        for name, (rows, _) in PROJECTIONS.items():
            tensors[f"model.layers.{layer}.{name}.bias"] = ("BF16", (rows,))
    biased: dict[str, Any] = {"tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True, "head_dim": 64}
    found = read_checkpoint(write_checkpoint(tmp_path, tensors, **biased))
    assert found.checkpoint_bytes == 2 * total_parameters(found.model)
    assert found.model.tied_embeddings


@pytest.mark.parametrize(
    ("scaling", "positions"),
    [
        (None, 4096),
        ({"rope_type": "llama3", "factor": 8.0}, 4096),
        ({"type": "linear", "factor": 4.0}, 16_384),
        ({"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 2048}, 8192),
    ],
)
def test_the_rotary_cache_is_as_long_as_vllm_makes_it(tmp_path: Path, scaling: object, positions: int) -> None:
    found = read_checkpoint(write_checkpoint(tmp_path, plain_tensors(), rope_scaling=scaling))
    assert rope_cache_bytes(found.model) == positions * 64 * 2


@pytest.mark.parametrize("group", [32, 64, 128])
def test_the_group_size_is_that_of_the_checkpoint(tmp_path: Path, group: int) -> None:
    config: dict[str, Any] = {
        "quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": group, "sym": True}
    }
    found = read_checkpoint(write_checkpoint(tmp_path, gptq_tensors(group), **config))
    assert found.scheme.name is Quantization.GPTQ
    assert found.scheme.group_size == group
    assert {part.weights for part in found.scheme.files} == {1, group}
    assert found.checkpoint_bytes == stored(gptq_tensors(group))


def test_layers_that_the_checkpoint_leaves_at_16_bits_are_held_at_16_bits(tmp_path: Path) -> None:
    whole = read_checkpoint(write_checkpoint(tmp_path / "whole", fp8_tensors(), **FP8))
    partly = read_checkpoint(write_checkpoint(tmp_path / "partly", fp8_tensors(plain_layers=(1,)), **FP8))
    more = partly.rank_bytes(Parallelism(), ALONE) - whole.rank_bytes(Parallelism(), ALONE)
    weights = sum(rows * columns for rows, columns in PROJECTIONS.values())
    scales = 4 * (512 + 256 + 1024 + 256)
    assert more == weights - scales
    assert partly.scheme.unquantized == {1: {name.rpartition(".")[2] for name in PROJECTIONS}}


@pytest.mark.parametrize(
    ("config", "quantization"),
    [
        ({"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True}, Quantization.AWQ),
        ({"quant_method": "gptq", "bits": 4, "group_size": 128, "sym": False}, Quantization.GPTQ_ASYM),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}, Quantization.NF4),
    ],
)
def test_every_tool_that_packs_four_bits_is_understood(
    tmp_path: Path, config: dict[str, object], quantization: Quantization
) -> None:
    found = read_checkpoint(write_checkpoint(tmp_path, gptq_tensors(), quantization_config=config))
    assert found.scheme.name is quantization


def test_modelopt_says_its_scheme_in_a_file_of_its_own(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, fp8_tensors())
    (folder / "hf_quant_config.json").write_text(json.dumps({"quantization": {"quant_algo": "FP8"}}))
    assert read_checkpoint(folder).scheme.name is Quantization.FP8_STATIC


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"model_type": "qwen2"}, "model_type is 'qwen2'; read from a folder are 'llama' and 'mistral'"),
        ({"model_type": "mistral", "sliding_window": 4096}, "sliding_window is 4096; only models that attend to all"),
        ({"model_type": "llama4"}, "For Llama 4 name the model instead"),
        ({"hidden_size": "256"}, "hidden_size is '256'; it must be a whole number"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers is 1000000000"),
        ({"num_key_value_heads": 3}, "not whole multiples of 3 KV heads"),
        ({"vocab_size": 1002}, r"embed_tokens is 1001 x 256, but config.json makes it 1002 x 256"),
        ({"num_hidden_layers": 3}, r"has no model.layers.2.self_attn.q_proj, which its config.json calls for"),
        ({"rope_scaling": {"rope_type": "longrope"}}, "rope_scaling is 'longrope'"),
        ({"quantization_config": {"quant_method": "exl2"}}, "not modelled; read are awq, bitsandbytes"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 8, "group_size": 128}}, "not modelled"),
        (FP8, "says it is fp8, but no layer of its files is quantized"),
    ],
)
def test_what_is_not_understood_is_refused_with_the_reason(tmp_path: Path, config: dict[str, Any], why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        read_checkpoint(write_checkpoint(tmp_path, plain_tensors(), **config))


def test_weights_packed_to_another_size_than_the_scheme_says_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"256 x 256 at 4 bits by config.json, 32768 bytes; the files have 65536"):
        read_checkpoint(write_checkpoint(tmp_path, fp8_tensors(), **GPTQ))


def test_a_quantized_lm_head_is_refused_and_not_counted_as_if_it_were_not(tmp_path: Path) -> None:
    tensors = {**fp8_tensors(), "lm_head.weight": ("F8_E4M3", (1001, 256))}
    with pytest.raises(RefusedError, match="lm_head is F8_E4M3"):
        read_checkpoint(write_checkpoint(tmp_path, tensors, **FP8))


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, plain_tensors(), shards=2)
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(RefusedError, match=r"model-00002-of-00002\.safetensors: No such file"):
        read_checkpoint(folder)


def test_an_index_that_promises_more_than_the_files_have_is_refused(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, plain_tensors(), shards=2)
    index = folder / "model.safetensors.index.json"
    listed = json.loads(index.read_text())
    listed["weight_map"]["model.extra"] = "model-00001-of-00002.safetensors"
    index.write_text(json.dumps(listed))
    with pytest.raises(RefusedError, match=r"lists 'model\.extra' and 0 more that the files lack"):
        read_checkpoint(folder)


def test_an_index_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, plain_tensors())
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "../secret.safetensors"}}))
    with pytest.raises(RefusedError, match=r"must name a \*\.safetensors file beside it"):
        read_checkpoint(folder)


def test_a_folder_without_weights_or_without_configuration_says_so(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"config.json'?: No such file"):
        read_checkpoint(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    with pytest.raises(RefusedError, match=r"has no \*.safetensors files"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("header", "data_bytes", "why"),
    [
        (b"{", 0, "is not JSON"),
        (b"[]", 0, "must hold a JSON object, not a list"),
        (b"[" * 100_000, 0, "is not JSON"),
        (b'{"a": 1}', 0, "entry 'a' is no object"),
        (b'{"a": {"dtype": "F9", "shape": [1], "data_offsets": [0, 1]}}', 1, "type of 'a' is 'F9'"),
        (b'{"a": {"dtype": "U8", "shape": [-1], "data_offsets": [0, 1]}}', 1, "not a list of whole numbers"),
        (b'{"a": {"dtype": "U8", "shape": [1.5], "data_offsets": [0, 1]}}', 1, "not a list of whole numbers"),
        (b'{"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 1]}}', 1, "needs 2 bytes and has 0 to 1"),
        (b'{"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}', 1, "is it cut short"),
    ],
)
def test_a_header_that_is_wrong_is_refused_with_the_reason(
    tmp_path: Path, header: bytes, data_bytes: int, why: str
) -> None:
    write_header(tmp_path / "x.safetensors", header, data_bytes)
    with pytest.raises(RefusedError, match=why):
        read_header(tmp_path / "x.safetensors")


@pytest.mark.parametrize("start", [b"", b"\x01", b"\xff" * 8, (2**40).to_bytes(8, "little") + b"{}"])
def test_a_length_that_the_file_does_not_have_is_refused(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "x.safetensors").write_bytes(start)
    with pytest.raises(RefusedError, match="does not fit in the file"):
        read_header(tmp_path / "x.safetensors")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = sorted({*CONFIG, "head_dim", "rope_scaling", "rope_parameters", "quantization_config", "attention_bias"})
fuzzed = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def answers(folder: Path) -> None:
    """An answer or a refusal; anything else that is raised fails the test."""
    with suppress(RefusedError):
        found = read_checkpoint(folder)
        assert found.rank_bytes(Parallelism(), pipeline_ranks(found.model, 1)[0]) > 0


@fuzzed
@given(st.dictionaries(st.sampled_from(KEYS), JSON, min_size=1, max_size=3))
def test_any_configuration_gets_an_answer_or_a_refusal(tmp_path: Path, config: dict[str, Any]) -> None:
    answers(write_checkpoint(tmp_path, plain_tensors(), **config))


@fuzzed
@given(
    st.fixed_dictionaries(
        {"quant_method": st.sampled_from(["awq", "bitsandbytes", "compressed-tensors", "fp8", "gptq", "modelopt"])},
        optional=dict.fromkeys(["bits", "group_size", "sym", "config_groups", "quant_algo", "load_in_4bit"], JSON),
    )
)
def test_any_quantization_gets_an_answer_or_a_refusal(tmp_path: Path, quantization: dict[str, Any]) -> None:
    answers(write_checkpoint(tmp_path, gptq_tensors(), quantization_config=quantization))


@fuzzed
@given(st.data())
def test_any_damage_to_a_file_gets_an_answer_or_a_refusal(tmp_path: Path, data: st.DataObject) -> None:
    folder = write_checkpoint(tmp_path, plain_tensors(), shards=2)
    for left_over in folder.glob("model.safetensors"):
        left_over.unlink()
    victim = data.draw(st.sampled_from(sorted(folder.iterdir())))
    content = bytearray(victim.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(len(content), 4000) - 1))
        content[at] = data.draw(st.integers(0, 255))
    victim.write_bytes(
        bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    )
    answers(folder)


@fuzzed
@given(st.dictionaries(st.text(max_size=10), JSON, max_size=4))
def test_any_header_gets_an_answer_or_a_refusal(tmp_path: Path, header: dict[str, Any]) -> None:
    write_header(tmp_path / "x.safetensors", json.dumps(header).encode(), 16)
    with suppress(RefusedError):
        assert all(tensor.bytes <= 16 for tensor in read_header(tmp_path / "x.safetensors"))


def test_two_files_with_the_same_tensor_are_refused(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, plain_tensors())
    write_safetensors(folder / "more.safetensors", {"lm_head.weight": ("BF16", (1, 1))})
    with pytest.raises(RefusedError, match="which another file of the checkpoint has too"):
        read_checkpoint(folder)
