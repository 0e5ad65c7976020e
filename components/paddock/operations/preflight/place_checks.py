"""Checks of the place: zones, capacity, addresses, Kubernetes' version and the nodes' driver."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network

from paddock.catalog.drivers import cuda_of_image, driver_needed, driver_of_ami
from paddock.catalog.eks import eks_versions, newest_eks_version
from paddock.network.zones import REFUSED_BY_EKS
from paddock.operations.preflight.facts import Asked, Facts, Vpc
from paddock.operations.preflight.row import Row, State, Unseen, unseen

STANDARD = ("STANDARD_SUPPORT", "standard-support")
EXTENDED = ("EXTENDED_SUPPORT", "extended-support")


def zones(asked: Asked, facts: Facts) -> Row:
    plan = asked.plan
    kind, wanted = plan.model.placement.instance_type, plan.network.subnets.zones
    needed = f"{wanted} zones that EKS takes, one of them with {kind}"
    if isinstance(facts.zones, Unseen):
        return unseen("zones", facts.zones, needed)
    if isinstance(facts.offering, Unseen):
        return unseen("zones", facts.offering, needed)
    if isinstance(facts.subnets, Unseen):
        return unseen("zones", facts.subnets, needed)
    offering = set(facts.offering)
    elsewhere = f"another region, or paddock:instance_type ({_instances(asked)})"
    if plan.network.vpc_id is not None:
        refused = sorted(
            f"{subnet.id} in {subnet.zone_id}" for subnet in facts.subnets if subnet.zone_id in REFUSED_BY_EKS
        )
        if refused:
            return _fail(
                "zones", f"EKS refuses {', '.join(refused)}", needed, "name subnets of other zones in the stack file"
            )
        node_zones = {each.zone_id for each in facts.subnets if each.id in plan.network.node_subnet_ids}
        if not node_zones & offering:
            where = ", ".join(sorted(offering)) or "no zone"
            return _fail(
                "zones",
                f"{kind} is offered in {where}, the subnets are in {', '.join(sorted(node_zones))}",
                needed,
                elsewhere,
            )
        return Row(name="zones", state=State.PASS, found=", ".join(sorted(node_zones & offering)), needed=needed)
    taken = [zone.id for zone in facts.zones if zone.id not in REFUSED_BY_EKS]
    both = [zone for zone in taken if zone in offering]
    if len(taken) < wanted:
        return _fail(
            "zones",
            f"{len(taken)} zones ({', '.join(taken)})",
            needed,
            f"set paddock:number_of_availability_zones to {len(taken)}, or another region",
        )
    if not both:
        only = sorted(offering)
        refused = [zone for zone in only if zone in REFUSED_BY_EKS]
        found = f"{kind} is offered in {', '.join(only)} alone" if only else f"no zone offers {kind}"
        return _fail("zones", found + (f", and EKS refuses {', '.join(refused)}" if refused else ""), needed, elsewhere)
    return Row(name="zones", state=State.PASS, found=f"{', '.join(both)} of {len(taken)}", needed=needed)


def _instances(asked: Asked) -> str:
    others = [each.placement.instance_type for each in asked.plan.model.fallbacks]
    return f"{', '.join(others[:3])} would hold it" if others else f"paddock instances --region {asked.region}"


def reservations(asked: Asked, facts: Facts) -> Row:
    """Capacity that is reserved. Nothing in a stack file takes a block: nodes start on demand or spot."""
    kind, needed = asked.plan.model.placement.instance_type, "none: nodes start on demand or as spot"
    found = facts.reservations
    if isinstance(found, Unseen):
        return unseen("reservations", found, needed)
    if not found:
        return Row(name="reservations", state=State.PASS, found=f"none of {kind}", needed=needed)
    named = [
        f"{each.id} ({'block, not taken' if each.block else f'{each.available} free'}, {each.zone})" for each in found
    ]
    return Row(name="reservations", state=State.PASS, found=", ".join(named), needed=needed)


def kubernetes(asked: Asked, facts: Facts) -> Row:
    stands = facts.cluster_version
    known = stands if isinstance(stands, str) else None
    wanted = asked.plan.cluster.kubernetes_version or known or newest_eks_version()
    needed = f"Kubernetes {wanted} in standard support"
    mend = f"set paddock:kubernetes_version to '{newest_eks_version()}'"
    if isinstance(facts.eks, Unseen):
        row = eks_versions().get(wanted)
        if row is None:
            return unseen("kubernetes", facts.eks, needed)
        ends, said = row.standard_support_ends, f"until {row.standard_support_ends}, as the catalog has it"
        if ends < asked.today:
            return _fail("kubernetes", f"{wanted} left standard support on {ends}", needed, mend)
        return Row(name="kubernetes", state=State.PASS, found=f"{wanted} {said}", needed=needed)
    answer = facts.eks.get(wanted)
    if answer is None:
        offered = sorted(facts.eks, key=_numbers)
        return _fail("kubernetes", f"EKS has {', '.join(offered) or 'no version'}", needed, mend)
    status = answer.status.upper().replace("-", "_")
    if status == "STANDARD_SUPPORT":
        last = answer.standard_support_ends
        return Row(
            name="kubernetes", state=State.PASS, found=f"{wanted}" + (f" until {last}" if last else ""), needed=needed
        )
    if status == "EXTENDED_SUPPORT":
        # It works, at six times the price of the control plane: whoever stands on it goes on.
        return Row(
            name="kubernetes",
            state=State.PASS if known == wanted else State.FAIL,
            found=f"{wanted} is in extended support, at six times the price",
            needed=needed,
            mend=mend,
        )
    return _fail("kubernetes", f"EKS no longer offers {wanted}", needed, mend)


def driver(asked: Asked) -> Row:
    """NVIDIA's driver in the nodes' AMI against the CUDA in vLLM's image; both from the catalog."""
    cluster, version = asked.plan.cluster, asked.plan.model.engine.vllm_version
    cuda = cuda_of_image(version)
    wanted = driver_needed(cuda) if cuda else None
    if cuda is None or wanted is None:
        return unseen("driver", Unseen(f"the CUDA of vLLM {version}'s image is not in the catalog"))
    needed = f"driver {wanted.branch} or newer, for CUDA {cuda} of vLLM {version}"
    there = driver_of_ami(str(cluster.node_os), cluster.node_release_version)
    release = cluster.node_release_version or "the newest release"
    if there is None:
        why = f"the driver of {cluster.node_os} {release} is not in the catalog"
        return unseen("driver", Unseen(why), needed, "remove paddock:node_release_version, or name a newer one")
    if there.branch < wanted.branch:
        return _fail(
            "driver",
            f"{there.branch} in {cluster.node_os} {release}",
            needed,
            "set a newer paddock:node_release_version",
        )
    return Row(name="driver", state=State.PASS, found=f"{there.branch} in {cluster.node_os}, {release}", needed=needed)


