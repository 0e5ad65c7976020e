"""Changes between what stands and what a plan asks for: what AWS and Kubernetes do at each, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from paddock import catalog
from paddock.catalog.quotas import quota_of
from paddock.operations.day_two.downtime import (
    EVICTION_SECONDS,
    NO_TIME,
    Downtime,
    Pods,
    downtime,
    replicas_per_node,
    successor,
)
from paddock.operations.day_two.facts import Facts
from paddock.operations.day_two.keep import kept_by
from paddock.settings import PREFIX
from paddock.settings.errors import key_of

NEW_STACK = "make a second stack with it, move clients there, and destroy this one"
MOST_SHOWN = 3


class How(StrEnum):
    IN_PLACE = "in place"
    ROLLING = "rolling"
    REPLACED = "replaced"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference."""

    key: str
    """The key of a stack file, or what it is where no key sets it."""
    before: str
    after: str
    how: How
    does: str
    """Actions of AWS and Kubernetes."""
    downtime: Downtime
    """Downtime of this change on its own."""
    extra_vcpus: int
    """vCPUs of GPU instances that stand beside the old ones for a time, and count against the account's quota."""
    not_undone: str
    """Losses that the way back does not undo; empty where it undoes all."""
    instead: str
    """The step to take first; empty where nothing is refused."""
    keep: str
    """Way to keep what stands, where the stack file did not ask for this change; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """All changes of one `pulumi up`."""

    changes: tuple[Change, ...]
    downtime: Downtime
    """Downtime of all changes together."""
    restarts: int
    """Times that each replica starts anew."""
    extra_vcpus: int
    quota: str
    """The AWS quota that the extra vCPUs count against; empty where there are none."""

    @property
    def refused(self) -> tuple[Change, ...]:
        return tuple(each for each in self.changes if each.how is How.REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Effect of a change of one fact."""

    how: How
    does: str
    pods: Pods = Pods.STAY
    key: str = ""
    """Name of the fact where no key of a stack file sets it."""
    extra_pool: bool = False
    """True: the new pool stands beside the old one until the pods have moved."""
    not_undone: str = ""
    instead: str = ""


ROLLOUT = (
    "the Deployment restarts the pods one at a time: no spare GPU stands ready, so each ends before the next starts"
)
NODES = "EKS replaces the GPU nodes one at a time, each old one before its successor (strategy MINIMAL)"
NEW_POOL = (
    "a new node group is made, the Deployment's rollout moves the pods to it one at a time, then the old one goes"
)
WEIGHTS = "the new weights must be in the bucket first (docs/weights.md), else the first pod fails"
ADAPTERS = "a new adapter must be in the bucket first (`paddock weights push`), else the first pod fails"
NEVER = "it would replace the network and all in it"
STUCK = (
    "{count} replicas may share a node, and the disruption budget that stands lets {budget} go at a time: EKS cannot "
    "empty the node, and gives up after 15 minutes (PodEvictionFailure)"
)
WIDER_BUDGET = "run `pulumi up` without this change first, which lets a node's worth go, then make it"
LATE = (
    "the disruption budget keeps the next node's pod until the one before it is ready again, about {minutes} minutes "
    "with its pull; EKS gives a node up after 15 (PodEvictionFailure)"
)
MAY_BE_LATE = (
    "if a pod takes more than 15 minutes to be ready on its new node ({minutes} at most), EKS gives the next node up "
    "(PodEvictionFailure) and `pulumi up` fails half way; with one replica it cannot"
)
ONE_REPLICA = f"set {PREFIX}replicas to 1 and run `pulumi up`, make this change, then set {PREFIX}replicas back"
# Source: EKS user guide, rollback-cluster, read 2026-11-28.
BACK = "EKS takes a cluster back by one minor version, within 7 days of its upgrade, after its node groups"
BACK_STEPS = (
    "within the 7 days, with the AWS CLI: update-nodegroup-version --kubernetes-version {version} on each node group, "
    "then update-cluster-version; then `pulumi refresh`, and name {version} here"
)
# Sources: for it awsdocs/amazon-eks-user-guide pull request 340 and eksctl issue 3506; against it the API reference of
# UpdateNodegroupVersion, as in botocore 1.44.5.
OLDER_RELEASE = "AWS's pages disagree on whether EKS takes a node group back to an older release"

