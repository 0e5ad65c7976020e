"""The command line as a user runs it: what it prints, where, and with which exit status."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import typer

from paddock import LlamaPlatform, SettingsError, __version__
from paddock.catalog import all_instances, all_models
from paddock.cli.app import for_typer
from paddock.cli.commands import sizing
from paddock.cli.console import TIMES
from paddock.cli.parsing.values import tokens
from paddock.cli.quick import read
from tests.unit.cli.running import Paddock

ROOT = Path(__file__).parents[3]
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


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(STACK, encoding="utf-8")
    return file


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


def test_plan_shows_each_declared_door_with_its_reason_and_no_section_where_none_is(
    paddock: Paddock, stack: Path
) -> None:
    assert "doors" not in paddock("plan", "--stack-file", str(stack)).out.lower()
    door = '{kind: dns, resource: llama-vpc, who: "name servers of x.example", reason: "asked for by [b]search"'
    listed = f'  paddock:doors: [{door}}}, {door.replace("x.ex", "y.ex")}, expires: "2999-03-31"}}]\n'
    stack.write_text(stack.read_text(encoding="utf-8") + listed, encoding="utf-8")
    ran = paddock("plan", "--stack-file", str(stack), columns=120)
    section = ran.out.partition("Declared doors")[2].partition("To be shown to users")[0]
    told = [line.strip() for line in section.splitlines() if line.strip()]
    assert told == [
        "• dns of llama-vpc to name servers of x.example: asked for by [b]search",
        "• dns of llama-vpc to name servers of y.example: asked for by [b]search, until 2999-03-31",
    ]


def test_plan_as_json_is_the_plan(paddock: Paddock, stack: Path) -> None:
    data = json.loads(paddock("plan", "--stack-file", str(stack), "--json").out)
    assert data["model"]["placement"]["instance_type"] == "g6.xlarge"
    assert data["tags"] == {"team": "field"}


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_stack_is_priced_as_it_is_shipped_before_its_image_is_copied(paddock: Paddock, name: str) -> None:
    ran = paddock("plan", "--stack-file", f"{ROOT}/stacks/Pulumi.{name}.yaml")
    assert (ran.status, ran.err) == (0, "")
    assert "a month" in ran.out
    assert "image: not copied yet, see `paddock images sync`" in ran.out


def test_the_program_refuses_a_stack_without_an_image() -> None:
    with pytest.raises(SettingsError, match=r"paddock:vllm_image is missing.*`paddock images sync`"):
        LlamaPlatform("llama", {"region": "us-east-1", "model": "llama-3.2-3b"})  # type: ignore[typeddict-item]


def test_models_and_instances_are_listed(paddock: Paddock) -> None:
    assert "llama-3.1-405b" in paddock("models").out
    listed = json.loads(paddock("models", "--json").out)
    assert len(listed["models"]) == len(all_models())
    names = [each["name"] for each in listed["sized_only"]]
    assert {"mistral-7b-v0.3", "codellama-34b"} <= set(names)
    shown = paddock("models").out.partition("Sized only")[2].split()
    for name in names:
        assert name in shown
        assert paddock("fit", name, "--gpu", "B200", "--max-model-len", "2k").status == 0
    assert "p5en.48xlarge" in paddock("instances").out
    assert len(json.loads(paddock("instances", "--json").out)["instances"]) == len(all_instances())
    there = json.loads(paddock("instances", "--region", "eu-west-3", "--json").out)["instances"]
    assert all("eu-west-3" in each["regions"] for each in there)
    assert 0 < len(there) < len(all_instances())


def test_schema_is_written_checked_and_found_stale(paddock: Paddock, tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    assert paddock("schema", "--check", "--file", str(file)).status == 2
    assert paddock("schema", "--file", str(file)).status == 0
    assert paddock("schema", "--check", "--file", str(file)).status == 0
    assert paddock("schema", "--json").out == file.read_text(encoding="utf-8")
    file.write_text("{}", encoding="utf-8")
    stale = paddock("schema", "--check", "--file", str(file))
    assert (stale.status, "run `paddock schema`" in stale.err) == (1, True)


def test_version_and_no_words_at_all(paddock: Paddock) -> None:
    assert paddock("--version").out == f"paddock {__version__}\n"
    assert "Usage: paddock" in paddock().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("size", "lama-3.1-8b"), "unknown model 'lama-3.1-8b'; did you mean 'llama-3.1-8b'?"),
        (("size", "llama-3.1-8b", "--quantization", "fp7"), "unknown quantization 'fp7'; did you mean 'fp8'?"),
        (("size", "llama-3.1-8b", "--region", "us-eastt-1"), "unknown region 'us-eastt-1'; did you mean 'us-east-1'?"),
        (
            ("size", "llama-3.1-8b", "--max-model-len", "much"),
            "--max-model-len must be a number of tokens such as 8192, 8k or 1M, got 'much'",
        ),
        (("size", "llama-3.1-8b", "--max-model-len", "200k"), "llama-3.1-8b reads at most 131,072"),
        (("size", "llama-3.1-8b", "--concurrency", "0"), "--concurrency must be a whole number from 1 to 4,096, got 0"),
        (("size", "llama-3.1-8b", "--replicas", "-1"), "--replicas must be a whole number from 1 to 64, got -1"),
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


@pytest.mark.parametrize(("text", "count"), [("8192", 8192), ("8k", 8192), ("32K", 32_768), ("1", 1)])
def test_contexts_are_written_in_tokens_or_thousands(text: str, count: int) -> None:
    assert tokens(text) == count


@pytest.mark.parametrize(
    ("words", "unneeded"),
    [
        ("size llama-3.1-8b --roofline", "typer pydantic paddock.settings pulumi boto3 yaml matplotlib pandas"),
        ("fit llama-3.1-8b --gpu H100", "typer pydantic paddock.settings pulumi boto3 yaml paddock.sizing.placement"),
        (
            "fit llama-3.1-8b --gpu H100 --json",
            "typer pydantic rich difflib csv dataclasses inspect pathlib ipaddress paddock.sizing.placement",
        ),
        ("explain llama-3.1-8b --gpu H100 --json", "typer pydantic rich paddock.sizing.placement"),
    ],
)
def test_a_sizing_command_loads_only_what_it_needs(words: str, unneeded: str) -> None:
    program = (
        f"import sys; sys.argv = ['paddock', *{words.split()}]\n"
        "from paddock.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {unneeded.split()} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_fit_parses_only_the_tables_that_it_is_about() -> None:
    program = (
        "import sys, tomllib; sys.argv = 'paddock fit llama-3.1-8b --gpu H100 --json'.split()\n"
        "loads, read = tomllib.loads, []\n"
        "def note(text): read.append(loads(text)); return read[-1]\n"
        "tomllib.loads = note\n"
        "from paddock.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted(name for each in read for name, value in each.items() if isinstance(value, dict)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == str(["H100", "bf16", "llama-3.1-8b", "memory", "startup"])


def typed_by_typer(words: list[str]) -> dict[str, Any]:
    """Arguments that typer makes of the words of a command."""
    seen: dict[str, Any] = {}
    command: Any = getattr(sizing, words[0])

    @wraps(command)
    def note(**values: Any) -> None:
        seen.update(values)

    app = typer.Typer(add_completion=False)
    app.command()(for_typer(note))
    app(words[1:], standalone_mode=False)
    return seen


@pytest.mark.parametrize(
    "words",
    [
        "fit llama-3.1-8b --gpu H100 -tp 4 --max-model-len=32k --enforce-eager --gpu-memory-utilization .9",
        "fit --gpu-memory-gib 24 llama-3.1-8b --json",
        "size llama-3.1-70b --concurrency 64 --spot --plot a.svg --replicas any --max-ttft-ms 1e3",
        "explain llama-3.1-8b --gpu L4 --held-by-others-mib 5",
    ],
)
def test_the_short_way_reads_words_as_typer_does(words: str) -> None:
    command = getattr(sizing, words.split()[0])
    defaults = {name: each.default for name, each in signature(command).parameters.items()}
    assert defaults | (read(command, words.split()[1:]) or {}) == typed_by_typer(words.split())


@pytest.mark.parametrize(
    "words",
    [
        *("--help", "llama-3.1-8b extra", "llama-3.1-8b --bad", "llama-3.1-8b --gpu", "llama-3.1-8b --gpu --json"),
        *("llama-3.1-8b --concurrency many", "llama-3.1-8b --gpu L4 --gpu L4", "--gpu L4", "llama-3.1-8b --json=yes"),
    ],
)
def test_what_the_short_way_does_not_understand_is_left_to_typer(words: str) -> None:
    assert read(sizing.fit, words.split()) is None


def test_errors_are_json_where_the_answer_would_be(paddock: Paddock) -> None:
    for words in (("fit", "llama-9", "--gpu", "L4"), ("plan", "--stack-file", "none.yaml"), ("models", "--bad")):
        ran = paddock(*words, "--json")
        assert ran.status == 2
        assert ran.err == f"Error: {json.loads(ran.out)['error']}\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            "size llama-3.1-8b --spot --purchase reserved",
            "--spot is --purchase spot, and --purchase says 'reserved'; leave one of them out",
        ),
        ("size llama-3.1-8b --purchase lease", "known are on-demand, reserved, savings-plan, spot"),
        ("size llama-3.1-8b --max-model-len 999999999999", "must be a whole number from 256 to 10,485,760"),
    ],
)
def test_options_that_contradict_or_are_misspelt_are_refused(paddock: Paddock, words: str, says: str) -> None:
    ran = paddock(*words.split())
    assert (ran.status, says in ran.err) == (2, True), ran.err


@pytest.mark.parametrize(
    ("added", "says"),
    [
        ("  paddock:model: llama-3.2-1b\n", "has paddock:model again in line 8; remove one"),
        ("config: {}\n", "has config again in line 8; remove one"),
        ("  paddock:license: {license: llama3.1, by: a, by: b}\n", "has by again in line 8; remove one"),
        ("  paddock:x: {team: a, team: b}\n", "has team again in line 8; remove one"),
        ("  paddock:peer_cidrs: [{a: 1, a: 2}]\n", "has a again in line 8; remove one"),
        ("  paddock:peer_cidrs: [0.0.0.0/0]\n", "peer_cidrs 0.0.0.0/0 is every network"),
        (
            '  paddock:license: {license: llama3.1, by: a, "on": "2999-01-01"}\n',
            "paddock:license.on is 2999-01-01, which is to come",
        ),
        (
            '  paddock:license: {license: llama3.2, by: a, "on": "2026-01-01"}\n',
            "`pulumi config set --path paddock:license.license llama3.1`",
        ),
    ],
)
def test_a_stack_file_that_contradicts_itself_or_the_calendar_is_refused(
    paddock: Paddock, tmp_path: Path, added: str, says: str
) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(STACK + added, encoding="utf-8")
    ran = paddock("plan", "--stack-file", str(file))
    assert (ran.status, says in ran.err) == (2, True), ran.err


def test_the_program_refuses_a_license_accepted_on_a_day_to_come() -> None:
    accepted = {"license": "llama3.1", "by": "a", "on": "2999-01-01"}
    with pytest.raises(SettingsError, match=r"paddock:license\.on is 2999-01-01"):
        LlamaPlatform(
            "llama", {"region": "us-east-1", "model": "llama-3.1-8b", "vllm_image": IMAGE, "license": accepted}
        )


def test_what_is_too_slow_is_nearer_than_what_lacks_memory(paddock: Paddock) -> None:
    nearest = paddock("size", "llama-3.1-8b", "--max-ttft-ms", "0.01", "--roofline").out.split("Nearest")[1]
    assert "lacks" not in nearest.split("What would")[0]


def test_a_version_newer_than_the_catalog_is_said_on_the_screen(paddock: Paddock) -> None:
    out = " ".join(paddock("size", "llama-3.1-8b", "--vllm-version", "9.9.9", "--roofline").out.split())
    assert "vLLM 9.9.9 is newer than the catalog and modelled as" in out


def test_the_plan_says_how_fast_and_what_a_token_costs(paddock: Paddock, stack: Path) -> None:
    out = " ".join(paddock("plan", "--stack-file", str(stack)).out.split())
    assert re.search(r"Answers with 2 at once: \d+ tokens/s, .*\$[\d.]+ a million tokens; speeds –\d+% to \+\d+%", out)


@pytest.mark.parametrize("columns", [40, 60])
@pytest.mark.parametrize("words", ["size llama-3.1-70b --concurrency 64 --roofline", "models", "instances"])
def test_a_narrow_terminal_loses_columns_and_no_digit(paddock: Paddock, words: str, columns: int) -> None:
    narrow = re.findall(r"\S+", paddock(*words.split(), columns=columns).out.split("Memory of")[0])
    wide = set(re.findall(r"\S+", paddock(*words.split(), columns=100).out))
    figures = [each for each in narrow if re.fullmatch(r"[\d,.]*\d[\d,.]*|.*…", each)]
    assert figures
    assert [each for each in figures if each.rstrip(".") not in {one.rstrip(".") for one in wide}] == []


def test_what_people_type_first(paddock: Paddock) -> None:
    assert paddock("version").out == f"paddock {__version__}\n"
    assert paddock("-h").out == paddock("--help").out
    assert paddock("fit", "-h").out == paddock("fit", "--help").out != ""
    assert "--install-completion" in paddock("--help").out
    module = subprocess.run([sys.executable, "-m", "paddock", "version"], capture_output=True, text=True, check=True)
    assert module.stdout == f"paddock {__version__}\n"


@pytest.mark.parametrize("words", ["fit llama-3.1-8b --gpu L4", "models", "version"])
def test_an_output_that_takes_nothing_is_one_message(words: str) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "paddock", *words.split()]
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (2, "Error: cannot use standard output: no space left on device\n")


def test_a_schema_that_cannot_be_written_or_is_not_there_is_one_message(paddock: Paddock) -> None:
    ran = paddock("schema", "--file", "/nonexistent/schema.json")
    assert (ran.status, ran.err.startswith("Error: cannot write /nonexistent/schema.json: no such file")) == (2, True)
    ran = paddock("schema", "--check", "--file", "/nonexistent/schema.json")
    assert (ran.status, ran.err) == (
        2,
        "Error: there is no /nonexistent/schema.json to check; run it in a checkout, or name the file by --file\n",
    )
