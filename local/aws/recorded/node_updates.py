"""Updates that replace the nodes of a group: begun by a call to EKS, ended by the bridge, which replaces the nodes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from local.aws.recorded.clusters import UPDATE, remember_update
from local.aws.recorded.kind import Record
from local.aws.recorded.refusals import InUse

if TYPE_CHECKING:
    from local.aws.recorded.region import Recorded, Region

UPDATING = "UPDATING"


def require_active(nodegroup: Record) -> None:
    """Refuse a change of a group that is being changed, in EKS's words (aws/containers-roadmap issue 2204)."""
    if nodegroup["status"] != "ACTIVE":
        raise InUse("Nodegroup cannot be updated as it is currently not in Active State")


def replace_nodes(region: Region, cluster: Record, nodegroup: Record, after: Record, changed: Record) -> Record:
    """Change a group and begin to replace its nodes; without a control plane there are none, and it is done."""
    before = {name: nodegroup.get(name) for name in after}
    nodegroup.update(after)
    answer = remember_update(region, cluster, "VersionUpdate", changed)
    if region.world.control_plane is not None:
        nodegroup["status"] = UPDATING
        answer["update"] |= {"status": "InProgress", "_group": nodegroup, "_before": before}
    return answer


def nodes_replaced(world: Recorded, body: bytes) -> None:
    """Report of the bridge: the nodes of a group are replaced, or are not, by an error's code and message."""
    said = json.loads(body)
    for region in world.regions.values():
        for update in region.all(UPDATE, status="InProgress"):
            nodegroup = update["_group"]
            if nodegroup["nodegroupArn"] != said["nodegroupArn"]:
                continue
            nodegroup["status"] = "ACTIVE"
            update["status"] = "Successful"
            if error := said.get("error"):
                # What is replaced already stays so; the group asks for what it asked before.
                nodegroup.update(update["_before"])
                update |= {"status": "Failed", "errors": [{**error, "resourceIds": said["resourceIds"]}]}
