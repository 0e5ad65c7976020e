"""Rules of one resource: each predicate with a name, a sentence, a severity and a remedy."""

from pulumi_policy import Severity

from paddock.policy.validation import resource_rule
from paddock.privacy import predicates

no_internet_gateway = resource_rule(
    predicates.gateway_findings,
    name="aws-vpc-disallow-internet-gateway",
    display_name="No internet gateway or NAT",
    description="Nothing leaves the VPC: no internet, NAT or egress-only gateway, and no route to one.",
    severity=Severity.CRITICAL,
    remediation_steps=(
        "Remove the gateway and its routes. Reach S3 through a gateway endpoint and other AWS services through "
        "interface endpoints; paddock.PrivateNetwork makes both."
    ),
    url="https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html",
)

no_public_ip = resource_rule(
    predicates.public_address_findings,
    name="aws-ec2-disallow-public-ip",
    display_name="No public address",
    description="Nothing has a public address, and no node's SSH port is open to everyone.",
    severity=Severity.CRITICAL,
    remediation_steps="Set the flag to false or remove the address; reach machines through SSM or a peered network.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html",
)

no_public_cluster_endpoint = resource_rule(
    predicates.cluster_endpoint_findings,
    name="aws-eks-cluster-disallow-public-endpoint",
    display_name="EKS endpoint not public",
    description="The Kubernetes API answers inside the VPC only.",
    severity=Severity.CRITICAL,
    remediation_steps="In vpcConfig set endpointPublicAccess to false and endpointPrivateAccess to true.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
)

no_public_bucket_access = resource_rule(
    predicates.bucket_access_findings,
    name="aws-s3-bucket-disallow-public-access",
    display_name="S3 public access blocked",
    description="S3 public access blocks have no gap, and no ACL or grant is public.",
    severity=Severity.CRITICAL,
    remediation_steps=(
        "Set blockPublicAcls, blockPublicPolicy, ignorePublicAcls and restrictPublicBuckets to true; remove public "
        "ACLs and grants, and give access by bucket policy to named principals."
    ),
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
)

no_image_by_tag = resource_rule(
    predicates.image_findings,
    name="kubernetes-pod-disallow-image-tag",
    display_name="No container image by mutable tag",
    description="Every container image is named by its digest, so what was reviewed is what runs.",
    severity=Severity.HIGH,
    remediation_steps=(
        f"Write each image as {predicates.IMAGE_FORM}; `docker buildx imagetools inspect IMAGE` prints the digest of a "
        "tag."
    ),
    url="https://kubernetes.io/docs/concepts/containers/images/#image-names",
)


no_open_ingress = resource_rule(
    predicates.open_ingress_findings,
    name="aws-ec2-security-group-disallow-open-ingress",
    display_name="Security groups let nobody in",
    description="No security group lets every address in.",
    severity=Severity.CRITICAL,
    remediation_steps="Name a range of the VPC, a peered network or a security group as the source.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
)

no_open_egress = resource_rule(
    predicates.open_egress_findings,
    name="aws-ec2-security-group-disallow-open-egress",
    display_name="Security groups let nothing out",
    description="No security group lets traffic out to every address.",
    severity=Severity.CRITICAL,
    remediation_steps="Name the VPC, an endpoint's security group or a prefix list as the destination.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
)

cluster_secrets_encrypted = resource_rule(
    predicates.cluster_secrets_findings,
    name="aws-eks-cluster-require-secrets-encryption",
    display_name="Kubernetes secrets encrypted",
    description="Kubernetes secrets are encrypted with a key of the account.",
    severity=Severity.HIGH,
    remediation_steps='Set encryptionConfig with provider.keyArn and resources ["secrets"].',
    url="https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html",
)

cluster_logs_kept = resource_rule(
    predicates.cluster_log_findings,
    name="aws-eks-cluster-require-control-plane-logs",
    display_name="Control-plane logs kept",
    description="Every kind of control-plane log is kept.",
    severity=Severity.MEDIUM,
    remediation_steps="List api, audit, authenticator, controllerManager and scheduler in enabledClusterLogTypes.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
)

bucket_tls_only = resource_rule(
    predicates.bucket_tls_findings,
    name="aws-s3-bucket-policy-require-tls",
    display_name="Buckets refuse plain HTTP",
    description="A bucket's policy refuses requests without TLS.",
    severity=Severity.HIGH,
    remediation_steps="Deny s3:* to Principal * where aws:SecureTransport is false.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
)

bucket_endpoint_only = resource_rule(
    predicates.bucket_endpoint_findings,
    name="aws-s3-bucket-policy-require-vpc-endpoint",
    display_name="Buckets answer a VPC endpoint only",
    description="A bucket's policy refuses reading that comes through no VPC endpoint of ours.",
    severity=Severity.HIGH,
    remediation_steps=(
        "Deny s3:GetObject* to Principal * where aws:SourceVpce is not the endpoint or aws:VpceAccount not the account."
    ),
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies-vpc-endpoint.html",
)

bucket_encryption_with_kms = resource_rule(
    predicates.bucket_encryption_findings,
    name="aws-s3-bucket-encryption-require-kms",
    display_name="Buckets encrypted with KMS",
    description="A bucket's default encryption uses KMS.",
    severity=Severity.HIGH,
    remediation_steps="Set sseAlgorithm to aws:kms and kmsMasterKeyId to a key of the account.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
)

bucket_versions_kept = resource_rule(
    predicates.bucket_versioning_findings,
    name="aws-s3-bucket-versioning-disallow-suspension",
    display_name="Versioning not suspended",
    description="Versioning of a bucket is enabled where it is configured.",
    severity=Severity.MEDIUM,
    remediation_steps="Set versioningConfiguration.status to Enabled.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
)

