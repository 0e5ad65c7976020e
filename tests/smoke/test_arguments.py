"""Argument lists: vLLM's own parser and engine configuration take every one that the catalog leads to.

The newest version's parser runs from its own wheel, whose compiled parts need a GPU and are not loaded; the engine's
configuration is that of the newest version that runs on CPUs. Checkpoints that are quantized, and Llama 4, say in
their config.json what no shape of the catalog tells: those lists are parsed, and not configured.
"""

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from paddock import catalog
from paddock.catalog import Quantization
from tests.smoke import vllm
from tests.smoke.arguments import AT_RUN_TIME, argument_lists, config_json

TEMPLATES = frozenset(each.chat_template for each in catalog.all_models().values() if each.chat_template)
LOCKS = pytest.mark.parametrize("lock", [vllm.RUNS, vllm.NEWEST], ids=vllm.version)
CONFIGURED = {Quantization.BF16, *AT_RUN_TIME}
"""Schemes of which config.json says nothing."""


@cache
def lists(lock: Path) -> dict[tuple[str, ...], str]:
    return argument_lists(vllm.version(lock))


@cache
def asked(lock: Path) -> dict[str, Any]:
    """vLLM's answers to the lists, and to each with one thing wrong."""
    return ask(lock, [[list(args), None] for args in (*lists(lock), *(wrong for wrong, _ in spoilt(lock)))])


def ask(lock: Path, questions: list[list[Any]]) -> dict[str, Any]:
    python = vllm.commands() / "python"
    environment = {
        "PATH": os.environ["PATH"],
        "HF_HUB_OFFLINE": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_NO_USAGE_STATS": "1",
    }
    if lock == vllm.NEWEST:
        environment |= {"PYTHONPATH": str(vllm.newest_sources()), "VLLM_TARGET_DEVICE": "cpu"}
    with TemporaryDirectory() as examples:
        written = {path: as_in_the_image(path, Path(examples)) for path in TEMPLATES}
        lists = [[written.get(arg, arg) for arg in args] for args, _ in questions]
        ended = subprocess.run(
            # -P, as the folder of the script has a module vllm too.
            [python, "-P", Path(__file__).with_name("ask_vllm.py")],
            input=json.dumps({"lists": lists, "configs": [folder for _, folder in questions]}),
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
    assert ended.returncode == 0, ended.stderr[-3000:]
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    assert found["version"].startswith(vllm.version(lock))
    return found


def as_in_the_image(template: str, folder: Path) -> str:
    """A file in the place of a chat template that vLLM's image has and its wheel has not: vLLM looks for it."""
    file = folder / Path(template).name
    file.write_text("{{ messages }}", encoding="utf-8")
    return str(file)


def spoilt(lock: Path) -> list[tuple[tuple[str, ...], str]]:
    """A list of each flag that is ever rendered with this flag misspelt, and of values that no version takes."""
    found = []
    for flag in sorted({arg for args in lists(lock) for arg in args if arg.startswith("--")}):
        args = next(args for args in lists(lock) if flag in args)
        found.append((tuple(f"{arg}x" if arg == flag else arg for arg in args), f"{flag}x"))
    template = next(args for args in lists(lock) if "--chat-template" in args)
    found.append((tuple("/no/such.jinja" if arg in TEMPLATES else arg for arg in template), "/no/such.jinja"))
    first = next(iter(lists(lock)))
    wrong = {"--dtype": "bfloat17", "--max-num-seqs": "many", "--max-lora-rank": "7", "--tensor-parallel-size": "half"}
    found += [((*first, flag, value), value) for flag, value in wrong.items()]
    return found


@LOCKS
def test_the_parser_takes_every_list(lock: Path) -> None:
    answers = asked(lock)["answers"][: len(lists(lock))]
    assert [(label, said) for label, said in zip(lists(lock).values(), answers, strict=True) if said] == []
    assert {label.split()[0] for label in lists(lock).values()} >= {*catalog.all_models(), "stack"}


@LOCKS
def test_the_parser_refuses_each_flag_misspelt_and_each_wrong_value(lock: Path) -> None:
    answers = asked(lock)["answers"][len(lists(lock)) :]
    taken = [wrong for (_, wrong), said in zip(spoilt(lock), answers, strict=True) if wrong not in said]
    assert taken == []


@LOCKS
def test_no_flag_is_deprecated(lock: Path) -> None:
    assert {arg for args in lists(lock) for arg in args} & set(asked(lock)["deprecated"]) == set()


@LOCKS
@pytest.mark.parametrize(
    ("flag", "known"),
    [("--quantization", "quantizations"), ("--load-format", "load_formats"), ("--tool-call-parser", "tool_parsers")],
)
def test_values_that_the_parser_does_not_check_are_ones_that_the_version_has(lock: Path, flag: str, known: str) -> None:
    used = {args[args.index(flag) + 1] for args in lists(lock) if flag in args}
    assert used
    assert used <= set(asked(lock)[known])


def test_the_newest_version_of_the_catalog_is_the_one_that_is_asked() -> None:
    assert vllm.version(vllm.NEWEST) == catalog.newest_version()


def test_the_engine_is_configured_as_the_list_says(tmp_path: Path) -> None:
    questions, labels = [], []
    for args, label in lists(vllm.RUNS).items():
        name, scheme = args[args.index("--served-model-name") + 1], args[0].rpartition("/")[2]
        model = catalog.model(name)
        if scheme in CONFIGURED and model.experts is None:
            folder = tmp_path / name
            folder.mkdir(exist_ok=True)
            (folder / "config.json").write_text(json.dumps(config_json(model)))
            questions.append([[str(folder), *args[1:]], str(folder)])
            labels.append(label)
    too_long = [*questions[0][0], "--max-model-len", str(10**9)]
    *answers, refused = ask(vllm.RUNS, [*questions, [too_long, questions[0][1]]])["answers"]
    assert [(label, said) for label, said in zip(labels, answers, strict=True) if said] == []
    assert "max_model_len" in refused
    assert len({args[0] for args, _ in questions}) == sum(
        each.experts is None for each in catalog.all_models().values()
    )
