"""`paddock size`: one screen with the answer, the memory, why cheaper ones fail, and what would change it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from paddock.cli.console import TIMES
from paddock.cli.parsing.size import Wishes, demand_of_options
from paddock.cli.screens.size import missed_targets
from paddock.settings import SettingsError, parse_settings
from paddock.sizing import search
from paddock.sizing.placement.search import by_tables
from tests.unit.cli.running import Paddock
from tests.unit.components.variants import IMAGE

WORK = ("size", "llama-3.1-70b", "--max-model-len", "32k", "--concurrency", "64")


def test_the_screen_has_placements_speed_memory_misses_and_changes(paddock: Paddock) -> None:
    ran = paddock(*WORK, columns=120)
    assert ran.status == 0
    for piece in (
        "$/h",
        "$/Mtok",
        "first token after",
        "█ weights",
        "±",
        "Cheaper, but",
        "GiB a GPU for the KV cache of 2,097,152 tokens",
        "What would make it cheaper",
        "--kv-cache-dtype fp8",
        "--max-model-len 16384",
    ):
        assert piece in ran.out


def test_the_first_placement_is_the_cheapest_and_the_misses_are_cheaper_still(paddock: Paddock) -> None:
    data = json.loads(paddock(*WORK, "--json").out)
    prices = [each["usd_per_hour"] for each in data["placements"]]
    assert prices == sorted(prices)
    assert any(each["usd_per_hour"] and each["usd_per_hour"] < prices[0] for each in data["rejected"])
    assert all(each["placement"]["usd_per_hour"] < prices[0] for each in data["changes"])


def test_what_is_said_to_change_the_answer_does(paddock: Paddock) -> None:
    changes = json.loads(paddock(*WORK, "--json").out)["changes"]
    assert changes
    for change in changes:
        name, *value = change["flag"].split()
        kept = [*WORK]
        if name in kept:
            at = kept.index(name)
            del kept[at : at + 2]
        again = json.loads(paddock(*kept, name, *value, "--json").out)
        assert again["placements"][0]["instance_type"] == change["placement"]["instance_type"]
        assert again["placements"][0]["usd_per_hour"] == change["placement"]["usd_per_hour"]


def test_a_rate_of_requests_needs_their_lengths_and_gets_replicas(paddock: Paddock) -> None:
    rate, lengths = (
        ("size", "llama-3.1-8b", "--requests-per-second"),
        ("--input-tokens", "1000", "--output-tokens", "300"),
    )
    assert "--input-tokens, --output-tokens" in paddock(*rate, "40").err
    best = json.loads(paddock(*rate, "40", *lengths, "--json").out)["placements"][0]
    assert best["performance"]["requests_per_second"] * best["replicas"] >= 40 * 0.999
    slow = json.loads(paddock(*rate, "1", *lengths, "--json").out)
    assert slow["placements"][0]["usd_per_hour"] < best["usd_per_hour"]


def test_latency_targets_are_met_by_every_placement(paddock: Paddock) -> None:
    data = json.loads(paddock("size", "llama-3.1-8b", "--max-itl-ms", "20", "--max-ttft-ms", "500", "--json").out)
    assert data["placements"]
    for each in data["placements"]:
        assert each["performance"]["itl_ms"] <= 20
        assert each["performance"]["ttft_ms"] <= 500


@pytest.mark.parametrize("floor", ["near-lossless", "fp8"])
def test_a_quality_floor_accepts_all_that_are_as_good(paddock: Paddock, floor: str) -> None:
    data = json.loads(paddock("size", "llama-3.1-70b", "--quality-floor", floor, "--json", "--top", "20").out)
    assert {"bf16", "fp8"} <= set(data["quantizations"])
    assert "int4" not in data["quantizations"]


def test_lora_slots_and_fp8_kv_cache_reach_the_memory(paddock: Paddock) -> None:
    plain = json.loads(paddock("size", "llama-3.1-8b", "--json", "--top", "1").out)["placements"][0]
    more = ("--max-loras", "4", "--max-lora-rank", "64", "--kv-cache-dtype", "fp8")
    other = json.loads(paddock("size", "llama-3.1-8b", *more, "--json", "--top", "1").out)["placements"][0]
    assert plain["memory"]["terms"]["lora"]["expected"] == 0 < other["memory"]["terms"]["lora"]["expected"]
    assert other["kv_cache"]["bytes_per_token"] * 2 == plain["kv_cache"]["bytes_per_token"]


def test_spot_has_two_spellings(paddock: Paddock) -> None:
    assert paddock("size", "llama-3.1-8b", "--spot").out == paddock("size", "llama-3.1-8b", "--purchase", "spot").out
    data = json.loads(paddock("size", "llama-3.1-8b", "--spot", "--json").out)
    assert data["purchase"] == "spot"


def test_a_savings_plan_says_what_it_does_not_know(paddock: Paddock) -> None:
    out = " ".join(paddock("size", "llama-3.1-8b", "--purchase", "savings-plan").out.split())
    assert "sources state only the largest discount" in out


def test_finding_nothing_says_what_is_nearest_and_what_would_do_and_exits_1(paddock: Paddock) -> None:
    ran = paddock("size", "llama-3.1-405b", "--max-model-len", "128k", "--concurrency", "2000")
    assert ran.status == 1
    for piece in ("No instance type holds it.", "p6-b300.48xlarge", "What would make it possible", "--replicas any"):
        assert piece in ran.out


def test_the_screen_shows_each_instance_type_once(paddock: Paddock) -> None:
    out = paddock("size", "llama-3.1-70b", "--quality-floor", "four-bit", columns=120).out
    table = out[: out.index("At ")]
    shown = [line.split()[3] for line in table.splitlines() if f" {TIMES} " in line and "$" not in line][1:]
    assert len(shown) == len(set(shown)) > 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--quality-floor", "fp8", "--quantization", "fp8"), "give one of them"),
        (("--quality-floor", "best"), "unknown quality floor 'best'"),
        (("--rank-by", "price"), "unknown ranking 'price'"),
        (("--purchase", "lease"), "unknown way to purchase 'lease'"),
        (("--replicas", "many"), "--replicas must be a whole number from 1 to 64, or 'any', got 'many'"),
        (("--replicas", "65"), "--replicas must be a whole number from 1 to 64, got 65"),
        (("--max-lora-rank", "7"), "--max-lora-rank must be one of 1, 8, 16, 32"),
        (("--kv-cache-dtype", "fp4"), "unknown --kv-cache-dtype 'fp4'"),
        (("--max-ttft-ms", "nan"), "--max-ttft-ms must be a number above 0"),
        (("--max-itl-ms", "-1"), "--max-itl-ms must be a number above 0"),
        (("--requests-per-second", "inf"), "--requests-per-second must be a number above 0"),
        (("--input-tokens", "5"), "--input-tokens and --output-tokens describe one request together"),
        (("--input-tokens", "9000", "--output-tokens", "1"), "longer than the context of 8,192"),
        (("--requests-per-second", "1", "--concurrency", "2"), "give one of them"),
        (("--top", "0"), "--top must be 1 to 100, got 0"),
        (("--plot", "x.pdf"), "--plot writes .png or .svg files, got 'x.pdf'"),
        (("--plot", "no/such/x.png"), "there is no folder no/such"),
    ],
)
def test_what_cannot_be_asked_is_one_line_that_says_what_can(
    paddock: Paddock, words: tuple[str, ...], says: str
) -> None:
    ran = paddock("size", "llama-3.1-8b", *words)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("Error: ")
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1


def test_speeds_come_from_measured_tables_where_they_cover_the_gpu_and_say_so(paddock: Paddock) -> None:
    words = ("size", "llama-3.1-8b", "--purchase", "spot", "--top", "8", "--json")
    methods = {each["gpu"]: each["performance"]["method"] for each in json.loads(paddock(*words).out)["placements"]}
    assert methods["L40S"] == "aiconfigurator"
    assert methods["L4"] == "roofline"  # it has no tables
    plain = json.loads(paddock(*words, "--roofline").out)["placements"]
    assert {each["performance"]["method"] for each in plain} == {"roofline"}


def test_where_tables_are_slower_a_rate_takes_more_replicas_and_costs_more() -> None:
    demand = demand_of_options(
        "llama-3.1-8b", Wishes(requests_per_second=40, input_tokens=1000, output_tokens=300, max_model_len="8k")
    )
    found = search(demand).candidates
    for each in by_tables(demand, found[:6]):
        assert each.performance is not None
        assert each.performance.requests_per_second * each.replicas >= 40 * 0.999
        price = each.instance.price(each.purchase)
        assert price is not None
        assert each.usd_per_hour == pytest.approx(each.nodes * price.usd_per_hour)


def test_a_target_that_tables_say_is_missed_is_told() -> None:
    demand = demand_of_options("llama-3.1-8b", Wishes(max_ttft_ms=2000.0))
    best = search(demand).candidates[0]
    assert missed_targets(best) == []
    slower = replace(best, workload=replace(best.workload, max_ttft_ms=0.001))
    assert missed_targets(slower) == ["the 0 ms asked for the first token"]


def printed(paddock: Paddock, command: str) -> str:
    return "\n".join(line.rstrip() for line in paddock(*command.split(), columns=88).out.splitlines())


def test_the_readme_shows_what_it_prints(paddock: Paddock, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[3]
    monkeypatch.chdir(root)
    page = (root / "README.md").read_text(encoding="utf-8")
    command = "size llama-3.1-70b --max-model-len 32k --concurrency 64"
    assert f"\n    paddock {command}   #" in page.replace("  #", "   #")
    size = printed(paddock, f"{command} --top 3 --roofline")
    assert f"with `--top 3 --roofline`, in 88 columns:\n\n```text\n{size}\n```\n" in page
    plan = printed(paddock, "plan").split("\n\nWhy")[0]
    assert f"`make up` ends like this:\n\n```text\n{plan}\n\n… why this one" in page


def test_the_readme_shows_how_wrong_settings_are_refused() -> None:
    page = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    sample = page.split("```text\n6 settings are wrong:\n")[1].split("\n```")[0].splitlines()
    config = {
        "modle": "x",
        "quantization": "fp4",
        "replicas": 0,
        "peer_cidrs": ["10.0.128.0/20"],
        "max_model_len": 1_000_000,
        "monthly_budget_usd": -1,
    }
    with pytest.raises(SettingsError) as refused:
        parse_settings({"model": "llama-3.1-8b", "vllm_image": IMAGE, **config}, region="us-east-1")
    assert len(refused.value.problems) == 6
    for line in sample[:-1]:
        start, _, end = line.strip().removeprefix("- ").partition("…")
        assert [each for each in refused.value.problems if each.startswith(start) and each.endswith(end.lstrip(", "))]
