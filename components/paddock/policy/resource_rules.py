"""Rules of one resource: each predicate with its texts, which `resource_rules.toml` has."""

from paddock.policy.validation import resource_rule, texts_beside
from paddock.privacy import predicates

_text = texts_beside(__file__)

no_internet_gateway = resource_rule(predicates.gateway_findings, **_text("no_internet_gateway"))
no_public_ip = resource_rule(predicates.public_address_findings, **_text("no_public_ip"))
no_public_cluster_endpoint = resource_rule(predicates.cluster_endpoint_findings, **_text("no_public_cluster_endpoint"))
no_public_bucket_access = resource_rule(predicates.bucket_access_findings, **_text("no_public_bucket_access"))
no_image_by_tag = resource_rule(predicates.image_findings, **_text("no_image_by_tag"))
no_open_ingress = resource_rule(predicates.open_ingress_findings, **_text("no_open_ingress"))
no_open_egress = resource_rule(predicates.open_egress_findings, **_text("no_open_egress"))
cluster_secrets_encrypted = resource_rule(predicates.cluster_secrets_findings, **_text("cluster_secrets_encrypted"))
cluster_logs_kept = resource_rule(predicates.cluster_log_findings, **_text("cluster_logs_kept"))
bucket_tls_only = resource_rule(predicates.bucket_tls_findings, **_text("bucket_tls_only"))
bucket_endpoint_only = resource_rule(predicates.bucket_endpoint_findings, **_text("bucket_endpoint_only"))
bucket_encryption_with_kms = resource_rule(predicates.bucket_encryption_findings, **_text("bucket_encryption_with_kms"))
bucket_versions_kept = resource_rule(predicates.bucket_versioning_findings, **_text("bucket_versions_kept"))
key_rotation = resource_rule(predicates.key_rotation_findings, **_text("key_rotation"))
disks_encrypted = resource_rule(predicates.disk_findings, **_text("disks_encrypted"))
instance_metadata_by_token = resource_rule(predicates.instance_metadata_findings, **_text("instance_metadata_by_token"))
no_iam_wildcard = resource_rule(predicates.iam_findings, **_text("no_iam_wildcard"))
no_public_load_balancer = resource_rule(predicates.load_balancer_findings, **_text("no_public_load_balancer"))
listeners_encrypted = resource_rule(predicates.listener_findings, **_text("listeners_encrypted"))
endpoint_service_for_named = resource_rule(predicates.endpoint_service_findings, **_text("endpoint_service_for_named"))
endpoints_limited = resource_rule(predicates.endpoint_policy_findings, **_text("endpoints_limited"))
registry_kept_clean = resource_rule(predicates.registry_findings, **_text("registry_kept_clean"))
no_foreign_image = resource_rule(predicates.foreign_image_findings, **_text("no_foreign_image"))
pods_restricted = resource_rule(predicates.restricted_findings, **_text("pods_restricted"))
no_host_access = resource_rule(predicates.host_findings, **_text("no_host_access"))
no_plain_secret = resource_rule(predicates.plain_secret_findings, **_text("no_plain_secret"))
limits_set = resource_rule(predicates.limit_findings, **_text("limits_set"))
