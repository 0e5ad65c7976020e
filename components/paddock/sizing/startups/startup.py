"""Real start-up of vLLM, as a log or a table states it, and the `Setup` that it had."""

from __future__ import annotations

from dataclasses import dataclass, replace

from paddock.catalog import Engine, Gpu, Model, Quantization, Scheme, newest_version
from paddock.catalog.names import scheme_of_text
from paddock.sizing.memory.draft import Draft
from paddock.sizing.memory.engine_args import EngineArgs, KvCacheDtype
from paddock.sizing.memory.setup import Setup

NEWEST_V0 = "0.7.3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Startup:
    """Arguments, version and engine as far as they are stated; None is 'not stated'."""

    args: EngineArgs
    version: str | None
    v0: bool
    """The older engine printed it."""
    others_mib: int = 0
    draft: Draft | None = None
    flashinfer: bool = True
    offline: bool = False
    """`LLM()` in a program started it, and no API server."""
    names_scheme: bool = False
    """True where the quantization is a scheme; a log's is a format, for which the repository's name goes first."""

    @property
    def assumed_version(self) -> str:
        """The version, or the newest one of its engine."""
        return self.version or (NEWEST_V0 if self.v0 else newest_version())

    def setup(self, model: Model, scheme: Scheme, gpu: Gpu, engine: Engine) -> Setup:
        """vLLM's defaults where nothing is stated, the model's longest context among them."""
        fp8 = (self.args.kv_cache_dtype or "").startswith("fp8")
        args = replace(
            self.args,
            max_model_len=self.args.max_model_len or None,
            kv_cache_dtype=KvCacheDtype.FP8 if fp8 else None,
        )
        return Setup.of(
            model,
            scheme,
            gpu,
            engine,
            args,
            others_mib=self.others_mib,
            flashinfer=self.flashinfer,
            draft=self.draft,
            offline=self.offline,
        )

    @property
    def quantization(self) -> Quantization | None:
        """The scheme, by `--quantization` or the repository's name; None where both leave it open."""
        method, by_name = self.args.quantization or "", scheme_of_text(self.args.model or "")
        stated = scheme_of_text(method.replace("_marlin", ""))
        if by_name is None and (stated is Quantization.FP8 or method == "fp8_per_tensor"):
            # An unquantized checkpoint that vLLM quantizes while loading.
            return Quantization.FP8_RUNTIME
        return stated or by_name if self.names_scheme else by_name or stated
