"""Every emulated type lives as a resource of the official provider would, as far as an engine could tell.

All types live in one world, so that what they need is made once. A test may find its
resource updated by another, but never gone.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.aws.resources import RESOURCES
from local.aws.values import UNKNOWN, Unknown
from tests.unit.local.aws.life import Life, Made
from tests.unit.local.aws.samples import SAMPLES
from tests.unit.local.aws.samples.sample import Args, Sample
from tests.unit.local.aws.world import World

CLUSTER = "aws:eks/cluster:Cluster"
# The cluster first: later types share one, and a local cloud has no room for two.
TOKENS = [CLUSTER, *sorted(SAMPLES.keys() - {CLUSTER})]
# These cannot be gone: a VPC keeps its default group and its fail mode, a bucket keeps that it had versions.
LASTING = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:route53/resolverFirewallConfig:ResolverFirewallConfig",
    "aws:s3/bucketVersioning:BucketVersioning",
}


class Subject:
    """The resource under test, and what the program says of it at present."""

    def __init__(self, token: str, life: Life, world: World) -> None:
        self.life = life
        self.token = token
        sample: Sample = SAMPLES[token]
        self.args: Args = sample.args(world)
        self.updated: Args = sample.updated(world) if sample.updated else {}
        self.replaced: Args = sample.replaced(world)
        self.made: Made = life.make(token, "it", **self.args)

    def update(self) -> None:
        self.args |= self.updated
        self.made.update(**self.args)

    def remake(self) -> None:
        self.life.made.remove(self.made)
        self.made = self.life.make(self.token, "it", **self.args)


@pytest.fixture(scope="module", params=TOKENS)
def subject(request: pytest.FixtureRequest, world: World) -> Iterator[Subject]:
    subject = Subject(request.param, world.life, world)
    yield subject
    subject.made.delete()


def test_every_emulated_type_has_a_sample() -> None:
    assert set(SAMPLES) == set(RESOURCES)


def test_what_was_made_does_not_differ_from_what_was_asked_for(subject: Subject) -> None:
    assert subject.made.id
    assert subject.made.diff(**subject.args).detailed == {}


def test_a_refresh_right_after_changes_nothing(subject: Subject) -> None:
    made = subject.made
    before = (made.id, made.inputs, made.outputs)
    assert made.refresh().detailed == {}
    assert (made.id, made.inputs, made.outputs) == before


def test_outputs_are_those_of_the_pulumi_class_and_hold_what_was_given(subject: Subject) -> None:
    assert subject.made.outputs.keys() <= RESOURCES[subject.token].schema.outputs
    assert subject.args.keys() <= subject.made.outputs.keys()


def test_what_aws_cannot_change_is_replaced(subject: Subject) -> None:
    assert subject.replaced or not RESOURCES[subject.token].replace_on, "a sample says what replaces each type"
    for name, value in subject.replaced.items():
        assert subject.made.diff(**{**subject.args, name: value}).replaces == [name], name


def test_a_preview_promises_only_what_was_given(subject: Subject) -> None:
    inputs = subject.life.check(subject.token, "other", subject.args)
    id_, outputs = subject.life.provider.create(subject.token, inputs, preview=True)
    assert id_ == ""
    assert {name for name, value in outputs.items() if value is not UNKNOWN} <= {*inputs, "region"}
    assert outputs.keys() >= RESOURCES[subject.token].schema.outputs


def test_arguments_may_all_be_unknown_at_preview(subject: Subject) -> None:
    args: dict[str, Unknown] = dict.fromkeys(subject.args, UNKNOWN)
    inputs = subject.life.check(subject.token, "other", args)
    subject.life.provider.create(subject.token, inputs, preview=True)
    assert all(inputs[name] is UNKNOWN for name in args)


def test_an_update_happens_in_place_and_holds(subject: Subject) -> None:
    resource = RESOURCES[subject.token]
    if not subject.updated:
        assert resource.arguments == resource.replace_on, "a sample says how each type that can change in place changes"
        return
    made, wanted = subject.made, {**subject.args, **subject.updated}
    diff = made.diff(**wanted)
    assert (diff.changes, diff.replaces) == (True, [])
    subject.update()
    assert made.diff(**wanted).detailed == {}
    outputs = made.outputs
    assert made.refresh().detailed == {}
    assert made.outputs == outputs


def test_deletion_is_seen_by_a_refresh_happens_only_once_and_can_be_undone(subject: Subject) -> None:
    made, provider = subject.made, subject.life.provider
    provider.delete(subject.token, made.id, made.outputs)
    provider.delete(subject.token, made.id, made.outputs)
    if subject.token not in LASTING:
        assert provider.read(subject.token, made.id, made.inputs, made.outputs) == ("", {}, {})
    subject.remake()
