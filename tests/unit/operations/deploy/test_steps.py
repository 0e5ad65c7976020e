"""Steps of a deployment: in order, skipped when done, asked about once before they bill."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from paddock.catalog.lookup import RefusedError
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
