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


_ANOTHER_CONTEXT = re.compile(r"ultra-?long|yarn|gradient(?!ai)|longlora|superhot|long-?context")
_TOKENS = re.compile(r"(?<![0-9a-z.])([0-9]{1,5})([km])(?![0-9a-z])")
"""`32k`, `4M`: a context, where it is a part of a name."""


def model_of_repository(text: str) -> Model | None:
    """The model whose shapes `text` has: a repository, a path or a log's name for a Llama or a fine-tune of one.

    None where the text does not say both family and size, or names something of another architecture or context.
    """
    name = _dashed(text)
    found = _shapes(name)
    return None if found is None or _another_context(name, found) else found


def _shapes(name: str) -> Model | None:
    if (relative := relative_of_repository(name)) is not None:
        return relative
    if _OTHER_ARCHITECTURE.search(name):
        return None
    return all_models().get(_name(name) or "")


def why_not_modelled(text: str) -> str | None:
    """Reason why a model that people ask for by that name is not modelled; None where none is known."""
    name = _dashed(text)
    if (reason := refused(name)) is not None:
        return reason
    found = _shapes(name)
    words = found and _another_context(name, found)
    if found and words:
        return (
            f"'{words}' in its name says another context than the {found.max_context_tokens:,} tokens of "
            f"{found.display_name}; name a folder with its config.json"
        )
    if (words := scheme_not_modelled(text)) is not None:
        return f"'{words}' in its name says another quantization than those of --quantization"
    return None


def _another_context(name: str, shapes: Model) -> str | None:
    """The part of a name that says another context than the model of these shapes has."""
    if found := _ANOTHER_CONTEXT.search(name):
        return found[0]
    factors = {"k": 1024, "m": 1024**2}
    tokens = ((each[0], int(each[1]) * factors[each[2]]) for each in _TOKENS.finditer(name))
    return next((words for words, count in tokens if count != shapes.max_context_tokens), None)


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
    r"aqlm.*2x8|gguf|ggml|\bq[2-8]_|exl[23]|\bmlx\b|\bonnx\b|openvino|[0-9]bpw|mxfp|hqq|eetq|quip|torchao|sparse|2of4|3-?bit|6-?bit|w8a16|w4a8|fp8.?block"
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
    named = _scheme(text)
    return None if named is None else named[1]


def scheme_not_modelled(text: str) -> str | None:
    """The words in `text` that name a quantization which is not modelled; None where they name one that is, or none."""
    named = _scheme(text)
    return None if named is None or named[1] is not None else named[0]


def _scheme(text: str) -> tuple[str, Quantization | None] | None:
    """The words that name a quantization, and which; None where none is named."""
    normalized = " ".join(_BUCKET.sub("", text.lower()).split())
    if normalized in set(Quantization):
        return normalized, Quantization(normalized)
    if found := _ANOTHER_SCHEME.search(normalized):
        return found[0], None
    return next(
        ((found[0], quantization) for phrase, quantization in _PHRASES if (found := re.search(phrase, normalized))),
        None,
    )
