"""AWS's own name servers and images: who asks or reads them tells AWS, which the account trusts, and nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from paddock.catalog.endpoints import aws_image_accounts
from paddock.privacy.predicates.documents import account_of, bucket_of, texts
from paddock.privacy.predicates.ranges import Breadth, breadth

ZONES = (".amazonaws.com", ".api.aws", ".ec2.internal", ".compute.internal")
"""Zones that AWS, or the VPC's own resolver, answers for at every depth: nobody else can hold a name in them."""
REVERSE = re.compile(r"(?:\*\.)?(\d+)\.(\d+)\.in-addr\.arpa\.?")
LAYERS = re.compile(r"prod-([a-z0-9-]+)-starport-layer-bucket")
"""Bucket in which ECR keeps the layers of images. Source: ECR user guide, vpc-endpoints, read 2026-11-24."""
READS = re.compile(r"(ecr:Batch(Check|Get)|ecr:Get|s3:Get)[A-Za-z]+")


def answered(name: str, private_zones: Iterable[str] = ()) -> bool:
    """True for a name whose query AWS answers: in a zone of its own, a private one, or of private addresses."""
    if reverse := REVERSE.fullmatch(name):
        return breadth(f"{reverse[2]}.{reverse[1]}.0.0/16") is Breadth.PRIVATE
    return f".{name}".rstrip(".").endswith((*ZONES, *(f".{zone}" for zone in private_zones)))


def read_alone(statements: Iterable[Mapping[str, Any]]) -> set[str]:
    """Images of AWS's registries, and their layers, with which these let nobody do more than read."""
    read: set[str] = set()
    more: set[str] = set()
    for each in statements:
        only_read = all(map(READS.fullmatch, texts(each.get("Action", "*"))))
        (read if only_read else more).update(texts(each.get("Resource")))
    return set(filter(is_of_aws, read - more))


def is_of_aws(arn: str) -> bool:
    """True for images of AWS's own registries, and for ECR's bucket of layers."""
    layers, parts = LAYERS.fullmatch(bucket_of(arn)), arn.split(":")
    if layers:
        return bool(aws_image_accounts(layers[1]))
    return parts[2:3] == ["ecr"] and account_of(arn) in aws_image_accounts(parts[3])
