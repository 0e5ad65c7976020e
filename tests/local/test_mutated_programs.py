"""Every row of tests/policy/mutations.py, done to our own program and previewed by the real engine under the pack.

A preview costs ten CPU seconds, nearly all to start the engine and what it starts, so rows that concern different types
of resource share one: what is said of a resource belongs to the one row that concerns its type. Faults and variations
are never mixed, so that a preview of variations is let through as a whole. Nothing is created, so this says nothing of
what only an update can know; tests/policy proves each rule on inputs alone.
"""

import itertools
import json
import queue
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

import paddock.policy
from local.plugins.lifetime import forked_python
from local.processes.cloud import LocalCloud
from local.state import State
from paddock.privacy.proof import Edge, prove, read_inventory
from tests.local.pack import Checked, checked_preview
from tests.local.stack import LLAMA_CONFIG, ROOT, Stack
from tests.policy.check import PROOF
from tests.policy.mutation import Mutation
from tests.policy.mutations import HARMLESS, MUTATIONS
from tests.policy.stack import (
    BALANCER,
    BLOCK,
    BUCKET,
    DEPLOYMENT,
    ENCRYPTION,
    ENDPOINT_SERVICE,
    LISTENER,
    NETWORK_POLICY,
    POLICY,
    VERSIONING,
)

PROGRAM = Path(__file__).parent / "programs" / "mutated"
AT_ONCE = 2
OURSELVES = "our own program"
DOORS = {
    "paddock:domain_name": "llama.internal.example.com",
    "paddock:certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000",
    "paddock:allowed_principals": ["arn:aws:iam::210987654321:root"],
}
"""Settings by which the program has a load balancer, a listener and an endpoint service to be wrong."""
DOOR_TYPES = (BALANCER, LISTENER, ENDPOINT_SERVICE)
FELT_AT = {
    **dict.fromkeys((BLOCK, VERSIONING, ENCRYPTION, POLICY), BUCKET),
    NETWORK_POLICY: DEPLOYMENT,
    DEPLOYMENT: "pulumi:pulumi:Stack",  # its budget is the whole stack's
}
"""Other types of resource that a fault of this type, or its absence, may be said of."""


@dataclass(frozen=True)
class Preview:
    """The engine's preview of our program with these rows done to it, and what was said of it."""

    rows: Sequence[Mutation]
    seen: Checked

    @property
    def refusals(self) -> list[tuple[str, str]]:
        """(rule, type of resource), once for each resource refused. A way out is also the proof's matter."""
        broken = self.seen.broken("mandatory")
        return [(rule, type_of(urn)) for rule, urn in broken if rule != PROOF]

    @cached_property
    def reasons(self) -> frozenset[Edge]:
        """But for the doubt that a refused preview is not whole, which it is."""
        proof = prove(read_inventory(self.seen.json))
        return frozenset(edge for edge in proof.reasons if (edge.rule, edge.resource) != ("incomplete", ""))


Previews = Mapping[str, "Future[Preview]"]


def type_of(urn: str) -> str:
    """Empty where it is not said of what."""
    return urn.split("::")[2].rpartition("$")[2] if urn else ""


def concerned(row: Mutation) -> set[str]:
    """The types of resource whose refusal can be this row's doing."""
    return {row.resource_type, FELT_AT.get(row.resource_type, row.resource_type)}


def side_by_side(table: Sequence[Mutation]) -> list[list[Mutation]]:
    """Previews, as few as rows that concern the same type of resource allow, of about as many rows each."""
    previews: list[list[Mutation]] = []
    often = Counter(row.resource_type for row in table)
    for row in sorted(table, key=lambda row: -often[row.resource_type]):
        free = [rows for rows in previews if not any(concerned(row) & concerned(each) for each in rows)]
        if not free:
            free = [[]]
            previews += free
        min(free, key=len).append(row)
    return previews


PLANNED = [
    (doors, planned)
    for table, doors in itertools.product((MUTATIONS, HARMLESS), (False, True))
    for planned in side_by_side([row for row in table if (row.resource_type in DOOR_TYPES) is doors])
]
"""Each preview: with the doors' settings or without, and its rows."""


