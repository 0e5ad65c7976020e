"""Rights of the IAM roles in a stack: which read a bucket, and which lead out of the account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from paddock.privacy.predicates import Problem, Undecided, documents
from paddock.privacy.predicates.documents import IDENTITY_DOCUMENTS, texts
from paddock.privacy.predicates.findings import Door, Judgment
from paddock.privacy.predicates.shapes import judge
from paddock.privacy.proof.context import Context
from paddock.privacy.proof.inventory import Inventory
from paddock.privacy.proof.shape_checks import seen_from
from paddock.privacy.resource import Resource

ROLE = "aws:iam/role:Role"
ROLE_POLICIES = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy")
ATTACHMENTS = ("aws:iam/rolePolicyAttachment:RolePolicyAttachment",)


def far_reaching(context: Context) -> Iterator[Judgment]:
    """Rights to resources of any account, if only to their names; any role counts, as pods may borrow one."""
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
    """Roles that a policy of the stack lets read objects of a bucket, as far as their policies are known."""
    objects = f"arn:aws:s3:::{bucket.values.get('bucket')}/"
    found: dict[str, Resource] = {}
    for each in inventory.of(*ROLE_POLICIES):
        try:
            rights = documents.statements(each.values.get("policy"))
        except documents.DocumentError:
            continue
        if any(right["Effect"] == "Allow" and _reads(right, objects) for right in rights):
            found |= {role.urn: role for role in _holders(inventory, each)}
    return list(found.values())


def _reads(right: Mapping[str, Any], objects: str) -> bool:
    """True for a right to read any object of the bucket; a folder of it is enough."""
    within = any(documents.in_any_partition(each).startswith(objects) for each in texts(right.get("Resource")))
    return documents.covers(right, "s3:getobject", None if within else f"{objects}any")


def _holders(inventory: Inventory, policy: Resource) -> Iterator[Resource]:
    """Roles of an inline policy, or of the attachments of a managed one."""
    givers = [policy] if "role" in policy.values else []
    givers += [each for each in inventory.of(*ATTACHMENTS) if inventory.refers(each, "policyArn", policy)]
    for giver in givers:
        # A preview knows a role's name, but no id to find it by.
        linked = [inventory.by_urn[urn] for urn in giver.links.get("role", ()) if urn in inventory.by_urn]
        yield from (each for each in inventory.targets(giver, "role") or linked if each.type == ROLE)