def addresses(asked: Asked, facts: Facts) -> Row:
    network, balanced = asked.plan.network, asked.plan.load_balancer
    found = facts.vpcs
    if isinstance(found, Unseen):
        return unseen("addresses", found, f"{network.vpc_cidr} free of peers")
    others = {"peer_cidrs": network.peer_cidrs, "client_cidrs": balanced.client_cidrs if balanced else ()}
    if network.vpc_id is not None:
        existing = next((vpc for vpc in found if vpc.id == network.vpc_id), None)
        needed = f"{network.vpc_id} in {asked.region}"
        if existing is None:
            return _fail("addresses", f"no {network.vpc_id} in this account and region", needed, "set paddock:vpc_id")
        own, mend = existing.cidrs, "take the range out of the stack file"
    else:
        own, mend = (network.vpc_cidr,), f"set paddock:vpc_cidr to a free range{_free(found, others.values())}"
        needed = f"{network.vpc_cidr} free of peers"
    for key, cidrs in others.items():
        for cidr in cidrs:
            if hit := _overlaps(own, [cidr]):
                return _fail("addresses", f"{hit} overlaps {cidr} of paddock:{key}", needed, mend)
            # A VPC of the account that a peering leads to brings all of its ranges along.
            for vpc in found:
                if vpc.own or vpc.id == network.vpc_id or not _overlaps(vpc.cidrs, [cidr]):
                    continue
                if hit := _overlaps(own, vpc.cidrs):
                    text = f"{hit} overlaps {vpc.id}, the peer of paddock:{key}"
                    return _fail("addresses", text, needed, mend)
    alike = [vpc.id for vpc in found if not vpc.own and vpc.id != network.vpc_id and _overlaps(own, vpc.cidrs)]
    text = f"{', '.join(own)}"
    if alike:
        text += f"; {', '.join(alike[:2])}{' …' if len(alike) > 2 else ''} could not be peered"
    return Row(name="addresses", state=State.PASS, found=text, needed=needed)


def _overlaps(own: Iterable[str], others: Iterable[str]) -> str:
    """The first of the own ranges that overlaps another; empty where none does."""
    theirs = [IPv4Network(cidr, strict=False) for cidr in others]
    return next((cidr for cidr in own if any(IPv4Network(cidr).overlaps(other) for other in theirs)), "")


def _free(vpcs: Iterable[Vpc], others: Iterable[Iterable[str]]) -> str:
    """A range of 10.0.0.0/8 that nobody known uses."""
    taken = [cidr for vpc in vpcs for cidr in vpc.cidrs] + [cidr for group in others for cidr in group]
    for second in range(256):
        if not _overlaps([f"10.{second}.0.0/16"], taken):
            return f", such as 10.{second}.0.0/16"
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _fail(name: str, found: str, needed: str, mend: str) -> Row:
    return Row(name=name, state=State.FAIL, found=found, needed=needed, mend=mend)
