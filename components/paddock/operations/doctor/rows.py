"""Rows of a diagnosis: cluster, node groups, nodes, pods, quotas, and drift of add-ons and AMIs."""

from __future__ import annotations

from collections.abc import Iterator

from paddock.operations.doctor.facts import Addon, Found, Inside, NodeGroup, Standing
from paddock.operations.preflight.facts import Asked
from paddock.operations.preflight.row import Row, State, Unseen, unseen

ADDON_WELL = ("ACTIVE", "UPDATING", "CREATING")


def rows_of(asked: Asked, found: Found) -> Iterator[Row]:
    cluster = found.cluster
    if isinstance(cluster, Unseen):
        yield unseen("cluster", cluster, f"{asked.cluster} ACTIVE")
        return
    if cluster is None:
        yield Row(
            name="cluster",
            state=State.FAIL,
            found=f"there is no {asked.cluster}",
            needed="ACTIVE",
            mend=f"paddock deploy {asked.stack}",
        )
        return
    yield _cluster(asked, cluster)
    yield from _groups(found)
    yield from _inside(asked, found.inside)
    yield from _quotas(asked, found)
    yield from _addons(found)
    yield _outputs(found)


def _cluster(asked: Asked, cluster: Standing) -> Row:
    well = cluster.status in ("ACTIVE", "UPDATING") and not cluster.issues
    said = f"{asked.cluster}, Kubernetes {cluster.version}, {cluster.status}"
    return Row(
        name="cluster",
        state=State.PASS if well else State.FAIL,
        found="; ".join([said, *cluster.issues]),
        needed="ACTIVE",
    )


def _groups(found: Found) -> Iterator[Row]:
    if isinstance(found.groups, Unseen):
        yield unseen("node groups", found.groups, "ACTIVE")
        return
    for group in found.groups:
        well = not group.issues and not group.status.endswith("FAILED")
        text = f"{group.name}: {group.status}, {group.wanted} wanted"
        yield Row(
            name="node group",
            state=State.PASS if well else State.FAIL,
            found="; ".join([text, *group.issues]),
            needed="ACTIVE, without issues",
        )
        yield _release(group)


def _release(group: NodeGroup) -> Row:
    """Drift of the AMI: no failure, as nodes keep their release until somebody changes it."""
    if isinstance(group.newest_release, Unseen):
        return unseen("AMI", Unseen(f"{group.name}: {group.newest_release.why}"), "the newest release")
    newest = group.newest_release
    if group.release == newest:
        return Row(name="AMI", state=State.PASS, found=f"{group.name}: {group.release}", needed="the newest release")
    return Row(
        name="AMI",
        state=State.PASS,
        found=f"{group.name}: {group.release} has drifted",
        needed=f"{newest} is the newest",
        mend=f"set paddock:node_release_version to {newest}: it replaces the nodes one by one",
    )


def _inside(asked: Asked, inside: Inside | Unseen) -> Iterator[Row]:
    if isinstance(inside, Unseen):
        for name in ("nodes", "pods"):
            yield unseen(name, inside, "an answer of the cluster's API", "docs/access.md")
        return
    placement = asked.plan.model.placement
    needed = f"{placement.nodes} GPU node{'s' if placement.nodes > 1 else ''} ready"
    if isinstance(inside.nodes, Unseen):
        yield unseen("nodes", inside.nodes, needed)
    else:
        with_gpus = [node for node in inside.nodes if node.gpus and node.ready]
        # The local cloud's and a slow device plugin's nodes show none: pods tell whether they are missed.
        ready = sum(node.ready for node in inside.nodes)
        bad = [f"{node.name} {node.why}".strip() for node in inside.nodes if not node.ready]
        text = f"{ready} of {len(inside.nodes)} ready, {len(with_gpus)} with GPUs"
        yield Row(
            name="nodes",
            state=State.FAIL if bad or len(with_gpus) < placement.nodes else State.PASS,
            found="; ".join([text, *bad]),
            needed=needed,
        )
    wanted = f"{placement.replicas} ready"
    if isinstance(inside.pods, Unseen):
        yield unseen("pods", inside.pods, wanted)
        return
    ready = sum(pod.ready for pod in inside.pods)
    restarts = sum(container.restarts for pod in inside.pods for container in pod.containers)
    yield Row(
        name="pods",
        state=State.PASS if ready >= placement.replicas else State.FAIL,
        found=f"{ready} of {len(inside.pods)} ready, {restarts} restarts",
        needed=wanted,
    )


def _quotas(asked: Asked, found: Found) -> Iterator[Row]:
    """Headroom: an update of nodes and a scaling take more for a while."""
    for need in asked.plan.quotas:
        name, needed = f"quota {need.code}", f"{need.name}, of which the plan takes {need.vcpus} vCPUs"
        value, used = found.quotas.get(need.code, Unseen("not read")), found.vcpus_in_use
        if isinstance(value, Unseen):
            yield unseen(name, value, needed)
        elif isinstance(used, Unseen):
            yield unseen(name, Unseen(f"{value:g} vCPUs, in use: {used.why}"), needed)
        else:
            taken = used.get(need.code, 0)
            text = f"{taken} of {value:g} vCPUs in use, {max(value - taken, 0):g} free"
            yield Row(name=name, state=State.PASS, found=text, needed=needed)


def _addons(found: Found) -> Iterator[Row]:
    if isinstance(found.addons, Unseen):
        yield unseen("add-ons", found.addons, "ACTIVE")
        return
    for addon in found.addons:
        yield _addon(addon)


def _addon(addon: Addon) -> Row:
    text = f"{addon.name} {addon.version}, {addon.status}"
    if addon.issues or addon.status not in ADDON_WELL:
        return Row(name="add-on", state=State.FAIL, found="; ".join([text, *addon.issues]), needed="ACTIVE")
    if isinstance(addon.default_version, Unseen):
        return unseen("add-on", Unseen(f"{text}; {addon.default_version.why}"), "EKS's default version")
    if addon.version == addon.default_version:
        return Row(name="add-on", state=State.PASS, found=text, needed="EKS's default version")
    return Row(
        name="add-on",
        state=State.PASS,
        found=f"{text}: differs from EKS's default",
        needed=f"default: {addon.default_version}",
    )


def _outputs(found: Found) -> Row:
    outputs = found.outputs
    if isinstance(outputs, Unseen):
        return unseen("stack", outputs, "its outputs", "pulumi stack select, then `pulumi stack output`")
    shown = [f"{key} {outputs[key]}" for key in ("endpoint", "instance", "usd_per_hour") if outputs.get(key)]
    return Row(
        name="stack", state=State.PASS, found=", ".join(shown) or f"{len(outputs)} outputs", needed="its outputs"
    )
