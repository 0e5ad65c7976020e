"""Ordinary additions in the cluster by which nothing leaves."""

from __future__ import annotations

from tests.privacy_cases.case import harmless
from tests.privacy_cases.objects import (
    DIGEST,
    INTERNAL,
    RBAC,
    bound,
    box,
    namespace,
    object_,
    pod,
    policy,
    service,
    workload,
)
from tests.privacy_cases.values import OWN

OF_BALANCER = "service.beta.kubernetes.io/aws-load-balancer-"
INTERNAL_SCHEME = f"{OF_BALANCER}scheme"
WORDS = [{"name": "EOS_TOKEN", "value": "<|eot_id|>"}, {"name": "PAD_TOKEN", "value": "<pad>"}]
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llama-vllm"}

BY_TYPE = {f"{OF_BALANCER}type": "external", INTERNAL_SCHEME: "internal", f"{OF_BALANCER}nlb-target-type": "ip"}

CASES = [
    harmless(
        "internal balancer by the type of the AWS Load Balancer Controller, with no class",
        service("by-type", BY_TYPE, type="LoadBalancer"),
    ),
    harmless(
        "internal balancer that logs who calls into a bucket of the stack",
        lambda program: service(
            "logged",
            {**INTERNAL, f"{OF_BALANCER}access-log-s3-bucket-name": program.bucket},
            type="LoadBalancer",
        )(program),
    ),
    harmless(
        "pod that its node asks for its health, and that may size its buffers",
        pod(
            containers=[
                box(
                    livenessProbe={"httpGet": {"path": "/health", "port": 8000}, "periodSeconds": 10},
                    readinessProbe={"tcpSocket": {"port": 8000}},
                    lifecycle={"preStop": {"sleep": {"seconds": 5}}},
                )
            ],
            securityContext={"sysctls": [{"name": "net.ipv4.tcp_rmem", "value": "4096 131072 6291456"}]},
        ),
    ),
    harmless(
        "everybody who is signed in may ask what the API can do, as Kubernetes itself has it",
        bound("system:discovery", {"kind": "Group", "name": "system:authenticated", "apiGroup": RBAC}),
    ),
    harmless(
        "pods may ask any name server, which the network names",
        policy(
            "dns",
            policyTypes=["Egress"],
            egress=[{"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}],
        ),
    ),
    harmless(
        "Prometheus in a namespace of its own, which may read pods",
        *namespace("monitoring"),
        object_(
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            "prometheus",
            rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}],
        ),
        workload("Deployment", "monitoring"),
        object_("core/v1", "Service", "prometheus", "monitoring", spec={"ports": [{"port": 9090}]}),
    ),
    harmless(
        "ServiceMonitor for the model",
        object_(
            "monitoring.coreos.com/v1",
            "ServiceMonitor",
            "vllm",
            "llama",
            spec={"selector": {"matchLabels": {"app.kubernetes.io/name": "vllm"}}, "endpoints": [{"port": "http"}]},
        ),
    ),
    harmless(
        "encrypted class of disks",
        object_(
            "storage.k8s.io/v1",
            "StorageClass",
            "gp3",
            provisioner="ebs.csi.aws.com",
            parameters={"type": "gp3", "encrypted": "true"},
        ),
    ),
    harmless(
        "KEDA scales on a metric of Prometheus in the cluster",
        object_(
            "keda.sh/v1alpha1",
            "ScaledObject",
            "vllm",
            "llama",
            spec={
                "scaleTargetRef": {"name": "llama-vllm"},
                "triggers": [
                    {
                        "type": "prometheus",
                        "metadata": {"serverAddress": "http://prometheus.monitoring:9090", "threshold": "1"},
                    }
                ],
            },
        ),
    ),
    harmless(
        "cert-manager: its pods, a definition, and a webhook to its own Service",
        *namespace("cert-manager"),
        workload("Deployment", "cert-manager"),
        object_(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            "certificates.cert-manager.io",
            spec={"group": "cert-manager.io", "names": {"kind": "Certificate"}, "scope": "Namespaced"},
        ),
        object_(
            "admissionregistration.k8s.io/v1",
            "ValidatingWebhookConfiguration",
            "cert-manager",
            webhooks=[
                {
                    "name": "webhook.cert-manager.io",
                    "admissionReviewVersions": ["v1"],
                    "sideEffects": "None",
                    "clientConfig": {"service": {"name": "webhook", "namespace": "cert-manager"}},
                }
            ],
        ),
    ),
    harmless(
        "AWS Load Balancer Controller: its pods and its class",
        workload("Deployment"),
        object_("networking.k8s.io/v1", "IngressClass", "alb", spec={"controller": "ingress.k8s.aws/alb"}),
    ),
    harmless(
        "Ingress inside the VPC",
        object_(
            "networking.k8s.io/v1",
            "Ingress",
            "inside",
            "llama",
            metadata={
                "annotations": {
                    "alb.ingress.kubernetes.io/scheme": "internal",
                    "alb.ingress.kubernetes.io/target-type": "ip",
                }
            },
            spec={
                "ingressClassName": "alb",
                "defaultBackend": {"service": {"name": "llama-vllm", "port": {"number": 80}}},
            },
        ),
    ),
    harmless(
        "autoscaler of pods",
        object_(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            "vllm",
            "llama",
            spec={"scaleTargetRef": TARGET, "minReplicas": 1, "maxReplicas": 2},
        ),
    ),
    harmless(
        "balancer made internal by the annotation that EKS's own controller reads",
        service(
            "front",
            {**INTERNAL, "service.beta.kubernetes.io/aws-load-balancer-type": "nlb"},
            type="LoadBalancer",
        ),
    ),
    harmless("tokenizer's words in variables that end in TOKEN", pod("tools", containers=[box(env=WORDS)])),
    harmless(
        "image by the registry's FIPS name",
        pod("tools", containers=[box(image=f"{OWN}.dkr.ecr-fips.us-east-1.amazonaws.com/tool@{DIGEST}")]),
    ),
    harmless(
        "Karpenter's pool of nodes",
        object_("karpenter.sh/v1", "NodePool", "gpu", spec={"template": {"spec": {"requirements": []}}}),
    ),
    harmless(
        "image of AWS's own add-ons, by digest",
        pod("tools", containers=[box(image=f"602401143452.dkr.ecr.us-east-1.amazonaws.com/eks/pause@{DIGEST}")]),
    ),
]
