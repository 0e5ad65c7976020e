"""Journal of what the emulated AWS provider made, written at once, so that a killed engine loses track of nothing.

The engine learns the id of a new object only after the provider has answered. Killed before, it knows merely that it
was creating something; this journal knows what came of it, and the next `up` takes it over instead of making it twice.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from local.state import STATE_VARIABLE, State


def remember_created(urn: str, resource_id: str) -> None:
    """Called by the provider as soon as the object exists. Does nothing outside a local cloud."""
    if STATE_VARIABLE in os.environ:
        line = json.dumps({"urn": urn, "id": resource_id}) + "\n"
        # One write to a file opened for appending is never mixed with another's.
        with State.chosen().journal.open("ab", buffering=0) as file:
            file.write(line.encode())


def created(journal: Path) -> dict[str, str]:
    """The last id that was made for each URN."""
    try:
        lines = journal.read_text().splitlines()
    except FileNotFoundError:
        return {}
    return {entry["urn"]: entry["id"] for entry in map(json.loads, lines)}
