"""The headroom of a replica answers as `fit` does, and is kept for its flags alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paddock.catalog import Quantization, all_gpus, all_models, model
from paddock.sizing import KvCacheDtype, LoraSlots, Parallelism, fit
from paddock.sizing.memory.kv_cache import BLOCK_TOKENS, bytes_per_token
from paddock.sizing.placement.headroom import Headroom, headroom, headrooms
from tests.unit.sizing.setups import setup_of

asked = st.tuples(
    st.sampled_from(sorted(all_models())),
    st.sampled_from(list(Quantization)),
    st.sampled_from(sorted(all_gpus())),
    st.sampled_from([Parallelism(t, p) for t in (1, 2, 4, 8) for p in (1, 2, 3)]),
    st.sampled_from(["0.6.3", "0.9.0", "0.19.1", "0.33.0"]),
    st.sampled_from([KvCacheDtype.AUTO, KvCacheDtype.FP8]),
    st.sampled_from([None, LoraSlots(max_loras=4, max_lora_rank=32)]),
)


@given(asked, st.integers(1, 300), st.integers(1, 131_072), st.integers(1, 131_072))
def test_headroom_lacks_what_fit_lacks_whatever_the_context(
    asked: tuple[str, Quantization, str, Parallelism, str, KvCacheDtype, LoraSlots | None],
    requests: int,
    tokens: int,
    context: int,
) -> None:
    name, quantization, card, split, version, dtype, lora = asked
    tokens = min(tokens, context)
    setup = setup_of(name, quantization, card, version, split, max_model_len=context, kv_cache_dtype=dtype, lora=lora)
    found = headroom(setup)
    if isinstance(found, str):
        return
    exact = fit(setup, concurrent_requests=requests, max_model_len=tokens)
    assert -found.lacking_mib(requests, tokens) == exact.memory.headroom_mib
    most = found.most_requests(tokens)
    assert most == 0 or found.lacking_mib(most, tokens) <= 0
    assert found.lacking_mib(most + 1, tokens) > 0
    if found.lacking_mib(requests, tokens) <= 0:
        assert found.spare_tokens(requests, tokens) >= 0


def test_memory_that_lacks_beyond_the_share_is_not_made_good_by_cache_to_spare() -> None:
    setup = setup_of("llama-3.2-1b", engine="0.19.1", max_model_len=1024, gpu_memory_utilization=0.99)
    found = headroom(setup)
    assert isinstance(found, Headroom)
    assert found.stages[0].free_mib > 1024
    outside = fit(setup).memory.outside_shortfall_mib
    assert found.lacking_mib(1, 1024) == outside > 0
    assert found.most_requests(1024) == 0


def test_what_is_kept_knows_flags_and_nothing_of_the_requests() -> None:
    short, long = (setup_of("llama-3.1-8b", gpu="L40S", max_model_len=tokens) for tokens in (1024, 65_536))
    wide = setup_of("llama-3.1-8b", gpu="L40S", max_model_len=1024, max_num_seqs=512)
    card = short.gpu
    assert headrooms(short, card) is headrooms(long, card)
    assert headrooms(short, card) is not headrooms(wide, card)


def test_a_token_of_70b_takes_the_bytes_of_8_kv_heads_and_not_of_64() -> None:
    llama = model("llama-3.1-70b")
    assert bytes_per_token(llama, 2) == 327_680
    found = headroom(setup_of(llama, gpu="H100", split=Parallelism(8)))
    assert isinstance(found, Headroom)
    assert found.stages[0].token_bytes * 8 == 327_680
    # A block more for every GPU is 16 tokens of it.
    assert found.lacking_mib(10_000, 2 * BLOCK_TOKENS) - found.lacking_mib(10_000, BLOCK_TOKENS) == 6250
