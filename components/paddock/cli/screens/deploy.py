"""Screen of `paddock deploy`: a line for each step as it begins and ends, and the end."""

from __future__ import annotations

from pathlib import Path

import typer

from paddock.cli.console import harmless
from paddock.cli.screens.chat import speed_line
from paddock.operations.chat.conversation import Spoken
from paddock.operations.chat.deployed import Deployed
from paddock.operations.deploy.steps import Look, Step


class DeployScreen:
    """Lines on stdout, which read well in a log too."""

    def begins(self, number: int, of: int, step: Step, look: Look) -> None:
        typer.echo(f"[{number}/{of}] {step.name}: {look.text} ({look.cost})")

    def skips(self, number: int, of: int, step: Step, look: Look) -> None:
        typer.echo(f"[{number}/{of}] {step.name}: done already, {look.text}")

    def tells(self, text: str) -> None:
        typer.echo(f"        {harmless(text)}")

    def ends(self, step: Step, text: str, seconds: float) -> None:
        typer.echo(f"      {step.name}: {harmless(text)} ({seconds:,.0f} s)")


def last_lines(deployed: Deployed, spoken: Spoken, file: Path) -> list[str]:
    """Lines at the end: what stands, how fast it answered, what it costs, how to go on."""
    stack = deployed.stack
    # A destroy deletes Kubernetes objects too, by the private API.
    way = f"paddock tunnel --stack-file {file} -- " if deployed.tunnel_port is not None else ""
    lines = [
        "",
        f"{deployed.display_name} answers: {speed_line(spoken)[1:-1]}.",
        f"It costs ${deployed.usd_per_hour:,.2f} an hour on AWS until it is removed.",
        f"Endpoint: {deployed.endpoint}",
    ]
    if deployed.notice:
        lines.append(f"To be shown to users: {deployed.notice}")
    return [
        *lines,
        "",
        f"Talk to it: paddock chat {stack}",
        f"Remove it:  {way}pulumi destroy --stack {stack}",
        f"      then  paddock leftovers --stack-file {file}",
    ]
