"""Rules of one resource: each predicate with a name, a sentence, a severity and a way out."""

from pulumi_policy import ResourceValidationPolicy, Severity

from paddock.policy.validation import EXCEPTIONS, MANDATORY, validation
from paddock.privacy import predicates

no_internet_gateway = ResourceValidationPolicy(
    name="aws-vpc-disallow-internet-gateway",
    display_name="No internet gateway or NAT",
    description="Nothing leaves the VPC: no internet, NAT or egress-only gateway, and no route to one.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps=(
        "Remove the gateway and its routes. Reach S3 through a gateway endpoint and other AWS services through "
        "interface endpoints; paddock.PrivateNetwork makes both."
    ),
    url="https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html",
    validate=validation(predicates.gateway_findings),
)

no_public_ip = ResourceValidationPolicy(
    name="aws-ec2-disallow-public-ip",
    display_name="No public address",
    description="Nothing has a public address, and no node's SSH port is open to everyone.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps="Set the flag to false or remove the address; reach machines through SSM or a peered network.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html",
    validate=validation(predicates.public_address_findings),
)

no_public_cluster_endpoint = ResourceValidationPolicy(
    name="aws-eks-cluster-disallow-public-endpoint",
    display_name="EKS endpoint not public",
    description="The Kubernetes API answers inside the VPC only.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps="In vpcConfig set endpointPublicAccess to false and endpointPrivateAccess to true.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
    validate=validation(predicates.cluster_endpoint_findings),
)

no_public_bucket_access = ResourceValidationPolicy(
    name="aws-s3-bucket-disallow-public-access",
    display_name="S3 public access blocked",
    description="S3 public access blocks have no gap, and no ACL or grant is public.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps=(
        "Set blockPublicAcls, blockPublicPolicy, ignorePublicAcls and restrictPublicBuckets to true; remove public "
        "ACLs and grants, and give access by bucket policy to named principals."
    ),
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
    validate=validation(predicates.bucket_access_findings),
)

no_image_by_tag = ResourceValidationPolicy(
    name="kubernetes-pod-disallow-image-tag",
    display_name="No container image by mutable tag",
    description="Every container image is named by its digest, so what was reviewed is what runs.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps=(
        f"Write each image as {predicates.IMAGE_FORM}; `docker buildx imagetools inspect IMAGE` prints the digest of a "
        "tag."
    ),
    url="https://kubernetes.io/docs/concepts/containers/images/#image-names",
    validate=validation(predicates.image_findings),
)


no_open_ingress = ResourceValidationPolicy(
    name="aws-ec2-security-group-disallow-open-ingress",
    display_name="Security groups let nobody in",
    description="No security group lets every address in.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps="Name a range of the VPC, a peered network or a security group as the source.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
    validate=validation(predicates.open_ingress_findings),
)

no_open_egress = ResourceValidationPolicy(
    name="aws-ec2-security-group-disallow-open-egress",
    display_name="Security groups let nothing out",
    description="No security group lets traffic out to every address.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps="Name the VPC, an endpoint's security group or a prefix list as the destination.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
    validate=validation(predicates.open_egress_findings),
)

cluster_secrets_encrypted = ResourceValidationPolicy(
    name="aws-eks-cluster-require-secrets-encryption",
    display_name="Kubernetes secrets encrypted",
    description="Kubernetes secrets are encrypted with a key of the account.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps='Set encryptionConfig with provider.keyArn and resources ["secrets"].',
    url="https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html",
    validate=validation(predicates.cluster_secrets_findings),
)

cluster_logs_kept = ResourceValidationPolicy(
    name="aws-eks-cluster-require-control-plane-logs",
    display_name="Control-plane logs kept",
    description="Every kind of control-plane log is kept.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.MEDIUM,
    remediation_steps="List api, audit, authenticator, controllerManager and scheduler in enabledClusterLogTypes.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
    validate=validation(predicates.cluster_log_findings),
)

bucket_tls_only = ResourceValidationPolicy(
    name="aws-s3-bucket-policy-require-tls",
    display_name="Buckets refuse plain HTTP",
    description="A bucket's policy refuses requests without TLS.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Deny s3:* to Principal * where aws:SecureTransport is false.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
    validate=validation(predicates.bucket_tls_findings),
)

bucket_endpoint_only = ResourceValidationPolicy(
    name="aws-s3-bucket-policy-require-vpc-endpoint",
    display_name="Buckets answer a VPC endpoint only",
    description="A bucket's policy refuses reading that comes through no VPC endpoint of ours.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps=(
        "Deny s3:GetObject* to Principal * where aws:SourceVpce is not the endpoint or aws:VpceAccount not the account."
    ),
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies-vpc-endpoint.html",
    validate=validation(predicates.bucket_endpoint_findings),
)

bucket_encryption_with_kms = ResourceValidationPolicy(
    name="aws-s3-bucket-encryption-require-kms",
    display_name="Buckets encrypted with KMS",
    description="A bucket's default encryption uses KMS.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Set sseAlgorithm to aws:kms and kmsMasterKeyId to a key of the account.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
    validate=validation(predicates.bucket_encryption_findings),
)

bucket_versions_kept = ResourceValidationPolicy(
    name="aws-s3-bucket-versioning-disallow-suspension",
    display_name="Versioning not suspended",
    description="Versioning of a bucket is enabled where it is configured.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.MEDIUM,
    remediation_steps="Set versioningConfiguration.status to Enabled.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
    validate=validation(predicates.versioning_findings),
)

