"""When NVIDIA's operator tables are used and when the roofline is. A stand-in takes their place, as the extra is
optional; the real ones are compared with published figures in tests/accuracy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import util
from types import SimpleNamespace

import pytest

from paddock.catalog import Quantization, model, scheme
from paddock.catalog.performance import operator_tables
from paddock.sizing.memory.parallelism import Parallelism
from paddock.sizing.performance import operator_tables as tables_module
from paddock.sizing.performance.latency import estimate
from paddock.sizing.performance.operator_tables import OperatorSteps, best_estimate, operator_steps
from paddock.sizing.workload import Traffic
from tests.unit.sizing.setups import setup_of

SMALL, BF16, FP8 = model("llama-3.1-8b"), scheme(Quantization("bf16")), scheme(Quantization("fp8"))
CHAT = Traffic(1000, 300)


@dataclass
class Engine:
    """Answers as the package's engine does, and remembers what it was asked."""

    asked: list[tuple[object, ...]] = field(default_factory=list)

    def decode_step_latency(self, requests: int, inputs: int, outputs: int) -> float:
        self.asked.append(("decode", requests, inputs, outputs))
        return 5.0

    def predict_prefill_latency(self, requests: int, inputs: int, prefix: int) -> float:
        self.asked.append(("prefill", requests, inputs, prefix))
        return 20.0

    def mixed_step_latency(self, tokens: int, requests: int, inputs: int, outputs: int) -> float:
        self.asked.append(("mixed", tokens, requests, inputs, outputs))
        return 25.0


class Short(Engine):
    def mixed_step_latency(self, *_: int) -> float:
        raise ValueError("no data for this shape")


@dataclass
class Package:
    """Stands in for `EngineHandle`."""

    engine: Engine
    compiled: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)

    def compile(self, name: str, system: str, backend: str, **options: object) -> Engine:
        if options["gemm_quant_mode"] == "nvfp4":
            raise RuntimeError("GEMM perf data missing")
        self.compiled.append((name, system, {"backend": backend, **options}))
        return self.engine


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    package = Package(Engine())
    monkeypatch.setattr(util, "find_spec", lambda _: object())
    monkeypatch.setattr(tables_module, "import_module", lambda _: SimpleNamespace(EngineHandle=package))
    tables_module._compiler.cache_clear()
    yield package
    tables_module._compiler.cache_clear()


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(util, "find_spec", lambda _: None)
    tables_module._compiler.cache_clear()
    yield
    tables_module._compiler.cache_clear()


@pytest.mark.usefixtures("absent")
def test_without_the_extra_the_answer_is_the_rooflines() -> None:
    asked = (setup_of(SMALL, BF16, "H100"), CHAT, 8)
    assert best_estimate(*asked, nvlink=True) == estimate(*asked, nvlink=True)


def test_with_it_the_answer_comes_from_the_tables_and_says_so(package: Package) -> None:
    found = best_estimate(
        setup_of(SMALL, FP8, "H100", split=Parallelism(2), kv_cache_dtype="fp8"), CHAT, 8, nvlink=True
    )
    assert found.method == "aiconfigurator"
    assert "h100_sxm" in found.source
    assert package.compiled == [
        (
            "meta-llama/Meta-Llama-3.1-8B",
            "h100_sxm",
            {
                "backend": "vllm",
                "tp_size": 2,
                "pp_size": 1,
                "gemm_quant_mode": "fp8",
                "kvcache_quant_mode": "fp8",
                "fmha_quant_mode": "bfloat16",
            },
        )
    ]


def test_a_replica_is_compiled_once(package: Package) -> None:
    for concurrency in (1, 2, 3):
        best_estimate(setup_of(SMALL, BF16, "H100"), CHAT, concurrency, nvlink=True)
    assert len(package.compiled) == 1


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("name", "quantization", "on", "tensor", "nvlink"),
    [
        ("llama-3.2-1b", "bf16", "H100", 1, True),
        ("llama-3.1-8b", "bf16", "L4", 1, False),
        ("llama-3.1-8b", "bf16", "A100-40GB", 1, True),
        ("llama-3.1-8b", "int4", "H100", 1, True),
        ("llama-3.1-8b", "fp8", "A100-80GB", 1, True),
        ("llama-3.1-8b", "bf16", "H100", 2, False),
    ],
)
def test_what_the_tables_do_not_cover_is_left_to_the_roofline(
    name: str, quantization: str, on: str, tensor: int, nvlink: bool
) -> None:
    setup = setup_of(name, quantization, on, split=Parallelism(tensor))
    found = best_estimate(setup, CHAT, 8, nvlink=nvlink)
    assert found.method == "roofline"


def test_a_shape_beyond_the_tables_is_left_to_the_roofline(package: Package) -> None:
    package.engine = Short()
    found = best_estimate(setup_of(SMALL, BF16, "H100"), CHAT, 8, nvlink=True)
    assert found.method == "roofline"


def test_a_step_asks_for_the_same_context_as_the_roofline_is_asked() -> None:
    engine = Engine()
    steps = OperatorSteps(engine, "a test")
    steps.step_ms(8, 1150, 0, 500)
    steps.step_ms(7.5, 1150, 1000, 500)
    steps.step_ms(0, 1150, 1000, 4000)
    assert engine.asked == [
        ("decode", 8, 1000, 300),  # it takes the context as input + output / 2
        ("mixed", 1000, 8, 1000, 300),
        ("prefill", 1, 4500, 3500),  # a later chunk: 3500 tokens before it, 4000 to attend to on average
    ]


def test_every_model_of_the_tables_is_one_of_ours() -> None:
    for name in ("llama-3.1-8b", "llama-3.1-70b", "llama-3.1-405b"):
        shapes = [
            shape
            for _, shape in operator_tables().models
            if all(getattr(model(name), k) == v for k, v in shape.items())
        ]
        assert len(shapes) == 1, name


def test_a_missing_table_leaves_no_steps(package: Package) -> None:
    assert operator_steps(setup_of(SMALL, BF16, "H100"), nvlink=True) is not None
    package.engine = Engine()
    assert operator_steps(setup_of(SMALL, BF16, "L4"), nvlink=False) is None
