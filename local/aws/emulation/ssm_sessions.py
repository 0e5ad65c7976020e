"""Session Manager, which moto 5.2.5 lacks: which instances it reaches, and sessions that forward a port.

An instance is online if it runs, its role may take part in sessions, and it reaches the endpoints that its agent calls.
The stand-in for the `session-manager-plugin` carries the bytes (`local.plugins.session_manager`).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend, ec2_backends
from moto.iam.models import iam_backends
from moto.ssm.responses import SimpleSystemManagerResponse as Ssm

from local.aws.documents import many, statements
from local.aws.emulation import Refused, teach
from local.aws.emulation.ec2_reach import NetworkPeer, may_connect, peers_of_endpoint
from local.aws.recorded.clusters import CLUSTER
from local.aws.recorded.region import RECORDED

HTTPS = 443
DOCUMENT = "AWS-StartPortForwardingSessionToRemoteHost"
AGENT_ACTIONS = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
AGENT_ENDPOINTS = ("ssm", "ssmmessages")


@dataclass
class Session:
    id: str
    target: str
    host: str
    port: int
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: bool = False


SESSIONS: dict[str, Session] = {}


def install() -> None:
    """Teach every Systems Manager of this process."""
    teach(Ssm, describe_instance_information, start_session, terminate_session, describe_sessions)


def describe_instance_information(self: Ssm) -> ActionResult:
    ec2 = ec2_backends[self.current_account][self.region]
    wanted: list[str] | None = None
    for each in self._get_param("Filters", []):
        if each["Key"] != "InstanceIds":
            raise Refused("InvalidFilterKey", f"the local cloud filters by InstanceIds only, not by {each['Key']}")
        wanted = each["Values"]
    found = [
        {
            "InstanceId": instance.id,
            "PingStatus": "Online",
            "ResourceType": "EC2Instance",
            "PlatformType": "Linux",
            "IPAddress": instance.private_ip,
        }
        for instance in _instances(ec2)
        if (wanted is None or instance.id in wanted) and _is_online(self, ec2, instance)
    ]
    return ActionResult({"InstanceInformationList": found})


def start_session(self: Ssm) -> ActionResult:
    ec2 = ec2_backends[self.current_account][self.region]
    target, document = self._get_param("Target"), self._get_param("DocumentName")
    if document != DOCUMENT:
        raise Refused(
            "InvalidDocument", f"Document with name {document} does not exist; the local cloud has {DOCUMENT}"
        )
    instance = next((each for each in _instances(ec2) if each.id == target), None)
    if instance is None or not _is_online(self, ec2, instance):
        raise Refused("TargetNotConnected", f"{target} is not connected.")
    host, port = _destination(self._get_param("Parameters") or {})
    if not _reaches(ec2, instance, host, port):
        raise Refused("TargetNotConnected", f"Connection to destination port failed: {target} does not reach {host}.")
    session = Session(f"local-{secrets.token_hex(8)}", target, host, port)
    SESSIONS[session.id] = session
    stream = f"wss://ssmmessages.{self.region}.amazonaws.com/v1/data-channel/{session.id}"
    return ActionResult({"SessionId": session.id, "TokenValue": secrets.token_urlsafe(24), "StreamUrl": stream})


def terminate_session(self: Ssm) -> ActionResult:
    session = SESSIONS.get(self._get_param("SessionId"))
    if session is None:
        raise Refused("DoesNotExistException", "Session does not exist.")
    session.ended = True
    return ActionResult({"SessionId": session.id})


def describe_sessions(self: Ssm) -> ActionResult:
    ec2 = ec2_backends[self.current_account][self.region]
    active = {
        session.id
        for session in SESSIONS.values()
        if not session.ended
        and any(
            each.id == session.target and _reaches(ec2, each, session.host, session.port) for each in _instances(ec2)
        )
    }
    wanted = self._get_param("State")
    return ActionResult(
        {
            "Sessions": [
                {
                    "SessionId": session.id,
                    "Target": session.target,
                    "Status": "Connected" if session.id in active else "Terminated",
                    "StartDate": session.started,
                    "DocumentName": DOCUMENT,
                }
                for session in SESSIONS.values()
                if (session.id in active) == (wanted == "Active")
            ]
        }
    )


def _instances(ec2: EC2Backend) -> Iterator[Any]:
    yield from (each for each in ec2.all_instances() if each.state == "running")


def _destination(parameters: dict[str, list[str]]) -> tuple[str, int]:
    given = {name: values[0] if len(values) == 1 else "" for name, values in parameters.items()}
    ports = [given.get("portNumber", ""), given.get("localPortNumber", "0")]
    if not given.get("host") or not all(each.isdecimal() and int(each) < 65536 for each in ports):
        raise Refused("InvalidParameters", "host, portNumber and localPortNumber are lists of one text each")
    return given["host"], int(ports[0])


def _is_online(ssm: Ssm, ec2: EC2Backend, instance: Any) -> bool:
    rights = list(_allowed_actions(ssm, instance))
    if not all(any(fnmatchcase(action, right) for right in rights) for action in AGENT_ACTIONS):
        return False
    here = NetworkPeer.of_interface(instance.nics[0])
    return all(
        any(
            may_connect(here, there, HTTPS)
            for endpoint in ec2.vpc_end_points.values()
            if endpoint.vpc_id == instance.vpc_id
            and endpoint.service_name.endswith(f".{service}")
            and endpoint.private_dns_enabled
            and endpoint.state == "available"
            for there in peers_of_endpoint(ec2, endpoint)
        )
        for service in AGENT_ENDPOINTS
    )


def _allowed_actions(ssm: Ssm, instance: Any) -> Iterator[str]:
    """Actions that the policies of the instance's role allow, inline and attached, whatever resource and condition."""
    if not instance.iam_instance_profile:
        return
    profile = iam_backends[ssm.current_account]["aws"].get_instance_profile_by_arn(instance.iam_instance_profile["Arn"])
    for role in profile.roles:
        attached = [
            version.document
            for policy in role.managed_policies.values()
            for version in policy.versions
            if version.version_id == policy.default_version_id
        ]
        for text in (*role.policies.values(), *attached):
            for each in statements(text):
                if each["Effect"] == "Allow":
                    yield from many(each["Action"])


def _reaches(ec2: EC2Backend, instance: Any, host: str, port: int) -> bool:
    """The cluster's API alone: of all names in a VPC it is the one that something here answers to."""
    if RECORDED.control_plane is None:
        return False
    api = urlsplit(RECORDED.control_plane.endpoint)
    if (api.hostname, api.port or HTTPS) != (host, port):
        return False
    here = NetworkPeer.of_interface(instance.nics[0])
    # On AWS the API is on 443, whatever port the local control plane listens on.
    return any(
        may_connect(here, NetworkPeer.of_interface(ec2.enis[id_]), HTTPS)
        for region in RECORDED.regions.values()
        if region.ec2 is ec2
        for cluster in region.all(CLUSTER)
        if cluster["resourcesVpcConfig"]["vpcId"] == instance.vpc_id
        for id_ in region.interfaces[cluster["arn"]]
    )
