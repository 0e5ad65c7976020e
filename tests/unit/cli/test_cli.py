"""The command line as a user runs it: what it prints, where, and with which exit status."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paddock.catalog import all_instances
from paddock.cli import main
from paddock.cli.console import TIMES
from paddock.cli.requests import context_tokens
from paddock.cli.version import version_text

IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:{'a' * 64}"
STACK = f"""\
config:
  aws:region: us-east-1
  paddock:model: llama-3.1-8b
  paddock:kubernetes_version: 1.35
  paddock:concurrent_requests: 2
  paddock:tags: {{team: field}}
  paddock:vllm_image: {IMAGE}
"""


class Ran:
    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


class Paddock:
    """Runs `paddock …` in this process, at 90 columns and without colour."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys
        monkeypatch.setenv("COLUMNS", "90")
        monkeypatch.setenv("NO_COLOR", "1")

    def __call__(self, *words: str) -> Ran:
        self.monkeypatch.setattr(sys, "argv", ["paddock", *words])
        try:
            main()
            status = 0
        except SystemExit as exited:
            status = exited.code if isinstance(exited.code, int) else int(exited.code is not None)
        captured = self.capsys.readouterr()
        return Ran(status, captured.out, captured.err)


@pytest.fixture
def paddock(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Paddock:
    return Paddock(monkeypatch, capsys)


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(STACK, encoding="utf-8")
    return file


def test_size_answers_with_placements_memory_and_the_nearest_misses(paddock: Paddock) -> None:
    ran = paddock("size", "llama-3.1-70b", "--context", "32k", "--concurrency", "8")
    assert ran.status == 0
    assert f"1 {TIMES} g7e.24xlarge" in ran.out
    assert "█ weights" in ran.out
    assert "Cheaper, but" in ran.out
    assert "GiB a GPU for the KV cache of 262,144 tokens" in ran.out


def test_size_as_json_has_a_version_and_the_same_answer(paddock: Paddock) -> None:
    ran = paddock("size", "llama-3.1-8b", "--json", "--top", "2")
    data = json.loads(ran.out)
    assert data["schema_version"] == 1
    assert [each["instance_type"] for each in data["placements"]] == ["g6e.xlarge", "g6e.2xlarge"]
    assert data["placements"][0]["memory"]["headroom_mib"] > 0
    assert data["rejected"]


def test_size_that_finds_nothing_says_what_is_nearest_and_exits_1(paddock: Paddock) -> None:
    ran = paddock("size", "llama-3.1-405b", "--context", "128k", "--concurrency", "200")
    assert ran.status == 1
    assert "No instance type holds it." in ran.out
    assert "p6-b300.48xlarge" in ran.out


def test_plan_shows_the_placement_the_bar_the_bill_and_why(paddock: Paddock, stack: Path) -> None:
    ran = paddock("plan", "--stack-file", str(stack))
    assert ran.status == 0
    for piece in (
        f"1 {TIMES} g6.xlarge",
        "▚ KV cache, asked for",
        "EKS control plane",
        "total",
        "2026-07-20",
        "is the cheapest of",
    ):
        assert piece in ran.out


def test_no_line_of_a_screen_is_longer_than_the_terminal(paddock: Paddock, stack: Path) -> None:
    for words in (("plan", "--stack-file", str(stack)), ("size", "llama-3.1-405b"), ("models",), ("instances",)):
        assert max(len(line) for line in paddock(*words).out.splitlines()) <= 90


def test_plan_as_json_is_the_plan(paddock: Paddock, stack: Path) -> None:
    data = json.loads(paddock("plan", "--stack-file", str(stack), "--json").out)
    assert data["placement"]["instance_type"] == "g6.xlarge"
    assert data["settings"]["tags"] == {"team": "field"}


def test_models_and_instances_are_listed(paddock: Paddock) -> None:
    assert "llama-3.1-405b" in paddock("models").out
    assert len(json.loads(paddock("models", "--json").out)) == 5
    assert "p5en.48xlarge" in paddock("instances").out
    assert len(json.loads(paddock("instances", "--json").out)) == len(all_instances())
    there = json.loads(paddock("instances", "--region", "eu-west-3", "--json").out)
    assert all("eu-west-3" in each["regions"] for each in there)
    assert 0 < len(there) < len(all_instances())


def test_schema_is_written_checked_and_found_stale(paddock: Paddock, tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    assert paddock("schema", "--check", "--file", str(file)).status == 1
    assert paddock("schema", "--file", str(file)).status == 0
    assert paddock("schema", "--check", "--file", str(file)).status == 0
    assert paddock("schema", "--json").out == file.read_text(encoding="utf-8")
    file.write_text("{}", encoding="utf-8")
    stale = paddock("schema", "--check", "--file", str(file))
    assert (stale.status, "run `paddock schema`" in stale.err) == (1, True)


def test_version_and_no_words_at_all(paddock: Paddock) -> None:
    assert paddock("--version").out.startswith("paddock")
    assert "Usage: paddock" in paddock().out
    assert version_text().startswith("paddock")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("size", "lama-3.1-8b"), "unknown model 'lama-3.1-8b'; did you mean 'llama-3.1-8b'?"),
        (("size", "llama-3.1-8b", "--quantization", "fp7"), "unknown quantization 'fp7'; did you mean 'fp8'?"),
        (("size", "llama-3.1-8b", "--region", "us-eastt-1"), "unknown region 'us-eastt-1'; did you mean 'us-east-1'?"),
        (
            ("size", "llama-3.1-8b", "--context", "much"),
            "--context must be a number of tokens such as 8192 or 8k, got 'much'",
        ),
        (("size", "llama-3.1-8b", "--context", "200k"), "llama-3.1-8b reads at most 131,072"),
        (("size", "llama-3.1-8b", "--concurrency", "0"), "--concurrency must be 1 to 4,096, got 0"),
        (("size", "llama-3.1-8b", "--replicas", "-1"), "--replicas must be 1 to 64, got -1"),
        (("size", "llama-3.1-8b", "--vllm-version", "latest"), "'latest' is not a vLLM version"),
        (("instances", "--region", "moon"), "unknown region 'moon'"),
        (("plan", "--stack-file", "no/such.yaml"), "cannot read no/such.yaml: no such file or directory"),
    ],
)
def test_what_cannot_be_is_one_line_on_stderr_and_exit_2(paddock: Paddock, words: tuple[str, ...], says: str) -> None:
    ran = paddock(*words)
    assert ran.status == 2
    assert ran.out == ""
    assert ran.err.startswith("Error: ")
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("config: [", "is not YAML, line 1"),
        ("- a\n", "has no `config:` map"),
        ("config: text\n", "has no `config:` map"),
        ("", "has no `config:` map"),
        (STACK.replace("llama-3.1-8b", "llama-9"), "paddock:model: unknown model 'llama-9'"),
        (
            STACK.replace("llama-3.1-8b", "llama-3.1-70b") + "  paddock:instance_type: g6.xlarge\n",
            "Remove paddock:instance_type",
        ),
        (STACK.replace("aws:region: us-east-1", "aws:profile: me"), "aws:region is missing"),
    ],
)
def test_a_wrong_stack_file_is_an_error_without_a_traceback(
    paddock: Paddock, tmp_path: Path, content: str, says: str
) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(content, encoding="utf-8")
    ran = paddock("plan", "--stack-file", str(file))
    assert (ran.status, ran.out) == (2, "")
    assert says in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(("text", "tokens"), [("8192", 8192), ("8k", 8192), ("32K", 32_768), ("1", 1)])
def test_contexts_are_written_in_tokens_or_thousands(text: str, tokens: int) -> None:
    assert context_tokens(text) == tokens


def test_help_answers_in_less_than_300_ms() -> None:
    command = [
        sys.executable,
        "-c",
        "import sys; sys.argv = ['paddock', '--help']; from paddock.cli import main; main()",
    ]
    took = []
    for _ in range(5):
        before = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True, timeout=60)
        took.append(time.perf_counter() - before)
    assert min(took) < 0.300
