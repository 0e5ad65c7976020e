"""`paddock chat` with a `pulumi` that is a script and an endpoint that answers here: prompts, answers, refusals."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.running import Paddock, Ran
from tests.unit.operations.chat.test_conversation import KEY, piece, serving, stream, whole

OUTPUTS = {"namespace": "llama", "cluster_name": "llama-dev", "model": "Llama 3.2 1B Instruct", "usd_per_hour": 1.5}
STACK = "config:\n  aws:region: us-east-1\n  paddock:model: llama-3.2-1b\n"
ANSWER = stream(piece("Hel"), piece("lo\x1b[31m"), {"choices": [], "usage": {"completion_tokens": 9}})
PULUMI = f"""#!{sys.executable}
import json, os, sys
open(os.environ["CALLS"], "a").write(" ".join(sys.argv[1:]) + "\\n")
if os.environ.get("SAYS"):
    print(os.environ["SAYS"], file=sys.stderr)
    sys.exit(255)
print(os.environ["OUTPUTS"] if sys.argv[1] == "stack" else "{KEY}")
"""
Chat = Callable[..., Ran]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, list[Any]]]:
    with serving(ANSWER) as (url, seen):
        yield url, seen


@pytest.fixture
def chat(served: tuple[str, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paddock: Paddock) -> Chat:
    """`chat("--prompt", "Hi")` asks the stack `dev`, which has no key unless its file says so."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "pulumi"
    program.write_text(PULUMI)
    program.chmod(0o755)
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("OUTPUTS", json.dumps({**OUTPUTS, "endpoint": served[0]}))
    served[1].clear()

    def ran(*words: str, stack: str = "dev", stdin: str = "", typed: bool = False) -> Ran:
        return paddock("chat", stack, "--folder", str(tmp_path), *words, stdin=stdin, typed=typed)

    return ran


def asked(served: tuple[str, list[Any]]) -> list[Any]:
    return [body["messages"] for _, _, body in served[1]]


def test_one_prompt_is_answered_and_the_speed_is_told_beside_it(chat: Chat, served: Any) -> None:
    ran = chat("--prompt", "Hi", "--system", "Be brief", "--max-tokens", "7")
    assert (ran.status, ran.out) == (0, "Hello?[31m\n"), "no character that a terminal would obey"
    assert "9 tokens, the first after" in ran.err
    assert asked(served) == [[{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Hi"}]]
    ((_, _, body),) = served[1]
    assert (body["model"], body["max_tokens"]) == ("llama-3.2-1b", 7)


def test_a_pipe_is_a_prompt_and_json_is_one_answer(chat: Chat, served: Any) -> None:
    ran = chat("--json", stdin="What is it?\n")
    told = json.loads(ran.out)
    assert (ran.status, told["text"], told["tokens"], told["stopped"]) == (0, "Hello\x1b[31m", 9, False)
    assert told["model"] == "llama-3.2-1b"
    assert asked(served)[0][0]["content"] == "What is it?\n"


def test_the_key_goes_to_the_endpoint_and_into_no_output(chat: Chat, served: Any, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK + "  paddock:api_key:\n    secure: v1:abc\n")
    ran = chat("--prompt", "Hi")
    assert ran.status == 0, ran.err
    ((_, headers, _),) = served[1]
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in ran.out + ran.err
    assert (tmp_path / "calls").read_text().splitlines() == [
        "stack output --json --stack dev --non-interactive --color never",
        "config get paddock:api_key --stack dev --non-interactive --color never",
    ]


def test_in_a_terminal_it_is_a_talk_that_remembers_until_somebody_leaves(chat: Chat, served: Any) -> None:
    ran = chat(stdin="Hi\n  \nAnd then?\n/exit\nnever asked\n", typed=True)
    assert ran.status == 0, ran.err
    assert "Llama 3.2 1B Instruct. Ctrl-C stops an answer; Ctrl-D, or /exit, leaves." in ran.err
    assert [each["content"] for each in asked(served)[-1]] == ["Hi", "Hello\x1b[31m", "And then?"]
    assert chat(typed=True).status == 0, "Ctrl-D leaves"


def test_an_error_in_a_talk_is_told_and_the_talk_goes_on(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(whole(503, b"no pod")) as (url, seen):
        monkeypatch.setenv("OUTPUTS", json.dumps({**OUTPUTS, "endpoint": url}))
        ran = chat(stdin="Hi\nAgain\n", typed=True)
    assert (ran.status, len(seen)) == (0, 2)
    assert ran.err.count("Error: ") == 2
    assert "503 Service Unavailable: no pod" in ran.err


def test_ctrl_c_in_an_answer_keeps_what_came_and_ends_with_130(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("paddock.cli.commands.chat._write", stop)
    ran = chat("--prompt", "Hi")
    assert (ran.status, "stopped" in ran.err) == (130, True)


@pytest.mark.parametrize(
    ("words", "stdin", "says"),
    [
        (("--prompt", " "), "", "the prompt is empty; give one by --prompt, by a pipe, or in a terminal"),
        ((), "\n", "the prompt is empty"),
    ],
)
def test_an_empty_prompt_is_refused_before_pulumi_is_asked(
    chat: Chat, tmp_path: Path, words: tuple[str, ...], stdin: str, says: str
) -> None:
    ran = chat(*words, stdin=stdin)
    assert (ran.status, ran.out, says in ran.err) == (2, "", True)
    assert not (tmp_path / "calls").exists()


def test_json_without_a_prompt_is_refused_in_a_terminal(chat: Chat) -> None:
    ran = chat("--json", typed=True)
    assert ran.status == 2
    assert "--json is for one answer; give the prompt by --prompt or by a pipe" in json.loads(ran.out)["error"]


def test_a_stack_that_is_not_up_or_not_there_is_one_message(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTPUTS", "{}")
    ran = chat("--prompt", "Hi")
    assert (ran.status, "it is not up; run `paddock deploy dev`" in ran.err) == (2, True)
    monkeypatch.setenv("SAYS", "error: no stack named 'dev' found")
    ran = chat("--prompt", "Hi")
    assert (
        "pulumi does not read the outputs of the stack dev: no stack named 'dev' found; `paddock deploy dev` makes it"
        in ran.err
    )
    other = chat("--prompt", "Hi", stack="prod").err
    assert "Pulumi.prod.yaml: no such file or directory" in other
    assert "has dev, and `paddock init STACK` writes" in other
    assert chat("--prompt", "Hi", stack="../dev").status == 2
    monkeypatch.setenv("PATH", "")
    ran = chat("--prompt", "Hi")
    assert (ran.status, "there is no `pulumi` on PATH; install it" in ran.err) == (2, True)


def test_a_pulumi_that_cannot_be_run_is_one_message(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "bin" / "pulumi").write_bytes(b"\x00no program")
    ran = chat("--prompt", "Hi")
    assert (ran.status, "cannot run `pulumi`" in ran.err, "Traceback" in ran.err) == (2, True, False)
