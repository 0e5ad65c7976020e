"""Predicates of privacy: pure functions on the inputs of a resource, for constructors, the policy pack and the proof.

Each takes a Pulumi type token and plain inputs and lists what it finds; a type that it does not check gives nothing.
`UNKNOWN` marks what a preview cannot know. No Pulumi import, here or below.
"""

from paddock.privacy.predicates.bucket_policies import (
    bucket_endpoint_findings,
    bucket_tls_findings,
    endpoint_policy_findings,
)
from paddock.privacy.predicates.clusters import cluster_log_findings, cluster_secrets_findings
from paddock.privacy.predicates.documents import rights_findings
from paddock.privacy.predicates.encryption import bucket_encryption_findings, disk_findings, key_rotation_findings
from paddock.privacy.predicates.findings import UNKNOWN, Finding, Inputs, Problem, Undecided
from paddock.privacy.predicates.images import foreign_image_findings, image_findings, image_problem
from paddock.privacy.predicates.instances import instance_metadata_findings
from paddock.privacy.predicates.load_balancers import node_port_findings, service_findings
from paddock.privacy.predicates.pods import host_findings, limit_findings, plain_secret_findings, restricted_findings
from paddock.privacy.predicates.shapes import shape_findings
from paddock.privacy.predicates.stack import buckets_without, network_policy_faults
from paddock.privacy.predicates.types import BUCKET_BLOCK, BUCKET_ENCRYPTIONS, BUCKET_POLICY, BUCKETS, VERSIONINGS

bucket_access_findings = shape_findings("bucket-access")
bucket_versioning_findings = shape_findings("versioning")
cluster_endpoint_findings = shape_findings("cluster-endpoint", "private-api")
endpoint_service_findings = shape_findings("endpoint-service", "accept")
gateway_findings = shape_findings("gateway", "route")
listener_findings = shape_findings("plain-text")
open_egress_findings = shape_findings("egress")
open_ingress_findings = shape_findings("security-group")
public_address_findings = shape_findings("public-address")
registry_findings = shape_findings("registry")
_balancers = shape_findings("load-balancer")
_trust_and_attachments = shape_findings("key-policy", "registry-policy", "rights", "role-trust", "secret-policy")


def load_balancer_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Load balancers of AWS, and of Kubernetes services and ingresses, that are not said to be internal."""
    judged = (_balancers, service_findings, node_port_findings)
    return [each for findings in judged for each in findings(resource_type, inputs)]


def iam_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Rights that are not named, and policies that let in whoever is not."""
    return [*rights_findings(resource_type, inputs), *_trust_and_attachments(resource_type, inputs)]


__all__ = [
    "BUCKETS",
    "BUCKET_BLOCK",
    "BUCKET_ENCRYPTIONS",
    "BUCKET_POLICY",
    "UNKNOWN",
    "VERSIONINGS",
    "Finding",
    "Inputs",
    "Problem",
    "Undecided",
    "bucket_access_findings",
    "bucket_encryption_findings",
    "bucket_endpoint_findings",
    "bucket_tls_findings",
    "bucket_versioning_findings",
    "buckets_without",
    "cluster_endpoint_findings",
    "cluster_log_findings",
    "cluster_secrets_findings",
    "disk_findings",
    "endpoint_policy_findings",
    "endpoint_service_findings",
    "foreign_image_findings",
    "gateway_findings",
    "host_findings",
    "iam_findings",
    "image_findings",
    "image_problem",
    "instance_metadata_findings",
    "key_rotation_findings",
    "limit_findings",
    "listener_findings",
    "load_balancer_findings",
    "network_policy_faults",
    "open_egress_findings",
    "open_ingress_findings",
    "plain_secret_findings",
    "public_address_findings",
    "registry_findings",
    "restricted_findings",
    "service_findings",
]
