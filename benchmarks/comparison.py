"""Sizing beside its peers, against what vLLM printed: docs/sizing-peers.md."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import checkpoints
from benchmarks.figures import RUNS, STEPS, p90, taking_turns
from benchmarks.questions import L4, SHOWN, STARTUPS, Question, all_questions
from benchmarks.tools import TOOLS, Answer, NotAskable, Tool
from local.toolchain.venvs import installed
from paddock.sizing.startups.accuracy import predict
from paddock.sizing.startups.accuracy_summary import summarise
from paddock.sizing.startups.rows import read_rows
from tools.markdown import item

PEERS = Path(__file__).with_name("peers.txt")
TIMED = "12"
"""The question whose answer is timed, one that every tool can be asked."""

REFUSED = "–"
"""The cell of an answer that a tool cannot be asked for."""

Answers = dict[str, dict[str, Answer]]
"""Answers by tool, then by question."""


def report() -> str:
    """Markdown: times, answers to the questions that are shown, errors over all."""
    with STEPS.step("the peers, installed once"):
        bin_folder = installed(PEERS)
    with tempfile.TemporaryDirectory() as folder:
        # Nobody's cache, token or terminal decides what a tool says.
        quiet = {"HOME": folder, "HF_HUB_OFFLINE": "1", "COLUMNS": "200", "PYTHONWARNINGS": "ignore"}
        tools = [each(bin=bin_folder, checkpoints=Path(folder), environment=quiet) for each in TOOLS]
        asked = all_questions()
        _write_checkpoints(Path(folder), [*asked, L4])
        by_label = {each.label: each for each in asked}
        with STEPS.step("every question to every tool"), ThreadPoolExecutor(os.cpu_count()) as pool:
            answers: Answers = {
                tool.name: dict(zip([*by_label, L4.label], pool.map(tool.ask, [*asked, L4]), strict=True))
                for tool in tools
            }
        with STEPS.step("one question to every tool, in turns"):
            timed = times(tools, by_label[TIMED])
        shown = [by_label[label] for label in SHOWN] + [L4]
        return "\n".join(
            [
                *timed,
                *(line for each in shown for line in one_question(each, answers)),
                *errors(tools, asked, answers),
                *our_accuracy(),
            ]
        )


def _write_checkpoints(folder: Path, asked: Iterable[Question]) -> None:
    wanted = {checkpoints.repository(each.model, each.quantization): each for each in asked}
    for each in wanted.values():
        if each.quantization in checkpoints.WRITTEN:
            checkpoints.write(folder, each.model, each.quantization)


def times(tools: Sequence[Tool], asked: Question) -> list[str]:
    """A fresh process for each answer."""

    def measure(tool: Tool) -> Callable[[], float]:
        command = tool.command(asked)
        if isinstance(command, NotAskable):
            raise TypeError(f"{tool.name} cannot be asked row {asked.label}: {command.reason}")
        return lambda: tool.seconds(command)

    columns = taking_turns(*(measure(tool) for tool in tools))
    rows = zip(tools, columns, strict=True)
    return [
        f"A fresh process, asked for row {asked.label}: {RUNS} runs after one that is not counted, taking turns.",
        "",
        "| | median | fastest to slowest |",
        "| --- | --- | --- |",
        *(
            f"| {tool.name} | {1000 * statistics.median(column):.0f} ms "
            f"| {1000 * min(column):.0f} to {1000 * max(column):.0f} ms |"
            for tool, column in rows
        ),
        "",
    ]


def one_question(asked: Question, answers: Answers) -> list[str]:
    printed = asked.printed
    lines = [
        f"**{asked.title}** ({f'row {asked.label}' if printed else 'no start-up at hand'})",
        "",
        "| | weights a GPU | KV a token | KV tokens | starts |",
        "| --- | --- | --- | --- | --- |",
    ]
    if printed is not None:
        origin = " (from its GiB)" if printed.kv_tokens_from_gib else ""
        lines.append(
            f"| vLLM printed | {printed.weights_gib:.2f} GiB | {asked.kv_bytes_per_token / 1024:.0f} KiB "
            f"| {printed.kv_tokens:,}{origin} | {_yes(printed.started)} |"
        )
    lines += [_answer_row(name, each[asked.label], asked) for name, each in answers.items()]
    remarks = [item(each) for name, answer in answers.items() for each in _remarks(name, answer[asked.label])]
    return [*lines, "", *remarks, ""]


def _answer_row(name: str, answer: Answer, asked: Question) -> str:
    printed = asked.printed
    weights = _cell(answer.weights_gib, "{:.2f} GiB", printed.weights_gib if printed else None, 2)
    cells = [
        name,
        weights,
        _cell(answer.kv_kib_per_token, "{:.0f} KiB"),
        _cell(answer.kv_tokens, "{:,.0f}", printed.kv_tokens if printed else None),
        REFUSED if isinstance(answer.starts, NotAskable) else _yes(answer.starts),
    ]
    return f"| {' | '.join(cells)} |"


def _remarks(name: str, answer: Answer) -> Iterator[str]:
    """Reasons of dashes and remarks on answers, each with the columns that it concerns."""
    columns = {
        "weights a GPU": (answer.weights_gib, ""),
        "KV a token": (answer.kv_kib_per_token, ""),
        "KV tokens": (answer.kv_tokens, answer.on_tokens),
        "starts": (answer.starts, answer.on_starts),
    }
    concerned: dict[str, list[str]] = {}
    for column, (value, remark) in columns.items():
        reason = f"not askable, {value.reason}" if isinstance(value, NotAskable) else ""
        concerned.setdefault("; ".join(filter(None, (reason, remark))), []).append(column)
    for said, of in concerned.items():
        if said:
            yield f"{name}, {', '.join(of)}: {said}"


def _cell(value: float | NotAskable, shape: str, printed: float | None = None, digits: int = 1) -> str:
    if isinstance(value, NotAskable):
        return REFUSED
    if not printed:
        return shape.format(value)
    error = f"{100 * (value / printed - 1):+.{digits}f}"
    return f"{shape.format(value)} ({error if float(error) else 0} %)"


def _yes(starts: bool | None) -> str:
    return {True: "yes", False: "no", None: "not said"}[starts]


def errors(tools: Iterable[Tool], asked: Sequence[Question], answers: Answers) -> list[str]:
    """Over every question that a tool can be asked."""
    lines = [
        f"All {len(asked)} questions: errors in %, over those that the tool can be asked.",
        "",
        "| | weights: rows, median, max | KV tokens: rows, median, p90, max | starts: rows, wrong |",
        "| --- | --- | --- | --- |",
    ]
    for tool in tools:
        judged = [(answers[tool.name][each.label], each.printed) for each in asked if each.printed]
        weights = _errors((said.weights_gib, printed.weights_gib) for said, printed in judged)
        tokens = _errors((said.kv_tokens, printed.kv_tokens) for said, printed in judged)
        verdicts = [
            (said.starts, printed.started) for said, printed in judged if not isinstance(said.starts, NotAskable)
        ]
        wrong = sum(said != happened for said, happened in verdicts)
        cells = [
            tool.name,
            _spread(weights, statistics.median, max),
            _spread(tokens, statistics.median, p90, max),
            f"{len(verdicts)}: {wrong}" if verdicts else "none",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def our_accuracy() -> list[str]:
    """Ours on every start-up of the file, as `paddock accuracy` sums it up."""
    found = summarise([predict(row) for row in read_rows(STARTUPS)])
    verdict = found.pop("verdict")
    return [
        "`paddock accuracy` over the whole file:",
        "",
        "| | rows | median | p90 | max |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {name} | {each['n']} | {each['median']} | {each['p90']} | {each['max']} |"
            for name, each in found.items()
            if each.get("n") and "median" in each
        ),
        "",
        f"False starts {verdict['false_start']}, false refusals {verdict['false_refusal']} of {verdict['n']} verdicts.",
        "",
    ]


def _errors(pairs: Iterable[tuple[float | NotAskable, float | None]]) -> list[float]:
    return [abs(100 * (said / printed - 1)) for said, printed in pairs if printed and not isinstance(said, NotAskable)]


def _spread(errors: Sequence[float], *measures: Callable[[Sequence[float]], float]) -> str:
    if not errors:
        return "none"
    return f"{len(errors)}: {', '.join(f'{measure(errors):.2f}' for measure in measures)}"
