"""Answers of `paddock init`: what is asked next, what is refused, the file that comes of them."""

from dataclasses import replace
from datetime import date

import pytest
import yaml

from paddock.catalog.lookup import RefusedError
from paddock.operations.init.answers import (
    Answers,
    Environment,
    NotGrantedError,
    Question,
    checked,
    checked_stack,
    missing,
    with_answer,
)
from paddock.operations.init.stack_file import stack_text
from paddock.settings import parse_settings, settings_of_stack

DAY = date(2026, 11, 29)
WHOLE = Answers(
    model="llama-3.1-8b", concurrent_requests=4, region="us-east-1", accept_license=True, by='Ann: "A" O’Neil'
)


def asked(answers: Answers) -> Question:
    question = missing(answers)
    assert question is not None
    return question


def settings_in(text: str) -> object:
    arguments = settings_of_stack(yaml.load(text, yaml.BaseLoader)["config"])  # noqa: S506  texts alone
    return parse_settings(arguments, region=str(arguments.pop("region")), to_deploy=False, today=DAY)


def test_the_model_is_asked_for_first_and_the_license_before_the_name() -> None:
    answers, flags = Answers(), []
    for said in ("llama-3.1-8b", "", "", "yes", "Ann"):
        question = asked(answers)
        flags.append(question.flag)
        answers = with_answer(answers, question, said)
    assert missing(answers) is None
    assert flags == [
        "--model",
        "--concurrent-requests or --requests-per-second",
        "--region",
        "--accept-license",
        "--by",
    ]
    assert (answers.concurrent_requests, answers.region, answers.by) == (4, "us-east-1", "Ann")


def test_an_unknown_model_is_refused_before_anything_else() -> None:
    with pytest.raises(RefusedError, match="unknown model 'llama-9'"):
        checked(Answers(model="llama-9", region="nowhere", concurrent_requests=-1))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"requests_per_second": 1.0}, "give one of them"),
        ({"input_tokens": 5}, "give it too"),
        ({"concurrent_requests": 0}, "--concurrent-requests must be a whole number from 1"),
        ({"concurrent_requests": None, "requests_per_second": -1.0}, "--requests-per-second must be a number above 0"),
        ({"region": "mars-1"}, "unknown region with GPUs 'mars-1'"),
        ({"by": " "}, "--by takes the name"),
        ({"by": "a\nb"}, "--by takes the name"),
        ({"domicile": "Germany"}, "two letters"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_with_its_flag(changes: dict[str, object], says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        checked(replace(WHOLE, **changes))  # type: ignore[arg-type]  # one field each


def test_without_acceptance_nothing_is_written() -> None:
    question = asked(replace(WHOLE, accept_license=False))
    assert "llama3_1/LICENSE" in question.text
    with pytest.raises(NotGrantedError, match="without the acceptance"):
        with_answer(WHOLE, question, "no")


def test_a_word_that_is_neither_yes_nor_no_is_no_refusal_of_the_license() -> None:
    with pytest.raises(RefusedError, match="it is yes or no, got 'maybe'") as raised:
        with_answer(WHOLE, asked(replace(WHOLE, accept_license=False)), "maybe")
    assert not isinstance(raised.value, NotGrantedError)


def test_the_country_is_asked_for_a_multimodal_model_alone() -> None:
    assert asked(replace(WHOLE, model="llama-4-scout")).flag == "--domicile"
    assert missing(replace(WHOLE, model="llama-3.2-3b")) is None, "its license has the limit, and it reads text alone"


@pytest.mark.parametrize(("country", "granted"), [("US", True), ("CH", True), ("DE", False), ("GR", False)])
def test_no_rights_to_a_multimodal_model_in_the_european_union(country: str, granted: bool) -> None:
    answers = replace(WHOLE, model="llama-4-scout", domicile=country)
    if granted:
        assert missing(answers) is None
        assert f"as stated: {country}" in stack_text("dev", answers, DAY)
    else:
        with pytest.raises(RefusedError, match="grants no rights to multimodal models such as llama-4-scout"):
            checked(answers)


@pytest.mark.parametrize("environment", list(Environment))
@pytest.mark.parametrize(
    "load",
    [
        {"concurrent_requests": 7},
        {"concurrent_requests": None, "requests_per_second": 0.5, "input_tokens": 500, "output_tokens": 100},
    ],
)
def test_the_file_is_valid_and_says_who_accepted(environment: Environment, load: dict[str, object]) -> None:
    answers = replace(WHOLE, environment=environment, **load)  # type: ignore[arg-type]  # numbers
    text = stack_text("dev", answers, DAY)
    settings = settings_in(text)
    assert settings.model.license.by == WHOLE.by  # type: ignore[attr-defined]
    assert settings.model.license.on == DAY  # type: ignore[attr-defined]
    assert settings.model.replicas == (2 if environment is Environment.PROD else 1)  # type: ignore[attr-defined]
    assert "Built with Llama" in text
    assert text.isprintable() or "\n" in text


@pytest.mark.parametrize("name", ["", "../x", "a b", "-a", "a" * 101])
def test_a_name_that_is_no_stack_is_refused(name: str) -> None:
    with pytest.raises(RefusedError, match="STACK is the name"):
        checked_stack(name)
