"""Rights of the IAM roles in a stack: which read a bucket, and which lead out of the account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from paddock.privacy.predicates import UNKNOWN, documents
from paddock.privacy.predicates.iam_documents import texts
from paddock.privacy.proof.context import some
from paddock.privacy.proof.facts import table
from paddock.privacy.proof.graph import State
from paddock.privacy.proof.inventory import Inventory
from paddock.privacy.resource import Resource

ANY = "*"
ROLE = "aws:iam/role:Role"
ROLE_POLICIES = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy")
ATTACHMENTS = ("aws:iam/rolePolicyAttachment:RolePolicyAttachment",)


@lru_cache(maxsize=1)
def far_reaching(inventory: Inventory) -> Mapping[State, str]:
    """Rights to write to resources of any account; any role counts, as pods may borrow one."""
    found: dict[State, list[str]] = {}
    for state, who in _far_reaching(inventory):
        found.setdefault(state, []).append(who)
    return {state: some(who) for state, who in found.items()}


def _far_reaching(inventory: Inventory) -> Iterator[tuple[State, str]]:
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
