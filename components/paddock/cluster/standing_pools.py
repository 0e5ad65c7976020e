"""GPU pools that stand already: asked of AWS, since a plan may not choose another instance type for them unasked."""

import pulumi
import pulumi_aws as aws

from paddock.catalog import CapacityType
from paddock.cluster.gpu_node_pool import CAPACITY_TYPES
from paddock.common.labels import MODEL_TAG
from paddock.common.naming import cluster_name, pool_label


def standing_instance_types(
    name: str, model: str, capacity_type: CapacityType, component: pulumi.Resource
) -> tuple[str, ...]:
    """Instance types of the node groups of a platform's GPU pool: of two in the middle of a move, and none before the
    first `up`. Those of another capacity type are replaced in any case, and those that serve another model, by their
    tag, are replaced on purpose: neither counts."""
    asked = pulumi.InvokeOptions(parent=component)
    cluster = cluster_name(name)
    # By a list first: a function for one cluster fails where there is none, and the SDK then ends the program.
    if cluster not in aws.eks.get_clusters(opts=asked).names:
        return ()
    names = sorted(aws.eks.get_node_groups(cluster_name=cluster, opts=asked).names)
    groups = [aws.eks.get_node_group(cluster_name=cluster, node_group_name=each, opts=asked) for each in names]
    label, capacity = pool_label(f"{name}-gpu").items(), CAPACITY_TYPES[capacity_type]
    return tuple(
        each.instance_types[0]
        for each in groups
        if label <= (each.labels or {}).items()
        and each.capacity_type == capacity
        and (each.tags or {}).get(MODEL_TAG) == model
        and each.status != "DELETING"
    )
