"""Bastion and cluster are found by tags and names, in emulated AWS answers."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from paddock.catalog.lookup import RefusedError
from paddock.operations.tunnel.session import command, require_free, require_programs
from paddock.operations.tunnel.target import Finder, NotYetError, Target, Wanted

STACK = Wanted(region="us-east-1", stack="dev")


def instance(id_: str, cluster: str, minute: int = 0) -> dict[str, Any]:
    tags = [{"Key": "paddock:cluster", "Value": cluster}]
    return {"InstanceId": id_, "Tags": tags, "LaunchTime": datetime(2026, 11, 24, 12, minute, tzinfo=UTC)}


class NotFound(Exception):  # noqa: N818  # boto3's name for it has no Error either
    pass


class Fake:
    """The three clients in one."""

    def __init__(self) -> None:
        self.instances = [instance("i-1", "llama-dev")]
        self.status: str | None = "ACTIVE"
        self.ping = "Online"
        self.filters: list[Any] = []
        self.refusal: Exception | None = None
        self.exceptions = self
        self.ResourceNotFoundException = NotFound

    def get_paginator(self, _: str) -> Fake:
        return self

    def paginate(self, **named: Any) -> list[Any]:
        if self.refusal:
            raise self.refusal
        self.filters = named["Filters"]
        return [{"Reservations": [{"Instances": [each]}]} for each in self.instances]

    def describe_cluster(self, name: str) -> dict[str, Any]:
        if self.status is None:
            raise NotFound
        endpoint = {"endpoint": f"https://{name.upper()}.eks.amazonaws.com", "certificateAuthority": {"data": "Q0E="}}
        return {"cluster": {"status": self.status, **endpoint}}

    def describe_instance_information(self, **_: Any) -> dict[str, Any]:
        return {"InstanceInformationList": [{"PingStatus": self.ping}] if self.ping else []}

    def find(self, wanted: Wanted = STACK) -> Target:
        return Finder(self, self, self).find(wanted)


def test_a_stack_leads_to_its_bastion_and_that_to_its_cluster() -> None:
    fake = Fake()
    found = fake.find()
    assert (found.instance_id, found.cluster, found.host, found.port) == (
        "i-1",
        "llama-dev",
        "llama-dev.eks.amazonaws.com",
        443,
    )
    assert found.authority == "CA"
    assert {(each["Name"], *each["Values"]) for each in fake.filters} == {
        ("tag:paddock:role", "bastion"),
        ("tag:paddock:stack", "*/dev"),
        ("instance-state-name", "pending", "running"),
    }


def test_a_cluster_is_found_by_its_name() -> None:
    fake = Fake()
    fake.find(Wanted(region="us-east-1", cluster="llama-dev"))
    assert {"Name": "tag:paddock:cluster", "Values": ["llama-dev"]} in fake.filters


def test_of_two_bastions_of_one_cluster_the_younger_is_taken() -> None:
    fake = Fake()
    fake.instances = [instance("i-1", "llama-dev", 5), instance("i-2", "llama-dev", 9), instance("i-3", "llama-dev", 1)]
    assert fake.find().instance_id == "i-2"


def test_bastions_of_several_clusters_are_no_guess() -> None:
    fake = Fake()
    fake.instances.append(instance("i-2", "other-dev"))
    with pytest.raises(RefusedError, match=r"llama-dev, other-dev; choose one of these by --cluster"):
        fake.find()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"instances": []}, "the stack dev has no bastion in us-east-1"),
        ({"status": None}, "the cluster llama-dev is not there"),
        ({"status": "CREATING"}, "is being created"),
        ({"ping": ""}, "has not signed on to Systems Manager"),
        ({"ping": "ConnectionLost"}, "has not signed on to Systems Manager"),
    ],
)
def test_what_may_still_come_is_told_apart(change: dict[str, Any], text: str) -> None:
    fake = Fake()
    vars(fake).update(change)
    with pytest.raises(NotYetError, match=text):
        fake.find()


def test_a_cluster_that_failed_is_not_waited_for() -> None:
    fake = Fake()
    fake.status = "FAILED"
    with pytest.raises(RefusedError, match="is FAILED") as refused:
        fake.find()
    assert not isinstance(refused.value, NotYetError)


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (NoCredentialsError(), "takes AWS credentials"),
        (ClientError({"Error": {"Code": "UnauthorizedOperation"}}, "DescribeInstances"), "AWS answers Unauthorized"),
    ],
)
def test_what_aws_refuses_is_said_in_its_words(refusal: Exception, text: str) -> None:
    fake = Fake()
    fake.refusal = refusal
    with pytest.raises(RefusedError, match=f"looking for the bastion .*{text}"):
        fake.find()


def test_the_session_is_one_list_of_words_with_the_clusters_own_port() -> None:
    target = Target(
        cluster="c", region="eu-west-1", instance_id="i-1", endpoint="https://a.b:6443", certificate_authority=""
    )
    arguments = command(target, 8443)
    assert arguments[:3] == ["aws", "ssm", "start-session"]
    assert json.loads(arguments[-1]) == {"host": ["a.b"], "portNumber": ["6443"], "localPortNumber": ["8443"]}


def test_programs_that_are_missing_are_named_with_where_to_get_them() -> None:
    require_programs(lambda name: f"/bin/{name}")
    with pytest.raises(RefusedError, match=r"session-manager-plugin \(https://docs\.aws"):
        require_programs(lambda name: "/bin/aws" if name == "aws" else None)


def test_a_port_in_use_is_refused_and_a_free_one_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(RefusedError, match=rf"port {port} .*--port"):
            require_free(port)
    require_free(port)
