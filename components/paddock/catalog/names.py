"""Model and quantization behind the names that people, logs and repositories use."""

from __future__ import annotations

import re

from paddock.catalog.models import Model, all_models
from paddock.catalog.quantizations import Quantization
from paddock.catalog.relatives import refused, relative_of_repository

_OTHER_ARCHITECTURE = re.compile(r"vision|code-?llama|tinyllama|llava|eagle|medusa|speculator|nemotron-(?:ultra|super)")
"""Named after a Llama, shaped otherwise."""

_HERMES_4 = re.compile(r"hermes-4-(70|405)b")
"""Fine-tunes of Llama 3.1 as their cards say; the 14B of that name is none."""

_BUCKET = re.compile(r"^s3://[^/]*/")
"""The name of a bucket says nothing of the model: Pulumi ends it with digits and letters of its own."""
_FAMILY = re.compile(r"llama-?v?(2|4|3(?:[.p-]?[123](?![0-9b]))?)(?![0-9.b])")
_SIZE = re.compile(r"(?<![0-9.])([0-9]{1,3})b(?![a-z0-9])")


def model_of_repository(text: str) -> Model | None:
    """The model whose shapes `text` has: a repository, a path or a log's name for a Llama or a fine-tune of one.

    None where the text does not say both family and size, or names something of another architecture.
    """
    name = _dashed(text)
    if (relative := relative_of_repository(name)) is not None:
        return relative
    if _OTHER_ARCHITECTURE.search(name):
        return None
    return all_models().get(_name(name) or "")


def why_not_modelled(text: str) -> str | None:
    """Reason why a model that people ask for by that name is not modelled; None where none is known."""
    return refused(_dashed(text))


def _dashed(text: str) -> str:
    return re.sub(r"[\s_/]+", "-", _BUCKET.sub("", text.lower())).replace("meta-llama-", "llama-")


def _name(text: str) -> str | None:
    size = _SIZE.search(text)
    if hermes := _HERMES_4.search(text):
        return f"llama-3.1-{hermes.group(1)}b"
    if "llama" in text and (guarded := re.search(r"llama-?guard-?3", text)):
        return f"llama-guard-3-{size.group(1)}b" if size and guarded.start() < size.start() else None
    if "distill-llama" in text and size:
        # DeepSeek-R1-Distill-Llama: 8B of Llama 3.1, 70B of Llama 3.3, as their model cards say.
        return {"8": "llama-3.1-8b", "70": "llama-3.3-70b"}.get(size.group(1))
    family = _FAMILY.search(text)
    if family is None:
        return None
    version = re.sub(r"[p-]", ".", family.group(1))
    if len(version) == 2:
        version = f"{version[0]}.{version[1]}"
    if version == "4":
        return next((f"llama-4-{each}" for each in ("scout", "maverick") if each in text), None)
    return f"llama-{version}-{size.group(1)}b" if size else None


_ANOTHER_SCHEME = re.compile(
    r"aqlm.*2x8|gguf|ggml|\bq[2-8]_|exl[23]|mxfp|hqq|eetq|quip|torchao|sparse|2of4|3-?bit|6-?bit|w8a16|w4a8|fp8.?block"
)
_PHRASES: tuple[tuple[str, Quantization | None], ...] = (
    (r"fp32|float32|full precision", Quantization.FP32),
    (r"nvfp4|fp4", Quantization.NVFP4),
    (r"aqlm", Quantization.AQLM),
    (r"2-?bit", None),
    (r"(?:bnb|bitsandbytes).*(?:8-?bit|int8)|int8.*(?:bnb|bitsandbytes)", None),
    (r"nf4|bnb|bitsandbytes", Quantization.NF4),
    (r"awq", Quantization.AWQ),
    (r"gptq.*asym", Quantization.GPTQ_ASYM),
    (r"gptq", Quantization.GPTQ),
    (r"fbgemm|^meta-llama/.*405b.*-fp8", Quantization.FP8_FBGEMM),
    (r"fp8.*static|static.*fp8|modelopt.*fp8", Quantization.FP8_STATIC),
    (r"fp8.*(?:runtime|online|on.the.fly|per.tensor)|(?:runtime|online).*fp8", Quantization.FP8_RUNTIME),
    (r"fp8.?dyn|fp8.*(?:dynamic|compressed|fbgemm)|w8a8.?fp", Quantization.FP8),
    (r"/.*-fp8(?:-kv)?$", Quantization.FP8_STATIC),
    (r"fp8", Quantization.FP8),
    (r"w8a8|int8", Quantization.INT8),
    (r"w4a16|int4|4-?bit", Quantization.INT4),
    (r"bf16|fp16|bfloat16|float16|half|16-?bit", Quantization.BF16),
)


def scheme_of_text(text: str) -> Quantization | None:
    """The quantization that `text` names: a repository, or a log's text such as `int4 w4a16 (gptq_marlin)`.

    None where the text names none, or one that is not modelled. A repository that ends in `-FP8` has one scale a
    tensor, but Meta's 405B.
    """
    normalized = " ".join(_BUCKET.sub("", text.lower()).split())
    if normalized in set(Quantization):
        return Quantization(normalized)
    if _ANOTHER_SCHEME.search(normalized):
        return None
    return next((quantization for phrase, quantization in _PHRASES if re.search(phrase, normalized)), None)
