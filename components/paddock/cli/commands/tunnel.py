"""`tunnel`: parse the arguments, ask the library, print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from paddock.operations.tunnel.target import Wanted

DEFAULT_STACK_FILE = Path("stacks/Pulumi.dev.yaml")
STACK_FILE = re.compile(r"^Pulumi\.(?P<stack>.+)\.yaml$")


def tunnel(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- COMMAND…]", help="Run it with the tunnel open, and end with it."),
    ] = None,
    stack_file: Annotated[Path, typer.Option(help="The configuration of the cluster's stack.")] = DEFAULT_STACK_FILE,
    cluster: Annotated[str | None, typer.Option(help="A cluster by name, in place of a stack.")] = None,
    region: Annotated[str | None, typer.Option(help="With --cluster. Default: that of the AWS configuration.")] = None,
    port: Annotated[
        int | None, typer.Option(min=1024, max=65535, help="Where it begins here. Default: the stack's, or 8443.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="For cluster and bastion, and run COMMAND meanwhile: `pulumi up` makes them.")
    ] = False,
    kubeconfig: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Add the cluster to it while the tunnel is open.")
    ] = None,
) -> None:
    """Reach the API of a private cluster from here, by Systems Manager. docs/access.md says how."""
    from paddock.operations.tunnel.run import run

    wanted, stack_port = _wanted(stack_file, cluster, region)
    status = run(
        wanted,
        port or stack_port,
        wait=wait,
        kubeconfig=kubeconfig,
        command=command or [],
        say=lambda text: typer.echo(f"tunnel: {text}", err=True),
    )
    if status:
        raise typer.Exit(status)


def _wanted(stack_file: Path, cluster: str | None, region: str | None) -> tuple[Wanted, int]:
    """Cluster to reach, and the port at which the stack's own kubeconfig expects it."""
    from paddock.catalog.lookup import RefusedError
    from paddock.choices import DEFAULT_TUNNEL_PORT
    from paddock.operations.tunnel.target import Wanted

    if cluster is not None:
        return Wanted(region=region or _configured_region(), cluster=cluster), DEFAULT_TUNNEL_PORT
    if region is not None:
        raise RefusedError("--region goes with --cluster; a stack's region is in its file")
    from paddock.cli.parsing.stack_file import settings_of_file

    named = STACK_FILE.match(stack_file.name)
    if named is None:
        raise RefusedError(f"{stack_file} is not called Pulumi.<stack>.yaml, so its stack is not known")
    settings = settings_of_file(stack_file)
    if not settings.has_bastion:
        raise RefusedError(
            f"{stack_file} has no tunnel: its API is reached otherwise; "
            "`paddock:bastion: true` makes one at the next `pulumi up`"
        )
    return Wanted(region=settings.region, stack=named["stack"]), settings.tunnel_port


def _configured_region() -> str:
    import boto3

    from paddock.catalog.lookup import RefusedError

    if found := boto3.Session().region_name:
        return str(found)
    raise RefusedError("no region is known; name it by --region")
