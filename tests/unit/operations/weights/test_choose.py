"""Files of a source that are taken, and checkpoints that are refused."""

from __future__ import annotations

import json

import pytest

from paddock.catalog.lookup import RefusedError
from paddock.operations.weights.choose import Selection, choose
from paddock.operations.weights.sources.source import Listing, SourceError, SourceFile

INDEX = "model.safetensors.index.json"


def chosen(*names: str, index: object = None) -> Selection:
    files = tuple(SourceFile(name=name, size_bytes=100, identity=name) for name in names)
    listing = Listing(address="hf://a/b", commit="", files=files)
    return choose(listing, lambda _file: json.dumps(index).encode())


def names(selection: Selection) -> set[str]:
    return {each.name for each in selection.files}


def test_what_vllm_reads_is_taken_and_the_rest_has_a_reason() -> None:
    taken = {
        *(
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer.model",
            "tokenizer_config.json",
            "merges.txt",
        ),
        *("chat_template.jinja", "processor_config.json", "preprocessor_config.json", "special_tokens_map.json"),
        *("additional_chat_templates/tool_use.jinja", "hf_quant_config.json", "LICENSE", "USE_POLICY.md"),
    }
    left = {
        *("original/consolidated.00.pth", "original/params.json", "consolidated.safetensors", "pytorch_model.bin"),
        *("model.gguf", "modeling_llama.py", "README.md", ".gitattributes", "runs/events.json", "onnx/model.onnx"),
        *("fp16/model.safetensors", "paddock-revision.json", "model.sig", "training_args.pt"),
    }
    selection = chosen(*taken, *left)
    assert names(selection) == taken
    assert {each.name for each in selection.skipped} == left
    assert all(each.why for each in selection.skipped)


def test_of_a_repository_with_two_copies_the_one_of_the_index_is_taken() -> None:
    shards = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    index = {"weight_map": {"a": shards[0], "b": shards[1]}}
    selection = chosen("config.json", INDEX, "model.safetensors", *shards, index=index)
    assert names(selection) == {"config.json", INDEX, *shards}


def test_a_shard_that_the_index_names_and_nobody_has_is_named() -> None:
    with pytest.raises(RefusedError, match=r"lacks 1 of the 2 files .* m-2\.safetensors"):
        chosen(
            "config.json",
            INDEX,
            "m-1.safetensors",
            index={"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}},
        )


def test_a_gap_between_shards_without_an_index_is_named() -> None:
    with pytest.raises(RefusedError, match=r"lacks model-00002-of-00003\.safetensors"):
        chosen("config.json", "model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors")


@pytest.mark.parametrize(
    "index", [[], {"weight_map": {}}, {"weight_map": {"a": "../x.safetensors"}}, {"weight_map": {"a": 1}}]
)
def test_an_index_that_is_none_is_refused(index: object) -> None:
    with pytest.raises(RefusedError, match=INDEX):
        chosen("config.json", INDEX, "model.safetensors", index=index)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pth", "weights.pt", "last.ckpt"])
def test_weights_that_are_pickles_alone_are_refused_by_name(name: str) -> None:
    with pytest.raises(RefusedError, match=f"only as pickles, such as {name}"):
        chosen("config.json", name)


def test_pickles_in_original_alone_are_no_weights() -> None:
    with pytest.raises(RefusedError, match=r"has no \*.safetensors"):
        chosen("config.json", "original/consolidated.00.pth")


def test_a_checkpoint_without_a_configuration_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"has no config\.json"):
        chosen("model.safetensors")


def test_an_adapter_is_its_two_files_and_the_tokenizer() -> None:
    selection = chosen("adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "adapter_model.bin")
    assert selection.is_adapter
    assert names(selection) == {"adapter_config.json", "adapter_model.safetensors", "tokenizer.json"}


def test_an_adapter_in_a_pickle_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"only as pickles, such as adapter_model\.bin"):
        chosen("adapter_config.json", "adapter_model.bin")


@pytest.mark.parametrize(
    "name", ["../x.json", "/etc/x.json", "a//b.json", "a\\b.json", "a\n.json", "a/./b.json", "x" * 901]
)
def test_names_that_are_no_plain_path_are_refused(name: str) -> None:
    with pytest.raises(SourceError, match="cannot be copied"):
        chosen("config.json", "model.safetensors", name)
