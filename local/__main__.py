"""`python -m local`: brings the local cloud and a stack in it up, looks at them, and takes them down again."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from local.processes.cloud import CloudError, LocalCloud
from local.processes.process import ProcessError
from local.progress import Steps
from local.pulumi.stack import BusyError, Stack, project_in, stack_file, stacks
from local.state import CHECKOUT, STATE_VARIABLE
from local.status import nodes, stack_status, status_screen
from local.toolchain.build import FOR_TESTS, BuildError, built_tools
from local.toolchain.build import build as build_tool

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)

console = Console(highlight=False)
steps = Steps(console)


@app.command()
def up(stack: Annotated[str, typer.Option(help="A file stacks/Pulumi.<name>.yaml.")] = "local") -> None:
    """Build what is missing, start the cloud, bring the stack up. Safe to repeat."""
    if not stack_file(stack).exists():
        known = ", ".join(sorted(file.name.split(".")[1] for file in stack_file("*").parent.glob("Pulumi.*.yaml")))
        refuse(f"there is no stack '{stack}': {stack_file(stack)} does not exist; there are: {known}")
    # Only this command needs the library; `down` must work even when it is broken.
    from local.screen import last_screen, plan_of_stack_file

    plan = plan_of_stack_file(stack_file(stack))
    with said_how_to_go_on():
        cloud = started()
        target = Stack(cloud, stack, steps)
        target.select()
        target.recover()
        target.up()
    console.print(last_screen(stack, plan, target.outputs(), cloud.environment()["AWS_ENDPOINT_URL"]))


@app.command()
def down() -> None:
    """Destroy every stack, say what is left over, stop everything and remove the cloud's state."""
    cloud = chosen()
    try:
        left = destroyed(cloud)
    except BusyError:
        raise
    except (CloudError, ProcessError, BuildError) as error:
        # Half of a cloud is no reason to keep the other half: what emulated AWS held goes with its process.
        steps.note(f"the stacks could not be destroyed one by one, they go with the whole cloud: {error}")
        left = []
    with steps.step("stopping the local cloud"):
        cloud.remove()
    if left:
        steps.note(f"`pulumi destroy` left {len(left)} AWS objects; here they went with the account, on AWS they stay:")
        for name in left:
            console.print(f"    {name}", style="yellow", markup=False)
    steps.note(f"no process and no state is left in {cloud.state.folder}; what was built stays in the cache")


def destroyed(cloud: LocalCloud) -> list[str]:
    """Destroys every stack of a cloud that lives; what AWS objects are left after that."""
    if not cloud.alive or not stacks(cloud, steps):
        return []
    cloud.start()
    for stack in stacks(cloud, steps):
        stack.recover()
        stack.destroy()
    # boto3 is slow to import, and no other command needs it.
    from local.aws.leftovers import list_leftovers

    environment = cloud.environment()
    return list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"])


@app.command()
def recover(stack: Annotated[str, typer.Option(help="Its name.")] = "local") -> None:
    """Make a stack usable again after its engine was killed; `up` does this by itself."""
    here = Path.cwd()
    folder = here if (here / "Pulumi.yaml").exists() else CHECKOUT
    if not chosen().alive:
        refuse("the local cloud is not running, so no stack of it can be recovered; `make up` starts it")
    Stack(started(), stack, steps, project_in(folder), folder).recover()


@app.command()
def build() -> None:
    """Build what is missing in the cache, what only tests run included, and start nothing."""
    built_tools(steps)
    for tool in FOR_TESTS:
        build_tool(tool, steps)


@app.command()
def start() -> None:
    """Start the cloud's processes and no stack."""
    started()


@app.command()
def stop() -> None:
    """Stop the cloud's processes. Emulated AWS keeps its state in memory: the next start begins empty."""
    with steps.step("stopping the local cloud"):
        LocalCloud(steps=steps).stop()


@app.command()
def status() -> None:
    """Show stacks, pods, nodes and processes; exit with 1 if a process does not run or a pod is not ready."""
    cloud = chosen()
    if not cloud.alive:
        refuse(f"no local cloud runs in {cloud.state.folder}; `make up` starts one")
    environment, processes = cloud.environment(), cloud.status()
    found = [stack_status(stack.full_name, stack.outputs(), stack.pods()) for stack in stacks(cloud, steps)]
    console.print(status_screen(found, nodes(environment), processes))
    steps.note(f"logs are in {cloud.state.logs}; `.venv/bin/python -m local logs` shows their ends")
    for report in cloud.crashed():
        console.print(report, style="red", markup=False, soft_wrap=True)
    if any(process.pid is None for process in processes) or any(stack.waiting for stack in found):
        raise typer.Exit(1)


@app.command()
def shell() -> None:
    """A shell in which paddock, pulumi, aws and kubectl talk to the local cloud; it starts one that is not there."""
    # A newcomer's first step: in it, `paddock deploy` makes the first stack.
    cloud = chosen()
    if not cloud.alive:
        cloud.start()
    program = os.environ.get("SHELL") or "/bin/sh"
    environment = cloud.environment()
    steps.note("in here pulumi, aws and kubectl talk to the local cloud; `exit` leaves, the cloud stays")
    raise typer.Exit(subprocess.run([program], env=environment, check=False).returncode)


@app.command()
def env() -> None:
    """Print `export` lines for a shell: eval "$(.venv/bin/python -m local env)"."""
    for name, value in sorted(LocalCloud(steps=Steps(Console(stderr=True))).environment().items()):
        if os.environ.get(name) != value:
            typer.echo(f"export {name}={shlex.quote(value)}")


@app.command()
def logs(
    process: Annotated[str | None, typer.Argument(help="A process; without one, all of them.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 20,
) -> None:
    """Show the ends of the logs."""
    cloud = LocalCloud(steps=steps)
    known = sorted(file.stem for file in cloud.state.logs.glob("*.log"))
    if process and process not in known:
        refuse(f"there is no log of '{process}'; there are: {', '.join(known) or 'none, the cloud never ran'}")
    for name in [process] if process else known:
        console.rule(f"{name}  {cloud.processes.log(name)}", align="left")
        for line in cloud.processes.tail(name, lines):
            console.print(line, markup=False, soft_wrap=True)


def chosen() -> LocalCloud:
    """The cloud of this checkout, or the one that the environment names, which is said first."""
    cloud = LocalCloud(steps=steps)
    if cloud.state.folder.parent != CHECKOUT:
        steps.note(f"the local cloud in {cloud.state.folder}, which {STATE_VARIABLE} names{cloud.made_elsewhere()}")
    return cloud


@contextmanager
def said_how_to_go_on() -> Iterator[None]:
    """Ctrl-C, a kill or a failure leaves half of a cloud; that is no harm, and says what next."""
    try:
        yield
    except BusyError:
        raise
    except BaseException:
        steps.note("`make up` goes on from here, `make down` removes what is there")
        raise


def started() -> LocalCloud:
    cloud = chosen()
    for report in cloud.crashed() if cloud.alive else ():
        steps.note(report)
    cloud.start()
    return cloud


def refuse(message: str) -> NoReturn:
    console.print(f"[red]error:[/] {message}", soft_wrap=True)
    raise typer.Exit(1)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        app()
    except (BuildError, CloudError, ProcessError) as error:
        console.print("[red]error:[/] ", end="")
        console.print(str(error), markup=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
