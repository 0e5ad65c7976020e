"""Target of a tunnel: the bastion and the cluster behind it, found in the account by their names and tags."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from paddock.catalog.lookup import RefusedError
from paddock.choices import HTTPS_PORT
from paddock.common.labels import BASTION, CLUSTER_TAG, STACK_TAG
from paddock.operations.aws_errors import aws_errors


class NotYetError(RefusedError):
    """Something of the way is not there; a running `pulumi up` may still make it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    cluster: str
    region: str
    instance_id: str
    endpoint: str
    certificate_authority: str
    """PEM, base64."""

    @property
    def host(self) -> str:
        return str(urlsplit(self.endpoint).hostname)

    @property
    def port(self) -> int:
        return urlsplit(self.endpoint).port or HTTPS_PORT

    @property
    def authority(self) -> str:
        return base64.b64decode(self.certificate_authority).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One of the two: a stack's cluster, or a cluster by name."""

    region: str
    stack: str | None = None
    cluster: str | None = None

    def __str__(self) -> str:
        return f"the stack {self.stack}" if self.cluster is None else f"the cluster {self.cluster}"

    @property
    def filters(self) -> list[dict[str, Any]]:
        """Filters of EC2's DescribeInstances."""
        # The stack's tag is `<project>/<stack>`, and the project may have any name.
        tag, value = (STACK_TAG, f"*/{self.stack}") if self.cluster is None else (CLUSTER_TAG, self.cluster)
        tags = {**BASTION, tag: value}
        return [
            *({"Name": f"tag:{name}", "Values": [each]} for name, each in tags.items()),
            {"Name": "instance-state-name", "Values": ["pending", "running"]},
        ]


@dataclass(frozen=True)
class Finder:
    """The three services that are asked, as boto3 clients."""

    ec2: Any
    eks: Any
    ssm: Any

    @classmethod
    def in_region(cls, region: str) -> Finder:
        import boto3

        with aws_errors("looking for the bastion"):
            return cls(*(boto3.client(service, region_name=region) for service in ("ec2", "eks", "ssm")))

    def find(self, wanted: Wanted) -> Target:
        """Raises `NotYetError` for what may still come, `RefusedError` for what will not."""
        with aws_errors("looking for the bastion"):
            instance = self._instance(wanted)
            name = _tag(instance, CLUSTER_TAG)
            cluster = self._cluster(name)
            instance_id = str(instance["InstanceId"])
            self._require_online(instance_id)
        return Target(
            cluster=name,
            region=wanted.region,
            instance_id=instance_id,
            endpoint=cluster["endpoint"],
            certificate_authority=cluster["certificateAuthority"]["data"],
        )

    def _instance(self, wanted: Wanted) -> dict[str, Any]:
        found = [
            instance
            for page in self.ec2.get_paginator("describe_instances").paginate(Filters=wanted.filters)
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        ]
        if not found:
            raise NotYetError(f"{wanted} has no bastion in {wanted.region}")
        clusters = sorted({_tag(each, CLUSTER_TAG) for each in found})
        if len(clusters) > 1:
            raise RefusedError(f"{wanted} has bastions of {', '.join(clusters)}; choose one of these by --cluster")
        # While one replaces another there are two.
        return max(found, key=lambda each: each["LaunchTime"])

    def _cluster(self, name: str) -> dict[str, Any]:
        try:
            cluster: dict[str, Any] = self.eks.describe_cluster(name=name)["cluster"]
        except self.eks.exceptions.ResourceNotFoundException:
            raise NotYetError(f"the cluster {name} is not there") from None
        if cluster["status"] in ("FAILED", "DELETING"):
            raise RefusedError(f"the cluster {name} is {cluster['status']}; no tunnel leads to it")
        if cluster["status"] == "CREATING":
            raise NotYetError(f"the cluster {name} is being created, which takes EKS about ten minutes")
        return cluster

    def _require_online(self, instance_id: str) -> None:
        filters = [{"Key": "InstanceIds", "Values": [instance_id]}]
        found = self.ssm.describe_instance_information(Filters=filters)["InstanceInformationList"]
        if not any(each["PingStatus"] == "Online" for each in found):
            raise NotYetError(f"the bastion {instance_id} has not signed on to Systems Manager")


def _tag(instance: dict[str, Any], key: str) -> str:
    return next((str(each["Value"]) for each in instance.get("Tags", []) if each["Key"] == key), "")
