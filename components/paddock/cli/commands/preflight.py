"""`preflight`: parse the arguments, ask the library, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paddock.cli.console import print_json

Stack = Annotated[str | None, typer.Argument(metavar="STACK", help="The stack of stacks/Pulumi.<STACK>.yaml.")]
StackFile = Annotated[Path | None, typer.Option(help="Its configuration. Default: stacks/Pulumi.<STACK>.yaml.")]


def preflight(
    stack: Stack = None,
    stack_file: StackFile = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead; docs/preflight-schema/preflight.v1.json describes it.")
    ] = False,
) -> None:
    """Check account, place, contents and way before anything bills; reads only. Exit status 1: something would fail."""
    from paddock.cli.parsing.stack import asked_of
    from paddock.cli.screens.rows import print_report, report_data
    from paddock.operations.preflight.checks import preflight as checked

    asked, session = asked_of(stack, stack_file)
    report = checked(asked, session)
    if as_json:
        print_json(report_data(asked.stack, asked.region, report))
    else:
        print_report(report.rows, report.summary)
    if report.failed:
        raise typer.Exit(1)
