"""`plan --against`: read what stands, ask the library, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from paddock.cli.console import print_json, print_screen

if TYPE_CHECKING:
    from paddock.settings import Settings


def against(settings: Settings, stack_file: Path, stack: str, *, as_json: bool) -> None:
    """Print what an `up` of these settings changes on what stands. Exit status 1: a change is refused."""
    from paddock.cli.parsing.against import facts_of_plan, keys_in, state_of
    from paddock.operations.day_two.changes import compare
    from paddock.operations.day_two.facts import facts_that_stand, kept_types
    from paddock.plan.plan import make_plan
    from paddock.settings import API_KEY

    state = state_of(stack)
    standing = facts_that_stand(state)
    plan = make_plan(settings, kept_types(standing, settings))
    keys = keys_in(stack_file)
    found = compare(standing, facts_of_plan(plan, state, standing, has_key=API_KEY in keys), keys)
    if as_json:
        from paddock.cli.json_output import against_data

        print_json(against_data(found))
    else:
        from paddock.cli.screens.against import against_screen

        print_screen(against_screen(found))
    if found.refused:
        raise typer.Exit(1)