CUT_OFF = (
    "the Auto Scaling group chooses which nodes go and ends them at once, whatever the disruption budget says: "
    "requests on them may be cut off, and a pod that is to stay may restart on another"
)
"""Source: EKS user guide, update-managed-node-group, on a changed scaling configuration, read 2026-11-28."""

RULES: Mapping[str, Rule] = {
    "region": Rule(how=How.REFUSED, does=NEVER, instead=NEW_STACK),
    "kubernetes_version": Rule(
        how=How.ROLLING,
        pods=Pods.WITH_NODES,
        does=(
            f"the control plane is upgraded in place and answers meanwhile; then {NODES}, and the system nodes too, "
            "all with the newest AMI release unless that is named anew"
        ),
        not_undone=f"{BACK} and by the AWS CLI; then never (docs/cluster.md)",
    ),
    "node_version": Rule(
        how=How.ROLLING,
        pods=Pods.WITH_NODES,
        key="GPU nodes' Kubernetes",
        does=NODES,
        not_undone="EKS takes no node group back to an older minor version",
    ),
    "system_node_version": Rule(
        how=How.ROLLING, key="system nodes' Kubernetes", does="EKS replaces the system nodes; the model's pods stay"
    ),
    "node_release_version": Rule(
        how=How.ROLLING,
        pods=Pods.WITH_NODES,
        does=f"{NODES}, and the system nodes too",
        not_undone=OLDER_RELEASE,
    ),
    "addons": Rule(
        how=How.ROLLING, key="add-ons", does="EKS updates the add-ons' own pods in place; those of the model stay"
    ),
    "vpc_id": Rule(how=How.REFUSED, does=NEVER, instead=NEW_STACK),
    "vpc_cidr": Rule(how=How.REFUSED, does=NEVER, instead=NEW_STACK),
    "number_of_availability_zones": Rule(
        how=How.IN_PLACE,
        does="subnets and endpoints are added; the control plane and the node groups stay in the zones of their birth",
    ),
    "endpoint_zones": Rule(
        how=How.IN_PLACE,
        does="interface endpoints gain or lose an address in each zone; names of AWS resolve meanwhile",
    ),
    "peer_cidrs": Rule(how=How.IN_PLACE, does="security group rules are added and removed"),
    "endpoint_public_access_cidrs": Rule(
        how=How.IN_PLACE, does="EKS changes who reaches the API; nodes reach it inside the VPC all the time"
    ),
    "bastion": Rule(how=How.IN_PLACE, does="the way to the API is made or removed; the kubeconfig names the other"),
    "tunnel_port": Rule(how=How.IN_PLACE, does="the kubeconfig changes, and nothing in the cluster"),
    "deletion_protection": Rule(how=How.IN_PLACE, does="EKS and the load balancer take the switch as it is"),
    "domain_name": Rule(
        how=How.REPLACED, does="the private zone and its record are made anew; clients of the old name must change"
    ),
    "client_cidrs": Rule(how=How.IN_PLACE, does="security group rules and the NetworkPolicy change"),
    "allowed_principals": Rule(
        how=How.IN_PLACE, does="the endpoint service lets others connect; who is removed is cut off"
    ),
    "node_os": Rule(
        how=How.REPLACED, pods=Pods.MOVED, extra_pool=True, does=f"{NEW_POOL}; the system nodes are replaced too"
    ),
    "instance_type": Rule(how=How.REPLACED, pods=Pods.MOVED, extra_pool=True, does=NEW_POOL),
    "capacity_type": Rule(how=How.REPLACED, pods=Pods.MOVED, extra_pool=True, does=NEW_POOL),
    "disks": Rule(how=How.ROLLING, pods=Pods.WITH_NODES, key="GPU nodes' disks", does=NODES),
    "tags": Rule(how=How.IN_PLACE, does="tags change in place; instances and their volumes keep those of their birth"),
    "model": Rule(how=How.ROLLING, pods=Pods.ROLLED, does=f"{ROLLOUT}; {WEIGHTS}"),
    "quantization": Rule(how=How.ROLLING, pods=Pods.ROLLED, does=f"{ROLLOUT}; {WEIGHTS}"),
    "weights_revision": Rule(how=How.ROLLING, pods=Pods.ROLLED, does=f"{ROLLOUT}; {WEIGHTS}"),
    "adapters": Rule(how=How.ROLLING, pods=Pods.ROLLED, does=f"{ROLLOUT}; {ADAPTERS}"),
    "weights_bucket": Rule(
        how=How.ROLLING,
        pods=Pods.ROLLED,
        does=f"{ROLLOUT}; {WEIGHTS}",
        not_undone="a bucket of the stack's own leaves it, and is deleted where retain_weights is false",
    ),
    "vllm_image": Rule(how=How.ROLLING, pods=Pods.ROLLED, does=ROLLOUT),
    "engine_args": Rule(how=How.ROLLING, pods=Pods.ROLLED, key="arguments of vLLM", does=ROLLOUT),
    "api_key": Rule(how=How.ROLLING, pods=Pods.ROLLED, does=ROLLOUT),
    "pod": Rule(how=How.ROLLING, pods=Pods.ROLLED, key="the pod", does=ROLLOUT),
}
"""Rules by fact, in the order in which they are shown; replicas and nodes change together, see `_scaled`."""
POOL = frozenset({"node_os", "instance_type", "capacity_type"})
"""Facts whose change makes another GPU pool."""


