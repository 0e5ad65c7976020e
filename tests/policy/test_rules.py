"""The rules as a set: what each must carry, and that importing them starts nothing.

Whether a rule judges rightly is proved beside it, one file a rule.
"""

import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Callable
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
from tests.policy.judge import LATER, judge

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


@pytest.mark.parametrize("rule", RESOURCE_RULES, ids=named)
@pytest.mark.parametrize("resource_type", BODILESS_PULUMI_TYPES)
def test_a_rule_lets_through_what_it_does_not_judge(rule: ResourceValidationPolicy, resource_type: str) -> None:
    assert judge(rule, resource_type, image="a:b", vpcConfig=LATER, acl="public-read").passes


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


DOCUMENTS = (iam_documents.IDENTITY_DOCUMENTS, iam_documents.RESOURCE_DOCUMENTS)
GROUP_RULES = (security_groups.INGRESS, security_groups.EGRESS)


def judged_types() -> list[str]:
    return sorted(
        {
            *gateways.INTERNET_GATEWAYS,
            *gateways.ROUTES,
            *addresses.PUBLIC_ADDRESSES,
            *addresses.PUBLIC_ADDRESS_FLAGS,
            addresses.DEFAULT_SUBNET,
            addresses.NODE_GROUP,
            clusters.EKS_CLUSTER,
            *buckets.BUCKETS,
            *buckets.BLOCKS,
            *buckets.ACLS,
            *buckets.GRANTEES,
            buckets.ACCESS_POINT,
            bucket_policies.BUCKET_POLICY,
            *bucket_policies.VERSIONINGS,
            *encryption.BUCKET_ENCRYPTIONS,
            *encryption.DISKS,
            encryption.ACCOUNT_DEFAULT,
            encryption.KMS_KEY,
            *iam_documents.IDENTITY_DOCUMENTS,
            *iam_documents.RESOURCE_DOCUMENTS,
            *iam_documents.ATTACHMENTS,
            *instances.MACHINES,
            *load_balancers.BALANCERS,
            registries.REPOSITORY,
            *security_groups.INGRESS,
            *security_groups.EGRESS,
            security_groups.EITHER_WAY,
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


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # some of the types judged are deprecated, and still in use
@pytest.mark.parametrize("resource_type", judged_types())
def test_every_type_and_input_that_a_rule_looks_for_exists_in_pulumi_aws(resource_type: str) -> None:
    known = inputs_of(resource_type)
    looked_for = [
        *addresses.PUBLIC_ADDRESS_FLAGS.get(resource_type, ()),
        *([gateways.ROUTES[resource_type]] if gateways.ROUTES.get(resource_type) else []),
        *([buckets.ACLS[resource_type]] if resource_type in buckets.ACLS else []),
        *([buckets.GRANTEES[resource_type]] if resource_type in buckets.GRANTEES else []),
        *encryption.DISKS.get(resource_type, ()),
        *[at for table in DOCUMENTS if (at := table.get(resource_type))],
        *[at for table in GROUP_RULES if (at := table.get(resource_type))],
        *(buckets.BLOCK_FLAGS if resource_type in buckets.BLOCKS else ()),
    ]
    first_steps = {re.split(r"\.|\[]", path)[0] for path in looked_for}
    assert first_steps - {""} <= known


def test_every_route_target_that_a_rule_looks_for_exists_in_pulumi_aws() -> None:
    known = inputs_of("aws:ec2/route:Route")
    assert {*gateways.WAYS_OUT, "gatewayId", "networkInterfaceId"} <= known
    assert {key for key in gateways.DESTINATIONS if key.startswith("destination")} <= known
