"""The EKS of one account in one region: its records, and the neighbours in moto that they refer to."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from moto.ec2.models import EC2Backend, ec2_backends
from moto.iam.models import IAMBackend, iam_backends
from moto.kms.models import KmsBackend, kms_backends

from local.aws.emulation.eks.errors import InvalidParameter, NotFound

Record: TypeAlias = dict[str, Any]
"""An object as the API describes it."""


@dataclass
class AccessEntry:
    description: Record
    policies: dict[str, Record] = field(default_factory=dict)


@dataclass
class Cluster:
    description: Record
    network_interface_ids: list[str] = field(default_factory=list)
    nodegroups: dict[str, Record] = field(default_factory=dict)
    node_interface_ids: dict[str, list[str]] = field(default_factory=dict)
    """By node group."""
    addons: dict[str, Record] = field(default_factory=dict)
    access_entries: dict[str, AccessEntry] = field(default_factory=dict)
    pod_identities: dict[str, Record] = field(default_factory=dict)
    updates: dict[str, Record] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.description["name"])

    @property
    def vpc_id(self) -> str:
        return str(self.description["resourcesVpcConfig"]["vpcId"])

    def tagged(self) -> Iterator[tuple[str, Record]]:
        """Every object of the cluster that bears tags, by its ARN."""
        yield self.description["arn"], self.description
        for nodegroup in self.nodegroups.values():
            yield nodegroup["nodegroupArn"], nodegroup
        for addon in self.addons.values():
            yield addon["addonArn"], addon
        for entry in self.access_entries.values():
            yield entry.description["accessEntryArn"], entry.description
        for association in self.pod_identities.values():
            yield association["associationArn"], association


@dataclass(frozen=True)
class ControlPlane:
    """The Kubernetes API that every described cluster leads to: a local cloud has one."""

    endpoint: str
    certificate_authority: str
    """PEM, base64."""

    @classmethod
    def load(cls, endpoint: str, ca_file: Path) -> ControlPlane:
        return cls(endpoint, base64.b64encode(ca_file.read_bytes()).decode())


@dataclass
class Eks:
    """All of it: the control plane, and what each region of each account has recorded."""

    control_plane: ControlPlane | None = None
    regions: dict[tuple[str, str], Region] = field(default_factory=dict)

    def region(self, account_id: str, name: str) -> Region:
        return self.regions.setdefault((account_id, name), Region(self, account_id, name))


@dataclass
class Region:
    eks: Eks
    account_id: str
    name: str
    clusters: dict[str, Cluster] = field(default_factory=dict)

    @property
    def ec2(self) -> EC2Backend:
        return ec2_backends[self.account_id][self.name]

    @property
    def iam(self) -> IAMBackend:
        return iam_backends[self.account_id]["aws"]

    @property
    def kms(self) -> KmsBackend:
        return kms_backends[self.account_id][self.name]

    def arn(self, path: str) -> str:
        return f"arn:aws:eks:{self.name}:{self.account_id}:{path}"

    def cluster(self, name: str) -> Cluster:
        if name not in self.clusters:
            raise NotFound(f"No cluster found for name: {name}.")
        return self.clusters[name]

    def require_role(self, arn: str, trusted_service: str, actions: Iterable[str] = ("sts:AssumeRole",)) -> None:
        """Refuse a role that does not exist, or that the service may not assume."""
        role = next((role for role in self.iam.roles.values() if role.arn == arn), None)
        if role is None:
            raise InvalidParameter(f"Role with arn: {arn}, could not be assumed because it does not exist.")
        missing = set(actions) - set(_trusted_actions(json.loads(role.assume_role_policy_document), trusted_service))
        if missing:
            raise InvalidParameter(
                f"Role with arn: {arn}, could not be assumed: its trust policy does not allow "
                f"{trusted_service} {', '.join(sorted(missing))}."
            )

    def require_subnets(self, subnet_ids: Iterable[str]) -> list[Any]:
        """The moto subnets of these ids; unknown ids, and subnets of more than one VPC, are refused."""
        known: dict[str, Any] = {}
        for zone in self.ec2.subnets.values():
            known |= zone
        subnets = []
        for id_ in subnet_ids:
            if id_ not in known:
                raise InvalidParameter(f"The subnet ID '{id_}' does not exist")
            subnets.append(known[id_])
        if len({subnet.vpc_id for subnet in subnets}) > 1:
            raise InvalidParameter("Subnets specified must belong to the same VPC.")
        return subnets


def _trusted_actions(document: Record, service: str) -> Iterator[str]:
    for statement in _many(document.get("Statement")):
        principal = statement.get("Principal")
        services = _many(principal.get("Service")) if isinstance(principal, dict) else [principal]
        if statement.get("Effect") == "Allow" and (service in services or "*" in services):
            yield from _many(statement.get("Action"))


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def picked(record: Record, *names: str) -> Record:
    """The members of these names that the record has."""
    return {name: record[name] for name in names if name in record}


def now() -> datetime:
    return datetime.now(UTC)


def random_hex(characters: int) -> str:
    return secrets.token_hex(characters)[:characters]


def remember_update(cluster: Cluster, kind: str, changed: Record) -> Record:
    """Record an update that took effect at once, the way `DescribeUpdate` shows it."""
    id_ = f"{random_hex(8)}-{random_hex(4)}-{random_hex(4)}-{random_hex(4)}-{random_hex(12)}"
    update: Record = {
        "id": id_,
        "status": "Successful",
        "type": kind,
        "params": [{"type": name[0].upper() + name[1:], "value": json.dumps(value)} for name, value in changed.items()],
        "createdAt": now(),
        "errors": [],
    }
    cluster.updates[id_] = update
    return update