def compare(before: Facts, after: Facts, given: Collection[str]) -> Transition:
    """Changes from what stands to what is asked, and their cost; pure. `given` are the keys that the stack file has."""
    names = [name for name in RULES if getattr(before, name) != getattr(after, name)]
    rules = _of_new_pool(names) if POOL.intersection(names) else {name: RULES[name] for name in names}
    changes = (
        *(_change(name, rule, before, after, given) for name, rule in rules.items()),
        *_scaled(before, after, given),
    )
    events = {each.downtime.pods for each in changes if each.how is not How.REFUSED}
    if Pods.MOVED in events:
        # The old nodes go whole, and one rollout does it all.
        events -= {Pods.WITH_NODES, Pods.ROLLED}
    all_of = [downtime(each, before, after) for each in Pods if each in events]
    restarts = [each for each in all_of if each.pods in (Pods.MOVED, Pods.ROLLED, Pods.WITH_NODES)]
    extra = max((each.extra_vcpus for each in changes), default=0)
    return Transition(
        changes=changes,
        downtime=Downtime(
            pods=restarts[-1].pods if restarts else all_of[0].pods if all_of else Pods.STAY,
            ready_at_least=min((each.ready_at_least for each in all_of), default=before.replicas),
            without_replica=sum((each.without_replica for each in all_of), NO_TIME),
            one_less=sum((each.one_less for each in all_of), NO_TIME),
        ),
        restarts=len(restarts),
        extra_vcpus=extra,
        quota=quota_of(after.instance_type, after.capacity_type).name if extra else "",
    )


def _of_new_pool(names: Sequence[str]) -> dict[str, Rule]:
    """Rules where the GPU pool is a new group: it is born with its version, release and disks, so none is updated."""
    born = {"disks", "node_version"}
    if "node_os" in names:
        # The system nodes are a new group too.
        born |= {"node_release_version", "system_node_version"}
    rules = {name: RULES[name] for name in names if name not in born}
    return {
        name: replace(rule, pods=Pods.STAY, does=rule.does.replace(NODES, "the new pool's nodes start with it"))
        if rule.pods is Pods.WITH_NODES
        else rule
        for name, rule in rules.items()
    }


def _change(name: str, rule: Rule, before: Facts, after: Facts, given: Collection[str]) -> Change:
    refusal = _refusal(name, rule, before, after)
    shown = SHOWN.get(name, _plain)(getattr(before, name), getattr(after, name))
    return Change(
        key=rule.key or key_of(name),
        before=shown[0],
        after=shown[1],
        how=How.REFUSED if refusal else rule.how,
        does=refusal[0] if refusal else _does(name, rule, before, after),
        downtime=downtime(Pods.STAY if refusal else rule.pods, before, after),
        extra_vcpus=_vcpus(after) if rule.extra_pool and not refusal else 0,
        not_undone="" if refusal else rule.not_undone,
        instead=refusal[1] if refusal else "",
        keep="" if refusal else kept_by(name, before, after, given),
    )


