"""Reading of one account for a preflight: boto3, and nothing but calls that read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from paddock.catalog.quotas import counted_quota, quota_of
from paddock.catalog.rights import rights_of
from paddock.operations.preflight.contents import Contents
from paddock.operations.preflight.facts import (
    Asked,
    Caller,
    EksSupport,
    Facts,
    Machine,
    NoCaller,
    Reservation,
    Rights,
    Subnet,
    Vpc,
    Zone,
)
from paddock.operations.preflight.reading import NO_ANSWER, error_code, has_code, read
from paddock.operations.preflight.row import Unseen

if TYPE_CHECKING:
    import boto3

ASSUMED = re.compile(r"arn:(?P<partition>[^:]+):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.+")
NOBODY = ("InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException", "SignatureDoesNotMatch")
ACTIONS_A_CALL = 50
HOMES = {
    "iam": {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"},
    "route53": {"aws": "us-east-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"},
}
"""Region that requests go to, wherever the stack is, by service and partition. Source: botocore 1.44.5, endpoints.json,
`credentialScope`, read 2026-11-29."""
RUNNING = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]

PURCHASES = {None: "on_demand", "spot": "spot"}
"""Quotas by an instance's lifecycle. The others, of capacity that was set aside (scheduled, capacity-block and
interruptible-capacity-reservation), count against neither. Source: botocore 1.44.5, InstanceLifecycleType, read
2026-11-29."""


def facts_of(asked: Asked, session: boto3.Session, machine: Machine) -> Facts:
    """All facts; where the caller is nobody or AWS is not reached, AWS is asked for nothing more."""
    account = Account(asked, session)
    caller = account.caller()
    if isinstance(caller, NoCaller):
        account.dark = Unseen("not asked, as AWS does not know the caller")
    elif isinstance(caller, Unseen) and caller.why.startswith(NO_ANSWER):
        account.dark = caller
    cluster = account.see(account.cluster)
    found = None if isinstance(cluster, Unseen) else cluster
    folder = account.see(account.folder)
    return Facts(
        caller=caller,
        rights=account.see(lambda: account.rights(caller)),
        quotas=account.quotas(),
        vcpus_in_use=account.see(account.vcpus_in_use),
        vpcs=account.see(account.vpcs),
        endpoints_in_use=account.see(account.endpoints_in_use),
        load_balancers_in_use=account.see(account.load_balancers_in_use),
        zones=account.see(account.zones),
        offering=account.see(account.offering),
        subnets=account.see(account.subnets),
        reservations=account.see(account.reservations),
        eks=account.see(account.eks_versions),
        cluster_version=cluster if isinstance(cluster, Unseen) else str(found["version"]) if found else None,
        cluster_endpoint=str(found["endpoint"]) if found and found.get("endpoint") else None,
        images=account.images(),
        folder=folder,
        signature=account.see(lambda: account.signature(folder)),
        certificate=account.see(account.certificate),
        authority=account.see(account.authority),
        machine=machine,
    )


def context_entries(region: str, service: str | None = None) -> list[dict[str, Any]]:
    """Condition keys of a request that `pulumi up` would make: over TLS, in this region, after a sign-in with MFA.

    Whether the caller's sign-in was with MFA nobody tells; without the key, whoever did use it would be refused too.
    `service` is the one for which a role is made.
    """
    named = [{"ContextKeyName": "iam:AWSServiceName", "ContextKeyValues": [service], "ContextKeyType": "string"}]
    return [
        *(named if service else []),
        {"ContextKeyName": "aws:RequestedRegion", "ContextKeyValues": [region], "ContextKeyType": "string"},
        {"ContextKeyName": "aws:SecureTransport", "ContextKeyValues": ["true"], "ContextKeyType": "boolean"},
        {"ContextKeyName": "aws:MultiFactorAuthPresent", "ContextKeyValues": ["true"], "ContextKeyType": "boolean"},
    ]


def missing_keys(result: Mapping[str, Any]) -> set[str]:
    """Condition keys that a simulated policy looks at and that were not given, of the action and of its resources."""
    of_resources = result.get("ResourceSpecificResults") or ()
    return {str(key) for each in (result, *of_resources) for key in each.get("MissingContextValues") or ()}


class Account(Contents):
    def caller(self) -> Caller | NoCaller | Unseen:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        def ask() -> Caller | NoCaller:
            try:
                answer = self._of("sts").get_caller_identity()
            except ClientError as error:
                if has_code(error, *NOBODY) or error.operation_name == "AssumeRole":
                    return NoCaller(f"AWS answers {error_code(error)} to {error.operation_name}")
                raise
            except NoCredentialsError:
                return NoCaller("no credentials are found")
            except BotoCoreError as error:
                # A profile of single sign-on that has lapsed, and its like.
                if "SSO" in type(error).__name__ or "Token" in type(error).__name__:
                    return NoCaller(f"the sign-in has lapsed ({type(error).__name__})")
                raise
            arn = str(answer["Arn"])
            return Caller(account=str(answer["Account"]), arn=arn, principal=self._principal(arn))

        return read(ask)

    def _principal(self, arn: str) -> str | None:
        """User or role behind the caller: IAM simulates no session."""
        if found := ASSUMED.fullmatch(arn):
            # The session's ARN has no path, and the role of a single sign-on is in one.
            role = read(lambda: str(self._of("iam").get_role(RoleName=found["role"])["Role"]["Arn"]))
            return (
                f"arn:{found['partition']}:iam::{found['account']}:role/{found['role']}"
                if isinstance(role, Unseen)
                else role
            )
        return arn if ":user/" in arn else None

    def rights(self, caller: Caller | NoCaller | Unseen) -> Rights | Unseen:
        if not isinstance(caller, Caller) or caller.principal is None:
            return Unseen("IAM simulates users and roles alone, no root and no federated user")
        denied, open_, allowed = [], [], 0
        for (resource, region, service), actions in self._wanted(caller).items():
            for start in range(0, len(actions), ACTIONS_A_CALL):
                answer = self._pages(
                    "iam",
                    "simulate_principal_policy",
                    "EvaluationResults",
                    PolicySourceArn=caller.principal,
                    ActionNames=actions[start : start + ACTIONS_A_CALL],
                    ResourceArns=[resource],
                    ContextEntries=context_entries(region, service),
                )
                for each in answer:
                    what = str(each["EvalActionName"])
                    if each["EvalDecision"] == "allowed":
                        allowed += 1
                    elif missing_keys(each):
                        open_.append(what)
                    else:
                        denied.append(what)
        return Rights(denied=tuple(sorted(set(denied))), open=tuple(sorted(set(open_))), allowed=allowed)

    def _has_role(self, arn: str) -> bool:
        """True where the account has the role, or does not tell: it has, but at the first use of a service."""
        found = read(lambda: self._of("iam").get_role(RoleName=arn.rpartition("/")[2]))
        return not (isinstance(found, Unseen) and "NoSuchEntity" in found.why)

    def _wanted(self, caller: Caller) -> dict[tuple[str, str, str | None], list[str]]:
        """Actions by the ARN for which they are asked, the region that their requests go to, and the service that a
        role is for."""
        asked, plan = self._asked, self._asked.plan
        parts = {
            "new_network": plan.network.vpc_id is None,
            "bastion": plan.cluster.bastion,
            "new_store": plan.model.weights_bucket is None,
            "load_balancer": plan.load_balancer is not None,
            "principals": bool(plan.load_balancer and plan.load_balancer.allowed_principals),
            "ingest": plan.ingest is not None,
            "private_ca": bool(plan.load_balancer and plan.load_balancer.certificate_authority_arn),
        }
        known = {
            "partition": caller.arn.split(":")[1],
            "account": caller.account,
            "region": asked.region,
            "name": asked.name,
            "cluster": asked.cluster,
        }
        wanted: dict[tuple[str, str, str | None], list[str]] = {}
        for right in rights_of({part for part, there in parts.items() if there}):
            if right.service is not None and self._has_role(right.on(known)):
                continue
            for action in right.actions:
                home = HOMES.get(action.partition(":")[0], {})
                region = home.get(known["partition"], asked.region)
                listed = wanted.setdefault((right.on(known), region, right.service), [])
                listed += [action] if action not in listed else []
        return wanted

    def quotas(self) -> Mapping[str, float | Unseen]:
        wanted = {need.code: "ec2" for need in self._asked.plan.quotas}
        counted = [
            "vpcs",
            "interface_endpoints",
            *(["network_load_balancers"] if self._asked.plan.load_balancer else []),
        ]
        wanted |= {quota.code: quota.service for quota in map(counted_quota, counted)}
        return {code: self.see(lambda c=code, s=service: self._quota(s, c)) for code, service in wanted.items()}  # type: ignore[misc]

    def _quota(self, service: str, code: str) -> float:
        quotas = self._of("service-quotas")
        try:
            answer = quotas.get_service_quota(ServiceCode=service, QuotaCode=code)
        except quotas.exceptions.NoSuchResourceException:
            # Nobody of the account has asked for more yet.
            answer = quotas.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)
        return float(answer["Quota"]["Value"])

    def vcpus_in_use(self) -> Mapping[str, int]:
        used: Counter[tuple[str, str]] = Counter()
        for reservation in self._pages("ec2", "describe_instances", "Reservations", Filters=RUNNING):
            for each in reservation["Instances"]:
                tags = {tag["Key"]: tag["Value"] for tag in each.get("Tags", ())}
                purchase = PURCHASES.get(each.get("InstanceLifecycle"))
                if purchase and (self._counts_own or not self._is_own(tags)):
                    used[(each["InstanceType"], purchase)] += 1
        types = sorted({kind for kind, _ in used})
        vcpus = {
            each["InstanceType"]: int(each["VCpuInfo"]["DefaultVCpus"])
            for start in range(0, len(types), 100)
            for each in self._of("ec2").describe_instance_types(InstanceTypes=types[start : start + 100])[
                "InstanceTypes"
            ]
        }
        by_quota: Counter[str] = Counter()
        for (kind, purchase), count in used.items():
            try:
                by_quota[quota_of(kind, purchase).code] += count * vcpus[kind]
            except StopIteration:
                continue  # a family of a quota that no plan takes
        return by_quota

    def vpcs(self) -> tuple[Vpc, ...]:
        return tuple(
            Vpc(
                id=str(each["VpcId"]),
                cidrs=tuple(
                    str(block["CidrBlock"])
                    for block in each.get("CidrBlockAssociationSet") or [{"CidrBlock": each["CidrBlock"]}]
                ),
                own=self._is_own({tag["Key"]: tag["Value"] for tag in each.get("Tags", ())}),
            )
            for each in self._pages("ec2", "describe_vpcs", "Vpcs")
        )

    def endpoints_in_use(self) -> int:
        vpc = self._asked.plan.network.vpc_id
        if vpc is None:
            return 0
        wanted = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "vpc-endpoint-type", "Values": ["Interface"]}]
        found = self._pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=wanted)
        return sum(not self._is_own({tag["Key"]: tag["Value"] for tag in each.get("Tags", ())}) for each in found)

    def load_balancers_in_use(self) -> int:
        if self._asked.plan.load_balancer is None:
            return 0
        found = self._pages("elbv2", "describe_load_balancers", "LoadBalancers")
        return sum(each["Type"] == "network" for each in found)

    def zones(self) -> tuple[Zone, ...]:
        standard = [
            {"Name": "opt-in-status", "Values": ["opt-in-not-required"]},
            {"Name": "state", "Values": ["available"]},
        ]
        found = self._of("ec2").describe_availability_zones(Filters=standard)["AvailabilityZones"]
        return tuple(Zone(name=str(each["ZoneName"]), id=str(each["ZoneId"])) for each in found)

    def offering(self) -> tuple[str, ...]:
        found = self._pages(
            "ec2",
            "describe_instance_type_offerings",
            "InstanceTypeOfferings",
            LocationType="availability-zone-id",
            Filters=[{"Name": "instance-type", "Values": [self._asked.plan.model.placement.instance_type]}],
        )
        return tuple(sorted(str(each["Location"]) for each in found))

    def subnets(self) -> tuple[Subnet, ...]:
        network = self._asked.plan.network
        if network.vpc_id is None:
            return ()
        ids = sorted({*network.node_subnet_ids, *network.endpoint_subnet_ids})
        found = self._of("ec2").describe_subnets(SubnetIds=ids)["Subnets"]
        return tuple(Subnet(id=str(each["SubnetId"]), zone_id=str(each["AvailabilityZoneId"])) for each in found)

    def reservations(self) -> tuple[Reservation, ...]:
        wanted = [
            {"Name": "instance-type", "Values": [self._asked.plan.model.placement.instance_type]},
            {"Name": "state", "Values": ["active", "scheduled"]},
        ]
        found = self._pages("ec2", "describe_capacity_reservations", "CapacityReservations", Filters=wanted)
        return tuple(
            Reservation(
                id=str(each["CapacityReservationId"]),
                zone=str(each.get("AvailabilityZone", "")),
                available=int(each["AvailableInstanceCount"]),
                block=each.get("ReservationType") == "capacity-block",
            )
            for each in found
        )

    def cluster(self) -> dict[str, Any] | None:
        eks = self._of("eks")
        try:
            return dict(eks.describe_cluster(name=self._asked.cluster)["cluster"])
        except eks.exceptions.ResourceNotFoundException:
            return None

    def eks_versions(self) -> Mapping[str, EksSupport]:
        found = self._pages("eks", "describe_cluster_versions", "clusterVersions", includeAll=True)
        return {
            str(each["clusterVersion"]): EksSupport(
                status=str(each.get("versionStatus") or each.get("status")),
                standard_support_ends=each["endOfStandardSupportDate"].date()
                if each.get("endOfStandardSupportDate")
                else None,
            )
            for each in found
        }
