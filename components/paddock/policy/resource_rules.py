"""Rules of one resource: each predicate with its texts, which `resource_rules.toml` has."""

from paddock.policy.validation import resource_rule
from paddock.privacy.predicates import bucket_policies, hardening, images, load_balancers, pods
from paddock.privacy.predicates.documents import rights_findings
from paddock.privacy.predicates.shapes import shape_findings

TRUST = shape_findings("key-policy", "registry-policy", "rights", "role-trust", "secret-policy")
"""Policies that let in whoever is not named, and rights that are attached unseen."""

no_internet_gateway = resource_rule("no_internet_gateway", shape_findings("gateway", "route"))
no_public_ip = resource_rule("no_public_ip", shape_findings("public-address"))
no_public_cluster_endpoint = resource_rule(
    "no_public_cluster_endpoint", shape_findings("cluster-endpoint", "private-api")
)
no_public_bucket_access = resource_rule("no_public_bucket_access", shape_findings("bucket-access"))
no_image_by_tag = resource_rule("no_image_by_tag", images.image_findings)
no_open_ingress = resource_rule("no_open_ingress", shape_findings("security-group"))
no_open_egress = resource_rule("no_open_egress", shape_findings("egress"))
cluster_secrets_encrypted = resource_rule("cluster_secrets_encrypted", hardening.cluster_secrets_findings)
cluster_logs_kept = resource_rule("cluster_logs_kept", hardening.cluster_log_findings)
bucket_tls_only = resource_rule("bucket_tls_only", bucket_policies.bucket_tls_findings)
bucket_endpoint_only = resource_rule("bucket_endpoint_only", bucket_policies.bucket_endpoint_findings)
bucket_encryption_with_kms = resource_rule("bucket_encryption_with_kms", hardening.bucket_encryption_findings)
bucket_versions_kept = resource_rule("bucket_versions_kept", shape_findings("versioning"))
key_rotation = resource_rule("key_rotation", hardening.key_rotation_findings)
disks_encrypted = resource_rule("disks_encrypted", hardening.disk_findings)
instance_metadata_by_token = resource_rule("instance_metadata_by_token", hardening.instance_metadata_findings)
no_iam_wildcard = resource_rule("no_iam_wildcard", rights_findings, TRUST)
no_public_load_balancer = resource_rule(
    "no_public_load_balancer",
    shape_findings("load-balancer"),
    load_balancers.service_findings,
    load_balancers.node_port_findings,
)
listeners_encrypted = resource_rule("listeners_encrypted", shape_findings("plain-text"))
endpoint_service_for_named = resource_rule("endpoint_service_for_named", shape_findings("endpoint-service", "accept"))
endpoints_limited = resource_rule("endpoints_limited", bucket_policies.endpoint_policy_findings)
registry_kept_clean = resource_rule("registry_kept_clean", shape_findings("registry"))
no_foreign_image = resource_rule("no_foreign_image", images.foreign_image_findings)
pods_restricted = resource_rule("pods_restricted", pods.restricted_findings)
no_host_access = resource_rule("no_host_access", pods.host_findings)
no_plain_secret = resource_rule("no_plain_secret", pods.plain_secret_findings)
limits_set = resource_rule("limits_set", pods.limit_findings)
