"""Checks of the account: who calls, what they may do, and the quotas against the plan."""

from __future__ import annotations

from collections.abc import Iterator

from paddock.catalog.endpoints import interface_endpoints
from paddock.catalog.quotas import CountedQuota, counted_quota
from paddock.operations.preflight.facts import Asked, Caller, Facts, NoCaller
from paddock.operations.preflight.row import Row, State, Unseen, unseen
from paddock.plan.quotas import QuotaNeed

SHOWN_ACTIONS = 3
RIGHTS_PAGE = "docs/preflight.md#rights"


def identity(facts: Facts) -> Row:
    needed = "credentials that AWS knows"
    match facts.caller:
        case Unseen() as dark:
            return unseen("identity", dark, needed, "aws sts get-caller-identity")
        case NoCaller(why):
            return Row(
                name="identity",
                state=State.FAIL,
                found=why,
                needed=needed,
                mend="aws sso login, `aws configure sso`, or set AWS_PROFILE or aws:profile of the stack file",
            )
        case Caller(arn=arn):
            return Row(name="identity", state=State.PASS, found=arn, needed=needed)


def rights(facts: Facts) -> Row:
    needed = "the actions that `pulumi up` takes"
    found = facts.rights
    if isinstance(found, Unseen):
        mend = (
            "" if isinstance(facts.caller, NoCaller) else f"allow iam:SimulatePrincipalPolicy; {RIGHTS_PAGE} lists them"
        )
        return unseen("rights", found, needed, mend)
    if found.denied:
        return Row(
            name="rights",
            state=State.FAIL,
            found=f"{len(found.denied)} refused: {_some(found.denied)}",
            needed=needed,
            mend=f"allow {', '.join(found.denied)} ({RIGHTS_PAGE})",
        )
    if found.open:
        return unseen("rights", Unseen(f"conditions decide over {_some(found.open)}"), needed, RIGHTS_PAGE)
    return Row(name="rights", state=State.PASS, found=f"{found.allowed} actions allowed", needed=needed)


def vcpu_quotas(asked: Asked, facts: Facts) -> Iterator[Row]:
    for need in asked.plan.quotas:
        yield _vcpus(asked, facts, need)


def _vcpus(asked: Asked, facts: Facts, need: QuotaNeed) -> Row:
    name, needed = f"quota {need.code}", f"{need.vcpus} vCPUs of {need.name}"
    value, used = facts.quotas.get(need.code, Unseen("not read")), facts.vcpus_in_use
    link = _link(asked.region, "ec2", need.code)
    if isinstance(value, Unseen):
        return unseen(name, value, needed, link)
    if isinstance(used, Unseen):
        # Without the rest of the account a quota can still be too small by itself.
        if value >= need.vcpus:
            return unseen(name, Unseen(f"{value:g} vCPUs, in use: {used.why}"), needed, link)
        taken, found = 0, f"{value:g} vCPUs"
    else:
        taken = used.get(need.code, 0)
        found = f"{value:g} vCPUs, {taken} of them in use" if taken else f"{value:g} vCPUs"
    if value - taken >= need.vcpus:
        return Row(name=name, state=State.PASS, found=found, needed=needed)
    return Row(
        name=name,
        state=State.FAIL,
        found=found,
        needed=needed,
        mend=_raise("ec2", need.code, need.vcpus + taken, asked.region),
    )


def counted_quotas(asked: Asked, facts: Facts) -> Iterator[Row]:
    network, balanced = asked.plan.network, asked.plan.load_balancer
    if network.vpc_id is None:
        vpcs = facts.vpcs
        used = vpcs if isinstance(vpcs, Unseen) else sum(not vpc.own for vpc in vpcs)
        yield _counted(asked, facts, counted_quota("vpcs"), used, 1, "VPC")
    endpoints = len(interface_endpoints(bastion=asked.plan.cluster.bastion))
    yield _counted(
        asked, facts, counted_quota("interface_endpoints"), facts.endpoints_in_use, endpoints, "interface endpoint"
    )
    if balanced is not None:
        yield _counted(
            asked,
            facts,
            counted_quota("network_load_balancers"),
            facts.load_balancers_in_use,
            1,
            "network load balancer",
        )


def _counted(asked: Asked, facts: Facts, quota: CountedQuota, used: int | Unseen, more: int, what: str) -> Row:
    name = f"quota {quota.code}"
    needed = f"{more} more {what}{'s' if more > 1 else ''} ({quota.name})"
    link = _link(asked.region, quota.service, quota.code)
    value = facts.quotas.get(quota.code, Unseen("not read"))
    if isinstance(used, Unseen):
        return unseen(name, used, needed, link)
    if isinstance(value, Unseen):
        return unseen(name, Unseen(f"{used} in use, the quota: {value.why}"), needed, link)
    found = f"{used} in use of {value:g}"
    if value - used >= more:
        return Row(name=name, state=State.PASS, found=found, needed=needed)
    mend = _raise(quota.service, quota.code, used + more, asked.region)
    return Row(name=name, state=State.FAIL, found=found, needed=needed, mend=mend)


def _raise(service: str, code: str, value: int, region: str) -> str:
    return (
        f"aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} "
        f"--desired-value {value} --region {region}"
    )


def _link(region: str, service: str, code: str) -> str:
    return f"https://{region}.console.aws.amazon.com/servicequotas/home/services/{service}/quotas/{code}"


def _some(actions: tuple[str, ...]) -> str:
    more = len(actions) - SHOWN_ACTIONS
    return ", ".join(actions[:SHOWN_ACTIONS]) + (f" and {more} more" if more > 0 else "")
