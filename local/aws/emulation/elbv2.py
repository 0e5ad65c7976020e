"""Load balancers as ELB keeps them: moto 5.2.5 takes any group and certificate, and deletes what is in use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from moto.acm.models import CertBundle, acm_backends
from moto.core.responses import ActionResult
from moto.elbv2.models import ELBv2Backend
from moto.elbv2.responses import ELBV2Response
from moto.elbv2.ssl_policies import SSL_POLICIES

from local.aws.emulation import Refused, teach

_ENCRYPTED = ("TLS", "HTTPS")
_TARGET_PROTOCOLS = {"TLS": ("TCP", "TLS"), "TCP": ("TCP", "TCP_UDP"), "UDP": ("UDP", "TCP_UDP")}
"""Protocols of the target groups that a listener may forward to, by its own."""


def install() -> None:
    """Teach every ELB backend of this process."""
    _teach_load_balancers()
    _teach_listeners()
    _teach_target_groups()
    teach(ELBV2Response, set_security_groups)


def _teach_load_balancers() -> None:
    create, delete = ELBv2Backend.create_load_balancer, ELBv2Backend.delete_load_balancer

    def create_load_balancer(
        self: ELBv2Backend, name: str, security_groups: list[str], subnet_ids: list[str], *rest: Any, **named: Any
    ) -> Any:
        if any(other.name == name for other in self.load_balancers.values()):
            raise Refused("DuplicateLoadBalancerName", f"A load balancer with the name '{name}' exists")
        subnets = [_subnet(self, id_) for id_ in subnet_ids]
        if len({subnet.vpc_id for subnet in subnets}) > 1:
            raise Refused("InvalidConfigurationRequest", "All subnets must belong to the same VPC")
        if len({subnet.availability_zone for subnet in subnets}) < len(subnets):
            raise Refused("InvalidConfigurationRequest", "A load balancer takes one subnet of an Availability Zone")
        _require_groups(self, security_groups, {subnet.vpc_id for subnet in subnets})
        made = create(self, name, security_groups, subnet_ids, *rest, **named)
        vars(made)["enforce_security_group_inbound_rules_on_private_link_traffic"] = "on" if security_groups else None
        # What keeps subnets and groups from being deleted under a load balancer.
        vars(made)["interfaces"] = [
            self.ec2_backend.create_network_interface(subnet, "", group_ids=security_groups).id
            for subnet in made.subnets
        ]
        return made

    def delete_load_balancer(self: ELBv2Backend, arn: str) -> None:
        balancer = self.load_balancers.get(arn)
        if balancer is None:
            return
        if balancer.attrs.get("deletion_protection.enabled") == "true":
            raise Refused(
                "OperationNotPermitted",
                f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
            )
        if any(arn in service.network_load_balancer_arns for service in self.ec2_backend.configurations.values()):
            raise Refused(
                "ResourceInUse",
                f"Load balancer '{arn}' cannot be deleted because it is currently associated with another service",
            )
        for interface in vars(balancer).get("interfaces", ()):
            self.ec2_backend.delete_network_interface(interface)
        delete(self, arn)
        _settle(self)

    teach(ELBv2Backend, create_load_balancer, delete_load_balancer)


def set_security_groups(self: ELBV2Response) -> ActionResult:
    backend, groups = self.elbv2_backend, self._get_param("SecurityGroups", [])
    balancer = backend.describe_load_balancers([self._get_param("LoadBalancerArn")], None)[0]
    if balancer.type == "network" and not balancer.security_groups:
        raise Refused(
            "InvalidConfigurationRequest",
            "A Network Load Balancer that was created without a security group cannot be given one",
        )
    _require_groups(backend, groups, {balancer.vpc_id})
    backend.set_security_groups(balancer.arn, groups)
    for interface in vars(balancer).get("interfaces", ()):
        backend.ec2_backend.modify_network_interface_attribute(interface, groups, None, None)
    enforced = self._get_param("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic")
    if enforced is not None:
        vars(balancer)["enforce_security_group_inbound_rules_on_private_link_traffic"] = enforced
    return ActionResult({"SecurityGroupIds": groups})


def _teach_listeners() -> None:
    create, modify, delete = (
        ELBv2Backend.create_listener,
        ELBv2Backend.modify_listener,
        ELBv2Backend.delete_listener,
    )

    def create_listener(self: ELBv2Backend, load_balancer_arn: str, protocol: str, port: str, **rest: Any) -> Any:
        balancer = self.describe_load_balancers([load_balancer_arn], None)[0]
        if any(str(other.port) == str(port) for other in balancer.listeners.values()):
            raise Refused("DuplicateListener", "A listener already exists on this port for this load balancer")
        _require_encryption(self, protocol, rest["certificate"], rest["ssl_policy"])
        _require_targets(self, balancer, protocol, rest["actions"])
        # moto would note the listener at the certificate, where AWS notes the load balancer: `_settle` does.
        certificate = rest.pop("certificate")
        made = create(self, load_balancer_arn, protocol, port, certificate=None, **rest)
        made.certificate, made.certificates = certificate, [certificate] if certificate else []
        _settle(self)
        return made

    def modify_listener(
        self: ELBv2Backend,
        arn: str,
        port: str | None = None,
        protocol: str | None = None,
        ssl_policy: str | None = None,
        certificates: list[dict[str, Any]] | None = None,
        actions: list[dict[str, Any]] | None = None,
    ) -> Any:
        listener = self.describe_listeners(None, [arn])[0]
        balancer = self.describe_load_balancers([listener.load_balancer_arn], None)[0]
        spoken = protocol or listener.protocol
        given = [each["CertificateArn"] for each in certificates or ()]
        kept = given or (listener.certificates if spoken in _ENCRYPTED else [])
        _require_encryption(self, spoken, kept[0] if kept else None, ssl_policy or listener.ssl_policy)
        _require_targets(self, balancer, spoken, actions or ())
        # moto knows only HTTPS to have certificates.
        modify(self, arn, port, None, ssl_policy, certificates or [], actions or [])
        listener.protocol, listener.certificates, listener.certificate = spoken, kept, kept[0] if kept else None
        _settle(self)
        return listener

    def delete_listener(self: ELBv2Backend, listener_arn: str) -> Any:
        gone = delete(self, listener_arn)
        _settle(self)
        return gone

    teach(ELBv2Backend, create_listener, modify_listener, delete_listener)


def _teach_target_groups() -> None:
    modify = ELBV2Response.modify_target_group

    def modify_target_group(self: ELBV2Response) -> ActionResult:
        """moto forgets the codes of a group whose own protocol is not HTTP."""
        answer = modify(self)
        if matcher := self._get_param("Matcher"):
            self.elbv2_backend.target_groups[self._get_param("TargetGroupArn")].matcher = matcher
        return answer

    teach(ELBV2Response, modify_target_group)


def _settle(backend: ELBv2Backend) -> None:
    """Write down anew who uses which certificate and target group."""
    used = [
        (balancer.arn, listener)
        for balancer in backend.load_balancers.values()
        for listener in balancer.listeners.values()
    ]
    for certificate in acm_backends[backend.account_id][backend.region_name]._certificates.values():
        others = [user for user in certificate.in_use_by if ":elasticloadbalancing:" not in user]
        mine = {arn for arn, listener in used if certificate.arn in listener.certificates}
        certificate.in_use_by = [*others, *sorted(mine)]
    for group in backend.target_groups.values():
        group.load_balancer_arns = sorted(
            {arn for arn, listener in used if group.arn in _forwarded(backend, listener.default_actions)}
        )


def _forwarded(backend: ELBv2Backend, actions: Iterable[Any]) -> Iterator[str]:
    for action in actions:
        data = action if isinstance(action, dict) else action.data
        if data.get("Type") == "forward":
            yield from backend._get_target_group_arns_from(action_data=data)


def _require_encryption(backend: ELBv2Backend, protocol: str, certificate: str | None, policy: str | None) -> None:
    if protocol not in _ENCRYPTED:
        if certificate:
            raise Refused("InvalidConfigurationRequest", f"A certificate cannot be specified for {protocol} listeners")
        return
    if policy not in SSL_POLICIES:
        raise Refused("SSLPolicyNotFound", f"SSL policy '{policy}' not found")
    if certificate is None:
        raise Refused("InvalidConfigurationRequest", f"A certificate must be specified for {protocol} listeners")
    found: CertBundle | None = acm_backends[backend.account_id][backend.region_name]._certificates.get(certificate)
    if found is None:
        raise Refused("CertificateNotFound", f"Certificate '{certificate}' not found")
    if found.status != "ISSUED":
        raise Refused(
            "InvalidConfigurationRequest",
            f"The certificate '{certificate}' must have a fully-qualified domain name, a supported signature, and a "
            f"supported key size; its status is {found.status}",
        )


def _require_targets(backend: ELBv2Backend, balancer: Any, protocol: str, actions: Iterable[Any]) -> None:
    for arn in _forwarded(backend, actions):
        group = backend.target_groups.get(arn)
        if group is None:
            raise Refused("TargetGroupNotFound", f"Target groups '{arn}' not found")
        if group.vpc_id != balancer.vpc_id:
            raise Refused("InvalidConfigurationRequest", f"Target group '{arn}' is not in VPC {balancer.vpc_id}")
        if protocol in _TARGET_PROTOCOLS and group.protocol not in _TARGET_PROTOCOLS[protocol]:
            raise Refused(
                "IncompatibleProtocols", f"A {protocol} listener cannot forward to a {group.protocol} target group"
            )
        if balancer.type == "network" and set(group.load_balancer_arns) - {balancer.arn}:
            raise Refused(
                "TargetGroupAssociationLimit", f"Target group '{arn}' is already used by another load balancer"
            )


def _subnet(backend: ELBv2Backend, id_: str) -> Any:
    for zone in backend.ec2_backend.subnets.values():
        if id_ in zone:
            return zone[id_]
    raise Refused("SubnetNotFound", f"The subnet ID '{id_}' does not exist")


def _require_groups(backend: ELBv2Backend, ids: Iterable[str], vpc_ids: set[str]) -> None:
    for id_ in ids:
        group = backend.ec2_backend.get_security_group_from_id(id_)
        if group is None or group.vpc_id not in vpc_ids:
            raise Refused("InvalidSecurityGroup", f"Security group '{id_}' does not exist in the load balancer's VPC")
