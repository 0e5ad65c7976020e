"""A one-off build that copies a stack's images into this account's ECR, for who has no machine outside to copy from.

A stack of its own, so that nothing with the internet stands beside the private one, and `pulumi destroy` takes it away.
"""

import json
import re
from pathlib import Path

import pulumi
import pulumi_aws as aws
import yaml

from paddock.catalog import newest_version
from paddock.catalog.images import platform_images
from paddock.common.iam import policy_document
from paddock.operations.images.inventory import wanted_images

NAME = "paddock-images"
BUILD_IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
"""Amazon Linux 2023 with Python 3.12. Source: CodeBuild user guide, EC2 compute images, read 2026-11-24."""

PINNED = re.compile(r"paddock\[images\] @ (https://\S+\.whl#sha256=[0-9a-f]{64}|git\+https://\S+@[0-9a-f]{40})")
"""Programs of the build, by digest or commit: they have the right to push."""

PUSH = (
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

KEY_ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:DescribeKey",
    "kms:DisableKeyRotation",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)
LOG_ENCRYPTION = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)

BUILDSPEC = {
    "version": 0.2,
    "phases": {
        "install": {
            "runtime-versions": {"python": "3.12"},
            "commands": ['python -m pip install --quiet "$PADDOCK_PACKAGE"'],
        },
        "build": {
            "commands": [
                'printf "%s" "$PADDOCK_STACK" > stack.yaml',
                "paddock images sync --stack-file stack.yaml --create-repositories",
                "paddock images verify --stack-file stack.yaml",
            ]
        },
    },
}
"""The two values come as variables and are quoted: no text of the configuration is read by the shell."""

config = pulumi.Config()
package = config.require("package")
if not PINNED.fullmatch(package):
    raise pulumi.RunError(
        "package must be `paddock[images] @ https://….whl#sha256=…` or `paddock[images] @ git+https://…@<commit>`"
    )
stack = yaml.safe_load(Path(config.require("stackFile")).read_text())["config"]
facts = platform_images().of(stack.get("paddock:node_os") or "bottlerocket")
keys = {each.setting: f"paddock:{each.setting}" for each in facts.needed}
needed = {
    key: stack[key] for key in ("aws:region", "paddock:node_os", "paddock:vllm_version", *keys.values()) if key in stack
}
repositories = sorted(
    each.target
    for each in wanted_images(
        facts,
        vllm_version=needed.get("paddock:vllm_version") or newest_version(),
        named={setting: needed[key] for setting, key in keys.items() if key in needed},
        sources={},
        also={},
    )
)

account = aws.get_caller_identity().account_id
region = needed["aws:region"]
group_arn = f"arn:aws:logs:{region}:{account}:log-group:/aws/codebuild/{NAME}"

key = aws.kms.Key(
    "logs",
    description="Logs of the image copy",
    enable_key_rotation=True,
    deletion_window_in_days=7,
    policy=policy_document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": list(KEY_ADMINISTRATION),
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.amazonaws.com"},
            "Action": list(LOG_ENCRYPTION),
            "Resource": "*",
            "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group_arn}},
        },
    ),
)
logs = aws.cloudwatch.LogGroup("logs", name=f"/aws/codebuild/{NAME}", retention_in_days=30, kms_key_id=key.arn)
role = aws.iam.Role(
    "build",
    assume_role_policy=policy_document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "codebuild.amazonaws.com"},
            "Action": ["sts:AssumeRole"],
            "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:codebuild:{region}:{account}:project/{NAME}"}},
        }
    ),
)
rights = aws.iam.RolePolicy(
    "build",
    role=role.name,
    policy=policy_document(
        # AWS takes no resource for it.
        {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": list(PUSH),
            "Resource": [f"arn:aws:ecr:{region}:{account}:repository/{name}" for name in repositories],
        },
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [group_arn, f"{group_arn}:*"],
        },
    ),
)
project = aws.codebuild.Project(
    "build",
    name=NAME,
    description="Copies the images of a paddock stack into this account's ECR",
    service_role=role.arn,
    build_timeout=120,
    artifacts={"type": "NO_ARTIFACTS"},
    source={"type": "NO_SOURCE", "buildspec": json.dumps(BUILDSPEC, sort_keys=True)},
    environment={
        "type": "LINUX_CONTAINER",
        "compute_type": "BUILD_GENERAL1_SMALL",
        "image": BUILD_IMAGE,
        # `paddock images` speaks the registry API: there is no Docker here to give privileges to.
        "privileged_mode": False,
        "environment_variables": [
            {"name": "PADDOCK_PACKAGE", "value": package},
            {"name": "PADDOCK_STACK", "value": json.dumps({"config": needed}, sort_keys=True)},
        ],
    },
    logs_config={"cloudwatch_logs": {"group_name": logs.name, "status": "ENABLED"}},
    opts=pulumi.ResourceOptions(depends_on=[rights]),
)

pulumi.export("start", pulumi.Output.concat("aws codebuild start-build --project-name ", project.name))
pulumi.export("repositories", repositories)
