"""Rights of the IAM roles in a stack: which read a bucket, and which lead out of the account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from paddock.privacy.predicates import UNKNOWN, documents
from paddock.privacy.predicates.iam_documents import texts
from paddock.privacy.proof.facts import table
from paddock.privacy.proof.graph import State
from paddock.privacy.proof.inventory import Inventory
from paddock.privacy.resource import Resource

ROLE = "aws:iam/role:Role"
ROLE_POLICIES = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy")
ATTACHMENTS = ("aws:iam/rolePolicyAttachment:RolePolicyAttachment",)


def far_reaching(inventory: Inventory) -> Iterator[tuple[State, str]]:
    """Rights to write to resources of any account; any role counts, as pods may borrow one."""
    for each in inventory.of(*ROLE_POLICIES):
        try:
            found = documents.statements(each.values.get("policy"))
        except documents.DocumentError as error:
            yield State.UNCLEAR, f"the rights of {each.name} are not known: {error}"
            continue
        for right in found:
            held = documents.equal_to(right, documents.RESOURCE_KEYS) or documents.named_resources(right)
            if right["Effect"] == "Allow" and documents.writes(right) and not held:
                yield State.OPEN, f"{each.name} may write to any account's"
    for each in inventory.of(*ATTACHMENTS):
        arn = each.values.get("policyArn")
        own = inventory.targets(each, "policyArn")
        name = str(arn).rpartition("/")[2]
        if not own and (arn is UNKNOWN or ":aws:policy/" not in str(arn) or name not in table("managed_policies")):
            yield State.UNCLEAR, f"the rights that {each.name} gives are not seen here"


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
