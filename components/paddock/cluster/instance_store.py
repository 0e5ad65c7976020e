"""Instance store of a node, its own NVMe: the user data that has images, logs and pods' scratch on it."""

from __future__ import annotations

from base64 import b64encode

from paddock.choices import NodeOs

BOTTLEROCKET = """\
[settings.bootstrap-commands.k8s-ephemeral-storage]
commands = [
  ["apiclient", "ephemeral-storage", "init"],
  ["apiclient", "ephemeral-storage", "bind", "--dirs", "/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods"],
]
essential = true
mode = "always"
"""
"""Several disks become RAID 0, one is taken as it is, none is no error (bottlerocket-core-kit,
sources/api/apiserver/src/server/ephemeral_storage.rs). A node on which it fails does not boot, as its pods would fill
the volume. Sources: bottlerocket.dev, bootstrap-commands, since 1.22; karpenter-provider-aws writes the same for
`instanceStorePolicy: RAID0` (bootstrap/bottlerocket.go); read 2026-11-29."""

AL2023 = """\
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="BOUNDARY"

--BOUNDARY
Content-Type: application/node.eks.aws

apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  instance:
    localStorage:
      strategy: RAID0

--BOUNDARY--
"""
"""nodeadm merges it with the part that EKS adds, which names the cluster. Source: amazon-eks-ami at 81fec2e8,
nodeadm/api/v1alpha1/nodeconfig_types.go, nodeadm/doc/examples.md and templates/al2023/runtime/bin/setup-local-disks,
which binds the directories of kubelet, containerd, SOCI and pods' logs; read 2026-11-29."""

USER_DATA = {NodeOs.BOTTLEROCKET: BOTTLEROCKET, NodeOs.AL2023: AL2023}


def user_data(node_os: NodeOs) -> str:
    """User data of a launch template, in base64 as EC2 takes it; EKS adds its own to that of a managed node group."""
    return b64encode(USER_DATA[node_os].encode()).decode()
