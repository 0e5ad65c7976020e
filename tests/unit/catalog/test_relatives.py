"""Models of Llama's architecture by their repositories' names: shapes, and which names are whose."""

from __future__ import annotations

import pytest

from paddock.catalog.names import model_of_repository
from paddock.catalog.relatives import relatives
from paddock.sizing.memory.parameters import total_parameters


@pytest.mark.parametrize("found", relatives(), ids=lambda each: each.name)
def test_the_shapes_add_up_to_the_count_of_parameters(found: object) -> None:
    assert total_parameters(found) == found.parameters  # type: ignore[arg-type,attr-defined]


@pytest.mark.parametrize(
    ("repository", "name"),
    [
        ("codellama/CodeLlama-7b-hf", "codellama-7b"),
        ("codellama/CodeLlama-7b-Instruct-hf", "codellama-7b"),
        ("codellama/CodeLlama-13b-Python-hf", "codellama-13b-python"),
        ("TheBloke/CodeLlama-34B-Instruct-AWQ", "codellama-34b"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "mistral-7b-v0.3"),
        ("mistralai/Mistral-7B-Instruct-v0.2", "mistral-7b-v0.2"),
        ("mistralai/mathstral-7B-v0.1", "mistral-7b-v0.3"),
        ("NousResearch/Hermes-4-405B", "llama-3.1-405b"),
        ("NousResearch/Hermes-4-70B-FP8", "llama-3.1-70b"),
        ("NousResearch/Hermes-3-Llama-3.1-8B", "llama-3.1-8b"),
        ("nvidia/Llama-3.1-Nemotron-70B-Instruct-HF", "llama-3.1-70b"),
        ("nvidia/Llama-3.1-Nemotron-Nano-8B-v1", "llama-3.1-8b"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "llama-3.3-70b"),
        # Shaped otherwise, or of shapes that sources give differently.
        ("nvidia/Llama-3_3-Nemotron-Super-49B-v1", None),
        ("codellama/CodeLlama-70b-hf", None),
        ("mistralai/Mistral-7B-v0.1", None),
        ("mistralai/Mixtral-8x7B-v0.1", None),
        ("NousResearch/Hermes-4-14B", None),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", None),
    ],
)
def test_a_name_is_one_models_or_nobodys(repository: str, name: str | None) -> None:
    found = model_of_repository(repository)
    assert (found.name if found else None) == name
