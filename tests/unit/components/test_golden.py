"""Everything that each component registers, compared with one golden file a component.

After a wanted change: `pytest tests/unit/components --update-golden`, then read the difference. The tests beside this
one say why a field is as it is, and what is refused.
"""

from pathlib import Path
from typing import Any

import pytest

import paddock
from tests.unit.components.cases import CASES, built_case
from tests.unit.components.golden import as_text

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("component", CASES)
def test_what_is_registered_is_what_the_golden_file_says(component: str, request: pytest.FixtureRequest) -> None:
    text = as_text(built_case(component), built_case(component, every=True))
    file = GOLDEN / f"{component}.yaml"
    if request.config.getoption("--update-golden", default=False):
        file.write_text(text)
    assert text == file.read_text()


def test_every_golden_file_is_of_a_component() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)


@pytest.mark.parametrize("component", CASES)
def test_every_argument_is_given_once_and_each_optional_one_left_out_once(component: str) -> None:
    args: Any = getattr(paddock, f"{component}Args")
    alternatives = {"certificate_arn"} if component == "ServiceLoadBalancer" else set()
    required = set(CASES[component].required) - ({"certificate_authority_arn"} if alternatives else set())
    assert required == args.__required_keys__
    every = set(CASES[component].args(every=True))
    assert every | alternatives == args.__required_keys__ | args.__optional_keys__


@pytest.mark.parametrize("every", [False, True], ids=["required", "every"])
@pytest.mark.parametrize("component", CASES)
def test_no_child_escapes_the_component(component: str, *, every: bool) -> None:
    assert built_case(component, every=every).loose == set()
