"""Trust policies of new roles: moto 5.2.5 looks at one only when it is changed."""

from __future__ import annotations

from typing import Any

from moto.iam.models import IAMBackend
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

from local.aws.documents import statements
from local.aws.emulation import Refused, teach


def install() -> None:
    """Teach every IAM backend of this process."""
    create, update = IAMBackend.create_role, IAMBackend.update_assume_role_policy

    def create_role(
        self: IAMBackend, role_name: str, assume_role_policy_document: str, *rest: Any, **named: Any
    ) -> Any:
        _require_trust(assume_role_policy_document)
        return create(self, role_name, assume_role_policy_document, *rest, **named)

    def update_assume_role_policy(self: IAMBackend, role_name: str, policy_document: str) -> None:
        _require_trust(policy_document)
        update(self, role_name, policy_document)

    teach(IAMBackend, create_role, update_assume_role_policy)


def _require_trust(document: str) -> None:
    IAMTrustPolicyDocumentValidator(document).validate()
    for statement in statements(document):
        if not statement.get("Principal"):
            raise Refused("MalformedPolicyDocument", "Missing required field Principal")
