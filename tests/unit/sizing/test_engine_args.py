"""`vllm serve` arguments come back from a command line as they went in, and a setup says all that it counts on."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.sizing import EngineArgs, KvCacheDtype, LoraSlots, Parallelism, Setup
from paddock.sizing.memory.engine_args import TYPES, texts
from tests.unit.sizing.setups import setup_of

TEXT = st.text(min_size=1).filter(lambda text: not text.startswith("-"))
VALUES = {
    int: st.integers(1, 10**9),
    float: st.floats(0, 1e6, allow_nan=False),
    bool: st.booleans(),
    str: TEXT,
}
STATED = st.fixed_dictionaries({}, optional={name: VALUES[kind] for name, kind in TYPES.items()})  # type: ignore[index]
SETUPS = st.builds(
    setup_of,
    st.sampled_from(["llama-3.2-1b", "llama-3.1-70b"]),
    split=st.builds(Parallelism, st.sampled_from([1, 2, 4]), st.sampled_from([1, 2])),
    lora=st.none() | st.builds(LoraSlots, max_loras=st.integers(1, 64), max_lora_rank=st.sampled_from([8, 64])),
    max_model_len=st.integers(1, 131_072),
    gpu_memory_utilization=st.floats(0.01, 1),
    max_num_seqs=st.none() | st.integers(1, 1024),
    max_num_batched_tokens=st.none() | st.integers(1, 16_384),
    kv_cache_dtype=st.sampled_from(list(KvCacheDtype)),
    enforce_eager=st.booleans(),
)


def read(arguments: Iterable[str]) -> EngineArgs:
    """A command line as the policy pack reads it of a pod."""
    return EngineArgs.from_texts(texts(arguments))


@given(STATED.map(lambda stated: EngineArgs(**stated)))  # type: ignore[arg-type]
def test_arguments_come_back_from_the_command_line_that_they_are_written_as(args: EngineArgs) -> None:
    assert read(args.to_args()) == args


@given(SETUPS)
def test_a_setup_comes_back_from_its_arguments_whatever_vllms_defaults_are(setup: Setup) -> None:
    args = read(setup.args.to_args())
    assert Setup.of(setup.model, setup.scheme, setup.gpu, setup.engine, args) == setup


@pytest.mark.parametrize(
    ("line", "args"),
    [
        ("org/m -tp 2 -pp 3", EngineArgs(model="org/m", tensor_parallel_size=2, pipeline_parallel_size=3)),
        ("--max-model-len=4096 --port 8000", EngineArgs(max_model_len=4096)),
        ("--enforce-eager --enable-lora", EngineArgs(enforce_eager=True, enable_lora=True)),
        ("--no-enforce-eager", EngineArgs(enforce_eager=False)),
        ("--max-num-seqs 1 --max-num-seqs 2", EngineArgs(max_num_seqs=2)),
        ("--enforce-eager org/m", EngineArgs(model="org/m", enforce_eager=True)),
        ("--enforce-eager --no-enforce-eager", EngineArgs(enforce_eager=False)),
        ("--no-enforce-eager --enforce-eager", EngineArgs(enforce_eager=True)),
        ("--tensor-parallel-size=8 org/m", EngineArgs(model="org/m", tensor_parallel_size=8)),
        ("--max-num-seqs 8 org/m", EngineArgs(model="org/m", max_num_seqs=8)),
        ("--tensor-parallel=8 --max-model 131072", EngineArgs(tensor_parallel_size=8, max_model_len=131072)),
        ("--tensor_par 8 --no-enforce", EngineArgs(tensor_parallel_size=8, enforce_eager=False)),
        ("-dpl 2 -dpr 1 -dpn 0 -r 0 org/m -dpe -ep", EngineArgs(model="org/m")),
        ("-ep org/m", EngineArgs(model="org/m")),
        ("org/m -tp=8 -n 2 -q fp8", EngineArgs(model="org/m", tensor_parallel_size=8, nnodes=2, quantization="fp8")),
    ],
)
def test_each_spelling_of_vllm_is_read(line: str, args: EngineArgs) -> None:
    assert read(line.split()) == args


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="--max-num-seqs is 'many'; say a number"):
        read(["--max-num-seqs", "many"])


def test_a_beginning_of_several_names_is_refused_with_them() -> None:
    with pytest.raises(ValueError, match="--max-num may be --max-num-batched-tokens, --max-num-seqs; write the one"):
        read(["--max-num", "8"])


def test_lora_has_vllms_defaults_where_adapters_are_only_enabled() -> None:
    assert EngineArgs(enable_lora=True).lora == LoraSlots(max_loras=1, max_lora_rank=16)
    assert EngineArgs(max_loras=4).lora is None
