"""Cases that are not answered right yet. Each still misses: what mends one takes its row away."""

from __future__ import annotations

from collections.abc import Mapping

KNOWN_MISSES: Mapping[str, frozenset[str]] = {
    "pack": frozenset(
        {
            "S3 endpoint for another account, in which a second provider made a log group",
            "access point on the bucket, whose policy lets another account read",
            "fence names the endpoints of another account, in a first preview, which knows no account",
            "weights are copied to a bucket that a provider of another account makes, with all that ours has",
            "default encryption by KMS without a key of our own: the policy of AWS's key is not ours to set",
            "key of the weights may be used by another account",
            "secrets of Kubernetes are encrypted with the key of another account",
            "flow logs go to the bucket of another account: who talks to whom, and how much",
            "pod without AppArmor whose /proc is unmasked",
            "pod with unsafe sysctls and an SELinux type of its own",
            "sidecar (an init container that stays) without limits",
            "secret in plain text in the variable PGPASSWORD",
            "secret in plain text in the variable DATABASE_URL",
            "secret in plain text in the variable GITHUB_PAT",
            "secret in plain text in the variable OPENAI_KEY",
            "secret in plain text in the variable AUTH_HEADER",
            "API key of vLLM on its command line",
            "AWS keys in a ConfigMap",
            "model that may run code from its checkpoint",
            "image of the model from the private registry of a stranger",
            "second NetworkPolicy allows everything both ways: policies add up",
            "NetworkPolicy lets every address to the model's port, past its door",
            "NetworkPolicy lets out to a block with host bits set, which Kubernetes reads as its network",
            "restricted standard as it was in Kubernetes 1.0, before most of it was asked for",
            "pods go to another cluster by a second Kubernetes provider",
            "pod without AppArmor, by the annotation of old",
            "pod that is a process of a Windows node",
            "token of the hub on the command line of a sidecar",
            "password in the address of a database, on a command line",
            "service account that takes a role of another account",
            "tokenizer's words in variables that end in TOKEN",
            "image by the registry's FIPS name",
        }
    ),
    "proof": frozenset(
        {
            "S3 endpoint for another account, in which a second provider made a log group",
            "access point on the bucket, whose policy lets another account read",
            "fence names the endpoints of another account, in a first preview, which knows no account",
            "weights are copied to a bucket that a provider of another account makes, with all that ours has",
            "second NetworkPolicy allows everything both ways: policies add up",
            "NetworkPolicy lets every address to the model's port, past its door",
            "NetworkPolicy lets out to a block with host bits set, which Kubernetes reads as its network",
            "pods go to another cluster by a second Kubernetes provider",
            "service account that takes a role of another account",
        }
    ),
}
