"""Recorded objects of one account in one region, and the neighbors in moto that they refer to."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from moto.ec2.models import EC2Backend, ec2_backends
from moto.iam.models import IAMBackend, iam_backends
from moto.kms.models import KmsBackend, kms_backends
from moto.route53resolver.models import Route53ResolverBackend, route53resolver_backends
from moto.sts.models import sts_backends

from local.aws.documents import holds, many, statements
from local.aws.recorded.kind import Kind, Record
from local.aws.recorded.refusals import InvalidParameter, NotFound


@dataclass(frozen=True)
class ControlPlane:
    """Kubernetes API that every described cluster leads to: a local cloud has one."""

    endpoint: str
    certificate_authority: str
    """PEM, base64."""

    @classmethod
    def load(cls, endpoint: str, ca_file: Path) -> ControlPlane:
        return cls(endpoint, base64.b64encode(ca_file.read_bytes()).decode())


@dataclass
class Region:
    world: Recorded
    account_id: str
    name: str
    records: dict[Kind, dict[tuple[str, ...], Record]] = field(default_factory=lambda: defaultdict(dict))
    interfaces: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Network interfaces that EKS made, by the ARN of a cluster or node group."""

    @property
    def ec2(self) -> EC2Backend:
        return ec2_backends[self.account_id][self.name]

    @property
    def zones(self) -> list[Any]:
        """Availability zones, each with its name in the account and its id."""
        return list(self.ec2.describe_availability_zones())

    @property
    def iam(self) -> IAMBackend:
        return iam_backends[self.account_id]["aws"]

    @property
    def kms(self) -> KmsBackend:
        return kms_backends[self.account_id][self.name]

    @property
    def resolver(self) -> Route53ResolverBackend:
        return route53resolver_backends[self.account_id][self.name]

    @property
    def control_plane(self) -> Record:
        """Members of a cluster that lead to it."""
        plane = self.world.control_plane
        if plane is None:
            return {}
        return {"endpoint": plane.endpoint, "certificateAuthority": {"data": plane.certificate_authority}}

    @property
    def caller(self) -> str:
        """ARN of whoever calls."""
        _, arn, _ = sts_backends[self.account_id]["aws"].get_caller_identity("", self.name)
        return arn

    def arn(self, service: str, path: str) -> str:
        return f"arn:aws:{service}:{self.name}:{self.account_id}:{path}"

    def of(self, kind: Kind) -> dict[tuple[str, ...], Record]:
        return self.records[kind]

    def all(self, kind: Kind, **members: Any) -> list[Record]:
        """Objects that have these members."""
        return [
            record
            for record in self.of(kind).values()
            if all(record.get(name) == value for name, value in members.items())
        ]

    def admit(self, kind: Kind, *key: str) -> None:
        """Refuse what belongs to a parent that does not exist, or that has no objects of the kind."""
        if kind.within is not None:
            self.find(kind.within, *key[: len(kind.within.key)])
        if kind.guard is not None:
            kind.guard(self, key[0])

    def find(self, kind: Kind, *key: str) -> Record:
        self.admit(kind, *key)
        if key not in self.of(kind):
            raise NotFound(kind.missing.format(**dict(zip(kind.key, key, strict=True))))
        return self.of(kind)[key]

    def keep(self, kind: Kind, record: Record) -> Record:
        self.of(kind)[kind.own_key(record)] = record
        return record

    def within(self, kind: Kind, key: tuple[str, ...]) -> list[tuple[Kind, list[tuple[str, ...]]]]:
        """Kinds with objects in this one, and their keys."""
        found = {
            child: [each for each in records if each[: len(key)] == key]
            for child, records in self.records.items()
            if child.within is kind
        }
        return [(child, keys) for child, keys in found.items() if keys]

    def drop(self, kind: Kind, key: tuple[str, ...]) -> None:
        """Forget an object, and everything in it."""
        del self.of(kind)[key]
        for child, inner in self.within(kind, key):
            for each in inner:
                self.drop(child, each)

    def tagged(self) -> Iterator[tuple[str, Record]]:
        """Objects that bear their tags themselves, by ARN."""
        for kind, records in self.records.items():
            yield from ((record[kind.arn], record) for record in records.values() if "tags" in record)

    def require_role(
        self,
        arn: str,
        trusted_service: str,
        actions: Iterable[str] = ("sts:AssumeRole",),
        session_tags: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Refuse a role that does not exist, or that the service may not assume with a session of these tags."""
        role = next((role for role in self.iam.roles.values() if role.arn == arn), None)
        if role is None:
            raise InvalidParameter(f"Role with arn: {arn}, could not be assumed because it does not exist.")
        request = {"aws:SourceAccount": self.account_id} | {
            f"aws:RequestTag/{key}": value for key, value in session_tags.items()
        }
        missing = set(actions) - set(_trusted_actions(role.assume_role_policy_document, trusted_service, request))
        if missing:
            raise InvalidParameter(
                f"Role with arn: {arn}, could not be assumed: its trust policy does not allow "
                f"{trusted_service} {', '.join(sorted(missing))}."
            )

    def require_subnets(self, subnet_ids: Iterable[str]) -> list[Any]:
        """moto's subnets of these ids; unknown ids, and subnets of more than one VPC, are refused."""
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


def _trusted_actions(document: str, service: str, request: Mapping[str, str]) -> Iterator[str]:
    for statement in statements(document):
        principal = statement.get("Principal")
        services = many(principal.get("Service")) if isinstance(principal, dict) else [principal]
        trusted = service in services or "*" in services
        if statement.get("Effect") == "Allow" and trusted and holds(statement.get("Condition", {}), request):
            yield from many(statement.get("Action"))


@dataclass
class Recorded:
    """Everything that is recorded in this process."""

    control_plane: ControlPlane | None = None
    regions: dict[tuple[str, str], Region] = field(default_factory=dict)

    def region(self, account_id: str, name: str) -> Region:
        return self.regions.setdefault((account_id, name), Region(self, account_id, name))


RECORDED = Recorded()