key_rotation = ResourceValidationPolicy(
    name="aws-kms-key-require-rotation",
    display_name="KMS keys rotate",
    description="Symmetric KMS keys rotate.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.MEDIUM,
    remediation_steps="Set enableKeyRotation to true.",
    url="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
    validate=validation(predicates.key_rotation_findings),
)

disks_encrypted = ResourceValidationPolicy(
    name="aws-ebs-volume-require-encryption",
    display_name="EBS encrypted",
    description="Every EBS volume that is described is encrypted.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Set encrypted to true on the volume or block device.",
    url="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
    validate=validation(predicates.disk_findings),
)

instance_metadata_by_token = ResourceValidationPolicy(
    name="aws-ec2-instance-require-imdsv2",
    display_name="Instance metadata by token, one hop",
    description="Instance metadata asks for a token and answers over one hop.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Set metadataOptions.httpTokens to required and httpPutResponseHopLimit to 1.",
    url="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html",
    validate=validation(predicates.instance_metadata_findings),
)

no_iam_wildcard = ResourceValidationPolicy(
    name="aws-iam-policy-disallow-wildcard",
    display_name="No IAM wildcards",
    description="No IAM document allows a wildcard action, every resource or every principal.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Name actions, resources and principals; attach no administrator policy.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
    validate=validation(predicates.iam_findings),
)

no_public_load_balancer = ResourceValidationPolicy(
    name="aws-lb-disallow-internet-facing",
    display_name="Load balancers internal",
    description="Every load balancer is said to be internal.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps="Set internal to true, or the scheme annotation to internal.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html",
    validate=validation(predicates.load_balancer_findings),
)

listeners_encrypted = ResourceValidationPolicy(
    name="aws-lb-listener-require-tls",
    display_name="Load balancers speak TLS",
    description="Every listener of a load balancer ends TLS.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Set protocol to TLS (network) or HTTPS (application) and certificateArn to a certificate.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-tls-listener.html",
    validate=validation(predicates.listener_findings),
)

endpoint_service_for_named = ResourceValidationPolicy(
    name="aws-vpc-endpoint-service-disallow-everyone",
    display_name="PrivateLink for named accounts only",
    description="Endpoint services name who may connect, and each connection is accepted by hand.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps="Name principals by ARN in place of *, and set acceptanceRequired to true.",
    url="https://docs.aws.amazon.com/vpc/latest/privatelink/configure-endpoint-service.html",
    validate=validation(predicates.endpoint_service_findings),
)

endpoints_limited = ResourceValidationPolicy(
    name="aws-vpc-endpoint-require-policy",
    display_name="VPC endpoints limited",
    description="Every VPC endpoint has a policy that names accounts or resources.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Set policy on the endpoint, with a condition on aws:ResourceAccount or resources by ARN.",
    url="https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
    validate=validation(predicates.endpoint_policy_findings),
)

registry_kept_clean = ResourceValidationPolicy(
    name="aws-ecr-repository-require-immutability",
    display_name="ECR immutable and scanned",
    description="Tags of an ECR repository cannot be moved and its images are scanned on push.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.MEDIUM,
    remediation_steps="Set imageTagMutability to IMMUTABLE and imageScanningConfiguration.scanOnPush to true.",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
    validate=validation(predicates.registry_findings),
)

no_foreign_image = ResourceValidationPolicy(
    name="kubernetes-pod-disallow-foreign-registry",
    display_name="Images from private ECR",
    description="Every container image comes from a private ECR registry.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Copy the image to ECR and name it <account>.dkr.ecr.<region>.amazonaws.com/<name>@sha256:….",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html",
    validate=validation(predicates.foreign_image_findings),
)

pods_restricted = ResourceValidationPolicy(
    name="kubernetes-pod-require-restricted",
    display_name="Pods under the restricted standard",
    description="Pods keep to the restricted Pod Security Standard with a read-only root, and namespaces enforce it.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Set runAsNonRoot, seccompProfile and readOnlyRootFilesystem, drop ALL; label namespaces.",
    url="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    validate=validation(predicates.restricted_findings),
)

no_host_access = ResourceValidationPolicy(
    name="kubernetes-pod-disallow-host-access",
    display_name="No host namespaces",
    description="No pod shares a namespace, a port or a folder of its node.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.CRITICAL,
    remediation_steps="Remove hostNetwork, hostPID, hostIPC, hostPath and hostPort.",
    url="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    validate=validation(predicates.host_findings),
)

no_plain_secret = ResourceValidationPolicy(
    name="kubernetes-pod-disallow-plain-secret",
    display_name="No secret in a pod's environment",
    description="No environment variable holds a password, key or token itself.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.HIGH,
    remediation_steps="Keep it in a Secret and name that by valueFrom.secretKeyRef, or mount it as a file.",
    url="https://kubernetes.io/docs/concepts/configuration/secret/",
    validate=validation(predicates.plain_secret_findings),
)

limits_set = ResourceValidationPolicy(
    name="kubernetes-pod-require-limits",
    display_name="Memory limits and CPU requests",
    description="Every container has a memory limit and a CPU request.",
    enforcement_level=MANDATORY,
    config_schema=EXCEPTIONS,
    severity=Severity.MEDIUM,
    remediation_steps="Set resources.limits.memory and resources.requests.cpu.",
    url="https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
    validate=validation(predicates.limit_findings),
)
