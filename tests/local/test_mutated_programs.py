"""Every row of tests/policy/mutations.py, done to our own program and previewed by the real engine under the pack.

One fault or variation a preview, two previews at a time: about five minutes on two cores. Nothing is created, so this
says nothing of what only an update can know; tests/policy proves each rule on inputs alone.
"""

import queue
import shlex
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from local.processes.cloud import LocalCloud
from paddock.privacy.proof import Proof, prove, read_inventory
from tests.local.pack import Judged, judged_preview
from tests.local.stack import LLAMA_CONFIG, ROOT, Stack
from tests.policy.check import PROOF
from tests.policy.mutation import Mutation
from tests.policy.mutations import HARMLESS, MUTATIONS
from tests.policy.stack import BALANCER, ENDPOINT_SERVICE, LISTENER

PROGRAM = Path(__file__).parent / "programs" / "mutated"
AT_ONCE = 2
OURSELVES = "our own program"
DOORS = {
    "paddock:domain_name": "llama.internal.example.com",
    "paddock:certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000",
    "paddock:allowed_principals": ["arn:aws:iam::210987654321:root"],
}
"""So that the program has a load balancer, a listener and an endpoint service to be wrong."""
DOOR_TYPES = (BALANCER, LISTENER, ENDPOINT_SERVICE)

Previews = Mapping[str, "Future[Judged]"]


@pytest.fixture(scope="module")
def previews(
    cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Previews]:
    """Started at once, for the rows that were asked for; each test waits for its own."""
    folder = tmp_path_factory.mktemp("mutated")
    environment = {
        **cloud.environment(),
        "PATH": f"{wider_plugins(folder / 'plugins')}:{cloud.environment()['PATH']}",
        "PULUMI_DEBUG_COMMANDS": "true",  # shows the engine's hidden flag --event-log
    }
    stacks: queue.Queue[Stack] = queue.Queue()
    doored: queue.Queue[Stack] = queue.Queue()
    of_doors = {each.says for each in [*MUTATIONS, *HARMLESS] if each.resource_type in DOOR_TYPES}
    config = {**LLAMA_CONFIG, "mutated:checkout": str(ROOT)}
    for i in range(AT_ONCE):
        stacks.put(Stack.of_program(PROGRAM, f"mutated-{i}", config, environment, folder / str(i)))
        doored.put(Stack.of_program(PROGRAM, f"doored-{i}", {**config, **DOORS}, environment, folder / f"doored-{i}"))

    def run(row: str) -> Judged:
        free = doored if row in of_doors else stacks
        stack = free.get()
        try:
            return judged_preview(stack, "--config", f"mutated:row={row}")
        finally:
            free.put(stack)

    asked = [each.callspec.params for each in request.session.items if hasattr(each, "callspec")]
    rows = [OURSELVES, *dict.fromkeys(each["row"].says for each in asked if isinstance(each.get("row"), Mutation))]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {row: pool.submit(run, row) for row in rows}
        pool.shutdown(cancel_futures=True)


def wider_plugins(folder: Path) -> Path:
    """A folder for PATH with a provider that lets through what the local cloud does not emulate."""
    folder.mkdir()
    plugin = folder / "pulumi-resource-aws"
    plugin.write_text(
        f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))}${{PYTHONPATH:+:$PYTHONPATH}} "
        f'exec {shlex.quote(sys.executable)} -m tests.local.wider_aws "$@"\n'
    )
    plugin.chmod(0o755)
    return folder


def rows(table: list[Mutation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", table, ids=lambda row: row.says)


def proved(seen: Judged) -> Proof:
    return prove(read_inventory(seen.json))


def reasons(proof: Proof) -> set[tuple[str, str]]:
    """But for the doubt that a refused preview is not whole, which it is."""
    return {(way.rule, way.text) for way in proof.reasons if (way.rule, way.resource) != ("incomplete", "")}


def test_our_own_program_keeps_every_rule(previews: Previews) -> None:
    seen = previews[OURSELVES].result()
    assert (seen.passed, seen.errors, seen.rules("mandatory")) == (True, (), set())


@rows(MUTATIONS)
def test_a_fault_is_refused_by_the_rule_named_and_no_other(row: Mutation, previews: Previews) -> None:
    seen = previews[row.says].result()
    assert seen.errors == ()
    # A way out is also the proof's matter.
    assert seen.rules("mandatory") - {PROOF} == {row.rule}
    assert not seen.passed


@rows(HARMLESS)
def test_a_harmless_variation_is_let_through(row: Mutation, previews: Previews) -> None:
    seen = previews[row.says].result()
    assert (seen.passed, seen.errors, seen.rules("mandatory")) == (True, (), set())


@rows([*MUTATIONS, *HARMLESS])
def test_the_pack_and_paddock_prove_give_the_same_reasons(row: Mutation, previews: Previews) -> None:
    seen = previews[row.says].result()
    said = [each.message.partition("\n")[2] for each in seen.said if each.rule == PROOF]
    assert {tuple(each.strip().partition(", ")[2].split(": ", 1)) for each in said} == reasons(proved(seen))


@rows([each for each in MUTATIONS if each.proof])
def test_paddock_prove_sees_the_way_out(row: Mutation, previews: Previews) -> None:
    found = reasons(proved(previews[row.says].result())) - reasons(proved(previews[OURSELVES].result()))
    assert row.proof in {rule for rule, _ in found}
