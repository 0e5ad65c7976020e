"""Screen of `paddock plan --against`: the sum first, then each change with what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from paddock.cli.console import indented, printable, section
from paddock.operations.day_two.changes import How
from paddock.operations.day_two.downtime import Pods

if TYPE_CHECKING:
    from paddock.operations.day_two.changes import Change, Transition
    from paddock.operations.day_two.downtime import Downtime, Seconds

STYLES = {How.IN_PLACE: "green", How.ROLLING: "yellow", How.REPLACED: "bold yellow", How.REFUSED: "bold red"}
SECONDS_SHOWN_BELOW = 100


def against_screen(found: Transition) -> RenderableType:
    if not found.changes:
        return Text("What stands is what the stack file asks for: an `up` changes nothing that this knows of.")
    count, refused = len(found.changes), len(found.refused)
    title = f"{count} {'change' if count == 1 else 'changes'}" + (f", {refused} refused" if refused else "")
    lines = [downtime_text(found.downtime)]
    if found.restarts:
        lines.append(f"each replica starts {'once' if found.restarts == 1 else f'{found.restarts} times'}")
    if found.extra_vcpus:
        lines.append(f"needs {found.extra_vcpus} vCPUs more for a time, of the quota {found.quota}")
    style = "red" if refused else "green" if not found.restarts else "yellow"
    answer = Panel("\n".join(lines), title=f"[bold]{title}[/]", title_align="left", border_style=style, padding=(0, 1))
    return Group(answer, *(part for each in found.changes for part in _change(each)))


def _change(change: Change) -> tuple[RenderableType, RenderableType]:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    table.add_row("from", printable(change.before))
    table.add_row("to", printable(change.after))
    table.add_row(Text(change.how.value, style=STYLES[change.how]), change.does)
    if change.instead:
        table.add_row("instead", change.instead)
    else:
        table.add_row("pods", change.downtime.pods.value)
    if change.keep:
        table.add_row("unasked", printable(change.keep))
    if change.downtime.one_less.high:
        table.add_row("meanwhile", downtime_text(change.downtime))
    if change.extra_vcpus:
        table.add_row("quota", f"{change.extra_vcpus} vCPUs beside the old ones until these are gone")
    if change.not_undone:
        table.add_row("for good", change.not_undone)
    return section(change.key), indented(table)


def downtime_text(downtime: Downtime) -> str:
    if downtime.pods in (Pods.STAY, Pods.ADDED, Pods.REMOVED):
        return "no downtime"
    if downtime.ready_at_least:
        return (
            f"no downtime: {downtime.ready_at_least} of the replicas ready at every moment, fewer than all for "
            f"{time_text(downtime.one_less)}"
        )
    return f"no replica for {time_text(downtime.without_replica)}"


def time_text(seconds: Seconds) -> str:
    """`about 6 min (2 to 14)`."""
    if seconds.high < SECONDS_SHOWN_BELOW:
        return f"about {seconds.expected:.0f} s ({seconds.low:.0f} to {seconds.high:.0f})"
    low, expected, high = (max(1, round(each / 60)) for each in (seconds.low, seconds.expected, seconds.high))
    return f"about {expected} min ({low} to {high})"
