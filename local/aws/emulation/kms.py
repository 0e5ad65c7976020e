"""Lockout check of key policies, and signatures over a digest; moto 5.2.5 takes any policy, and hashes any message.

KMS takes no policy that does not let its caller change it again. Source: CreateKey and PutKeyPolicy of the KMS API
Reference, Policy (botocore 1.44.5), read 2026-11-28; code and message as in
github.com/terraform-aws-modules/terraform-aws-kms issue 14.

KMS signs a message of MessageType DIGEST as it is, where it has the length of the algorithm's hash, and no other
message of over 4,096 bytes. Source: Sign and Verify, Message and MessageType (botocore 1.44.5), read 2026-11-29. Here
for keys of elliptic curves, the only ones that anything of ours asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.kms.responses import KmsResponse
from moto.kms.utils import ECDSAPrivateKey

from local.aws.documents import holds, many, statements
from local.aws.emulation import CALLER, Refused, teach

HASHES: dict[str, hashes.HashAlgorithm] = {
    "ECDSA_SHA_256": hashes.SHA256(),
    "ECDSA_SHA_384": hashes.SHA384(),
    "ECDSA_SHA_512": hashes.SHA512(),
}
LONGEST_MESSAGE_BYTES = 4096


class _Digest(bytes):
    """Message that is hashed already."""


def install() -> None:
    """Teach every KMS backend of this process."""
    _teach_policies()
    _teach_digests()


def _teach_policies() -> None:
    create, put = KmsResponse.create_key, KmsResponse.put_key_policy

    def create_key(self: KmsResponse) -> str:
        _require_way_back(self)
        return create(self)

    def put_key_policy(self: KmsResponse) -> str:
        _require_way_back(self)
        return put(self)

    teach(KmsResponse, create_key, put_key_policy)


def _teach_digests() -> None:
    parameter, sign_message, verify_message = KmsResponse._get_param, ECDSAPrivateKey.sign, ECDSAPrivateKey.verify

    def _get_param(self: KmsResponse, param_name: str, if_none: Any = None) -> Any:
        value = parameter(self, param_name, if_none)
        if param_name != "Message" or not isinstance(value, bytes):
            return value
        algorithm = parameter(self, "SigningAlgorithm")
        if parameter(self, "MessageType") == "DIGEST":
            if algorithm in HASHES and len(value) != HASHES[algorithm].digest_size:
                raise Refused("ValidationException", f"Digest is invalid length for algorithm {algorithm}.")
            return _Digest(value)
        if algorithm and len(value) > LONGEST_MESSAGE_BYTES:
            raise Refused(
                "ValidationException",
                "1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have "
                f"length less than or equal to {LONGEST_MESSAGE_BYTES}",
            )
        return value

    def sign(self: ECDSAPrivateKey, message: bytes, signing_algorithm: str) -> bytes:
        if not isinstance(message, _Digest):
            return sign_message(self, message, signing_algorithm)
        return self.private_key.sign(message, ec.ECDSA(Prehashed(HASHES[signing_algorithm])))

    def verify(self: ECDSAPrivateKey, message: bytes, signature: bytes, signing_algorithm: str) -> bool:
        if not isinstance(message, _Digest):
            return verify_message(self, message, signature, signing_algorithm)
        try:
            how = ec.ECDSA(Prehashed(HASHES[signing_algorithm]))
            self.private_key.public_key().verify(signature, message, how)
        except InvalidSignature:
            return False
        return True

    teach(KmsResponse, _get_param)
    teach(ECDSAPrivateKey, sign, verify)


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
