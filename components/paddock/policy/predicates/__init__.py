"""What "private" means for a resource, as pure functions on its inputs: used by constructors and by the policy pack.

Each takes a Pulumi type token and plain inputs and lists what it finds; a type that it does not judge gives nothing.
`UNKNOWN` marks what a preview cannot know. No Pulumi import, here or below.
"""

from paddock.policy.predicates.addresses import public_address_findings
from paddock.policy.predicates.buckets import BUCKET_BLOCK, BUCKETS, bucket_access_findings
from paddock.policy.predicates.cluster_endpoint import cluster_endpoint_findings
from paddock.policy.predicates.findings import UNKNOWN, Finding, Inputs, Problem, Undecided
from paddock.policy.predicates.gateways import gateway_findings
from paddock.policy.predicates.images import IMAGE_FORM, image_findings, image_problem

__all__ = [
    "BUCKETS",
    "BUCKET_BLOCK",
    "IMAGE_FORM",
    "UNKNOWN",
    "Finding",
    "Inputs",
    "Problem",
    "Undecided",
    "bucket_access_findings",
    "cluster_endpoint_findings",
    "gateway_findings",
    "image_findings",
    "image_problem",
    "public_address_findings",
]
