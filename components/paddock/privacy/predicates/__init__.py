"""Predicates of privacy: pure functions on the inputs of a resource, used by constructors and by the policy pack.

Each takes a Pulumi type token and plain inputs and lists what it finds; a type that it does not check gives nothing.
`UNKNOWN` marks what a preview cannot know. No Pulumi import, here or below.
"""

from paddock.privacy.predicates.addresses import public_address_findings
from paddock.privacy.predicates.bucket_policies import (
    BUCKET_POLICY,
    VERSIONINGS,
    bucket_endpoint_findings,
    bucket_tls_findings,
    versioning_findings,
)
from paddock.privacy.predicates.buckets import BUCKET_BLOCK, BUCKETS, bucket_access_findings
from paddock.privacy.predicates.clusters import (
    cluster_endpoint_findings,
    cluster_log_findings,
    cluster_secrets_findings,
)
from paddock.privacy.predicates.encryption import (
    BUCKET_ENCRYPTIONS,
    bucket_encryption_findings,
    disk_findings,
    key_rotation_findings,
)
from paddock.privacy.predicates.endpoint_services import endpoint_policy_findings, endpoint_service_findings
from paddock.privacy.predicates.findings import UNKNOWN, Finding, Inputs, Problem, Undecided
from paddock.privacy.predicates.gateways import gateway_findings
from paddock.privacy.predicates.iam_documents import ONLY_ON_EVERYTHING, iam_findings
from paddock.privacy.predicates.images import IMAGE_FORM, foreign_image_findings, image_findings, image_problem
from paddock.privacy.predicates.instances import instance_metadata_findings
from paddock.privacy.predicates.load_balancers import listener_findings, load_balancer_findings
from paddock.privacy.predicates.pods import host_findings, limit_findings, plain_secret_findings, restricted_findings
from paddock.privacy.predicates.registries import registry_findings
from paddock.privacy.predicates.security_groups import open_egress_findings, open_ingress_findings
from paddock.privacy.predicates.stack import buckets_without, workloads_without_a_default_deny

__all__ = [
    "BUCKETS",
    "BUCKET_BLOCK",
    "BUCKET_ENCRYPTIONS",
    "BUCKET_POLICY",
    "IMAGE_FORM",
    "ONLY_ON_EVERYTHING",
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
    "open_egress_findings",
    "open_ingress_findings",
    "plain_secret_findings",
    "public_address_findings",
    "registry_findings",
    "restricted_findings",
    "versioning_findings",
    "workloads_without_a_default_deny",
]
