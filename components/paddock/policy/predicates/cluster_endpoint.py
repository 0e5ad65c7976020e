"""Who can reach the Kubernetes API of an EKS cluster."""

from paddock.policy.predicates.findings import Finding, Inputs, required

EKS_CLUSTER = "aws:eks/cluster:Cluster"


def cluster_endpoint_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """An EKS API endpoint that the internet can reach, or that nodes cannot reach from inside the VPC."""
    if resource_type != EKS_CLUSTER:
        return []
    return [
        *required(
            inputs,
            "vpcConfig.endpointPublicAccess",
            wanted=False,
            why="AWS opens the API to the internet unless told not to",
        ),
        *required(
            inputs,
            "vpcConfig.endpointPrivateAccess",
            wanted=True,
            why="AWS leaves it off, and without it nodes and operators have no private way to the API",
        ),
    ]