key_rotation = resource_rule(
    predicates.key_rotation_findings,
    name="aws-kms-key-require-rotation",
    display_name="KMS keys rotate",
    description="Symmetric KMS keys rotate.",
    severity=Severity.MEDIUM,
    remediation_steps="Set enableKeyRotation to true.",
    url="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
)

disks_encrypted = resource_rule(
    predicates.disk_findings,
    name="aws-ebs-volume-require-encryption",
    display_name="EBS encrypted",
    description="Every EBS volume that is described is encrypted.",
    severity=Severity.HIGH,
    remediation_steps="Set encrypted to true on the volume or block device.",
    url="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
)

instance_metadata_by_token = resource_rule(
    predicates.instance_metadata_findings,
    name="aws-ec2-instance-require-imdsv2",
    display_name="Instance metadata by token, one hop",
    description="Instance metadata asks for a token and answers over one hop.",
    severity=Severity.HIGH,
    remediation_steps="Set metadataOptions.httpTokens to required and httpPutResponseHopLimit to 1.",
    url="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html",
)

no_iam_wildcard = resource_rule(
    predicates.iam_findings,
    name="aws-iam-policy-disallow-wildcard",
    display_name="No IAM wildcards",
    description="No IAM document allows a wildcard action, every resource or every principal.",
    severity=Severity.HIGH,
    remediation_steps="Name actions, resources and principals; attach no administrator policy.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
)

no_public_load_balancer = resource_rule(
    predicates.load_balancer_findings,
    name="aws-lb-disallow-internet-facing",
    display_name="Load balancers internal",
    description="Every load balancer is said to be internal.",
    severity=Severity.CRITICAL,
    remediation_steps="Set internal to true, or the scheme annotation to internal.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html",
)

listeners_encrypted = resource_rule(
    predicates.listener_findings,
    name="aws-lb-listener-require-tls",
    display_name="Load balancers speak TLS",
    description="Every listener of a load balancer ends TLS.",
    severity=Severity.HIGH,
    remediation_steps="Set protocol to TLS (network) or HTTPS (application) and certificateArn to a certificate.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-tls-listener.html",
)

endpoint_service_for_named = resource_rule(
    predicates.endpoint_service_findings,
    name="aws-vpc-endpoint-service-disallow-everyone",
    display_name="PrivateLink for named accounts only",
    description="Endpoint services name who may connect, and each connection is accepted by hand.",
    severity=Severity.CRITICAL,
    remediation_steps="Name principals by ARN in place of *, and set acceptanceRequired to true.",
    url="https://docs.aws.amazon.com/vpc/latest/privatelink/configure-endpoint-service.html",
)

endpoints_limited = resource_rule(
    predicates.endpoint_policy_findings,
    name="aws-vpc-endpoint-require-policy",
    display_name="VPC endpoints limited",
    description="Every VPC endpoint has a policy that names accounts or resources.",
    severity=Severity.HIGH,
    remediation_steps="Set policy on the endpoint, with a condition on aws:ResourceAccount or resources by ARN.",
    url="https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
)

registry_kept_clean = resource_rule(
    predicates.registry_findings,
    name="aws-ecr-repository-require-immutability",
    display_name="ECR immutable and scanned",
    description="Tags of an ECR repository cannot be moved and its images are scanned on push.",
    severity=Severity.MEDIUM,
    remediation_steps="Set imageTagMutability to IMMUTABLE and imageScanningConfiguration.scanOnPush to true.",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
)

no_foreign_image = resource_rule(
    predicates.foreign_image_findings,
    name="kubernetes-pod-disallow-foreign-registry",
    display_name="Images from private ECR",
    description="Every container image comes from a private ECR registry.",
    severity=Severity.HIGH,
    remediation_steps="Copy the image to ECR and name it <account>.dkr.ecr.<region>.amazonaws.com/<name>@sha256:….",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html",
)

pods_restricted = resource_rule(
    predicates.restricted_findings,
    name="kubernetes-pod-require-restricted",
    display_name="Pods under the restricted standard",
    description="Pods keep to the restricted Pod Security Standard with a read-only root, and namespaces enforce it.",
    severity=Severity.HIGH,
    remediation_steps="Set runAsNonRoot, seccompProfile and readOnlyRootFilesystem, drop ALL; label namespaces.",
    url="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
)

no_host_access = resource_rule(
    predicates.host_findings,
    name="kubernetes-pod-disallow-host-access",
    display_name="No host namespaces",
    description="No pod shares a namespace, a port or a folder of its node.",
    severity=Severity.CRITICAL,
    remediation_steps="Remove hostNetwork, hostPID, hostIPC, hostPath and hostPort.",
    url="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
)

no_plain_secret = resource_rule(
    predicates.plain_secret_findings,
    name="kubernetes-pod-disallow-plain-secret",
    display_name="No secret in a pod's environment",
    description="No environment variable holds a password, key or token itself.",
    severity=Severity.HIGH,
    remediation_steps="Keep it in a Secret and name that by valueFrom.secretKeyRef, or mount it as a file.",
    url="https://kubernetes.io/docs/concepts/configuration/secret/",
)

limits_set = resource_rule(
    predicates.limit_findings,
    name="kubernetes-pod-require-limits",
    display_name="Memory limits and CPU requests",
    description="Every container has a memory limit and a CPU request.",
    severity=Severity.MEDIUM,
    remediation_steps="Set resources.limits.memory and resources.requests.cpu.",
    url="https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
)
