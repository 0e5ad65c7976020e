"""`doctor`: parse the arguments, ask the library, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paddock.cli.commands.preflight import Stack, StackFile
from paddock.cli.console import print_json


def doctor(
    stack: Stack = None,
    stack_file: StackFile = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead; docs/preflight-schema/doctor.v1.json describes it.")
    ] = False,
) -> None:
    """Say what is wrong with a stack that stands, in one sentence first; reads only. Exit status 1: something is."""
    from paddock.cli.parsing.stack import asked_of
    from paddock.cli.parsing.stack_file import config_of_file
    from paddock.cli.screens.doctor import diagnosis_data, print_diagnosis
    from paddock.cluster.kubeconfig import Signer
    from paddock.operations.doctor.account import found_of
    from paddock.operations.doctor.diagnosis import diagnose
    from paddock.settings import aws_identity

    asked, session = asked_of(stack, stack_file)
    identity = aws_identity(config_of_file(Path(asked.stack_file)))[0]
    signer = Signer(identity.get("aws_profile"), identity.get("aws_role_arn"))
    found = found_of(asked, session, signer, lambda text: typer.echo(f"tunnel: {text}", err=True))
    diagnosis = diagnose(asked, found)
    if as_json:
        print_json(diagnosis_data(asked.stack, asked.region, diagnosis, found))
    else:
        print_diagnosis(diagnosis)
    if diagnosis.wrong:
        raise typer.Exit(1)
