"""Rights of the roles in a stack, as far as they lead out of the account."""

from __future__ import annotations

from collections.abc import Iterator

from paddock.policy.predicates import UNKNOWN
from paddock.proof import documents
from paddock.proof.facts import table
from paddock.proof.graph import State
from paddock.proof.resources import Inventory

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
