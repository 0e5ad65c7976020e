"""Rights that `pulumi up` takes, held against what the components make and what AWS knows; drivers against CUDA."""

from __future__ import annotations

import re
from pathlib import Path

import botocore.session
import pytest

from paddock.catalog.drivers import cuda_of_image, driver_needed, driver_of_ami
from paddock.catalog.quotas import counted_quota
from paddock.catalog.rights import Right, rights, rights_of

COMPONENTS = Path(__file__).parents[3] / "components" / "paddock"
MADE = re.compile(r"\baws\.([a-z0-9]+\.[A-Z][A-Za-z]+)\(")
SERVICES = {"elasticloadbalancing": "elbv2", "route53resolver": "route53resolver"}
NAMED_OTHERWISE = {
    "iam:PassRole",
    "route53:AssociateVPCWithHostedZone",
    "s3:GetAccelerateConfiguration",
    "s3:GetBucketCORS",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:ListBucket",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetReplicationConfiguration",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketPublicAccessBlock",
}
"""Actions that no operation has the name of. Source: Service Authorization Reference, read 2026-11-29."""


def test_every_type_that_components_make_has_its_actions() -> None:
    files = COMPONENTS.rglob("*.py")
    made = {
        kind for file in files for kind in MADE.findall(file.read_text(encoding="utf-8")) if not kind.endswith("Args")
    }
    assert len(made) > 30
    assert made - {kind for right in rights() for kind in right.types} == set()


@pytest.mark.parametrize("right", rights(), ids=lambda right: right.what)
def test_every_action_is_one_of_aws(right: Right) -> None:
    session = botocore.session.get_session()
    for action in set(right.actions) - NAMED_OTHERWISE:
        service, _, name = action.partition(":")
        assert name in session.get_service_model(SERVICES.get(service, service)).operation_names, action


def test_resources_have_no_name_that_is_not_filled_in() -> None:
    known = {"partition": "aws", "account": "1", "region": "r", "name": "llama", "cluster": "llama-dev"}
    assert all("{" not in right.on(known) for right in rights())


def test_parts_that_a_stack_has_not_need_no_rights() -> None:
    assert "bastion" not in {right.what for right in rights_of(())}
    assert "bastion" in {right.what for right in rights_of({"bastion"})}


@pytest.mark.parametrize(
    "action",
    [
        "kms:GetPublicKey",
        "eks:AssociateAccessPolicy",
        "eks:DescribeAccessEntry",
        "eks:DescribeAddon",
        "eks:DescribePodIdentityAssociation",
        "s3:GetAccelerateConfiguration",
        "s3:GetBucketAcl",
        "s3:GetBucketCORS",
        "s3:GetBucketLogging",
        "s3:GetBucketRequestPayment",
        "s3:GetBucketWebsite",
        "s3:GetReplicationConfiguration",
    ],
)
def test_what_the_provider_reads_after_creating_is_asked_for(action: str) -> None:
    assert action in {each for right in rights_of({"new_store"}) for each in right.actions}


def test_drivers_are_known_from_the_release_that_brought_them() -> None:
    assert cuda_of_image("0.33.0") == "13.0"
    assert cuda_of_image("0.19.0") is None
    needed, older = driver_needed("13.0"), driver_needed("12.9")
    assert needed is not None
    assert older is not None
    assert (needed.branch, older.branch) == (580, 525)
    assert driver_needed("14.0") is None
    for system, new, old in (
        ("bottlerocket", "1.53.0-0f1e2d3c", "1.52.9-0f1e2d3c"),
        ("al2023", "1.36.1-20260610", "1.33.1-20251001"),
    ):
        there = driver_of_ami(system, new)
        assert there is not None
        assert there.branch == 580
        assert driver_of_ami(system, old) is None
        assert driver_of_ami(system, None) == there


def test_numbers_of_things_have_quotas() -> None:
    counted = ("vpcs", "interface_endpoints", "network_load_balancers")
    assert [counted_quota(what).default for what in counted] == [5, 50, 50]
