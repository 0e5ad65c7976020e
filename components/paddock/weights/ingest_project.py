"""The one-off build that copies a model's weights and images into the account, from outside the closed network."""

import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from paddock.catalog.lookup import shown
from paddock.choices import BUCKET_NAME, PINNED_PACKAGE, PINNED_PACKAGE_FORM, REVISION_NAME, SECRET_ARN
from paddock.common.account import Account
from paddock.common.iam import policy_document
from paddock.common.inputs import ArgumentError, accepted
from paddock.common.labels import NO_TAGS
from paddock.common.log_groups import log_key
from paddock.common.naming import tags

BUILD_IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
"""Amazon Linux 2023 with Python 3.12: AWS's own, which CodeBuild has at hand and AWS patches. No digest can be named
for it, and one of another registry would need rights to pull. Source: CodeBuild user guide, EC2 compute images, read
2026-11-24."""
COMPUTE_TYPE = "BUILD_GENERAL1_MEDIUM"
"""4 vCPUs and 7 GB: hashing and TLS take cores, memory is bounded by the command. Source: CodeBuild API reference,
ProjectEnvironment, read 2026-11-29."""
BUILD_MINUTES = 2160
"""The longest that CodeBuild allows: 800 GB at 10 MB/s take 22 hours. Source: provider's `buildTimeout`, read
2026-11-29."""
LOG_RETENTION_DAYS = 90
TOKEN = "HF_TOKEN"  # noqa: S105  the variable's name
IMAGES, WEIGHTS = "PADDOCK_IMAGES", "PADDOCK_WEIGHTS"
SOURCE, REVISION, STACK = "PADDOCK_FROM", "PADDOCK_REVISION", "PADDOCK_STACK"
"""Variables of a build: `yes` for the steps that it takes; the source, the revision's name, the stack file's text."""

SYNC = "paddock images sync --stack-file stack.yaml --create-repositories"
VERIFY = "paddock images verify --stack-file stack.yaml"
BUCKET, SIGNING_KEY = "PADDOCK_BUCKET", "PADDOCK_SIGNING_KEY"


def _given(option: str, variable: str) -> str:
    """The option where the variable has a value, as two words of the shell."""
    return f'${{{variable}:+{option} "${variable}"}}'


PUSH_WEIGHTS = (
    f'paddock weights push --stack-file stack.yaml --bucket "${BUCKET}" '
    f"{_given('--from', SOURCE)} {_given('--revision', REVISION)} {_given('--signing-key', SIGNING_KEY)}"
)
PUSH_IMAGES = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:CreateRepository",
    "ecr:DescribeRepositories",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:TagResource",
    "ecr:UploadLayerPart",
)
"""Actions that `paddock images sync --create-repositories` calls (docs/images.md)."""

