"""Answers that a new stack file is made of: which are missing, and the flag that gives each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from paddock import catalog
from paddock.catalog.licenses import License, license_terms
from paddock.catalog.lookup import RefusedError, known, shown
from paddock.sizing.limits import LIMITS
from paddock.sizing.placement.request import DEFAULT_CONCURRENT_REQUESTS

DEFAULT_REGION = "us-east-1"
STACK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""Pulumi's own rule for the name of a stack, without a leading sign, as it becomes part of a file's name."""
COUNTRY = re.compile(r"[A-Z]{2}")
LONGEST_NAME = 200


class NotGrantedError(RefusedError):
    """A license that grants nothing here: refused by the user, or to the user. No other answer helps."""


class Environment(StrEnum):
    """Purpose of the stack."""

    DEV = "dev"
    """One replica; `pulumi destroy` takes the weights too."""
    PROD = "prod"
    """Two replicas over three zones, protected from deletion, logs for a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Answers so far; None where there is none yet."""

    model: str | None = None
    concurrent_requests: int | None = None
    requests_per_second: float | None = None
    input_tokens: int | None = None
    """Prompt of an average request, where the load is a rate."""
    output_tokens: int | None = None
    region: str | None = None
    environment: Environment = Environment.DEV
    domicile: str | None = None
    """Country, by ISO 3166-1 code, where the licensee is domiciled or has its principal place of business."""
    accept_license: bool = False
    by: str | None = None

    @property
    def terms(self) -> License:
        """The license of the model; raises `RefusedError` for a model that the catalog does not have."""
        return license_terms(catalog.model(self.model or "").license)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One missing answer."""

    field: str
    flag: str
    text: str
    default: str | None = None


def missing(answers: Answers) -> Question | None:
    """The next question; None once all is answered. Raises `RefusedError` for an answer that cannot be."""
    checked(answers)
    if answers.model is None:
        return Question(field="model", flag="--model", text="Model, such as llama-3.1-8b; `paddock models` lists all")
    if answers.concurrent_requests is None and answers.requests_per_second is None:
        return Question(
            field="concurrent_requests",
            flag="--concurrent-requests or --requests-per-second",
            text="Requests at once",
            default=str(DEFAULT_CONCURRENT_REQUESTS),
        )
    if answers.requests_per_second is not None:
        for field, what in (("input_tokens", "prompt"), ("output_tokens", "answer")):
            if getattr(answers, field) is None:
                flag = f"--{field.replace('_', '-')}"
                return Question(field=field, flag=flag, text=f"Tokens in the {what} of an average request")
    if answers.region is None:
        return Question(field="region", flag="--region", text="AWS region", default=DEFAULT_REGION)
    if answers.domicile is None and asks_domicile(answers):
        return Question(
            field="domicile",
            flag="--domicile",
            text="Country where you are domiciled, or your company has its principal place of business, such as US",
        )
    if not answers.accept_license:
        return Question(
            field="accept_license",
            flag="--accept-license",
            text=f"Have you read the {answers.terms.title} at {answers.terms.url}, and accept it? yes or no",
        )
    if answers.by is None:
        return Question(field="by", flag="--by", text="Name of the person who accepts it")
    return None


def asks_domicile(answers: Answers) -> bool:
    """True where the license leaves some out of this model: a multimodal one."""
    return catalog.model(answers.model or "").vision is not None and bool(answers.terms.multimodal_not_in)


def checked(answers: Answers) -> Answers:
    """The same answers; raises `RefusedError` for the first that cannot be, the model before all others."""
    if answers.model is not None:
        catalog.model(answers.model)
    if answers.concurrent_requests is not None and answers.requests_per_second is not None:
        raise RefusedError(
            "--concurrent-requests and --requests-per-second both say how much is asked for; give one of them"
        )
    if answers.requests_per_second is None and (answers.input_tokens, answers.output_tokens) != (None, None):
        raise RefusedError(
            "--input-tokens and --output-tokens describe the requests of --requests-per-second; give it too"
        )
    for name in ("concurrent_requests", "requests_per_second", "input_tokens", "output_tokens"):
        LIMITS[name].check(f"--{name.replace('_', '-')}", getattr(answers, name))
    if answers.region is not None:
        known("region with GPUs", answers.region, catalog.regions())
    if answers.by is not None and not (0 < len(answers.by.strip()) <= LONGEST_NAME and answers.by.isprintable()):
        raise RefusedError(f"--by takes the name of a person, one line of 1 to {LONGEST_NAME} characters")
    if answers.domicile is not None and not COUNTRY.fullmatch(answers.domicile):
        raise RefusedError(
            f"--domicile takes a country's two letters of ISO 3166-1, such as US, got {shown(answers.domicile)}"
        )
    if answers.model is not None and answers.domicile is not None and asks_domicile(answers):
        require_granted(answers)
    return answers


def require_granted(answers: Answers) -> None:
    """Raises `NotGrantedError` where the license grants no rights to a multimodal model."""
    terms = answers.terms
    if answers.domicile in terms.multimodal_not_in:
        raise NotGrantedError(
            f"the {terms.title} grants no rights to multimodal models such as {answers.model} to individuals "
            f"domiciled, or companies with a principal place of business, in the European Union, and --domicile is "
            f"{answers.domicile} ({terms.use_policy_url}); choose a model that reads text alone, such as llama-3.3-70b"
        )


def with_answer(answers: Answers, question: Question, text: str) -> Answers:
    """The answers with one that was typed; raises `RefusedError`."""
    text = text.strip() or (question.default or "")
    if not text:
        raise RefusedError(f"{question.flag} has no default; answer it")
    values: Mapping[str, Callable[[str], object]] = {
        "concurrent_requests": _whole,
        "input_tokens": _whole,
        "output_tokens": _whole,
        "domicile": str.upper,
        "accept_license": _accepted,
    }
    value = values.get(question.field, str)(text)
    return checked(replace(answers, **{question.field: value}))  # type: ignore[arg-type]  # one field, its own type


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise RefusedError(f"it is a whole number, got {shown(text)}")
    return int(text)


def _accepted(text: str) -> bool:
    if text.lower() in ("no", "n"):
        raise NotGrantedError("without the acceptance of its license no model is served; nothing was written")
    if text.lower() not in ("yes", "y"):
        raise RefusedError(f"it is yes or no, got {shown(text)}; without the acceptance no model is served")
    return True


def checked_stack(name: str) -> str:
    """The stack's name; raises `RefusedError`."""
    if not STACK_NAME.fullmatch(name):
        raise RefusedError(f"STACK is the name of a stack, letters, digits, '.', '_' and '-', got {shown(name)}")
    return name
