"""Cases that are not answered right yet. Each still misses: what mends one takes its row away."""

from __future__ import annotations

from collections.abc import Mapping

KNOWN_MISSES: Mapping[str, frozenset[str]] = {
    "pack": frozenset(
        {
            "group lets in sixteen public ranges of a cloud: a million machines of strangers",
            "firewall allows the names under one domain of a stranger",
            "S3 endpoint names the bucket of a stranger for writing",
            "S3 endpoint for the resources of another account too",
            "S3 and STS endpoints for the identities of another account: a pod given its keys writes there",
            "alarm that mails the operators",
            "another account may read through our endpoints, and write from anywhere",
            "key of the weights may be used by another account",
            "another account may take the role that reads the weights",
            "secrets of Kubernetes are encrypted with the key of another account",
            "shells on GPU nodes: rights and endpoints of Systems Manager, whose sessions forward ports",
            "flow logs go to the bucket of another account: who talks to whom, and how much",
            "role of another account is an administrator of the cluster by an access entry",
            "image by the registry's FIPS name",
        }
    ),
    "proof": frozenset({}),
}