SHAPES = MappingProxyType(
    {
        "bucket_name": (BUCKET_NAME, "the name of an S3 bucket"),
        "key_arn": (re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+"), "the ARN of a KMS key"),
        "signing_key_arn": (re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+"), "the ARN of a KMS key"),
        "token_secret_arn": (SECRET_ARN, "the ARN of a secret in Secrets Manager"),
    }
)
"""Shapes of values that stand in an IAM policy, where `*`, `?` and `${…}` would mean more than themselves."""
REPOSITORY = re.compile(r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*")


class IngestProjectArgs(TypedDict):
    bucket_name: pulumi.Input[str]
    """The bucket of a `WeightsBucket`."""
    key_arn: pulumi.Input[str]
    """The key that the bucket's objects are encrypted with."""
    model: str
    """The model whose folder, `models/<model>/`, the build may write."""
    package: str
    """Package that pip installs in the build: `paddock[images] @ https://….whl#sha256=…`, or `git+https://…@<commit>`."""
    signing_key_arn: NotRequired[pulumi.Input[str]]
    """The KMS key that signs revisions. Default: none, and the build may not sign."""
    token_secret_arn: NotRequired[str]
    """A secret of Secrets Manager whose text is a Hugging Face token. Default: none, for models that ask for none."""
    repositories: NotRequired[Sequence[str]]
    """Repositories of ECR to which the build may push images. Default: none."""
    tags: NotRequired[dict[str, str]]
    """Extra tags on everything. Default: none."""


class IngestProject(pulumi.ComponentResource):
    """A CodeBuild project, outside any VPC, that runs `paddock images sync` and `paddock weights push` when started.

    It costs nothing while no build runs. A build may write one model's folder and read nothing of the bucket; the
    Hugging Face token is in the environment of the one command that asks Hugging Face.
    """

    project_name: pulumi.Output[str]
    """The project, for `paddock ingest`."""
    role_arn: pulumi.Output[str]
    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: IngestProjectArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("IngestProject", args, IngestProjectArgs)
        known = _checked(args)
        super().__init__("paddock:index:IngestProject", name, {}, opts)
        extra, child = args.get("tags", NO_TAGS), pulumi.ResourceOptions(parent=self)
        account, spelled = Account.of(self), project_name(name)
        group_name = f"/aws/codebuild/{spelled}"
        logs = aws.cloudwatch.LogGroup(
            f"{name}-ingest",
            name=group_name,
            retention_in_days=LOG_RETENTION_DAYS,
            kms_key_id=log_key(f"{name}-ingest-logs", group_name, account, extra, parent=self).arn,
            tags=tags(f"{name}-ingest", extra),
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-ingest",
            assume_role_policy=build_trust(account, spelled),
            tags=tags(f"{name}-ingest", extra),
            opts=child,
        )

        # Several documents, not one: a first preview knows the bucket's name, but no key.
        def right(purpose: str, policy: pulumi.Input[str]) -> aws.iam.RolePolicy:
            return aws.iam.RolePolicy(f"{name}-ingest{purpose}", role=role.name, policy=policy, opts=child)

        secret, repositories = args.get("token_secret_arn"), list(args.get("repositories", ()))
        rights = [
            right(
                "-store",
                known["bucket_name"].apply(lambda bucket: store_policy(account.partition, bucket, args["model"])),
            ),
            right("-key", known["key_arn"].apply(lambda key: encrypt_policy(key, account.region))),
            right("-build", build_policy(account, group_name, repositories, secret)),
        ]
        variables: dict[str, pulumi.Input[str]] = {
            "PADDOCK_PACKAGE": args["package"],
            BUCKET: known["bucket_name"],
        }
        if "signing_key_arn" in known:
            rights.append(right("-signing", known["signing_key_arn"].apply(sign_policy)))
            variables[SIGNING_KEY] = known["signing_key_arn"]
        project = aws.codebuild.Project(
            f"{name}-ingest",
            name=spelled,
            description="Copies a model's weights and images into this account, when it is started",
            service_role=role.arn,
            build_timeout=BUILD_MINUTES,
            # Two builds at once would copy the same twice.
            concurrent_build_limit=1,
            artifacts={"type": "NO_ARTIFACTS"},
            source={"type": "NO_SOURCE", "buildspec": json.dumps(buildspec(secret), sort_keys=True)},
            environment=aws.codebuild.ProjectEnvironmentArgs(
                type="LINUX_CONTAINER",
                compute_type=COMPUTE_TYPE,
                image=BUILD_IMAGE,
                # Images are copied by the registries' API: there is no Docker here to give privileges to.
                privileged_mode=False,
                environment_variables=[
                    aws.codebuild.ProjectEnvironmentEnvironmentVariableArgs(name=key, value=value)
                    for key, value in variables.items()
                ],
            ),
            logs_config={"cloudwatch_logs": {"group_name": logs.name, "status": "ENABLED"}},
            tags=tags(f"{name}-ingest", extra),
            opts=pulumi.ResourceOptions(parent=self, depends_on=rights),
        )
        self.project_name = project.name
        self.role_arn = role.arn
        self.log_group_name = logs.name
        self.register_outputs(
            {"project_name": self.project_name, "role_arn": self.role_arn, "log_group_name": self.log_group_name}
        )


def project_name(name: str) -> str:
    """Name of the project in CodeBuild, by which `paddock ingest` finds it."""
    return f"{name}-{pulumi.get_stack()}-ingest"


def _checked(args: IngestProjectArgs) -> dict[str, pulumi.Output[str]]:
    """Arguments that stand in policies, in their shapes; `ArgumentError`, at once where they are plain."""
    if not REVISION_NAME.fullmatch(args["model"]):
        raise ArgumentError(
            f"IngestProject: model must be lower-case letters, digits, dots, hyphens or underscores, got "
            f"{shown(args['model'])}"
        )
    if not PINNED_PACKAGE.fullmatch(args["package"]):
        raise ArgumentError(f"IngestProject: package must be {PINNED_PACKAGE_FORM}, got {shown(args['package'])}")
    for each in args.get("repositories", ()):
        if not REPOSITORY.fullmatch(each):
            raise ArgumentError(f"IngestProject: repositories must name repositories of ECR, got {shown(each)}")
    return {key: _shaped(key, args[key]) for key in SHAPES if key in args}  # type: ignore[literal-required]


def _shaped(argument: str, value: pulumi.Input[str]) -> pulumi.Output[str]:
    shape, meant = SHAPES[argument]

    def check(known: Any) -> str:
        if not isinstance(known, str) or not shape.fullmatch(known):
            raise ArgumentError(f"IngestProject: {argument} must be {meant}, got {shown(known)}")
        return known

    if not isinstance(value, pulumi.Output):
        check(value)
    return pulumi.Output.from_input(value).apply(check)


def buildspec(token_secret_arn: str | None) -> dict[str, Any]:
    """Phases of a build, as CodeBuild reads them.

    Every value comes as a variable and is quoted: no text of a stack file is read by the shell. CodeBuild puts the
    token into the environment of all commands and hides it in the log, so all but one are run without it.
    """
    without = f"env -u {TOKEN} "
    spec: dict[str, Any] = {
        "version": 0.2,
        "phases": {
            "install": {
                "on-failure": "ABORT",
                "runtime-versions": {"python": "3.12"},
                "commands": [
                    f'test -n "${STACK}" || {{ echo "start this build by paddock ingest start"; exit 1; }}',
                    f'{without}python -m pip install --quiet "$PADDOCK_PACKAGE"',
                    f'printf "%s" "${STACK}" > stack.yaml',
                ],
            },
            "build": {
                "on-failure": "ABORT",
                "commands": [
                    f'if [ "${IMAGES}" = yes ]; then {without}{SYNC} && {without}{VERIFY}; fi',
                    f'if [ "${WEIGHTS}" = yes ]; then {PUSH_WEIGHTS}; fi',
                ],
            },
        },
    }
    if token_secret_arn is not None:
        spec["env"] = {"secrets-manager": {TOKEN: token_secret_arn}}
    return spec


def build_trust(account: Account, project: str) -> str:
    """The trust policy by which CodeBuild assumes the role, for this one project."""
    return policy_document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "codebuild.amazonaws.com"},
            "Action": ["sts:AssumeRole"],
            "Condition": {"ArnEquals": {"aws:SourceArn": account.arn("codebuild", f"project/{project}")}},
        }
    )


