"""Tables of what each type can do with bytes, held to every type of the pinned pulumi_aws."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pulumi_aws
import pytest

from paddock.privacy.predicates.facts import TABLES, Can, fact, facts
from paddock.privacy.predicates.shapes import shapes
from paddock.privacy.proof.checks import CHECKS

DATA = Path(__file__).parents[4] / "components" / "paddock" / "privacy" / "predicates" / "data"
TOKEN = re.compile(r"super\([^)]*\)\.__init__\(\s*'(aws:[^']+)'")


@cache
def every_type() -> frozenset[str]:
    """Types of the installed package, as its constructors register them."""
    sources = Path(pulumi_aws.__file__).parent.rglob("*.py")
    return frozenset(token for source in sources for token in TOKEN.findall(source.read_text(encoding="utf-8")))


def row_of(type_: str) -> str:
    module, _, name = type_.removeprefix("aws:").partition(":")
    return f"aws:{module.partition('/')[0]}/{name}"


def test_every_type_of_the_package_is_in_a_row_or_has_a_check() -> None:
    assert len(every_type()) > 1700
    assert sorted(each for each in every_type() if fact(each) is None and each not in CHECKS) == []


def test_every_row_is_of_a_type_of_the_package_and_no_type_is_in_two() -> None:
    known = {row_of(each) for each in every_type()}
    services = {each.partition("/")[0] for each in known}
    rows = [each for each in facts() if each.startswith("aws:")]
    assert [each for each in rows if each not in known and each.removesuffix("/*") not in services] == []
    for name in TABLES:
        listed = re.findall(r"^(?:types = \[|  )(.*?)\]?$", (DATA / f"{name}.toml").read_text(encoding="utf-8"), re.M)
        counted = Counter(each for line in listed for each in re.findall(r'"([^"]+)"', line))
        assert [each for each, times in counted.items() if times > 1] == []


def test_no_row_is_of_a_type_that_has_a_check_of_its_own() -> None:
    checked = {row_of(each) for each in CHECKS if each.startswith("aws:")}
    assert [each for each in facts() if each in checked] == []


def test_every_row_has_its_reason() -> None:
    assert [each for each, known in facts().items() if len(known.why) < 6] == []


def test_what_has_a_shape_is_not_called_inert_unless_its_values_are_checked() -> None:
    """A shape of a type in no row would be read, and the type refused all the same."""
    unread = [each for each in shapes() if ":" in each and fact(each) is None and each not in CHECKS]
    assert unread == []


def test_what_is_called_checked_has_a_shape_or_a_check() -> None:
    # Without one its values would be read by nothing, and it would pass as inert.
    judging = {row_of(each) for each in (*shapes(), *CHECKS) if each.startswith("aws:")}
    assert [each for each, known in facts().items() if known.can is Can.CHECKED and each not in judging] == []


@pytest.mark.parametrize(
    ("type_", "can"),
    [
        ("aws:cloudwatch/metricAlarm:MetricAlarm", Can.CONTROL),
        ("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter", Can.CARRIES),
        ("aws:lambda/function:Function", Can.CARRIES),
        ("aws:ec2/vpnGateway:VpnGateway", Can.OUT),
        ("aws:cloudwatch/logGroup:LogGroup", Can.ACCOUNT),
        ("aws:sns/topic:Topic", Can.CHECKED),
        ("kubernetes:apps/v1:Deployment", Can.PODS),
        ("kubernetes:apps/v1beta2:Deployment", Can.PODS),
        ("kubernetes:jobset.x-k8s.io/v1alpha2:JobSet", Can.PODS),
    ],
)
def test_a_type_by_its_own_row_before_that_of_its_service(type_: str, can: Can) -> None:
    found = fact(type_)
    assert found is not None
    assert found.can is can


@pytest.mark.parametrize(
    "type_",
    [
        "aws:new/thing:Thing",
        "kubernetes:apps/v1:DeploymentPatch",
        "kubernetes:networking.cfargotunnel.com/v1:Tunnel",
        "",
    ],
)
def test_a_type_in_no_row_is_not_known(type_: str) -> None:
    assert fact(type_) is None
