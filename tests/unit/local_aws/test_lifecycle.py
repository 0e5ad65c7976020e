"""Every emulated type lives as a resource of the official provider would, as far as an engine could tell."""

from __future__ import annotations

import pytest

from local.aws.resources import RESOURCES
from local.aws.values import UNKNOWN, Unknown
from tests.unit.local_aws.life import Life, Made
from tests.unit.local_aws.samples import SAMPLES, Args, World

TOKENS = sorted(SAMPLES)


@pytest.fixture
def world(life: Life) -> World:
    return World(life)


def _make(life: Life, world: World, token: str) -> tuple[Made, Args]:
    args = SAMPLES[token].args(world)
    return life.make(token, "it", **args), args


def test_every_emulated_type_has_a_sample() -> None:
    assert set(SAMPLES) == set(RESOURCES)


@pytest.mark.parametrize("token", TOKENS)
def test_what_was_made_does_not_differ_from_what_was_asked_for(token: str, life: Life, world: World) -> None:
    made, args = _make(life, world, token)
    assert made.id
    assert made.diff(**args).detailed == {}


@pytest.mark.parametrize("token", TOKENS)
def test_a_refresh_right_after_changes_nothing(token: str, life: Life, world: World) -> None:
    made, _ = _make(life, world, token)
    before = (made.id, made.inputs, made.outputs)
    assert made.refresh().detailed == {}
    assert (made.id, made.inputs, made.outputs) == before


@pytest.mark.parametrize("token", TOKENS)
def test_outputs_are_those_of_the_pulumi_class_and_hold_what_was_given(token: str, life: Life, world: World) -> None:
    made, args = _make(life, world, token)
    assert made.outputs.keys() <= RESOURCES[token].schema.outputs
    missing = {name for name in args if name not in made.outputs}
    assert missing == set()


@pytest.mark.parametrize("token", [token for token in TOKENS if SAMPLES[token].updated])
def test_an_update_happens_in_place_and_holds(token: str, life: Life, world: World) -> None:
    made, args = _make(life, world, token)
    updated = SAMPLES[token].updated
    assert updated is not None
    wanted = {**args, **updated(world)}
    diff = made.diff(**wanted)
    assert diff.changes
    assert diff.replaces == []
    made.update(**wanted)
    assert made.diff(**wanted).detailed == {}
    outputs = made.outputs
    assert made.refresh().detailed == {}
    assert made.outputs == outputs


@pytest.mark.parametrize("token", TOKENS)
def test_what_aws_cannot_change_is_replaced(token: str, life: Life, world: World) -> None:
    made, args = _make(life, world, token)
    for name, value in SAMPLES[token].replaced(world).items():
        assert made.diff(**{**args, name: value}).replaces == [name], name


@pytest.mark.parametrize("token", TOKENS)
def test_deletion_is_seen_by_a_refresh_and_happens_only_once(token: str, life: Life, world: World) -> None:
    made, _ = _make(life, world, token)
    gone_with_parent = token == "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    if token == "aws:eks/cluster:Cluster":
        made.update(**{**SAMPLES[token].args(world), "deletionProtection": False})
    life.provider.delete(token, made.id, made.outputs)
    life.provider.delete(token, made.id, made.outputs)
    life.made.remove(made)
    id_, inputs, outputs = life.provider.read(token, made.id, made.inputs, made.outputs)
    suspended = token == "aws:s3/bucketVersioning:BucketVersioning"  # a bucket cannot forget that it had versions
    if not (gone_with_parent or suspended):
        assert (id_, inputs, outputs) == ("", {}, {})


@pytest.mark.parametrize("token", TOKENS)
def test_a_preview_promises_only_what_was_given(token: str, life: Life, world: World) -> None:
    args = SAMPLES[token].args(world)
    inputs = life.check(token, "it", args)
    id_, outputs = life.provider.create(token, inputs, preview=True)
    assert id_ == ""
    assert {name for name, value in outputs.items() if value is not UNKNOWN} <= {*inputs, "region"}
    assert outputs.keys() >= RESOURCES[token].schema.outputs - {"tagsAll"}


@pytest.mark.parametrize("token", TOKENS)
def test_arguments_may_all_be_unknown_at_preview(token: str, life: Life, world: World) -> None:
    args: dict[str, Unknown] = dict.fromkeys(SAMPLES[token].args(world), UNKNOWN)
    inputs = life.check(token, "it", args)
    life.provider.create(token, inputs, preview=True)
    assert all(inputs[name] is UNKNOWN for name in args)
