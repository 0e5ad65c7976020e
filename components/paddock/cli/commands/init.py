"""`init`: ask what is not given, write the stack file, show plan, price and license."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paddock.cli.console import print_screen, write_file

if TYPE_CHECKING:
    from paddock.operations.init.answers import Answers, Question

FOLDER = Path("stacks")


def init(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="Name of the stack, such as dev.")],
    model: Annotated[str | None, typer.Option(help="A model of `paddock models`.")] = None,
    concurrent_requests: Annotated[
        int | None, typer.Option(help="Requests of the full context at once, a replica.")
    ] = None,
    requests_per_second: Annotated[float | None, typer.Option(help="Rate over all replicas, in its place.")] = None,
    input_tokens: Annotated[int | None, typer.Option(help="Prompt of an average request of that rate.")] = None,
    output_tokens: Annotated[int | None, typer.Option(help="Answer of an average request of that rate.")] = None,
    region: Annotated[str | None, typer.Option(help="AWS region.")] = None,
    environment: Annotated[
        str, typer.Option(help="`dev`, or `prod`: two replicas, protected, logs of a year.")
    ] = "dev",
    accept_license: Annotated[
        bool, typer.Option("--accept-license", help="You have read the model's license and accept it.")
    ] = False,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="The person who accepts the license.")] = None,
    domicile: Annotated[
        str | None,
        typer.Option(metavar="CC", help="Your country, such as US; asked where a license leaves some out."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Take the defaults of load and region, and do not ask.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a stack file that is there.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the stack files are.")] = FOLDER,
) -> None:
    """Write stacks/Pulumi.STACK.yaml from a few answers; show plan, price and license.

    A stack file that is there is shown and left as it is, but for the acceptance of its license where it has none.
    """
    from paddock.catalog.lookup import RefusedError
    from paddock.cli.parsing.values import choice
    from paddock.operations.init.answers import Answers, Environment, checked, checked_stack
    from paddock.operations.init.stack_file import stack_text

    file = folder / f"Pulumi.{checked_stack(stack)}.yaml"
    given = checked(
        Answers(
            model=model,
            concurrent_requests=concurrent_requests,
            requests_per_second=requests_per_second,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            region=region,
            environment=choice("--environment", environment, Environment),
            domicile=domicile and domicile.upper(),
            accept_license=accept_license,
            by=by,
        )
    )
    if file.exists() and not force:
        if given != Answers(accept_license=accept_license, by=by, domicile=given.domicile):
            raise RefusedError(
                f"{file} is there already; edit it, write it anew by --force, or accept its license alone by "
                "--accept-license --by NAME"
            )
        recorded = _accepted(file, given)
        kept = "who accepts its license is set in it" if recorded else "stays as it is"
        typer.echo(f"{file} is there already, and {kept}; --force writes it anew", err=True)
        _show(stack, file)
        return
    answers = _answered(given, yes=yes)
    text = stack_text(stack, answers, datetime.now(UTC).date())
    _require_plan(text)
    if not folder.is_dir():
        raise RefusedError(
            f"there is no folder {folder} to write {file.name} to; run it in a checkout, or name one by --folder"
        )
    write_file(file, text, "--folder")
    _show(stack, file)


def _accepted(file: Path, given: Answers) -> bool:
    """Record who accepts the license of a stack file that is there; False where somebody did, or nobody does now."""
    from dataclasses import replace

    from paddock.cli.parsing.stack_file import settings_of_file
    from paddock.operations.stack_file import rewrite, with_map

    settings = settings_of_file(file)
    if settings.model.license is not None or settings.model.checkpoint is not None:
        return False
    if not given.accept_license and not sys.stdin.isatty():
        return False
    # The load and the region are the file's.
    answers = replace(given, model=settings.model.name, concurrent_requests=1, region=settings.region)
    answers = _answered(answers, yes=False)
    accepted = {"license": answers.terms.name, "by": (answers.by or "").strip(), "on": f"{datetime.now(UTC).date()}"}
    rewrite(file, lambda text: with_map(text, "paddock:license", accepted, file))
    return True


def _answered(answers: Answers, *, yes: bool) -> Answers:
    """All answers: given, by default where --yes allows, or typed; raises `RefusedError` where nobody can type."""
    from paddock.catalog import model as model_of
    from paddock.catalog.lookup import RefusedError
    from paddock.cli.screens.init import license_screen
    from paddock.operations.init.answers import missing, with_answer

    shown = False
    while (question := missing(answers)) is not None:
        if yes and question.default is not None:
            answers = with_answer(answers, question, "")
            continue
        if yes or not sys.stdin.isatty():
            raise RefusedError(
                f"{question.flag} is missing, and there is no terminal to ask at; {_why(question, answers)}"
            )
        if question.field in ("domicile", "accept_license") and not shown:
            print_screen(license_screen(answers.terms, multimodal=model_of(answers.model or "").vision is not None))
            shown = True
        answers = _typed(answers, question)
    return answers


def _typed(answers: Answers, question: Question) -> Answers:
    from paddock.catalog.lookup import RefusedError
    from paddock.operations.init.answers import NotGrantedError, with_answer

    while True:
        said = typer.prompt(question.text, default=question.default or "", show_default=bool(question.default))
        try:
            return with_answer(answers, question, said)
        except RefusedError as refused:
            # An unknown model ends it too: its message lists names, and `paddock models` shows them.
            if question.field == "model" or isinstance(refused, NotGrantedError):
                raise
            typer.echo(f"  {refused}", err=True)


def _why(question: Question, answers: Answers) -> str:
    if question.field == "accept_license":
        return f"read {answers.terms.url} first"
    return f"it gives: {question.text}"


def _require_plan(text: str) -> None:
    """Raises `RefusedError` where the answers make no plan, before anything is written."""
    from paddock.cli.parsing.stack_file import yaml_content
    from paddock.plan.plan import make_plan
    from paddock.settings import parse_settings, settings_of_stack

    arguments = settings_of_stack(yaml_content(text, "the stack file")["config"])
    region = str(arguments.pop("region"))
    make_plan(parse_settings(arguments, region=region, to_deploy=False, today=datetime.now(UTC).date()))


def _show(stack: str, file: Path) -> None:
    from paddock.catalog.licenses import license_names, license_terms
    from paddock.cli.parsing.stack_file import settings_of_file
    from paddock.cli.screens.init import license_screen
    from paddock.cli.screens.plan import plan_screen
    from paddock.plan.plan import make_plan

    settings = settings_of_file(file)
    plan = make_plan(settings)
    print_screen(plan_screen(plan))
    model = settings.model.entry
    if model.license in license_names():
        print_screen(license_screen(license_terms(model.license), multimodal=model.vision is not None))
    accepted = plan.model.license
    if accepted:
        typer.echo(f"\nAccepted by {accepted['by']} on {accepted['on']}.\n\nNext: paddock deploy {stack}")
    elif settings.model.checkpoint is None:
        typer.echo(
            f"\nNobody accepted this license yet, so nothing is deployed.\n\nNext: read it, then paddock init {stack} "
            f"--accept-license --by NAME\nThen: paddock deploy {stack}"
        )
    else:
        typer.echo(f"\nNobody accepted this license yet.\n\nNext: set paddock:license, then paddock deploy {stack}")