def store_policy(partition: str, bucket_name: str, model: str) -> str:
    """The right to add to one model's folder and to list it; to read or delete nothing, there or elsewhere."""
    bucket, folder = f"arn:{partition}:s3:::{bucket_name}", f"models/{model}/"
    return policy_document(
        {
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"],
            "Resource": [f"{bucket}/{folder}*"],
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:ListBucketVersions"],
            "Resource": [bucket],
            "Condition": {"StringLike": {"s3:prefix": [f"{folder}*"]}},
        },
        # Its condition keys have no prefix: names of uploads under way, none of contents.
        {"Effect": "Allow", "Action": ["s3:ListBucketMultipartUploads"], "Resource": [bucket]},
    )


def encrypt_policy(key_arn: str, region: str) -> str:
    """The right to have S3 encrypt with the key: S3 decrypts the parts of a multipart upload to join them."""
    return policy_document(
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": [key_arn],
            "Condition": {"StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"}},
        }
    )


def sign_policy(key_arn: str) -> str:
    """The right to sign digests with the key, by the one algorithm of `model.sig`, and to read its public half."""
    return policy_document(
        {"Effect": "Allow", "Action": ["kms:GetPublicKey"], "Resource": [key_arn]},
        {
            "Effect": "Allow",
            "Action": ["kms:Sign"],
            "Resource": [key_arn],
            "Condition": {"StringEquals": {"kms:MessageType": "DIGEST", "kms:SigningAlgorithm": "ECDSA_SHA_256"}},
        },
    )


def build_policy(account: Account, group_name: str, repositories: Sequence[str], secret_arn: str | None) -> str:
    """The right to write its log, to push to the named repositories, and to read the one secret."""
    group = account.arn("logs", f"log-group:{group_name}")
    allowed: list[Mapping[str, Any]] = [
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": [group, f"{group}:*"]}
    ]
    if repositories:
        allowed += [
            # AWS takes no resource for it.
            {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": list(PUSH_IMAGES),
                "Resource": sorted({account.arn("ecr", f"repository/{each}") for each in repositories}),
            },
        ]
    if secret_arn is not None:
        allowed.append({"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [secret_arn]})
    return policy_document(*allowed)
