"""The options that several commands share, each said once."""

from typing import Annotated

from paddock.cli.declare import Argument, Option

Json = Annotated[bool, Option("--json", help="Print JSON instead; docs/sizing.md describes it.")]
Region = Annotated[str, Option(help="AWS region.")]
ModelArgument = Annotated[
    str, Argument(metavar="MODEL", help="A model of `paddock models`, a repository, or a checkpoint's directory.")
]
Quantization = Annotated[
    str | None, Option(help="bf16, fp8, int8, int4, awq, gptq, nf4, … Default: the checkpoint's, or bf16.")
]
Dtype = Annotated[str, Option(metavar="DTYPE", help="auto, half, float16, bfloat16, float or float32.")]
VllmVersion = Annotated[str | None, Option(metavar="VERSION", help="Default: the catalog's newest.")]
KvCacheDtype = Annotated[str, Option(metavar="DTYPE", help="auto, fp8, fp8_e4m3 or fp8_e5m2.")]
EnableLora = Annotated[bool, Option("--enable-lora", help="Slots for adapters, one of rank 16 by default.")]
MaxLoras = Annotated[int | None, Option(help="LoRA adapters in one step; takes their memory.")]
MaxLoraRank = Annotated[int | None, Option(help="Largest rank of an adapter. Default with --max-loras: 16.")]
Gpu = Annotated[
    str | None, Option("--gpu", metavar="NAME", help="Such as L4, H100, g5.xlarge, or a slice: 'H100 1g.20gb'.")
]
GpuMemoryGib = Annotated[float | None, Option(metavar="GIB", help="The total that torch reports.")]
TensorParallelSize = Annotated[int, Option("--tensor-parallel-size", "-tp", help="GPUs that share each layer.")]
PipelineParallelSize = Annotated[int, Option("--pipeline-parallel-size", "-pp", help="Stages of layers.")]
MaxModelLen = Annotated[
    str | None, Option(metavar="TOKENS", help="Such as 8192, 8k, 1M or auto. Default: the model's.")
]
GpuMemoryUtilization = Annotated[float | None, Option(metavar="SHARE", help="Default: that version's.")]
MaxNumBatchedTokens = Annotated[int | None, Option(help="Tokens in one step. Default: that version's.")]
MaxNumSeqs = Annotated[int | None, Option(help="Sequences in one step. Default: that version's.")]
EnforceEager = Annotated[bool, Option("--enforce-eager", help="No compilation and no CUDA graphs.")]
SPECULATIVE_EXAMPLE = '{"model": "meta-llama/Llama-3.2-1B", "num_speculative_tokens": 5}'
SpeculativeConfig = Annotated[str | None, Option(metavar="JSON", help="A draft model or an EAGLE head; as above.")]
CpuOffloadGb = Annotated[float | None, Option(metavar="GIB", help="Weights of each GPU that stay on the host.")]
KvCacheMemoryBytes = Annotated[
    str | None, Option(metavar="BYTES", help="KV cache of each GPU, such as 24G, whatever the utilization.")
]
DataParallelSize = Annotated[int, Option("--data-parallel-size", "-dp", help="Replicas, each on its own GPUs.")]
FlashInfer = Annotated[bool, Option(help="Installed, as in vLLM's image; matters from 0.8 to 0.11.0.")]
Concurrency = Annotated[int, Option(help="Requests of the full context that are asked for.")]
HeldByOthers = Annotated[int, Option(metavar="MIB", help="What other processes use of each GPU.")]
