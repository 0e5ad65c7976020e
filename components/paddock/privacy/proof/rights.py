"""Rights of the IAM roles in a stack: which read a bucket, and which lead out of the account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from paddock.privacy.predicates import Problem, Undecided, documents
from paddock.privacy.predicates.documents import IDENTITY_DOCUMENTS, texts
from paddock.privacy.predicates.findings import Door, Judgment
from paddock.privacy.predicates.shapes import judge
from paddock.privacy.proof.context import FEW, Context
from paddock.privacy.proof.inventory import Inventory
from paddock.privacy.proof.shape_checks import seen_from
from paddock.privacy.resource import Resource

ANY = "*"
ROLE = "aws:iam/role:Role"
ROLE_POLICIES = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy")
ATTACHMENTS = ("aws:iam/rolePolicyAttachment:RolePolicyAttachment",)


@lru_cache(maxsize=1)
def far_reaching(context: Context) -> tuple[Judgment, ...]:
    """Rights to resources of any account, if only to their names, the worst first, and of many a few.

    Any role counts, as pods may borrow one.
    """
    found = list(_far_reaching(context))
    faults = (each for each in found if isinstance(each, Problem))
    unclear = (each for each in found if not isinstance(each, Problem))
    return (*islice(faults, FEW), *islice(unclear, FEW))


def _far_reaching(context: Context) -> Iterator[Judgment]:
    for each in context.inventory.of(*IDENTITY_DOCUMENTS):
        for finding in documents.rights_findings(each.type, each.values):
            about = finding.text if isinstance(finding, Problem) else "its rights are not known yet"
            text = f"lets the account's identities use any resource, and of {each.name} {about}"
            yield type(finding)("policy", text)
    for each in context.inventory.of(*ATTACHMENTS, ROLE):
        for rule, judgment in judge(each.type, each.values, seen_from(context, each)):
            if rule == "rights" and not isinstance(judgment, Door):
                text = (
                    f"lets the account's identities use any resource, and the rights of {each.name} are not seen here"
                )
                yield Undecided("policy", text)


def readers(inventory: Inventory, bucket: Resource) -> list[Resource]:
    """Roles that a policy of the stack lets read objects of this bucket by its name, as far as policies are known."""
    return list(_readers(inventory).get(str(bucket.values.get("bucket")), {}).values())


def readers_of_every_bucket(inventory: Inventory) -> list[Resource]:
    """Roles whose right to read objects names no bucket, or one by a pattern, which counts as all of them."""
    return list(_readers(inventory).get(ANY, {}).values())


@lru_cache(maxsize=1)
def _readers(inventory: Inventory) -> Mapping[str, Mapping[str, Resource]]:
    """Roles that may read objects, by the bucket's name and the role's URN."""
    found: dict[str, dict[str, Resource]] = {}
    for each in inventory.of(*ROLE_POLICIES):
        try:
            rights = documents.statements(each.values.get("policy"))
        except documents.DocumentError:
            continue
        reads = (right for right in rights if right["Effect"] == "Allow" and documents.covers(right, "s3:getobject"))
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
