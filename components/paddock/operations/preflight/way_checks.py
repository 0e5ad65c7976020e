"""Checks of the way: the programs on this machine, and whether it reaches the cluster's API."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from paddock.operations.preflight.facts import Asked, Facts
from paddock.operations.preflight.row import Row, State, Unseen, unseen
from paddock.operations.tunnel.session import PROGRAMS

PULUMI = "https://www.pulumi.com/docs/install/"
INSTALL = {"pulumi": PULUMI, **PROGRAMS}
WHY = {
    "pulumi": "makes the stack",
    "aws": "signs for the cluster's API",
    "session-manager-plugin": "carries the tunnel",
}
ACCESS_PAGE = "docs/access.md"


def programs(asked: Asked, facts: Facts) -> Iterator[Row]:
    for program, why in WHY.items():
        if program == "session-manager-plugin" and not asked.plan.cluster.bastion:
            yield Row(name=program, state=State.NOT_ASKED, found="no bastion, so no tunnel")
            continue
        version = facts.machine.versions.get(program)
        if version is None:
            yield Row(
                name=program,
                state=State.FAIL,
                found="not on PATH",
                needed=f"{program}, which {why}",
                mend=INSTALL[program],
            )
        else:
            yield Row(name=program, state=State.PASS, found=version or "it says no version", needed=f"it {why}")


def api(asked: Asked, facts: Facts) -> Row:
    """Way to the cluster's API, as the settings choose it."""
    cluster, peers = asked.plan.cluster, asked.plan.network.peer_cidrs
    if cluster.bastion:
        missing = [name for name in PROGRAMS if facts.machine.versions.get(name) is None]
        needed = f"the tunnel, on port {cluster.tunnel_port} here"
        if missing:
            found = f"no {' and no '.join(missing)}"
            return Row(name="api", state=State.FAIL, found=found, needed=needed, mend=INSTALL[missing[0]])
        return Row(name="api", state=State.PASS, found="bastion and Systems Manager", needed=needed)
    inside = _inside(facts.machine.addresses, peers)
    if inside:
        found = f"this machine is {inside}, in peer_cidrs"
        return Row(name="api", state=State.PASS, found=found, needed="a peer's network")
    if cluster.endpoint_public_access_cidrs:
        ranges = ", ".join(cluster.endpoint_public_access_cidrs)
        public = _inside(facts.machine.addresses, cluster.endpoint_public_access_cidrs)
        if public:
            return Row(name="api", state=State.PASS, found=f"this machine is {public}", needed=ranges)
        why = "the address by which this machine leaves its network"
        return unseen(
            "api", Unseen(why), f"an address in {ranges}", f"{ACCESS_PAGE}; `curl https://checkip.amazonaws.com`"
        )
    if peers:
        why = f"{', '.join(facts.machine.addresses) or 'this machine'} is in no peer's network; a VPN may lead there"
        return unseen("api", Unseen(why), f"a network of {', '.join(peers)}", ACCESS_PAGE)
    why = "no bastion, public endpoint or peer: only a machine in the VPC reaches it"
    return unseen("api", Unseen(why), "a way to the cluster's API", f"set paddock:bastion to true ({ACCESS_PAGE})")


def _inside(addresses: tuple[str, ...], cidrs: tuple[str, ...]) -> str:
    networks = [IPv4Network(cidr, strict=False) for cidr in cidrs]
    return next((each for each in addresses if any(IPv4Address(each) in network for network in networks)), "")
