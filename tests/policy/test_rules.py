"""The rules as a set: what each must carry, and that importing them starts nothing.

Whether a rule checks rightly is proved beside it, one file a rule.
"""

import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import EnforcementLevel, Policy, ResourceValidationPolicy

import paddock.policy
from paddock.privacy.predicates.documents import IDENTITY_DOCUMENTS
from paddock.privacy.predicates.hardening import ACCOUNT_DEFAULT, DISKS
from paddock.privacy.predicates.shapes import WHOLE, Shape, shapes
from tests.policy.check import LATER, check
from tools.markdown import item

RESOURCE_RULES = [rule for rule in paddock.policy.ALL if isinstance(rule, ResourceValidationPolicy)]
BODILESS_PULUMI_TYPES = ["pulumi:pulumi:Stack", "pulumi:providers:aws", "paddock:index:Cluster", "random:index/x:X"]


def named(rule: Policy) -> str:
    return rule.name


def test_no_two_rules_share_a_name() -> None:
    names = [rule.name for rule in paddock.policy.ALL]
    assert len(set(names)) == len(names)


def test_all_holds_exactly_the_rules_that_can_be_imported_by_name() -> None:
    public = [getattr(paddock.policy, name) for name in paddock.policy.__all__ if name != "ALL"]
    assert {id(rule) for rule in public} == {id(rule) for rule in paddock.policy.ALL}
    assert sorted(paddock.policy.__all__) == paddock.policy.__all__ == dir(paddock.policy)


def test_a_rule_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'no_such_rule'"):
        paddock.policy.no_such_rule  # noqa: B018


@pytest.mark.parametrize("rule", paddock.policy.ALL, ids=named)
def test_each_rule_says_what_it_wants_how_bad_a_breach_is_and_what_to_do(rule: Policy) -> None:
    assert re.fullmatch(r"(aws|kubernetes|paddock)(-[a-z0-9]+)+-(disallow|require)(-[a-z0-9]+)+", rule.name)
    assert rule.display_name
    assert rule.description.endswith(".")
    assert rule.description.count(". ") == 0, "one sentence"
    assert rule.enforcement_level in (EnforcementLevel.MANDATORY, EnforcementLevel.ADVISORY)
    assert rule.severity is not None
    assert rule.remediation_steps
    assert re.fullmatch(
        r"https://(docs\.aws\.amazon\.com|kubernetes\.io|docs\.vllm\.ai|github\.com)/\S+", rule.url or ""
    )


def test_the_readme_lists_each_rule_in_order_with_its_severity_and_level() -> None:
    text = (Path(__file__).parents[2] / "policy" / "README.md").read_text(encoding="utf-8")
    levels = [(r, r.severity and r.severity.value, r.enforcement_level) for r in paddock.policy.ALL]
    rows = [item(f"`{r.name}` ({severity}, {level and level.value}): {r.description}") for r, severity, level in levels]
    assert "\n\n" + "\n".join(rows) + "\n\n" in text


@pytest.mark.parametrize("rule", RESOURCE_RULES, ids=named)
@pytest.mark.parametrize("resource_type", BODILESS_PULUMI_TYPES)
def test_a_rule_lets_through_what_it_does_not_check(rule: ResourceValidationPolicy, resource_type: str) -> None:
    assert check(rule, resource_type, image="a:b", vpcConfig=LATER, acl="public-read").passes


def test_importing_the_rules_starts_no_server_and_the_predicates_load_no_pulumi() -> None:
    program = """
import sys
import paddock.privacy.predicates.hardening
assert not {"pulumi", "pulumi_policy", "grpc"} & set(sys.modules), "predicates must stay quick to import"
import threading
import paddock.policy
rules = paddock.policy.ALL
assert threading.active_count() == 1, threading.enumerate()
print(len(rules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{len(paddock.policy.ALL)}\n", "")


SHAPES = tomllib.loads((Path(inspect.getfile(Shape)).parent / "data" / "shapes.toml").read_text("utf-8"))
LIKE = {kind: str(rows["like"]) for kind, rows in SHAPES.items() if "like" in rows}
PATHS: list[Mapping[str, str | tuple[str, ...]]] = [DISKS, IDENTITY_DOCUMENTS]
"""Inputs that rules look for, by type, beside those of the shapes."""
CHECKED_TYPES = sorted(
    {
        *(kind for kind in shapes() if ":" in kind),
        ACCOUNT_DEFAULT,
        *(kind for table in PATHS for kind in table),
    }
)


def known_to(resource_type: str) -> set[str]:
    """The inputs and outputs of a pulumi_aws class, as the engine spells them."""
    module, _, name = resource_type.removeprefix("aws:").partition(":")
    home = importlib.import_module(f"pulumi_aws.{module.partition('/')[0]}")
    resource: Any = getattr(home, name)
    assert resource.pulumi_type == resource_type
    made: Callable[..., Any] = resource._internal_init
    known = {*inspect.signature(made).parameters, *(k for k, v in vars(resource).items() if isinstance(v, property))}
    return {re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), each) for each in known}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # some of the types are deprecated, and still in use
@pytest.mark.parametrize("resource_type", [each for each in CHECKED_TYPES if each.startswith("aws:")])
def test_every_type_and_value_that_a_rule_looks_for_exists_in_pulumi_aws(resource_type: str) -> None:
    found = [table[resource_type] for table in PATHS if resource_type in table]
    paths = [path for each in found for path in ([each] if isinstance(each, str) else each)]
    first_steps = {re.split(r"\.|\[]", path)[0] for path in paths} | set(shapes().get(resource_type, Shape("")).inner)
    base = LIKE.get(resource_type, resource_type)
    family = {resource_type, base, *(kind for kind, like in LIKE.items() if like == base)}
    assert first_steps - {"", WHOLE} <= {key for kind in family for key in known_to(kind)}