@pytest.fixture(scope="module")
def previews(
    cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Previews]:
    """Started at once, for the rows that were asked for; each test waits for its own."""
    folder = tmp_path_factory.mktemp("mutated")
    environment = {
        **cloud.environment(),
        "PATH": f"{wider_plugins(folder / 'plugins', cloud.state)}:{cloud.environment()['PATH']}",
        "PULUMI_DEBUG_COMMANDS": "true",  # shows the engine's hidden flag --event-log
    }
    config = {**LLAMA_CONFIG, "mutated:checkout": str(ROOT)}
    # Variations that open a door, which are harmless once it is declared, and faults in doors stand side by side.
    levels = folder / "levels.json"
    levels.write_text(json.dumps({paddock.policy.doors_declared.name: "advisory"}))
    stacks: dict[bool, queue.Queue[Stack]] = {False: queue.Queue(), True: queue.Queue()}
    for i, (doors, free) in itertools.product(range(AT_ONCE), stacks.items()):
        name = f"doored-{i}" if doors else f"mutated-{i}"
        settings = {**config, **DOORS} if doors else config
        free.put(Stack.of_program(PROGRAM, name, settings, environment, folder / name))

    def run(doors: bool, rows: Sequence[Mutation]) -> Preview:
        stack = stacks[doors].get()
        try:
            names = json.dumps([row.says for row in rows])
            flags = ("--policy-pack-config", str(levels), "--config", f"mutated:rows={names}")
            return Preview(rows, checked_preview(stack, *flags))
        finally:
            stacks[doors].put(stack)

    params = [each.callspec.params for each in request.session.items if hasattr(each, "callspec")]
    asked = [row for each in params for row in each.get("planned", [each.get("row")])]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = {OURSELVES: pool.submit(run, False, [])}
        for doors, planned in PLANNED:
            if rows := [row for row in planned if row in asked]:
                started.update(dict.fromkeys((row.says for row in rows), pool.submit(run, doors, rows)))
        yield started
        pool.shutdown(cancel_futures=True)


def wider_plugins(folder: Path, state: State) -> Path:
    """A folder for PATH with a provider that lets through what the local cloud does not emulate."""
    folder.mkdir()
    plugin = folder / "pulumi-resource-aws"
    plugin.write_text(
        f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))}${{PYTHONPATH:+:$PYTHONPATH}} "
        f'exec {shlex.join(forked_python(state.fork_server))} -m tests.local.wider_aws "$@"\n'
    )
    plugin.chmod(0o755)
    return folder


def rows(table: list[Mutation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", table, ids=lambda row: row.says)


def test_our_own_program_keeps_every_rule(previews: Previews) -> None:
    preview = previews[OURSELVES].result()
    assert (preview.seen.passed, preview.seen.errors, preview.seen.rules("mandatory")) == (True, (), set())
    assert preview.reasons == set()


@rows(MUTATIONS)
def test_a_fault_is_refused_by_the_rule_named_and_no_other(row: Mutation, previews: Previews) -> None:
    preview = previews[row.says].result()
    assert preview.seen.errors == ()
    assert [rule for rule, refused in preview.refusals if refused in concerned(row)] == [row.rule]
    assert not preview.seen.passed


@pytest.mark.parametrize("planned", [rows for _, rows in PLANNED if rows[0].rule], ids=lambda rows: rows[0].says)
def test_nothing_is_refused_that_no_fault_of_a_preview_concerns(planned: list[Mutation], previews: Previews) -> None:
    preview = previews[planned[0].says].result()
    assert preview.rows == planned
    ours = set[str]().union(*(concerned(row) for row in planned))
    assert [(rule, refused) for rule, refused in preview.refusals if refused not in ours] == []


@rows(HARMLESS)
def test_a_harmless_variation_is_let_through(row: Mutation, previews: Previews) -> None:
    seen = previews[row.says].result().seen
    assert (seen.passed, seen.errors, seen.rules("mandatory")) == (True, (), set())


@rows([*MUTATIONS, *HARMLESS])
def test_the_pack_and_paddock_prove_give_the_same_reasons(row: Mutation, previews: Previews) -> None:
    preview = previews[row.says].result()
    said = [each.message.partition("\n")[2] for each in preview.seen.said if each.rule == PROOF]
    reasons = {(edge.rule, edge.text) for edge in preview.reasons}
    assert {tuple(each.strip().partition(", ")[2].split(": ", 1)) for each in said} == reasons


@rows([each for each in MUTATIONS if each.proof])
def test_paddock_prove_sees_the_way_out(row: Mutation, previews: Previews) -> None:
    found = previews[row.says].result().reasons
    assert row.proof in {edge.rule for edge in found if type_of(edge.resource) in concerned(row)}
