"""One vLLM engine as it starts: model, quantization, GPU, version, and every argument with its value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paddock.catalog.quantizations import Quantization, Runtime
from paddock.record import Record
from paddock.sizing.memory.engine_args import EngineArgs, KvCacheDtype, LoraSlots
from paddock.units import GIB

if TYPE_CHECKING:
    from paddock.catalog import Engine, Gpu, Model, Scheme
    from paddock.sizing.memory.draft import Draft
    from paddock.sizing.memory.parallelism import Parallelism

UNQUANTIZED = frozenset({Quantization.BF16, Quantization.FP32})


class Setup(Record):
    """One replica as vLLM is started; `Setup.of` fills in vLLM's own defaults."""

    model: Model
    scheme: Scheme
    gpu: Gpu
    engine: Engine
    split: Parallelism
    max_model_len: int
    gpu_memory_utilization: float
    max_num_seqs: int
    max_num_batched_tokens: int
    kv_cache_dtype: KvCacheDtype
    enforce_eager: bool
    lora: LoraSlots | None
    others_mib: int = 0
    """Memory of each GPU that other processes hold."""
    draft: Draft | None = None
    cpu_offload_bytes: int = 0
    """Weights of each GPU that stay in the host's memory (`--cpu-offload-gb`)."""
    kv_cache_memory_bytes: int | None = None
    """KV cache of each GPU, whatever the utilization."""
    flashinfer: bool = True
    """FlashInfer is installed, as in vLLM's image: from 0.8 to 0.11.0 it samples wherever it is."""

    @classmethod
    def of(
        cls,
        model: Model,
        scheme: Scheme,
        gpu: Gpu,
        engine: Engine,
        args: EngineArgs,
        *,
        others_mib: int = 0,
        flashinfer: bool = True,
        draft: Draft | None = None,
        offline: bool = False,
    ) -> Setup:
        """Defaults of that version on that GPU for the arguments that are not stated, `offline` those of `LLM()`.

        vLLM refuses fewer tokens in a step than sequences, so a larger number of sequences raises the tokens with it.
        By default it takes no more than the sequences have at their longest (`arg_utils.py`).
        """
        length = model.max_context_tokens if args.max_model_len is None else args.max_model_len
        usual, stated_tokens = engine.batch(gpu, length, offline=offline), args.max_num_batched_tokens
        seqs = args.max_num_seqs or min(usual.max_num_seqs, stated_tokens or usual.max_num_seqs)
        share = args.gpu_memory_utilization
        return cls(
            model=model,
            scheme=scheme,
            gpu=gpu,
            engine=engine,
            split=args.split,
            max_model_len=length,
            gpu_memory_utilization=engine.gpu_memory_utilization if share is None else share,
            max_num_seqs=seqs,
            max_num_batched_tokens=stated_tokens or max(min(usual.max_num_batched_tokens, seqs * length), seqs),
            kv_cache_dtype=KvCacheDtype.AUTO if args.kv_cache_dtype is None else KvCacheDtype(args.kv_cache_dtype),
            enforce_eager=bool(args.enforce_eager),
            lora=args.lora,
            others_mib=others_mib,
            flashinfer=flashinfer,
            draft=draft,
            cpu_offload_bytes=int((args.cpu_offload_gb or 0) * GIB),
            kv_cache_memory_bytes=args.kv_cache_memory_bytes,
        )

    @property
    def args(self) -> EngineArgs:
        """The arguments that say all of this to vLLM, whatever its defaults."""
        return EngineArgs(
            max_model_len=self.max_model_len,
            tensor_parallel_size=self.split.tensor,
            pipeline_parallel_size=self.split.pipeline,
            gpu_memory_utilization=self.gpu_memory_utilization,
            max_num_seqs=self.max_num_seqs,
            max_num_batched_tokens=self.max_num_batched_tokens,
            kv_cache_dtype=None if self.kv_cache_dtype is KvCacheDtype.AUTO else self.kv_cache_dtype,
            max_loras=None if self.lora is None else self.lora.max_loras,
            max_lora_rank=None if self.lora is None else self.lora.max_lora_rank,
            max_cpu_loras=None if self.lora is None else self.lora.max_cpu_loras,
            enable_lora=None if self.lora is None else True,
            enforce_eager=self.enforce_eager or None,
        )

    @property
    def quantized(self) -> bool:
        """True where linear layers are; some versions run such models by another runner."""
        return self.scheme.name not in UNQUANTIZED

    @property
    def value_bytes(self) -> int:
        """Width of the model's dtype."""
        return self.scheme.unquantized_bytes

    @property
    def kv_value_bytes(self) -> int:
        """Width of one value in the KV cache."""
        return self.kv_cache_dtype.element_bytes(self.scheme.unquantized_bytes)

    @property
    def chunk_slack_tokens(self) -> int | None:
        """Tokens of a step beside the chunk of chunked attention; None where this version holds the whole context."""
        return self.engine.chunked_attention_batches * self.max_num_batched_tokens or None

    @property
    def runtime(self) -> Runtime:
        """Some schemes keep other tensors on other versions and GPUs."""
        return Runtime(self.engine.release, self.gpu.compute_capability)
