"""`prove`: read a preview or an export, ask the library, print."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from paddock import __version__
from paddock.cli.console import print_json, print_screen, write_file


def prove(
    file: Annotated[
        str | None, typer.Argument(metavar="FILE|-", help="Of `pulumi preview --json`; - reads standard input.")
    ] = None,
    stack_export: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="Of `pulumi stack export`, in place of a preview.")
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write it for an auditor too.")] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw the graph too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead; docs/proof.md describes it.")] = False,
) -> None:
    """Prove that prompts and weights cannot leave the VPC. Exit status 0: private, 1: not private, 2: cannot tell."""
    from paddock.catalog.lookup import RefusedError
    from paddock.cli.parsing.files import pulumi_text
    from paddock.privacy.proof import PrivacyVerdict, read_inventory
    from paddock.privacy.proof import prove as proved

    if (file is None) == (stack_export is None):
        raise RefusedError("give a preview's FILE, or --stack-export FILE, and not both; `-` reads standard input")
    inventory = read_inventory(pulumi_text(str(file if stack_export is None else stack_export)))
    proof = proved(inventory)
    if report is not None:
        from paddock.privacy.proof.report import report as reported

        made = {
            "stack": ", ".join(inventory.stacks) or "none",
            "input": "pulumi stack export" if file is None else "pulumi preview --json",
            "made": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            "by": f"paddock {__version__}",
        }
        write_file(report, reported(proof, made), "--report")
    if svg is not None:
        from paddock.privacy.proof.svg import svg as drawn

        write_file(svg, drawn(proof), "--svg")
    if as_json:
        from paddock.privacy.proof.proof_data import proof_data

        print_json(proof_data(proof))
    else:
        from paddock.cli.screens.prove import prove_screen

        print_screen(prove_screen(proof))
    status = {PrivacyVerdict.PRIVATE: 0, PrivacyVerdict.NOT_PRIVATE: 1, PrivacyVerdict.CANNOT_TELL: 2}[proof.verdict]
    if status:
        raise typer.Exit(status)
