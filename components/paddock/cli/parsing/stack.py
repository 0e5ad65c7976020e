"""Parsing of `STACK` and `--stack-file` to a stack that is asked about: `preflight` and `doctor`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from paddock.catalog.lookup import RefusedError, shown

if TYPE_CHECKING:
    import boto3

    from paddock.operations.preflight.facts import Asked

STACK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
STACK_FILE = re.compile(rf"Pulumi\.(?P<stack>{STACK_NAME.pattern})\.yaml")
FOLDER = Path("stacks")


def stack_and_file(stack: str | None, stack_file: Path | None) -> tuple[str, Path]:
    """Name and file of a stack, each from the other where one is left out; raises `RefusedError`."""
    if stack is not None and not STACK_NAME.fullmatch(stack):
        raise RefusedError(
            f"{shown(stack)} is no stack's name; give the one of stacks/Pulumi.<stack>.yaml, such as dev"
        )
    if stack_file is None:
        if stack is None:
            raise RefusedError("no stack is named; give the one of stacks/Pulumi.<stack>.yaml, such as dev")
        return stack, FOLDER / f"Pulumi.{stack}.yaml"
    named = STACK_FILE.fullmatch(stack_file.name)
    if stack is None and named is None:
        raise RefusedError(
            f"{stack_file} is not called Pulumi.<stack>.yaml, so its stack is not known; name it before it"
        )
    return stack or str(named and named["stack"]), stack_file


def asked_of(stack: str | None, stack_file: Path | None) -> tuple[Asked, boto3.Session]:
    """The stack as it would be made today, and a session of its AWS identity; raises `RefusedError`."""
    from paddock.cli.parsing.stack_file import config_of_file, settings_of_file
    from paddock.operations.aws_session import session_of_config
    from paddock.operations.preflight.facts import Asked
    from paddock.plan.plan import make_plan

    name, file = stack_and_file(stack, stack_file)
    settings = settings_of_file(file)
    session = session_of_config(config_of_file(file))
    # The budget is a check of its own, beside all others.
    plan = make_plan(settings.model_copy(update={"monthly_budget_usd": None}))
    today = datetime.now(UTC).date()
    return Asked(stack=name, stack_file=str(file), settings=settings, plan=plan, today=today), session
