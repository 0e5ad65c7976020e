"""More faults in the cluster, as strangers write them: kinds of other projects, old spellings, forgotten places."""

from __future__ import annotations

from typing import Any

from tests.privacy_cases.case import fault, rule_only
from tests.privacy_cases.objects import (
    DIGEST,
    INTERNAL,
    RBAC,
    RESTRICTED,
    bound,
    box,
    denied,
    object_,
    pod,
    policy,
    service,
    vllm,
    workload,
)
from tests.privacy_cases.program import Change, put
from tests.privacy_cases.values import FOREIGN, OWN, STRANGERS_BUCKET

ENFORCE = "pod-security.kubernetes.io/enforce"
OF_BALANCER = "service.beta.kubernetes.io/aws-load-balancer-"
PRIVILEGED = {"containers": [box(securityContext={"privileged": True})]}


def privileged(group: str, kind: str, spec: dict[str, Any]) -> Change:
    return object_(group, kind, "other", "llama", spec=spec)


def probed(hook: str, **handler: Any) -> Change:
    """Pod that its node calls, or has called, at a host of somebody's choice."""
    first, _, inner = hook.partition(".")
    return pod(containers=[box(**{first: {inner: handler} if inner else handler})])


def ingress(annotations: dict[str, str], class_name: str) -> Change:
    return object_(
        "networking.k8s.io/v1",
        "Ingress",
        "mutant",
        "llama",
        metadata={"annotations": {"alb.ingress.kubernetes.io/scheme": "internal", **annotations}},
        spec={"ingressClassName": class_name},
    )


