"""Rights of the IAM roles in a stack: which read a bucket, and which lead out of the account."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from paddock.catalog.endpoints import aws_image_accounts
from paddock.privacy.predicates import documents
from paddock.privacy.predicates.documents import IDENTITY_DOCUMENTS, account_of, bucket_of, texts
from paddock.privacy.predicates.findings import Door, Problem, Result, Undecided
from paddock.privacy.predicates.shapes import check
from paddock.privacy.proof.context import Context, some
from paddock.privacy.proof.graph import Node, State
from paddock.privacy.proof.inventory import Inventory
from paddock.privacy.proof.shape_checks import seen_from
from paddock.privacy.resource import Resource

LAYERS = re.compile(r"prod-([a-z0-9-]+)-starport-layer-bucket")
"""Bucket in which ECR keeps the layers of images. Source: ECR user guide, vpc-endpoints, read 2026-11-24."""
READS = re.compile(r"(ecr:Batch(Check|Get)|ecr:Get|s3:Get)[A-Za-z]+")
ANY = "*"
IDENTITIES = "identities of the account"
ROLE = "aws:iam/role:Role"
ROLE_POLICIES = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy")
ATTACHMENTS = ("aws:iam/rolePolicyAttachment:RolePolicyAttachment",)


@lru_cache(maxsize=1)
def far_reaching(context: Context) -> list[Result]:
    """Rights to resources of any account, if only to their names; any role counts, as pods may borrow one.

    Doors of rights to somebody's resources lead from `IDENTITIES`, once for all endpoints.
    """
    context.graph.nodes[IDENTITIES] = Node(IDENTITIES, "Role", IDENTITIES)
    anywhere: list[str] = []
    unseen: list[str] = []
    for each in context.inventory.of(*IDENTITY_DOCUMENTS):
        for finding in documents.rights_findings(each.type, each.values):
            known = isinstance(finding, Problem)
            (anywhere if known else unseen).append(f"{each.name} ({finding.text})" if known else each.name)
        for result in documents.reaches(each.type, each.values, lambda it: is_of_aws(it) or context.is_own(it)):
            if isinstance(result, Door):
                who = context.external(result.who)
                context.edge(IDENTITIES, who, State.DECLARED, "rights", each, result.text, both=False)
            else:
                unseen.append(f"{each.name} ({result})")
    for each in context.inventory.of(*ATTACHMENTS, ROLE):
        found = check(each.type, each.values, seen_from(context, each))
        unseen += [each.name for rule, result in found if rule == "rights" and not isinstance(result, Door)]
    all_use = "lets the account's identities use any resource, and"
    return [
        *([Problem("policy", f"{all_use} these have wide rights: {some(anywhere)}")] if anywhere else []),
        *([Undecided("policy", f"{all_use} the rights of these are not seen here: {some(unseen)}")] if unseen else []),
    ]


def readers(inventory: Inventory, bucket: object) -> list[Resource]:
    """Roles that a policy of the stack lets read objects of a bucket by its name, as far as policies are known.

    Of `ANY` those whose right names no bucket, or one by a pattern, which counts as all of them.
    """
    return list(_readers(inventory).get(str(bucket), {}).values())


@lru_cache(maxsize=1)
def _readers(inventory: Inventory) -> Mapping[str, Mapping[str, Resource]]:
    """Roles that may read objects, by the bucket's name and the role's URN."""
    found: dict[str, dict[str, Resource]] = {}
    for each in inventory.of(*ROLE_POLICIES):
        reads = documents.allows(each.values.get("policy"), *documents.READS_OBJECTS)
        for name in {name for right in reads for name in _named_buckets(right)}:
            found.setdefault(name, {}).update({role.urn: role for role in _holders(inventory, each)})
    return found


def _named_buckets(right: Mapping[str, Any]) -> Iterator[str]:
    """Buckets of a right, `ANY` where they are not named; a folder of one is enough."""
    for each in texts(right.get("Resource")) if "Resource" in right else [ANY]:
        name, slash, _ = documents.in_any_partition(each).removeprefix("arn:aws:s3:::").partition("/")
        if slash or set(name) & set("*?$"):
            yield ANY if set(name) & set("*?$") else name


def _holders(inventory: Inventory, policy: Resource) -> Iterator[Resource]:
    """Roles of an inline policy, or of the attachments of a managed one."""
    givers = [policy] if "role" in policy.values else []
    givers += inventory.referring(policy, "policyArn", *ATTACHMENTS)
    for giver in givers:
        # A preview knows a role's name, but no id to find it by.
        linked = [inventory.by_urn[urn] for urn in giver.links.get("role", ()) if urn in inventory.by_urn]
        yield from (each for each in inventory.targets(giver, "role") or linked if each.type == ROLE)


def read_alone(statements: Iterable[Mapping[str, Any]]) -> set[str]:
    """Images of AWS's registries, and their layers, with which these let nobody do more than read."""
    read: set[str] = set()
    more: set[str] = set()
    for each in statements:
        only_read = all(map(READS.fullmatch, texts(each.get("Action", "*"))))
        (read if only_read else more).update(texts(each.get("Resource")))
    return set(filter(is_of_aws, read - more))


def is_of_aws(arn: str) -> bool:
    """True for images of AWS's own registries, and for ECR's bucket of layers."""
    layers, parts = LAYERS.fullmatch(bucket_of(arn)), arn.split(":")
    if layers:
        return bool(aws_image_accounts(layers[1]))
    return parts[2:3] == ["ecr"] and account_of(arn) in aws_image_accounts(parts[3])
