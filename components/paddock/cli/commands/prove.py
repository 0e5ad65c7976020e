"""`prove`: read a preview or an export, ask the library, print."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from paddock import __version__
from paddock.cli.console import print_json, print_screen, print_text, write_file

STATUS = {"private": 0, "not private": 1, "cannot tell": 3}
"""Exit status of each verdict; 2 is what was asked for in vain, as of every command."""


def prove(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE|-", help="Of `pulumi preview --json --show-sames`; - reads standard input."),
    ] = None,
    stack_export: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="Of `pulumi stack export`; with a FILE, the state beneath it.")
    ] = None,
    doors: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Doors accepted beside the stack's own: a list, a pack's configuration, a stack file."
        ),
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write it for an auditor too.")] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw the graph too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead; docs/proof.md describes it.")] = False,
) -> None:
    """Prove that prompts and weights cannot leave the VPC.

    A door, which is a way out to somebody who is named, refuses until paddock:doors or --doors declares it.
    Exit status 0: private, 1: not private, 3: cannot tell, 2: no answer, for the input is not Pulumi's or not there.
    """
    from paddock.catalog.lookup import RefusedError
    from paddock.cli.parsing.files import doors_of_file, pulumi_parts
    from paddock.privacy.proof import declared_in, read_inventory, with_declared
    from paddock.privacy.proof import prove as proved

    given = [each for each in (file, stack_export) if each is not None]
    if not given or given == ["-", "-"]:
        raise RefusedError(
            "give a preview's FILE, --stack-export FILE, or both; one of them may be `-`, standard input"
        )
    inventory = read_inventory(*(pulumi_parts(each) for each in given))
    declared = declared_in(inventory) + ([] if doors is None else doors_of_file(doors))
    proof = with_declared(proved(inventory), declared, datetime.now(UTC).date())
    if report is not None:
        from paddock.privacy.proof.report import report as reported

        made = {
            "stack": ", ".join(inventory.stacks) or "none",
            "input": inventory.read_from,
            "made": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            "by": f"paddock {__version__}",
        }
        write_file(report, reported(proof, made), "--report")
    if svg is not None:
        from paddock.privacy.proof.svg import svg as drawn

        write_file(svg, drawn(proof), "--svg")
    if as_json:
        from paddock.privacy.proof.report import proof_data

        print_json(proof_data(proof))
    else:
        from paddock.cli.screens.prove import MOST_DOORS, declarations, first, prove_screen

        print_screen(prove_screen(proof))
        for line in first(declarations(proof), MOST_DOORS):
            print_text(line)
    if status := STATUS[proof.verdict.value]:
        raise typer.Exit(status)
