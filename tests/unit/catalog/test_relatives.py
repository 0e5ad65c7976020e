"""Models of Llama's architecture by their repositories' names: shapes, and which names are whose."""

from __future__ import annotations

import pytest

from paddock.catalog import Model
from paddock.catalog.lookup import RefusedError
from paddock.catalog.names import model_of_repository, why_not_modelled
from paddock.catalog.relatives import relatives
from paddock.cli.parsing.fit import fixed_placement
from paddock.sizing.memory.fit import fit
from paddock.sizing.memory.parameters import total_parameters


@pytest.mark.parametrize("found", relatives(), ids=lambda each: each.name)
def test_the_shapes_add_up_to_the_count_of_parameters(found: object) -> None:
    assert total_parameters(found) == found.parameters  # type: ignore[arg-type,attr-defined]


NAMED = [
    ("codellama/CodeLlama-7b-hf", "codellama-7b"),
    ("codellama/CodeLlama-7b-Instruct-hf", "codellama-7b"),
    ("codellama/CodeLlama-13b-Python-hf", "codellama-13b-python"),
    ("TheBloke/CodeLlama-34B-Instruct-AWQ", "codellama-34b"),
    ("codellama/CodeLlama-70b-hf", "codellama-70b"),
    ("codellama/CodeLlama-70b-Instruct-hf", "codellama-70b-instruct"),
    ("codellama/CodeLlama-70b-Python-hf", "codellama-70b-instruct"),
    ("NousResearch/Hermes-3-Llama-3.2-3B", "llama-3.2-3b"),
    ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "llama-3.1-8b"),
    ("mistralai/Mistral-7B-Instruct-v0.3", "mistral-7b-v0.3"),
    ("mistralai/Mistral-7B-Instruct-v0.2", "mistral-7b-v0.2"),
    ("mistralai/mathstral-7B-v0.1", "mistral-7b-v0.3"),
    ("NousResearch/Hermes-4-405B", "llama-3.1-405b"),
    ("NousResearch/Hermes-4-70B-FP8", "llama-3.1-70b"),
    ("NousResearch/Hermes-3-Llama-3.1-8B", "llama-3.1-8b"),
    ("nvidia/Llama-3.1-Nemotron-70B-Instruct-HF", "llama-3.1-70b"),
    ("nvidia/Llama-3.1-Nemotron-Nano-8B-v1", "llama-3.1-8b"),
    ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "llama-3.3-70b"),
    # Shaped otherwise.
    ("nvidia/Llama-3_3-Nemotron-Super-49B-v1", None),
    ("mistralai/Mistral-7B-v0.1", None),
    ("mistralai/Mixtral-8x7B-v0.1", None),
    ("NousResearch/Hermes-4-14B", None),
    ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", None),
]
"""Repositories, and the model of the catalog whose shapes they have: read 2026-11-28."""


@pytest.mark.parametrize(("repository", "name"), NAMED)
def test_a_name_is_one_models_or_nobodys(repository: str, name: str | None) -> None:
    found = model_of_repository(repository)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("repository", "why"),
    [
        ("nvidia/Llama-3_3-Nemotron-Super-49B-v1", "pruned layer by layer"),
        ("nvidia/Llama-3_1-Nemotron-Ultra-253B-v1", "DeciLMForCausalLM"),
        ("mistralai/Mistral-7B-v0.1", "a window of 4,096 tokens"),
        ("mistralai/Mistral-7B-Instruct-v0.1", "v0.2 and v0.3"),
        ("mistralai/Mixtral-8x7B-v0.1", "mixture of experts"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "Qwen's architecture"),
    ],
)
def test_a_model_that_is_not_modelled_is_refused_by_name_with_the_reason(repository: str, why: str) -> None:
    assert why in (why_not_modelled(repository) or "")
    with pytest.raises(RefusedError, match=why):
        fixed_placement(repository, gpu="H100")


@pytest.mark.parametrize("found", relatives(), ids=lambda each: each.name)
def test_each_is_fitted_by_its_repository(found: Model) -> None:
    placement = fixed_placement(found.hf_repo, gpu="H200", max_model_len="4k", vllm_version="0.33.0")
    assert placement.setup.model is found
    assert fit(placement.setup).memory.weights_mib * 2**20 == pytest.approx(2 * found.parameters, rel=0.002)
    assert found.source
    assert found.as_of.year >= 2026


@pytest.mark.parametrize("repository", [repository for repository, name in NAMED if name])
def test_fit_takes_each_by_its_repository(repository: str) -> None:
    setup = fixed_placement(repository, gpu="B200", tensor_parallel_size=8, max_model_len="4k").setup
    assert setup.model is model_of_repository(repository)
    assert fit(setup).starts
