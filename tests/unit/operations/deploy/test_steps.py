"""Steps of a deployment: in order, skipped when done, asked about once before they bill."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from paddock.catalog.lookup import RefusedError
from paddock.operations.deploy.stack_file import with_key
from paddock.operations.deploy.steps import Look, Step, Tell, run


@dataclass
class Fake:
    name: str
    done: bool = False
    own_command: str = "x"
    did: int = 0

    def look(self) -> Look:
        return Look(done=self.done, text="text")

    def do(self, tell: Tell) -> str:
        self.did += 1
        tell("working")
        return "made"


@dataclass
class Lines:
    lines: list[str] = field(default_factory=list)

    def begins(self, number: int, of: int, step: Step, look: Look) -> None:  # noqa: ARG002  as a screen is called
        self.lines.append(f"{number}/{of} begins {step.name}")

    def skips(self, number: int, of: int, step: Step, look: Look) -> None:  # noqa: ARG002  as a screen is called
        self.lines.append(f"{number}/{of} skips {step.name}")

    def tells(self, text: str) -> None:
        self.lines.append(text)

    def ends(self, step: Step, text: str, seconds: float) -> None:  # noqa: ARG002  as a screen is called
        self.lines.append(f"ends {step.name}: {text}")


def done(steps: list[Fake], agreed: Callable[[], bool] = lambda: True) -> list[str]:
    screen = Lines()
    list(run(steps, screen, agreed=agreed, clock=lambda: 0.0))
    return screen.lines


def test_what_is_done_is_skipped_and_the_rest_goes_in_order() -> None:
    lines = done([Fake("preflight"), Fake("store", done=True), Fake("up")])
    assert lines == [
        "1/3 begins preflight",
        "working",
        "ends preflight: made",
        "2/3 skips store",
        "3/3 begins up",
        "working",
        "ends up: made",
    ]


def test_it_asks_once_and_not_before_the_first_thing_that_bills() -> None:
    asked = list[str]()

    def agreed() -> bool:
        asked.append("asked")
        return True

    done([Fake("preflight"), Fake("store"), Fake("images"), Fake("up")], agreed)
    assert len(asked) == 1
    done([Fake("preflight"), Fake("store", done=True)], agreed)
    assert len(asked) == 1, "nothing was to be made"
    done([Fake("preflight"), Fake("store", done=True), Fake("up")], agreed)
    assert len(asked) == 2, "a run that goes on after a kill asks again"


def test_without_agreement_nothing_is_made() -> None:
    steps = [Fake("preflight"), Fake("store"), Fake("up")]
    with pytest.raises(RefusedError, match="nothing was begun that bills"):
        done(steps, lambda: False)
    assert [each.did for each in steps] == [1, 0, 0]


FILE = "# head\nconfig:\n  # why\n  aws:region: us-east-1\n  paddock:model: a\n  paddock:doors:\n    - kind: x\n"


def test_a_key_is_set_and_the_rest_stays() -> None:
    added = with_key(FILE, "paddock:weights_revision", "bf16-0a1b")
    assert added == FILE.replace("config:\n", "config:\n  paddock:weights_revision: bf16-0a1b\n")
    assert with_key(added, "paddock:weights_revision", "fp8-2") == added.replace("bf16-0a1b", "fp8-2")


def test_an_image_by_digest_stays_one_text() -> None:
    import yaml

    image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/a/b@sha256:{64 * '0'}"
    assert yaml.safe_load(with_key(FILE, "paddock:vllm_image", image))["config"]["paddock:vllm_image"] == image


@pytest.mark.parametrize("value", ["yes", "1e3", "a: b", "#x", "007", "null", "'"])
def test_a_text_that_yaml_takes_for_something_else_is_quoted(value: str) -> None:
    import yaml

    assert yaml.safe_load(with_key(FILE, "paddock:x", value))["config"]["paddock:x"] == value


@pytest.mark.parametrize("text", ["config: {a: b}\n", "a: b\n", ""])
def test_a_file_in_another_form_is_left_alone(text: str) -> None:
    with pytest.raises(RefusedError, match="pulumi config set paddock:x y"):
        with_key(text, "paddock:x", "y")


def test_a_map_is_one_line_in_flow_style() -> None:
    import yaml

    accepted = {"license": "llama3.2", "by": "Zoë: “A”", "on": "2026-11-29"}
    text = with_key(FILE, "paddock:license", accepted)
    assert yaml.safe_load(text)["config"]["paddock:license"] == accepted
    assert text.count("\n") == FILE.count("\n") + 1
    with pytest.raises(RefusedError, match=r"write `paddock:license: \{.*` below its `config:`"):
        with_key("", "paddock:license", accepted)


def test_a_list_is_not_written_over() -> None:
    with pytest.raises(RefusedError, match="pulumi config set"):
        with_key(FILE, "paddock:doors", "y")
