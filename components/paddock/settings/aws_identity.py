"""AWS identity of the stack file's `aws:` keys, as far as a kubeconfig can carry it.

Pulumi's AWS provider signs by it, so the cluster's only administrator is that identity; `aws eks get-token`, which the
kubeconfig calls, must sign by the same one. What it takes: a profile, and one role (`--role-arn`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from paddock.catalog.lookup import shown_name
from paddock.settings.checks import ROLE_ARN

AWS = "aws:"
PROFILE_WITH_ROLE = (
    "describe it as a profile in ~/.aws/config (role_arn, source_profile, external_id …) and set aws:profile"
)
NOT_CARRIED = {
    "accessKey": "the kubeconfig, an output, would hold a credential; put it into a profile and set aws:profile",
    "secretKey": "the kubeconfig, an output, would hold a credential; put it into a profile and set aws:profile",
    "token": "the kubeconfig, an output, would hold a credential; put it into a profile and set aws:profile",
    "assumeRole": "it is of the AWS provider before 7, which is not used here; write aws:assumeRoles, a list",
    "assumeRoleWithWebIdentity": "set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE where Pulumi and kubectl run",
    "sharedConfigFiles": "set AWS_CONFIG_FILE where Pulumi and kubectl run",
    "sharedCredentialsFiles": "set AWS_SHARED_CREDENTIALS_FILE where Pulumi and kubectl run",
}
"""Keys of Pulumi's AWS provider 7 that decide who signs. Source: pulumi_aws/config/vars.py 7.51.1."""
WITHOUT_SAY = frozenset({"roleArn", "sessionName", "duration", "policy", "policyArns"})
"""Parts of a role that do not decide whether it may be assumed; the token needs no right but to be signed."""


class _NotCarriedError(Exception):
    """Reason why a value cannot reach kubectl, and the way out."""


def aws_identity(config: Mapping[str, object], secrets: Collection[str] = ()) -> tuple[dict[str, str], list[str]]:
    """Arguments `aws_profile` and `aws_role_arn` of the platform, and what is wrong with the keys."""
    given = {key.removeprefix(AWS): value for key, value in config.items() if key.startswith(AWS)}
    problems = [f"{AWS}{key} cannot reach kubectl: {advice}" for key, advice in NOT_CARRIED.items() if key in given]
    made: dict[str, str] = {}
    for key, argument, read in (("profile", "aws_profile", _profile), ("assumeRoles", "aws_role_arn", _role)):
        if key not in given:
            continue
        if AWS + key in secrets or _has_secret(given[key]):
            problems.append(f"{AWS}{key} is a secret, and the kubeconfig, an output, shows it; set it without --secret")
            continue
        try:
            made |= {argument: value} if (value := read(given[key])) else {}
        except _NotCarriedError as error:
            problems.append(f"{AWS}{key} {error}")
    return made, problems


def _profile(value: object) -> str:
    if not isinstance(value, str):
        raise _NotCarriedError("must be the name of a profile, as text")
    if value.startswith("-") or not value.isprintable():
        raise _NotCarriedError("must be the name of a profile on one line that does not begin with -, as a flag does")
    return value


def _role(value: Any) -> str:
    try:
        roles: list[Any] = json.loads(value) if isinstance(value, str) else value
        arns = [str(role["roleArn"]) for role in roles]
    except (ValueError, TypeError, KeyError, RecursionError):
        # What was given is not shown: an externalId may be in it.
        raise _NotCarriedError('must be a list of roles such as [{"roleArn": "arn:aws:iam::…"}]') from None
    if len(arns) > 1:
        raise _NotCarriedError(f"names {len(arns)} roles one after another; kubectl assumes one: {PROFILE_WITH_ROLE}")
    parts = sorted({shown_name(str(part)) for role in roles for part in role} - WITHOUT_SAY)
    if parts:
        raise _NotCarriedError(f"has {', '.join(parts)}, which kubectl cannot give: {PROFILE_WITH_ROLE}")
    if not all(ROLE_ARN.fullmatch(arn) for arn in arns):
        raise _NotCarriedError("has a roleArn that is no role's; write arn:aws:iam::<account>:role/<name>")
    return next(iter(arns), "")


def _has_secret(value: object) -> bool:
    """An encrypted value of a stack file is `{secure: …}`, also inside a structured one."""
    if isinstance(value, Mapping):
        return set(value) == {"secure"} or any(_has_secret(each) for each in value.values())
    return isinstance(value, list) and any(_has_secret(each) for each in value)
