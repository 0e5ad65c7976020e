"""The rules as a set: what each must carry, and that importing them starts nothing.

Whether a rule judges rightly is proved beside it, one file a rule.
"""

import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi_aws
import pytest
from pulumi_policy import EnforcementLevel, Policy, ResourceValidationPolicy

import paddock.policy
from paddock.privacy.predicates import (
    addresses,
    bucket_policies,
    buckets,
    clusters,
    encryption,
    gateways,
    iam_documents,
    instances,
    load_balancers,
    registries,
    security_groups,
)
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
def test_a_rule_lets_through_what_it_does_not_judge(rule: ResourceValidationPolicy, resource_type: str) -> None:
    assert check(rule, resource_type, image="a:b", vpcConfig=LATER, acl="public-read").passes


def test_importing_the_rules_starts_no_server_and_the_predicates_load_no_pulumi() -> None:
    program = """
import sys
import paddock.privacy.predicates
assert not {"pulumi", "pulumi_policy", "grpc"} & set(sys.modules), "predicates must stay quick to import"
import threading
import paddock.policy
rules = paddock.policy.ALL
assert threading.active_count() == 1, threading.enumerate()
print(len(rules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{len(paddock.policy.ALL)}\n", "")


PATHS: list[Mapping[str, str | tuple[str, ...]]] = [
    addresses.PUBLIC_ADDRESS_FLAGS,
    gateways.ROUTES,
    buckets.ACLS,
    buckets.GRANTEES,
    dict.fromkeys(buckets.BLOCKS, tuple(buckets.BLOCK_FLAGS)),
    encryption.DISKS,
    iam_documents.IDENTITY_DOCUMENTS,
    iam_documents.RESOURCE_DOCUMENTS,
    load_balancers.LISTENERS,
    security_groups.INGRESS,
    security_groups.EGRESS,
]
"""Inputs that rules look for, by type."""

CHECKED_TYPES = sorted(
    {
        *(kind for table in PATHS for kind in table),
        *gateways.INTERNET_GATEWAYS,
        *addresses.PUBLIC_ADDRESSES,
        addresses.DEFAULT_SUBNET,
        addresses.NODE_GROUP,
        clusters.EKS_CLUSTER,
        *buckets.BUCKETS,
        buckets.ACCESS_POINT,
        bucket_policies.BUCKET_POLICY,
        *bucket_policies.VERSIONINGS,
        *encryption.BUCKET_ENCRYPTIONS,
        encryption.ACCOUNT_DEFAULT,
        encryption.KMS_KEY,
        *iam_documents.ATTACHMENTS,
        *instances.MACHINES,
        *load_balancers.LOAD_BALANCERS,
        registries.REPOSITORY,
        security_groups.SECURITY_GROUP_RULE,
    }
)


def inputs_of(resource_type: str) -> set[str]:
    """The inputs of a pulumi_aws class, as the engine spells them."""
    module, _, name = resource_type.removeprefix("aws:").partition(":")
    importlib.import_module(f"pulumi_aws.{module.partition('/')[0]}")
    resource: Any = getattr(getattr(pulumi_aws, module.partition("/")[0]), name)
    assert resource.pulumi_type == resource_type
    made: Callable[..., Any] = resource._internal_init
    return {re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), each) for each in inspect.signature(made).parameters}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # some of the types are deprecated, and still in use
@pytest.mark.parametrize("resource_type", CHECKED_TYPES)
def test_every_type_and_input_that_a_rule_looks_for_exists_in_pulumi_aws(resource_type: str) -> None:
    found = [table[resource_type] for table in PATHS if resource_type in table]
    paths = [path for each in found for path in ([each] if isinstance(each, str) else each)]
    first_steps = {re.split(r"\.|\[]", path)[0] for path in paths}
    assert first_steps - {""} <= inputs_of(resource_type)


def test_every_route_target_that_a_rule_looks_for_exists_in_pulumi_aws() -> None:
    known = inputs_of("aws:ec2/route:Route")
    assert {*gateways.GATEWAY_TARGETS, "networkInterfaceId"} <= known
    assert {key for key in gateways.DESTINATIONS if key.startswith("destination")} <= known
