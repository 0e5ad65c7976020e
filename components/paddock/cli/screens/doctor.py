"""Output of `paddock doctor`: the sentence first, then what it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paddock.cli.screens.rows import SCHEMA_VERSION, WIDTH, print_report, row_data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.operations.doctor.diagnosis import Diagnosis
    from paddock.operations.doctor.facts import Found


def print_diagnosis(diagnosis: Diagnosis) -> None:
    from rich.console import Console

    console = Console(highlight=False, width=WIDTH)
    console.print(diagnosis.sentence, style="bold red" if diagnosis.wrong else "bold green", markup=False)
    console.print()
    print_report(diagnosis.report.rows, "")
    if diagnosis.events:
        console.print("last events", style="bold")
        for event in diagnosis.events:
            times = f" ({event.count} times)" if event.count > 1 else ""
            console.out(f"{event.at}  {event.reason}  {event.object}: {event.message}{times}", highlight=False)
        console.print()
    if diagnosis.log:
        console.print(f"last lines of {diagnosis.log_of}", style="bold", markup=False)
        for each in diagnosis.log:
            console.out(each, highlight=False)


def diagnosis_data(stack: str, region: str, diagnosis: Diagnosis, found: Found) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "stack": stack,
        "region": region,
        "wrong": diagnosis.wrong,
        "sentence": diagnosis.sentence,
        "rows": [row_data(row) for row in diagnosis.report.rows],
        "not_seen": len(diagnosis.report.not_seen),
        "events": [
            {
                "at": each.at,
                "type": each.kind,
                "reason": each.reason,
                "object": each.object,
                "message": each.message,
                "count": each.count,
            }
            for each in diagnosis.events
        ],
        "log_of": diagnosis.log_of,
        "log": list(diagnosis.log),
        "outputs": _outputs(found),
    }


def _outputs(found: Found) -> Mapping[str, object] | None:
    from paddock.operations.preflight.row import Unseen

    return None if isinstance(found.outputs, Unseen) else found.outputs
