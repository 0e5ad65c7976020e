"""`deploy`: the steps from an empty account to the first answer, begun again where they were cut off."""

from __future__ import annotations

import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from paddock.plan.plan import Plan

FOLDER = Path("stacks")
STOPPED = 130


def deploy(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="A stack of `paddock init`.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it begins to bill.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the stack files are.")] = FOLDER,
    from_laptop: Annotated[
        bool,
        typer.Option("--from-laptop", help="Copy by this machine, where paddock:ingest_package has AWS do it."),
    ] = False,
) -> None:
    """Deploy a stack from an empty account: preflight, store, images, weights, `pulumi up`, a real request.

    What is done is skipped, so run it again after Ctrl-C, a kill or a failure. GPUs are made last.
    """
    from paddock.cli.commands.deploy_steps import FirstRequest, require_license, steps_of
    from paddock.cli.commands.deploy_target import Target
    from paddock.cli.screens.deploy import DeployScreen, last_lines
    from paddock.operations.deploy.command import StoppedError
    from paddock.operations.deploy.engine import StackEngine
    from paddock.operations.deploy.orphans import Orphans
    from paddock.operations.deploy.steps import run
    from paddock.operations.init.answers import checked_stack

    screen = DeployScreen()
    here = Path.cwd()
    engine = StackEngine(checked_stack(stack), here, screen.tells)
    target = Target(stack, folder / f"Pulumi.{stack}.yaml", here, engine)
    require_license(target)
    plan = target.plan
    _require_answer(yes)
    try:
        engine.recover(Orphans(target.session, f"{engine.project}/{stack}"))
        steps = steps_of(target, from_laptop=from_laptop)
        for step in run(steps, screen, agreed=lambda: yes or _agreed(plan), clock=monotonic):
            if isinstance(step, FirstRequest) and step.spoken and step.deployed:
                for line in last_lines(step.deployed, step.spoken, target.file):
                    typer.echo(line)
    except (KeyboardInterrupt, StoppedError):
        typer.echo(f"\nStopped; `paddock deploy {stack}` goes on from here.", err=True)
        raise typer.Exit(STOPPED) from None


def _require_answer(yes: bool) -> None:
    from paddock.catalog.lookup import RefusedError

    if not yes and not sys.stdin.isatty():
        raise RefusedError("it asks before it begins to bill, and there is no terminal to ask at; --yes does not ask")


def _agreed(plan: Plan) -> bool:
    price = plan.price
    typer.echo(
        f"\n{plan.model.display_name} on {plan.model.placement.nodes} x {plan.model.placement.instance_type} in "
        f"{plan.region}: ${price.usd_per_hour:,.2f} an hour, ${price.usd_per_month:,.0f} a month, by list prices."
    )
    return typer.confirm("Go on?", default=False)