def _does(name: str, rule: Rule, before: Facts, after: Facts) -> str:
    """Actions of a change that is made, with what may go wrong by the numbers of this platform."""
    does = [rule.does]
    if name == "node_release_version" and _numbers(after.node_release_version) < _numbers(before.node_release_version):
        does.append(f"{OLDER_RELEASE}; where it does not, `pulumi up` fails and the nodes stay as they are")
    if rule.pods is Pods.WITH_NODES and before.nodes > 1 and (longest := successor(before).high) > EVICTION_SECONDS:
        does.append(MAY_BE_LATE.format(minutes=round(longest / 60)))
    return "; ".join(does)


def _refusal(name: str, rule: Rule, before: Facts, after: Facts) -> tuple[str, str] | None:
    """Reason why a change is refused and what to do instead, if it is."""
    if rule.how is How.REFUSED:
        return rule.does, rule.instead
    if name == "kubernetes_version":
        (major, minor), (_, wanted) = _minor(before.kubernetes_version), _minor(after.kubernetes_version)
        if wanted < minor:
            back = f"{BACK_STEPS.format(version=after.kubernetes_version)}; else " if wanted == minor - 1 else ""
            return f"{BACK}, and Pulumi begins with the cluster", f"{back}leave it at {before.kubernetes_version}"
        if wanted > minor + 1:
            return (
                "EKS upgrades a cluster by one minor version at a time",
                f"set {PREFIX}{name} to {major}.{minor + 1}, run `pulumi up`, then the next",
            )
    if name == "number_of_availability_zones" and not before.subnets.items() <= after.subnets.items():
        return "subnets would go, or move to other ranges, under the nodes that stand in them", NEW_STACK
    if rule.pods is Pods.WITH_NODES:
        if (count := replicas_per_node(before)) > before.disruption_budget:
            return STUCK.format(count=count, budget=before.disruption_budget), WIDER_BUDGET
        if before.nodes > 1 and (expected := successor(before).expected) > EVICTION_SECONDS:
            return LATE.format(minutes=round(expected / 60)), ONE_REPLICA
    return None


def _numbers(release: str) -> list[int]:
    """Order of AMI releases, as far as their numbers tell it: what follows the hyphen may be a digest."""
    return [int(number) for number in release.partition("-")[0].split(".") if number.isdecimal()]


def _minor(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


def _scaled(before: Facts, after: Facts, given: Collection[str]) -> Iterator[Change]:
    """Replicas, and the nodes with them."""
    if (before.replicas, before.nodes) == (after.replicas, after.nodes):
        return
    more = after.replicas > before.replicas
    same = after.replicas == before.replicas
    if same and before.instance_type != after.instance_type:
        return
    does = f"GPU nodes: {before.nodes} → {after.nodes}"
    if more:
        does += "; the others answer while the new pods start"
    elif not same and after.nodes >= before.nodes:
        does += "; the pods that end finish their requests, and no other restarts"
    if after.nodes < before.nodes:
        does += f"; {CUT_OFF}"
    elif same:
        does += "; the group is scaled in place"
    yield Change(
        key=f"{PREFIX}replicas",
        before=str(before.replicas),
        after=str(after.replicas),
        how=How.IN_PLACE,
        does=does,
        downtime=downtime(Pods.STAY if same else Pods.ADDED if more else Pods.REMOVED, before, after),
        extra_vcpus=0,
        not_undone="",
        instead="",
        keep="" if same else kept_by("replicas", before, after, given),
    )


def _vcpus(facts: Facts) -> int:
    return catalog.instance(facts.instance_type).vcpus * facts.nodes


def _plain(before: Any, after: Any) -> tuple[str, str]:
    return _text(before), _text(after)


def _text(value: Any) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or "none"
    return "none" if value in (None, "") else str(value).lower() if isinstance(value, bool) else str(value)


def _field_path(path: str) -> str:
    """Path of a field in a pod, without what all paths have in common."""
    return path.removeprefix("spec.").removeprefix("containers[vllm].").removesuffix(".value")


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, str]:
    """The entries that differ, a few of them."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]

    def said(of: Mapping[str, Any]) -> str:
        shown = [f"{_field_path(name)} {_text(of[name])}".strip() for name in names[:MOST_SHOWN] if name in of]
        more = [f"{len(names) - MOST_SHOWN} more"] if len(names) > MOST_SHOWN else []
        return ", ".join([*shown, *more]) or "none"

    return said(before), said(after)


SHOWN: Mapping[str, Callable[[Any, Any], tuple[str, str]]] = dict.fromkeys(
    ("adapters", "addons", "disks", "tags", "engine_args", "pod"), _differing
)
