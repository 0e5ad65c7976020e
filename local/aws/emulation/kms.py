"""Lockout check of key policies: moto 5.2.5 takes any. KMS takes none that does not let its caller change it again.

Source: CreateKey and PutKeyPolicy of the KMS API Reference, Policy (botocore 1.44.5), read 2026-11-28; code and message
as in github.com/terraform-aws-modules/terraform-aws-kms issue 14.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.kms.responses import KmsResponse

from local.aws.documents import holds, many, statements
from local.aws.emulation import CALLER, Refused, teach


def install() -> None:
    """Teach every KMS backend of this process."""
    create, put = KmsResponse.create_key, KmsResponse.put_key_policy

    def create_key(self: KmsResponse) -> str:
        _require_way_back(self)
        return create(self)

    def put_key_policy(self: KmsResponse) -> str:
        _require_way_back(self)
        return put(self)

    teach(KmsResponse, create_key, put_key_policy)


def _require_way_back(response: KmsResponse) -> None:
    policy, account = response._get_param("Policy"), response.current_account
    if policy is None or response._get_param("BypassPolicyLockoutSafetyCheck"):
        return
    try:
        found = [each for each in statements(policy) if _is_about(each, account)]
    except (AttributeError, ValueError):
        raise Refused("MalformedPolicyDocumentException", "Policy contains invalid JSON") from None
    effects = {each.get("Effect") for each in found}
    if "Allow" not in effects or "Deny" in effects:
        raise Refused(
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        )


def _names(actions: object) -> bool:
    return any(fnmatchcase("kms:putkeypolicy", str(each).lower()) for each in many(actions))


def _is_about(statement: Mapping[str, Any], account: str) -> bool:
    """True of a statement about a change of the policy by the caller; without a resource it has no effect."""
    who = statement.get("Principal")
    named = many(who.get("AWS") if isinstance(who, Mapping) else who)
    root, caller = (f"arn:aws:iam::{account}:{each}" for each in ("root", CALLER))
    return (
        bool({"*", account, root, caller} & set(named))
        and "Resource" in statement
        and ("NotAction" in statement) is not _names(statement.get("NotAction", statement.get("Action")))
        and holds(statement.get("Condition", {}), {"aws:PrincipalAccount": account, "kms:CallerAccount": account})
    )
