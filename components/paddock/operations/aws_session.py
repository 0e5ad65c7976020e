"""AWS sessions as the identity of a stack: `aws:profile` and the role of `aws:assumeRoles`, as its kubeconfig signs.

Pulumi's provider and the kubeconfig sign by these two; a command that reads the account beside them must too, or it
looks into another one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from paddock.operations.aws_errors import aws_errors
from paddock.settings.aws_identity import aws_identity
from paddock.settings.errors import REGION_KEY, SettingsError

if TYPE_CHECKING:
    import boto3

ROLE_SESSION = "paddock"
"""Name of an assumed role's session: what CloudTrail shows beside the role."""
DOING = "signing in to AWS"


def session_of(profile: str | None, region: str, role_arn: str | None) -> boto3.Session:
    """Session of a profile (None: the environment's), as a role where one is given; raises `RefusedError`.

    The role is assumed at the first call and again before it runs out, so that a push of hours goes on. Calls fail with
    botocore's exceptions, which `aws_errors` puts into words.
    """
    import boto3
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
    from botocore.session import Session

    with aws_errors(DOING):
        session = boto3.Session(profile_name=profile or None, region_name=region)
        if not role_arn:
            return session
        credentials = session.get_credentials()
        if credentials is None:
            # Without any, the first call says so, in the same words as without a role.
            return session
        base = session._session  # boto3 has no public way to it, nor to credentials that renew themselves
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=base.create_client,
            source_credentials=credentials,
            role_arn=role_arn,
            extra_args={"RoleSessionName": ROLE_SESSION},
        )
        assumed = Session(profile=profile or None)
        assumed.set_config_variable("region", region)
        assumed._credentials = DeferredRefreshableCredentials(
            refresh_using=fetcher.fetch_credentials, method="assume-role"
        )
        return boto3.Session(botocore_session=assumed, region_name=region)


def session_of_config(config: Mapping[str, object], secrets: Collection[str] = ()) -> boto3.Session:
    """Session of a stack's whole configuration, as `config_of_file` reads it; raises `SettingsError`."""
    made, problems = aws_identity(config, secrets)
    if problems:
        raise SettingsError(problems)
    return session_of(made.get("aws_profile"), str(config.get(REGION_KEY, "")), made.get("aws_role_arn"))
