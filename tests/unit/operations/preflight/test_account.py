"""Reading of an account for a preflight: the local cloud's emulated AWS, and one answer after another that is ill."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from local.aws.emulation import ec2_capacity, quotas
from paddock.operations.preflight.account import Account, facts_of
from paddock.operations.preflight.checks import decide
from paddock.operations.preflight.facts import Asked, Facts, Machine, NoCaller
from paddock.operations.preflight.row import State, Unseen
from tests.unit.operations.preflight.stacks import IMAGE, REGION, Kept, asked, the_row

MACHINE = Machine(versions={"pulumi": "3", "aws": "2", "session-manager-plugin": "1"}, addresses=())
SERVED = {
    "domain_name": "llama.example.com",
    "certificate_arn": f"arn:aws:acm:us-east-1:123456789012:certificate/{36 * '0'}",
}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
        ],
    }
)


pytestmark = pytest.mark.usefixtures("endpoint")


def read(stack: Asked, session: Any) -> Facts:
    return facts_of(stack, session, MACHINE)


def test_an_empty_account_fails_for_images_and_store_alone(session: Kept) -> None:
    report = decide(asked(), read(asked(), session))
    assert [row.name for row in report.failed] == ["images", "weights"]
    assert not report.not_seen
    assert the_row(report, "zones").state is State.PASS


def test_the_local_account_raises_a_quota_by_the_command_that_is_printed(session: Kept) -> None:
    stack = asked()
    quotas.VALUES[("ec2", "L-DB2E81BA")] = 0.0
    try:
        row = the_row(decide(stack, read(stack, session)), "quota L-DB2E81BA")
        assert row.state is State.FAIL
        words = row.mend.split()
        wanted = float(words[words.index("--desired-value") + 1])
        session.client("service-quotas").request_service_quota_increase(
            ServiceCode="ec2", QuotaCode="L-DB2E81BA", DesiredValue=wanted
        )
        assert the_row(decide(stack, read(stack, session)), "quota L-DB2E81BA").state is State.PASS
    finally:
        quotas.VALUES.clear()


def test_running_instances_of_others_are_counted_and_the_stacks_own_are_not(session: Kept) -> None:
    ec2 = session.client("ec2")
    filters = [{"Name": "architecture", "Values": ["x86_64"]}]
    x86 = ec2.describe_images(Owners=["amazon"], Filters=filters)["Images"][0]["ImageId"]
    own = [{"ResourceType": "instance", "Tags": [{"Key": "paddock:stack", "Value": "paddock/dev"}]}]
    ids = []
    for tags in ([], own):
        made = ec2.run_instances(ImageId=x86, InstanceType="g5.xlarge", MinCount=2, MaxCount=2, TagSpecifications=tags)
        ids += [each["InstanceId"] for each in made["Instances"]]
    try:
        assert read(asked(), session).vcpus_in_use == {"L-DB2E81BA": 8}
    finally:
        ec2.terminate_instances(InstanceIds=ids)


@pytest.mark.parametrize(
    ("lifecycle", "counted"),
    [
        (None, {"L-DB2E81BA": 4}),
        ("spot", {"L-3819A6DF": 4}),
        ("scheduled", {}),
        ("capacity-block", {}),
        ("interruptible-capacity-reservation", {}),
    ],
)
def test_vcpus_are_counted_by_how_the_instance_was_bought(
    session: Kept, monkeypatch: pytest.MonkeyPatch, lifecycle: str | None, counted: dict[str, int]
) -> None:
    instance = {"InstanceType": "g5.xlarge"} | ({"InstanceLifecycle": lifecycle} if lifecycle else {})
    monkeypatch.setattr(Account, "_pages", lambda *_, **__: [{"Instances": [instance]}])
    assert Account(asked(), session).vcpus_in_use() == counted


def test_an_image_is_found_by_its_digest_in_its_own_registry(session: Kept) -> None:
    ecr = session.client("ecr")
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []})
    ecr.create_repository(repositoryName="mine")
    put = ecr.put_image(repositoryName="mine", imageManifest=manifest, imageTag="v1")
    digest = put["image"]["imageId"]["imageDigest"]
    host = IMAGE.partition("/")[0]
    there, absent = f"{host}/mine@{digest}", f"{host}/mine@sha256:{hashlib.sha256(b'other').hexdigest()}"
    assert read(asked(vllm_image=there), session).images == {there: True}
    assert read(asked(vllm_image=absent), session).images == {absent: False}


def test_the_stacks_own_store_is_found_by_its_tags(session: Kept) -> None:
    s3 = session.client("s3")
    s3.create_bucket(Bucket="llama-store-1234567")
    tags = [{"Key": "paddock:stack", "Value": "paddock/dev"}, {"Key": "Name", "Value": "llama-store"}]
    s3.put_bucket_tagging(Bucket="llama-store-1234567", Tagging={"TagSet": tags})
    s3.put_object(Bucket="llama-store-1234567", Key="models/llama-3.1-8b/bf16/config.json", Body=b"{}")
    try:
        folder = read(asked(), session).folder
        assert not isinstance(folder, Unseen)
        assert (folder.bucket, dict(folder.files)) == ("llama-store-1234567", {"config.json": 2})
    finally:
        s3.delete_object(Bucket="llama-store-1234567", Key="models/llama-3.1-8b/bf16/config.json")
        s3.delete_bucket(Bucket="llama-store-1234567")


def test_active_reservations_of_the_type_are_read(session: Kept) -> None:
    kind = asked().plan.model.placement.instance_type
    member = {"AvailabilityZone": "us-east-1a", "AvailableInstanceCount": 1, "State": "active"}
    ec2_capacity.RESERVATIONS[:] = [
        {"CapacityReservationId": "cr-1", "InstanceType": kind, **member},
        {"CapacityReservationId": "cr-2", "InstanceType": "p5.48xlarge", **member},
    ]
    try:
        found = read(asked(), session).reservations
        assert not isinstance(found, Unseen)
        assert [each.id for each in found] == ["cr-1"]
    finally:
        ec2_capacity.RESERVATIONS.clear()


CALLS = (
    "sts.GetCallerIdentity",
    "iam.SimulatePrincipalPolicy",
    "service-quotas.GetServiceQuota",
    "ec2.DescribeInstances",
    "ec2.DescribeVpcs",
    "ec2.DescribeAvailabilityZones",
    "ec2.DescribeInstanceTypeOfferings",
    "ec2.DescribeCapacityReservations",
    "eks.DescribeCluster",
    "eks.DescribeClusterVersions",
    "ecr.DescribeImages",
    "resource-groups-tagging-api.GetResources",
    "elastic-load-balancing-v2.DescribeLoadBalancers",
    "acm.DescribeCertificate",
)
"""Calls by the ids of botocore's events."""


