"""`paddock size --plot`: what is drawn, that it is the same each time, and what is said where it cannot be."""

from __future__ import annotations

import builtins
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from paddock import catalog
from paddock.catalog import Quantization
from paddock.cli.screens.plot import cost_curve, draw, steps_to, waterfall
from paddock.sizing import Candidate, Demand, LoraSlots, Workload, search
from tests.unit.cli.running import Paddock

WORDS = ("size", "llama-3.1-8b", "--top", "3", "--plot")


def placed(**work: object) -> tuple[Demand, tuple[Candidate, ...]]:
    given = {"max_model_len": 8192, "concurrent_requests": 4, **work}
    demand = Demand(
        model=catalog.model("llama-3.1-8b"),
        schemes=(catalog.scheme(Quantization.BF16),),
        engine=catalog.engine("0.33.0"),
        workload=Workload(**given),  # type: ignore[arg-type]  # what each test gives has the field's type
        region="us-east-1",
    )
    return demand, search(demand).candidates


def test_the_waterfall_is_the_whole_gpu_without_gaps() -> None:
    _, candidates = placed(lora=LoraSlots(max_loras=2, max_lora_rank=16))
    steps = waterfall(candidates[0])
    assert sum(each.gib for each in steps) == pytest.approx(candidates[0].fit.memory.usable_mib / 1024)
    for before, after in pairwise(steps):
        assert before.start_gib + before.gib == pytest.approx(after.start_gib)
    assert {"weights", "LoRA slots", "activation", "KV cache, asked for"} <= {each.name for each in steps}


def test_a_token_gets_cheaper_with_company_up_to_what_the_cache_holds() -> None:
    _, candidates = placed()
    points = cost_curve(candidates[0])
    requests, usd = zip(*points, strict=True)
    assert requests[0] == 1
    assert requests[-1] == int(candidates[0].fit.kv_cache.max_concurrency)
    assert list(usd) == sorted(usd, reverse=True)


@pytest.mark.parametrize("most", [0, 1, 2, 7, 1000])
def test_steps_end_where_they_must(most: int) -> None:
    steps = steps_to(most)
    assert steps == sorted(set(steps))
    assert (steps[0], steps[-1]) == (1, most) if most else not steps


def test_a_missing_library_is_said_before_anything_is_computed(
    paddock: Paddock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name.split(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *rest, **more)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(builtins, "__import__", without)
    ran = paddock(*WORDS, str(tmp_path / "x.png"))
    assert (ran.status, ran.out) == (2, "")
    assert "pip install '<a checkout of paddock>[plot]'" in ran.err


def test_without_the_option_the_library_is_not_loaded(paddock: Paddock) -> None:
    before = set(sys.modules)
    paddock("size", "llama-3.1-8b")
    assert not any(name.startswith("matplotlib") for name in set(sys.modules) - before)


def test_both_drawings_have_titles_units_and_a_legend_and_are_the_same_each_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra paddock[plot] is not installed")
    import matplotlib as mpl

    demand, candidates = placed()
    files = [tmp_path / name for name in ("one.svg", "two.svg")]
    with mpl.rc_context({"svg.fonttype": "none"}):
        for file in files:
            draw(demand, candidates[:3], file)
    first, second = (file.read_bytes() for file in files)
    assert first == second
    text = first.decode()
    for piece in (
        "GiB of one GPU",
        "dollars a million output tokens",
        "Cost against concurrency",
        "KV cache",
        "g6e.xlarge",
    ):
        assert piece in text
    assert "Date" not in text


def test_a_png_is_a_png(paddock: Paddock, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra paddock[plot] is not installed")
    ran = paddock(*WORDS, str(tmp_path / "x.png"))
    assert ran.status == 0
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    assert "wrote" in ran.out
