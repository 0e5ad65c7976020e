"""Pods and what Kubernetes sets around them: node access, secrets in plain text, network policies, services."""

from __future__ import annotations

from tests.privacy_cases.case import fault, rule_only
from tests.privacy_cases.objects import (
    DIGEST,
    IMAGE,
    INTERNAL_LATER,
    RESTRICTED,
    box,
    object_,
    pod,
    policy,
    service,
    vllm,
    workload,
)
from tests.privacy_cases.program import put
from tests.privacy_cases.values import EVERYWHERE, FOREIGN, OWN

NODE_ROOT = {"name": "root", "hostPath": {"path": "/"}}
NFS = {"server": "192.0.2.1", "path": "/"}
SECRETS = {
    "PGPASSWORD": "s3cret",
    "DATABASE_URL": "postgres://user:s3cret@db/x",
    "GITHUB_PAT": "ghp_0123456789",
    "OPENAI_KEY": "sk-0123456789",
    "AUTH_HEADER": "Bearer 0123456789",
}

CASES = [
    rule_only(
        "LeaderWorkerSet whose pods are privileged, as root, on the node's network, with its disk and a token",
        object_(
            "leaderworkerset.x-k8s.io/v1",
            "LeaderWorkerSet",
            "workers",
            "kube-system",
            spec={
                "replicas": 1,
                "leaderWorkerTemplate": {
                    "size": 2,
                    "workerTemplate": {
                        "spec": {
                            "hostNetwork": True,
                            "hostPID": True,
                            "volumes": [NODE_ROOT],
                            "containers": [
                                {
                                    "name": "tool",
                                    "image": IMAGE,
                                    "securityContext": {"privileged": True, "runAsUser": 0},
                                    "env": [{"name": "HF_TOKEN", "value": "hf_0"}],
                                }
                            ],
                        }
                    },
                },
            },
        ),
    ),
    rule_only(
        "privileged DaemonSet beside Kubernetes's own",
        workload("DaemonSet", containers=[box(securityContext={"privileged": True})]),
    ),
    rule_only("bare pod with the node's disk", pod(volumes=[NODE_ROOT])),
    rule_only("StatefulSet that writes to an NFS server", workload("StatefulSet", volumes=[{"name": "n", "nfs": NFS}])),
    rule_only(
        "CronJob as root",
        object_(
            "batch/v1",
            "CronJob",
            "nightly",
            "llama",
            spec={
                "schedule": "0 3 * * *",
                "jobTemplate": {
                    "spec": {
                        "template": {
                            "spec": {
                                "restartPolicy": "Never",
                                "containers": [
                                    box(securityContext={**RESTRICTED, "runAsNonRoot": False, "runAsUser": 0})
                                ],
                            }
                        }
                    }
                },
            },
        ),
    ),
    rule_only(
        "Job whose init container takes a port of the node",
        workload(
            "Job",
            group="batch/v1",
            restartPolicy="Never",
            initContainers=[box(name="first", ports=[{"containerPort": 80, "hostPort": 80}])],
        ),
    ),
    rule_only(
        "pod without AppArmor whose /proc is unmasked",
        pod(
            securityContext={"appArmorProfile": {"type": "Unconfined"}},
            containers=[box(securityContext={**RESTRICTED, "procMount": "Unmasked"})],
        ),
    ),
    rule_only(
        "pod with unsafe sysctls and an SELinux type of its own",
        pod(
            securityContext={
                "sysctls": [{"name": "kernel.msgmax", "value": "65536"}],
                "seLinuxOptions": {"type": "spc_t", "user": "system_u"},
            }
        ),
    ),
    rule_only(
        "sidecar (an init container that stays) without limits",
        pod(initContainers=[box(name="side", restartPolicy="Always", resources={})]),
    ),
    rule_only(
        "init container by tag",
        pod(initContainers=[box(name="first", image=f"{OWN}.dkr.ecr.us-east-1.amazonaws.com/tool:latest")]),
    ),
    *[
        rule_only(
            f"secret in plain text in the variable {name}", pod(containers=[box(env=[{"name": name, "value": value}])])
        )
        for name, value in SECRETS.items()
    ],
    rule_only("API key of vLLM on its command line", vllm(("--api-key", "sk-0123456789abcdef0123"))),
    rule_only(
        "AWS keys in a ConfigMap",
        object_(
            "core/v1",
            "ConfigMap",
            "credentials",
            "llama",
            data={
                "credentials": "[default]\naws_access_key_id=AKIAIOSFODNN7EXAMPLE\n"
                "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
            },
        ),
    ),
    rule_only("model that may run code from its checkpoint", vllm(("--trust-remote-code",))),
    rule_only(
        "image of the model from the private registry of a stranger",
        vllm(image=f"{FOREIGN}.dkr.ecr.us-east-1.amazonaws.com/vllm@{DIGEST}"),
    ),
    rule_only(
        "second NetworkPolicy allows everything both ways: policies add up",
        policy(policyTypes=["Ingress", "Egress"], ingress=[{}], egress=[{}]),
    ),
    rule_only(
        "NetworkPolicy lets every address to the model's port, past its door",
        policy(
            policyTypes=["Ingress"],
            ingress=[{"from": [{"ipBlock": {"cidr": EVERYWHERE}}], "ports": [{"port": 8000}]}],
        ),
    ),
    rule_only(
        "NetworkPolicy lets out to a block with host bits set, which Kubernetes reads as its network",
        policy(policyTypes=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.1/16"}}]}]),
    ),
    fault(
        "balancer made internal by the wrong controller's annotation: EKS's own makes a public one",
        service(
            "front",
            {**INTERNAL_LATER, "service.beta.kubernetes.io/aws-load-balancer-type": "nlb"},
            type="LoadBalancer",
        ),
    ),
    fault(
        "balancer with the scheme annotation alone, on a cluster without that controller",
        service("front", INTERNAL_LATER, type="LoadBalancer"),
    ),
    fault(
        "Service that is another name for a host outside",
        service("alias", type="ExternalName", externalName="somewhere.example"),
    ),
    fault("Service that takes the traffic of an address outside", service("taken", externalIPs=["203.0.113.9"])),
    fault(
        "patch makes the model's Service a balancer",
        object_("core/v1", "ServicePatch", "llama-vllm", "llama", spec={"type": "LoadBalancer"}),
    ),
    fault(
        "Ingress that faces the internet",
        object_(
            "networking.k8s.io/v1",
            "Ingress",
            "front",
            "llama",
            metadata={"annotations": {"alb.ingress.kubernetes.io/scheme": "internet-facing"}},
            spec={"ingressClassName": "alb"},
        ),
    ),
    fault(
        "Gateway of the Gateway API, which makes a public balancer",
        object_("gateway.networking.k8s.io/v1", "Gateway", "front", "llama", spec={"gatewayClassName": "alb"}),
    ),
    fault(
        "webhook at a web address: every pod and Secret is sent there by the control plane, which has the internet",
        object_(
            "admissionregistration.k8s.io/v1",
            "MutatingWebhookConfiguration",
            "hook",
            webhooks=[
                {
                    "name": "hook.somewhere.example",
                    "admissionReviewVersions": ["v1"],
                    "sideEffects": "None",
                    "clientConfig": {"url": "https://somewhere.example/in"},
                }
            ],
        ),
    ),
    fault(
        "EndpointSlice sends the clients of the model to an address outside",
        object_(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            "elsewhere",
            "llama",
            metadata={"labels": {"kubernetes.io/service-name": "llama-vllm"}},
            addressType="IPv4",
            endpoints=[{"addresses": ["203.0.113.9"]}],
            ports=[{"port": 8000}],
        ),
    ),
    rule_only(
        "patch lowers the pod security of the model's namespace",
        object_(
            "core/v1",
            "NamespacePatch",
            "llama",
            metadata={"labels": {"pod-security.kubernetes.io/enforce": "privileged"}},
        ),
    ),
    rule_only(
        "restricted standard as it was in Kubernetes 1.0, before most of it was asked for",
        put(
            "Namespace",
            metadata=lambda program: {
                **program.old,
                "labels": {
                    **program.old["labels"],
                    "pod-security.kubernetes.io/enforce": "restricted",
                    "pod-security.kubernetes.io/enforce-version": "v1.0",
                },
            },
        ),
    ),
    fault(
        "Helm release, whose objects nobody sees",
        object_("helm.sh/v3", "Release", "chart", chart="x", repositoryOpts={"repo": "https://charts.example"}),
    ),
    fault(
        "volume on an NFS server outside",
        object_(
            "core/v1",
            "PersistentVolume",
            "outside",
            spec={"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany"], "nfs": NFS},
        ),
    ),
    fault(
        "tunnel of an operator: its pods dial out",
        object_("networking.cfargotunnel.com/v1alpha1", "Tunnel", "out", "llama", spec={}),
    ),
    rule_only(
        "model's pods get a token of Kubernetes and are administrators of the cluster",
        put("ServiceAccount", automountServiceAccountToken=True),
        vllm(pod_spec={"automountServiceAccountToken": True}),
        object_(
            "rbac.authorization.k8s.io/v1",
            "ClusterRoleBinding",
            "vllm",
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            subjects=[{"kind": "ServiceAccount", "name": "vllm", "namespace": "llama"}],
        ),
    ),
]