ANSWERS: dict[str, Any] = {}


class Raw:
    """Body of an answer."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._body

    def release_conn(self) -> None:
        pass


def _denied(code: str, status: int) -> tuple[int, bytes]:
    xml = f"<Response><Errors><Error><Code>{code}</Code></Error></Errors><Error><Code>{code}</Code></Error></Response>"
    both = json.dumps({"__type": code, "message": "no \x1b[31m", "xml": xml})
    return status, both.encode()


ILL = {
    "access denied": _denied("AccessDeniedException", 403),
    "throttled": _denied("ThrottlingException", 400),
    "failing": (500, b"<html>oops</html>"),
    "no answer of this form": (200, b"\x00\x01 neither XML nor JSON"),
    "an empty one": (200, b""),
    "empty JSON": (200, b"{}"),
    "a list": (200, b"[[[]]]"),
    "empty XML": (200, b"<a/>"),
}


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Answers are asked for once, but for the operation in the set: the emulation is slow."""
    ask = BaseClient._make_api_call
    afresh: set[str] = set()

    def make_api_call(self: Any, operation: str, params: Any) -> Any:
        if operation in afresh:
            return ask(self, operation, params)
        key = repr((self.meta.service_model.service_name, operation, params))
        if key not in ANSWERS:
            try:
                ANSWERS[key] = ask(self, operation, params)
            except ClientError as error:
                ANSWERS[key] = error
        if isinstance(ANSWERS[key], ClientError):
            raise self.exceptions.from_code(ANSWERS[key].response["Error"]["Code"])(
                ANSWERS[key].response, ANSWERS[key].operation_name
            )
        return ANSWERS[key]

    monkeypatch.setattr(BaseClient, "_make_api_call", make_api_call)
    return afresh


@pytest.mark.parametrize("ill", ILL)
def test_an_ill_answer_to_any_one_call_is_a_row_that_could_not_be_seen_and_never_a_traceback(
    session: Kept, remembered: set[str], ill: str
) -> None:
    stack = asked(**SERVED)
    status, body = ILL[ill]
    for call in CALLS:
        service, operation = call.split(".")
        remembered.clear()
        remembered.add(operation)
        answered: list[str] = []

        def answer(request: Any, answered: list[str] = answered, **_: Any) -> AWSResponse:
            answered.append(request.url)
            return AWSResponse(request.url, status, {}, Raw(body))

        clients = session.kept.values()
        name = f"before-send.{service}.{operation}"
        read(stack, session) if not clients else None
        for client in clients:
            client.meta.events.register(name, answer)
        try:
            report = decide(stack, read(stack, session))
        finally:
            for client in clients:
                client.meta.events.unregister(name, answer)
        assert answered, f"{call} is not called"
        everything = " ".join(f"{row.found} {row.mend}" for row in report.rows)
        assert everything.isprintable(), everything
        assert "Traceback" not in everything
        if status != 200:
            assert report.not_seen or call == "eks.DescribeClusterVersions", f"{call}: {ill}"


def test_no_credentials_are_one_failure_and_nothing_else_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    found = read(asked(), boto3.Session(region_name=REGION))
    assert isinstance(found.caller, NoCaller)
    assert found.zones == Unseen("not asked, as AWS does not know the caller")
    assert [row.name for row in decide(asked(), found).failed] == ["identity"]


def test_an_account_that_is_not_reached_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    found = read(asked(), boto3.Session(region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b"))
    assert found.caller == found.zones == Unseen("no answer: EndpointConnectionError")
    assert decide(asked(), found).failed == ()