CASES = [
    *[
        rule_only(
            f"{hook} of a pod is a request of its node to another machine, by {kind}",
            probed(hook, **{kind: {"host": "169.254.169.254", "port": 80}}),
        )
        for hook, kind in (
            ("livenessProbe", "httpGet"),
            ("readinessProbe", "tcpSocket"),
            ("startupProbe", "httpGet"),
            ("lifecycle.postStart", "httpGet"),
            ("lifecycle.preStop", "tcpSocket"),
        )
    ],
    rule_only(
        "namespace enforces the standard of 1.33, which lets a probe name any host",
        object_(
            "core/v1",
            "Namespace",
            "old",
            metadata={"labels": {f"{ENFORCE}": "restricted", f"{ENFORCE}-version": "v1.33"}},
        ),
        denied("old"),
    ),
    fault(
        "Service of a class whose controller is not known, with the annotation of EKS's own",
        service("tail", INTERNAL, type="LoadBalancer", loadBalancerClass="tailscale"),
    ),
    fault("Ingress of a class whose controller is not known", ingress({}, "tailscale")),
    *[
        fault(
            f"log of who calls into the bucket of a stranger, by {name}",
            service("logged", {**INTERNAL, f"{OF_BALANCER}{name}": value}, type="LoadBalancer"),
        )
        for name, value in (
            ("access-log-s3-bucket-name", STRANGERS_BUCKET),
            ("attributes", f"access_logs.s3.enabled=true,access_logs.s3.bucket={STRANGERS_BUCKET}"),
        )
    ],
    fault(
        "log of who connects into the bucket of a stranger, by an attribute of an Ingress",
        ingress(
            {
                "alb.ingress.kubernetes.io/load-balancer-attributes": "connection_logs.s3.enabled=true,"
                f"connection_logs.s3.bucket={STRANGERS_BUCKET}"
            },
            "alb",
        ),
    ),
    rule_only(
        "NetworkPolicy names no addresses and nearly all ports, which is everything",
        policy("wide", policyTypes=["Egress"], egress=[{"ports": [{"port": 1, "endPort": 65535}]}]),
    ),
    rule_only(
        "NetworkPolicy names no addresses and the port of web pages",
        policy("web", policyTypes=["Egress"], egress=[{"ports": [{"port": 443}]}]),
    ),
    rule_only(
        "Rollout of Argo whose pods are privileged",
        privileged("argoproj.io/v1alpha1", "Rollout", {"template": {"spec": PRIVILEGED}}),
    ),
    rule_only(
        "set of jobs whose pods are privileged",
        privileged(
            "jobset.x-k8s.io/v1alpha2",
            "JobSet",
            {"replicatedJobs": [{"name": "w", "template": {"spec": {"template": {"spec": PRIVILEGED}}}}]},
        ),
    ),
    rule_only(
        "Ray cluster whose workers are privileged",
        privileged(
            "ray.io/v1",
            "RayCluster",
            {"workerGroupSpecs": [{"groupName": "w", "template": {"spec": PRIVILEGED}}]},
        ),
    ),
    rule_only(
        "pod without AppArmor, by the annotation of old",
        object_(
            "core/v1",
            "Pod",
            "tool",
            "llama",
            metadata={"annotations": {"container.apparmor.security.beta.kubernetes.io/tool": "unconfined"}},
            spec={"containers": [box()]},
        ),
    ),
    rule_only(
        "pod that is a process of a Windows node",
        pod(
            securityContext={"windowsOptions": {"hostProcess": True}},
            containers=[box(securityContext={**RESTRICTED, "windowsOptions": {"hostProcess": True}})],
        ),
    ),
    rule_only(
        "debug container of a pod, privileged",
        pod(ephemeralContainers=[box(name="debug", securityContext={"privileged": True})]),
    ),
    rule_only(
        "volume that the node clones from a repository outside",
        pod(volumes=[{"name": "code", "gitRepo": {"repository": "https://code.example/x.git"}}]),
    ),
    rule_only(
        "pod whose seccomp profile is off for one container",
        pod(containers=[box(securityContext={**RESTRICTED, "seccompProfile": {"type": "Unconfined"}})]),
    ),
    rule_only(
        "keys of AWS in plain text in a variable of the model",
        vllm(env=[{"name": "AWS_SECRET_ACCESS_KEY", "value": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}]),
    ),
    rule_only(
        "token of the hub on the command line of a sidecar",
        pod(containers=[box(args=["--hf-token", "hf_abcdefghijklmnopqrstuvwxyz0123"])]),
    ),
    rule_only(
        "password in the address of a database, on a command line",
        pod(containers=[box(args=["--database-url=postgres://user:s3cret@db.internal/x"])]),
    ),
    fault(
        "every service account is an administrator of the cluster",
        bound("cluster-admin", {"kind": "Group", "name": "system:serviceaccounts", "apiGroup": RBAC}),
    ),
    fault(
        "role of all verbs on all resources, for users without a credential",
        object_(
            f"{RBAC}/v1",
            "ClusterRole",
            "all",
            rules=[{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
        ),
        bound("all", {"kind": "Group", "name": "system:unauthenticated", "apiGroup": RBAC}),
    ),
    rule_only(
        "namespace of the model enforces the baseline standard",
        put(
            "Namespace",
            metadata=lambda program: {
                **program.old,
                "labels": {**program.old["labels"], "pod-security.kubernetes.io/enforce": "baseline"},
            },
        ),
    ),
    fault(
        "balancer of the controller's own class that faces the internet",
        service(
            "front",
            {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing"},
            type="LoadBalancer",
            loadBalancerClass="service.k8s.aws/nlb",
        ),
    ),
    fault(
        "balancer whose annotation says internal: false",
        service("front", {"service.beta.kubernetes.io/aws-load-balancer-internal": "false"}, type="LoadBalancer"),
    ),
    fault(
        "Endpoints of the model's Service are an address outside",
        object_(
            "core/v1",
            "Endpoints",
            "llama-vllm",
            "llama",
            subsets=[{"addresses": [{"ip": "203.0.113.9"}], "ports": [{"port": 8000}]}],
        ),
    ),
    fault(
        "class of Ingress by which all balancers face the internet",
        object_("elbv2.k8s.aws/v1beta1", "IngressClassParams", "alb", spec={"scheme": "internet-facing"}),
    ),
    fault(
        "pods of the model behind the target group of a balancer of others",
        object_(
            "elbv2.k8s.aws/v1beta1",
            "TargetGroupBinding",
            "front",
            "llama",
            spec={
                "serviceRef": {"name": "llama-vllm", "port": 80},
                "targetGroupARN": f"arn:aws:elasticloadbalancing:us-east-1:{OWN}:targetgroup/public/0a1b2c3d",
            },
        ),
    ),
    fault(
        "Karpenter's nodes with addresses on the internet",
        object_("karpenter.k8s.aws/v1", "EC2NodeClass", "gpu", spec={"associatePublicIPAddress": True}),
    ),
    fault(
        "Karpenter's nodes whose metadata pods can reach",
        object_(
            "karpenter.k8s.aws/v1",
            "EC2NodeClass",
            "gpu",
            spec={"metadataOptions": {"httpPutResponseHopLimit": 2, "httpTokens": "required"}},
        ),
    ),
    fault(
        "service account that takes a role of another account",
        put(
            "ServiceAccount",
            metadata=lambda program: {
                **program.old,
                "annotations": {"eks.amazonaws.com/role-arn": f"arn:aws:iam::{FOREIGN}:role/sink"},
            },
        ),
    ),
    fault(
        "bucket that a controller in the cluster makes, unseen by all rules",
        object_("s3.services.k8s.aws/v1alpha1", "Bucket", "copy", "llama", spec={"name": "acme-copy"}),
    ),
    fault(
        "programs from a repository outside are applied to the cluster",
        object_(
            "source.toolkit.fluxcd.io/v1",
            "GitRepository",
            "apps",
            "llama",
            spec={"url": "https://code.example/apps.git"},
        ),
    ),
    fault(
        "collector that exports what pods tell it to a seller outside",
        object_(
            "opentelemetry.io/v1beta1",
            "OpenTelemetryCollector",
            "out",
            "llama",
            spec={"config": {"exporters": {"otlphttp": {"endpoint": "https://telemetry.example"}}}},
        ),
    ),
    fault(
        "Certificate of a public authority: the name of the service is in its public log",
        object_(
            "cert-manager.io/v1",
            "ClusterIssuer",
            "public",
            spec={"acme": {"server": "https://acme-v02.api.letsencrypt.org/directory"}},
        ),
    ),
    rule_only(
        "sidecar of the model from a public registry, by digest",
        workload("Deployment", "llama", containers=[box(image=f"ghcr.io/tools/proxy@{DIGEST}")]),
    ),
]
