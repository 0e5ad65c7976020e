"""The account's own registry: where it is, a token for it, and its repositories."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from paddock.catalog.lookup import RefusedError
from paddock.operations.aws_errors import aws_errors
from paddock.operations.images.credentials import Credentials
from paddock.operations.images.reference import ECR_HOST
from paddock.operations.images.registry import Endpoint

if TYPE_CHECKING:
    import boto3

SIGN_IN = (
    "use AWS credentials that may push there (ecr:GetAuthorizationToken and the pushing actions on the repository)"
)
TAGS = [{"Key": "app.kubernetes.io/managed-by", "Value": "paddock"}]


class AccountRegistry:
    """ECR of a session's account and region. Raises `RefusedError` with what AWS answered, never with a token."""

    def __init__(self, session: boto3.Session, host: str | None = None) -> None:
        self._session = session
        self._ecr = session.client("ecr")
        self.host = host or self._host_of_account()
        found = ECR_HOST.fullmatch(self.host)
        if found is None or found["region"] != session.region_name:
            raise RefusedError(
                f"'{self.host}' is no ECR registry of {session.region_name}; the stack's region says where it must be"
            )
        self._account = found["account"]

    def _host_of_account(self) -> str:
        with aws_errors("asking whose credentials these are"):
            identity = self._session.client("sts").get_caller_identity()
        region = str(self._session.region_name)
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        return f"{identity['Account']}.dkr.ecr.{region}.{suffix}"

    def endpoint(self) -> Endpoint:
        """Endpoint with a token of ECR's, which lasts twelve hours."""
        with aws_errors("getting a token for ECR"):
            answer = self._ecr.get_authorization_token()
        token = answer["authorizationData"][0]["authorizationToken"]
        return Endpoint(host=self.host, credentials=Credentials.from_basic(token), sign_in=SIGN_IN)

    def missing(self, repositories: Iterable[str]) -> list[str]:
        return [name for name in repositories if not self._exists(name)]

    def _exists(self, name: str) -> bool:
        with (
            aws_errors(f"looking for the repository {name}"),
            suppress(self._ecr.exceptions.RepositoryNotFoundException),
        ):
            self._ecr.describe_repositories(registryId=self._account, repositoryNames=[name])
            return True
        return False

    def create(self, repositories: Iterable[str], kms_key: str | None) -> list[str]:
        """Makes those that are missing: tags that cannot be moved, a scan of what is pushed, KMS.

        Without `kms_key` AWS's own key of the account for ECR encrypts them. Encryption cannot be changed later.
        """
        made = self.missing(repositories)
        for name in made:
            encryption = {"encryptionType": "KMS"} | ({"kmsKey": kms_key} if kms_key else {})
            # Somebody else may have made it meanwhile.
            made_meanwhile = suppress(self._ecr.exceptions.RepositoryAlreadyExistsException)
            with aws_errors(f"creating the repository {name}"), made_meanwhile:
                self._ecr.create_repository(
                    registryId=self._account,
                    repositoryName=name,
                    imageTagMutability="IMMUTABLE",
                    imageScanningConfiguration={"scanOnPush": True},
                    encryptionConfiguration=encryption,
                    tags=TAGS,
                )
        return made
